//! The table `_loose_files`: stored files that no record names. A file is written down here before
//! it is stored, struck out by the transaction that gives it to a record, and written down again by
//! the one that takes it away. So whatever is cut off in between, no record names a file that is not
//! there, and no file stays that nobody names. What a path means is decided elsewhere.

use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// Paths of one statement.
const BATCH: usize = 500;

/// Writes down files that are about to be stored for a record that is not there yet. At `due` they
/// count as given up.
///
/// # Errors
/// What the database says.
pub fn announce(tx: &mut Tx, paths: &[String], due: Timestamp) -> Result<(), StoreError> {
    put(tx, paths, "uploading", due)
}

/// Writes down files that are to be removed from `due` on.
///
/// # Errors
/// What the database says.
pub fn doom(tx: &mut Tx, paths: &[String], due: Timestamp) -> Result<(), StoreError> {
    put(tx, paths, "doomed", due)
}

fn put(tx: &mut Tx, paths: &[String], state: &str, due: Timestamp) -> Result<(), StoreError> {
    for paths in paths.chunks(BATCH) {
        let row = |row: usize| format!("(${}, ${}, ${})", 3 * row + 1, 3 * row + 2, 3 * row + 3);
        let rows: Vec<String> = (0..paths.len()).map(row).collect();
        let sql = format!(
            "INSERT INTO \"_loose_files\" (\"path\", \"state\", \"due\") VALUES {} \
             ON CONFLICT (\"path\") DO UPDATE SET \"state\" = excluded.\"state\", \
             \"due\" = excluded.\"due\"",
            rows.join(", ")
        );
        let values = paths
            .iter()
            .flat_map(|path| [Value::text(path), Value::text(state), Value::Timestamp(due)]);
        tx.run(Statement::new(sql, values.collect()))?;
    }
    Ok(())
}

/// Strikes out announced files, which belong to a record from now on. Whether all of them were still
/// announced: otherwise some are being removed, and the record must not name them.
///
/// # Errors
/// What the database says.
pub fn keep(tx: &mut Tx, paths: &[String]) -> Result<bool, StoreError> {
    let sql = "DELETE FROM \"_loose_files\" WHERE \"state\" = 'uploading' AND \"path\" IN";
    Ok(delete(tx, sql, paths)? == paths.len() as u64)
}

/// Gives up announced files: they are to be removed from `now` on. Those that belong to a record by
/// now stay as they are.
///
/// # Errors
/// What the database says.
pub fn give_up(tx: &mut Tx, paths: &[String], now: Timestamp) -> Result<(), StoreError> {
    for paths in paths.chunks(BATCH) {
        let sql = format!(
            "UPDATE \"_loose_files\" SET \"state\" = 'doomed', \"due\" = $1 \
             WHERE \"state\" = 'uploading' AND \"path\" IN ({})",
            numbers(2, paths.len())
        );
        tx.run(Statement::new(sql, params(&[Value::Timestamp(now)], paths)))?;
    }
    Ok(())
}

/// Strikes out files that are removed.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx, paths: &[String]) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_loose_files\" WHERE \"state\" = 'doomed' AND \"path\" IN";
    delete(tx, sql, paths).map(|_| ())
}

fn delete(tx: &mut Tx, sql: &str, paths: &[String]) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for paths in paths.chunks(BATCH) {
        let sql = format!("{sql} ({})", numbers(1, paths.len()));
        deleted += tx.run(Statement::new(sql, params(&[], paths)))?;
    }
    Ok(deleted)
}

/// Whether [`collect`] has something to do.
///
/// # Errors
/// What the database says.
pub fn any_due(db: &mut Db, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM \"_loose_files\" WHERE \"due\" <= $1)";
    db.fetch_one(Statement::new(sql, vec![Value::Timestamp(now)]))?.bool(0)
}

/// Some of what is due, to be removed: no record can be given any of it from now on. The same again
/// until [`forget`] is told.
///
/// # Errors
/// What the database says.
pub fn collect(tx: &mut Tx, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "UPDATE \"_loose_files\" SET \"state\" = 'doomed' WHERE \"path\" IN (SELECT \"path\" \
         FROM \"_loose_files\" WHERE \"due\" <= $1 ORDER BY \"due\" LIMIT {BATCH}) \
         RETURNING \"path\""
    );
    let rows = tx.fetch_all(Statement::new(sql, vec![Value::Timestamp(now)]))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Every announced path that begins with `prefix`.
///
/// # Errors
/// What the database says.
pub fn announced(db: &mut Db, prefix: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT \"path\" FROM \"_loose_files\" WHERE \"state\" = 'uploading' \
               AND substr(\"path\", 1, length($1)) = $1";
    let rows = db.fetch_all(Statement::new(sql, vec![Value::text(prefix)]))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// `$first, …` for so many parameters.
fn numbers(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

fn params(first: &[Value], paths: &[String]) -> Vec<Value> {
    first.iter().cloned().chain(paths.iter().map(Value::text)).collect()
}
