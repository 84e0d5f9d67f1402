//! The table `_log_batches`: entries that are not rows of `_logs` yet.

use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::logs::packed::{Batch, unpack};
use crate::store::logs::{BATCHES, COLUMNS, TABLE};
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// Most bytes that a batch has before it is compressed. Those that are written have a few MB.
const MOST_BYTES: usize = 64 << 20;

/// Stores entries.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx, batch: &Batch) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_log_batches\" (\"entries\", \"first\", \"last\", \"size\", \"packed\") \
               VALUES ($1, $2, $3, $4, $5)";
    let params = vec![
        Value::Int(batch.entries),
        Value::Timestamp(batch.first),
        Value::Timestamp(batch.last),
        Value::Int(batch.size),
        Value::Bytes(batch.packed.to_vec()),
    ];
    tx.run(Statement::new(sql, params)).map(|_| ())
}

/// The number of the batch that was stored last, of those that are no rows yet.
///
/// # Errors
/// What the database says.
pub fn last(db: &mut Db) -> Result<Option<i64>, StoreError> {
    last_of(db, "SELECT MAX(\"_rowid_\") FROM \"_log_batches\"", Vec::new())
}

/// The number of the last batch with an entry from before `moment`.
///
/// # Errors
/// What the database says.
pub fn last_before(db: &mut Db, moment: Timestamp) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT MAX(\"_rowid_\") FROM \"_log_batches\" WHERE \"first\" < $1";
    last_of(db, sql, vec![Value::Timestamp(moment)])
}

fn last_of(db: &mut Db, sql: &'static str, params: Vec<Value>) -> Result<Option<i64>, StoreError> {
    let row = db.fetch_one(Statement::new(sql, params))?;
    if row.is_null(0)? { Ok(None) } else { row.int(0).map(Some) }
}

/// Makes rows of the oldest batch, if its number is at most `last`; false when there is none. Of a damaged one
/// nothing stays.
///
/// # Errors
/// What the database says.
pub fn unfold(tx: &mut Tx, last: i64) -> Result<bool, StoreError> {
    let sql = "SELECT MIN(\"_rowid_\") FROM \"_log_batches\" WHERE \"_rowid_\" <= $1";
    let Some(number) = last_of(tx, sql, vec![Value::Int(last)])? else { return Ok(false) };
    let sql = "DELETE FROM \"_log_batches\" WHERE \"_rowid_\" = $1 RETURNING \"size\", \"packed\"";
    let taken = tx.fetch_optional(Statement::new(sql, vec![Value::Int(number)]))?;
    // Another process may have been faster.
    let Some(row) = taken else { return Ok(true) };
    let size = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
    match unpack(row.bytes(1)?, size.min(MOST_BYTES)) {
        Some(rows) => {
            let sql = tx.dialect().load(TABLE, &COLUMNS);
            tx.load(&sql, &rows)?;
        }
        None => tracing::warn!(number, "log entries are damaged: they are removed"),
    }
    Ok(true)
}

/// Removes the batches of which all is from before `moment`.
///
/// # Errors
/// What the database says.
pub fn forget_batches(tx: &mut Tx, moment: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_log_batches\" WHERE \"last\" < $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(moment)])).map(|_| ())
}

/// Removes the oldest batches as long as the others have `most` entries; how many these have.
///
/// # Errors
/// What the database says.
pub(super) fn trim(tx: &mut Tx, most: i64) -> Result<i64, StoreError> {
    let sql = "DELETE FROM \"_log_batches\" WHERE \"_rowid_\" IN (SELECT \"number\" FROM \
               (SELECT \"_rowid_\" AS \"number\", \"entries\", \
               SUM(\"entries\") OVER (ORDER BY \"_rowid_\" DESC) AS \"up_to\" \
               FROM \"_log_batches\") AS \"b\" WHERE \"up_to\" - \"entries\" >= $1)";
    tx.run(Statement::new(sql, vec![Value::Int(most)]))?;
    let sql = "SELECT CAST(COALESCE(SUM(\"entries\"), 0) AS BIGINT) FROM \"_log_batches\"";
    tx.fetch_one(Statement::new(sql, Vec::new()))?.int(0)
}

/// Removes all batches.
///
/// # Errors
/// What the database says.
pub(super) fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    let clear = tx.dialect().empty(BATCHES);
    tx.run(clear).map(|_| ())
}
