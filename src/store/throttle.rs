//! The table `_throttle`: when each key was counted lately. What the keys stand for and how often is
//! too often is decided elsewhere. All processes on the database count together.

use crate::domain::Json;
use crate::domain::time::Timestamp;
use crate::store::dialect::Lock;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// The moments at which `key` was counted, oldest first, in milliseconds.
///
/// # Errors
/// What the database says.
pub fn moments(db: &mut Db, key: &str) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT \"moments\" FROM \"_throttle\" WHERE \"key\" = $1";
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(key)]))?;
    row.map_or_else(|| Ok(Vec::new()), |row| read(&row))
}

/// The same, kept from others until the transaction ends, also where there are none yet.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx, key: &str, now: Timestamp) -> Result<Vec<i64>, StoreError> {
    let none = Value::Json(Json::Array(Vec::new()));
    let sql = "INSERT INTO \"_throttle\" (\"key\", \"moments\", \"until\") VALUES ($1, $2, $3) \
               ON CONFLICT (\"key\") DO NOTHING";
    tx.run(Statement::new(sql, vec![Value::text(key), none, Value::Timestamp(now)]))?;
    let lock = tx.dialect().row_lock(Lock::Change);
    let sql = format!("SELECT \"moments\" FROM \"_throttle\" WHERE \"key\" = $1{lock}");
    read(&tx.fetch_one(Statement::new(sql, vec![Value::text(key)]))?)
}

/// Stores the moments of a locked key. After `until` none of them counts.
///
/// # Errors
/// What the database says.
pub fn store(tx: &mut Tx, key: &str, moments: &[i64], until: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE \"_throttle\" SET \"moments\" = $1, \"until\" = $2 WHERE \"key\" = $3";
    let moments = Value::Json(moments.iter().copied().collect());
    tx.run(Statement::new(sql, vec![moments, Value::Timestamp(until), Value::text(key)]))?;
    Ok(())
}

/// Forgets what was counted for `key`.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_throttle\" WHERE \"key\" = $1";
    tx.run(Statement::new(sql, vec![Value::text(key)])).map(|_| ())
}

/// Forgets the keys of which nothing counts any more.
///
/// # Errors
/// What the database says.
pub fn sweep(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_throttle\" WHERE \"until\" <= $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(now)])).map(|_| ())
}

fn read(row: &Row) -> Result<Vec<i64>, StoreError> {
    let Json::Array(moments) = row.json(0)? else { return Ok(Vec::new()) };
    Ok(moments.iter().filter_map(Json::as_i64).collect())
}
