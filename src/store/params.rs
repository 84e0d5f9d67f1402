//! The table `_params`: settings by name, as JSON. What they mean is decided elsewhere.

use crate::domain::Json;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// The setting called `id`.
///
/// # Errors
/// What the database says.
pub fn load(db: &mut Db, id: &str) -> Result<Option<Json>, StoreError> {
    let sql = "SELECT \"value\" FROM \"_params\" WHERE \"id\" = $1";
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(id)]))?;
    row.map(|row| row.json(0)).transpose()
}

/// Stores the setting called `id`, and tells every process with the commit.
///
/// # Errors
/// What the database says.
pub fn save(tx: &mut Tx, id: &str, value: &Json, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_params\" (\"id\", \"value\", \"created\", \"updated\") \
               VALUES ($1, $2, $3, $4) ON CONFLICT (\"id\") DO UPDATE SET \
               \"value\" = excluded.\"value\", \"updated\" = excluded.\"updated\"";
    let params = vec![
        Value::text(id),
        Value::Json(value.clone()),
        Value::Timestamp(now),
        Value::Timestamp(now),
    ];
    tx.run(Statement::new(sql, params))?;
    tx.revise().map(|_| ())
}
