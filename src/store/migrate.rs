//! Brings the system tables of a database up to date: one ordered list for both engines, each
//! entry applied once, all of them in the transaction of the caller.

use std::collections::HashSet;
use std::path::Path;

use crate::store::error::{OpenError, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// Every migration in order: its name, which is stored, and its text. The text is split at `;` at
/// the end of a line; `{json}` and `{timestamp}` are the dialect's types.
const MIGRATIONS: [(&str, &str); 1] =
    [("0001_system", include_str!("../../migrations/0001_system.sql"))];

/// Refuses a database that has a migration this version does not know; changes nothing.
///
/// # Errors
/// [`OpenError::Newer`], or why the database could not be asked.
pub(in crate::store) fn refuse_newer(db: &mut Db, path: &Path) -> Result<(), OpenError> {
    let applied =
        applied(db).map_err(|source| OpenError::Store { path: path.to_owned(), source })?;
    let unknown = |name: &String| MIGRATIONS.iter().all(|(known, _)| known != name);
    match applied.into_iter().find(unknown) {
        Some(found) => Err(OpenError::Newer { path: path.to_owned(), found }),
        None => Ok(()),
    }
}

/// Whether [`run`] has something to do.
pub(in crate::store) fn is_needed(db: &mut Db) -> Result<bool, StoreError> {
    let applied: HashSet<String> = applied(db)?.into_iter().collect();
    Ok(MIGRATIONS.iter().any(|(name, _)| !applied.contains(*name)))
}

/// Applies what the database does not have yet.
pub(in crate::store) fn run(tx: &mut Tx) -> Result<(), StoreError> {
    let applied: HashSet<String> = applied(tx)?.into_iter().collect();
    if applied.is_empty() {
        let table =
            "CREATE TABLE IF NOT EXISTS \"_migrations\" (\"name\" TEXT PRIMARY KEY NOT NULL)";
        tx.run(Statement::new(table, Vec::new()))?;
    }
    for (name, text) in MIGRATIONS {
        if applied.contains(name) {
            continue;
        }
        for statement in statements(tx.dialect().spell_types(text).as_str()) {
            tx.run(Statement::new(statement, Vec::new()))?;
        }
        let note = "INSERT INTO \"_migrations\" (\"name\") VALUES ($1)";
        tx.run(Statement::new(note, vec![Value::text(name)]))?;
    }
    Ok(())
}

/// Names of the applied migrations, in order.
fn applied(db: &mut Db) -> Result<Vec<String>, StoreError> {
    let exists = db.dialect().table_exists("_migrations");
    if db.fetch_optional(exists)?.is_none() {
        return Ok(Vec::new());
    }
    let names = "SELECT \"name\" FROM \"_migrations\" ORDER BY \"name\"";
    let rows = db.fetch_all(Statement::new(names, Vec::new()))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The statements of a migration's text.
fn statements(text: &str) -> Vec<String> {
    text.split(";\n")
        .map(|statement| {
            let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
            lines.collect::<Vec<_>>().join("\n").trim().to_owned()
        })
        .filter(|statement| !statement.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_in_order_and_split_into_statements() {
        assert!(MIGRATIONS.is_sorted_by(|left, right| left.0 < right.0));
        for (name, text) in MIGRATIONS {
            let statements = statements(text);
            assert_eq!(statements.len(), text.matches(";\n").count(), "{name}");
            assert!(statements.iter().all(|statement| !statement.contains(';')), "{name}");
        }
    }
}
