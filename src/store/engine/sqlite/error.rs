//! SQLite's errors as the store's.

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::error::{Source, StoreError, Unique};

/// What `error` means to a caller.
pub(super) fn store_error(error: Error) -> StoreError {
    let (failure, message) = match &error {
        Error::SqliteFailure(failure, message) => (*failure, message.clone()),
        Error::SqlInputError { error, msg, .. } => (*error, Some(msg.clone())),
        Error::MultipleStatement => {
            return refused(Some("one statement at a time, not several".to_owned()), error);
        }
        _ => return StoreError::Other(Source::new(error)),
    };
    match failure.code {
        ErrorCode::ConstraintViolation if is_unique(failure.extended_code) => {
            match message.as_deref().and_then(unique) {
                Some(unique) => StoreError::Unique(unique),
                None => refused(message, error),
            }
        }
        ErrorCode::OperationInterrupted => StoreError::Deadline,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
        ErrorCode::ReadOnly => StoreError::ReadOnly,
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::ConstraintViolation
        | ErrorCode::Unknown
        | ErrorCode::TypeMismatch
        | ErrorCode::TooBig
        | ErrorCode::SchemaChanged
        | ErrorCode::ParameterOutOfRange
        | ErrorCode::AuthorizationForStatementDenied => refused(message, error),
        _ => StoreError::Other(Source::new(error)),
    }
}

fn refused(message: Option<String>, error: Error) -> StoreError {
    let message = message.unwrap_or_else(|| error.to_string());
    StoreError::Statement { message, source: Source::new(error) }
}

const fn is_unique(extended: i32) -> bool {
    matches!(
        extended,
        ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID
    )
}

/// Reads `UNIQUE constraint failed: posts.slug, posts.lang`, or `…: index 'name'`, which SQLite
/// says of an index that holds an expression.
fn unique(message: &str) -> Option<Unique> {
    let (_, what) = message.split_once("constraint failed: ")?;
    if let Some(index) = what.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        return Some(Unique::Index(index.to_owned()));
    }
    let mut parts = what.split(", ").map(|part| part.split_once('.'));
    let (table, first) = parts.next()??;
    let mut columns = vec![first.to_owned()];
    for part in parts {
        columns.push(part?.1.to_owned());
    }
    Some(Unique::Columns { table: table.to_owned(), columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_violation_names_columns_or_an_index() {
        let columns = |table: &str, columns: &[&str]| {
            Some(Unique::Columns {
                table: table.to_owned(),
                columns: columns.iter().map(|&column| column.to_owned()).collect(),
            })
        };
        let cases = [
            ("UNIQUE constraint failed: posts.slug", columns("posts", &["slug"])),
            ("UNIQUE constraint failed: posts.a, posts.b", columns("posts", &["a", "b"])),
            ("UNIQUE constraint failed: index 'i'", Some(Unique::Index("i".to_owned()))),
            ("something else", None),
        ];
        for (message, expected) in cases {
            assert_eq!(unique(message), expected, "{message}");
        }
    }
}
