//! PostgreSQL's errors as the store's. Codes are SQLSTATE (PostgreSQL's appendix A).

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::store::error::{Source, StoreError, Unique};

/// What `error` means to a caller.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => {
            match database.try_downcast_ref::<PgDatabaseError>().map(answer) {
                Some(Answer::Known(known)) => known,
                Some(Answer::Conflict) => StoreError::Conflict(Source::new(error)),
                Some(Answer::Away) => StoreError::Away(Source::new(error)),
                Some(Answer::TooLarge) => StoreError::TooLarge(Source::new(error)),
                Some(Answer::Refused(message)) => {
                    StoreError::Statement { message, source: Source::new(error) }
                }
                Some(Answer::Other) | None => StoreError::Other(Source::new(error)),
            }
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
            StoreError::Away(Source::new(error))
        }
        _ => StoreError::Other(Source::new(error)),
    }
}

/// What the server's answer means.
enum Answer {
    Known(StoreError),
    Conflict,
    Away,
    TooLarge,
    Refused(String),
    Other,
}

fn answer(error: &PgDatabaseError) -> Answer {
    if matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic) {
        return Answer::Away;
    }
    match error.code() {
        "23505" => Answer::Known(StoreError::Unique(unique(error))),
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Answer::Conflict,
        "57014" => Answer::Known(StoreError::Deadline),
        "25006" => Answer::Known(StoreError::ReadOnly),
        "53100" => Answer::Known(StoreError::Full),
        "53300" => Answer::Away,
        "54000" => Answer::TooLarge,
        code => match &code[..2.min(code.len())] {
            // A transaction that is in no state to go on is left with its connection.
            "08" | "25" | "57" => Answer::Away,
            // Data, constraints, texts that cannot be read, limits of the program.
            "0A" | "21" | "22" | "23" | "2B" | "2F" | "38" | "39" | "42" | "44" | "54" | "55"
            | "P0" => Answer::Refused(error.message().to_owned()),
            _ => Answer::Other,
        },
    }
}

/// The index of a unique violation; the index of a primary key is that of the id.
fn unique(error: &PgDatabaseError) -> Unique {
    let constraint = error.constraint().unwrap_or_default();
    let is_key = error.detail().is_some_and(|detail| detail.starts_with("Key (id)="));
    match error.table() {
        Some(table) if is_key && constraint.ends_with("_pkey") => {
            Unique::Columns { table: table.to_owned(), columns: vec!["id".to_owned()] }
        }
        _ => Unique::Index(constraint.to_owned()),
    }
}
