//! The table `_config_states`: configurations that were applied, newest last.

use crate::domain::Json;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// A configuration that was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigState {
    /// Counts from 1.
    pub number: i64,
    /// Fingerprint of [`ConfigState::state`].
    pub hash: String,
    /// Who applied it.
    pub author: String,
    /// When it was applied.
    pub created: Timestamp,
    /// Version of the product that applied it.
    pub version: String,
    /// The normalised configuration.
    pub state: Json,
}

/// The configuration that was applied last, if there ever was one.
///
/// # Errors
/// What the database says.
pub fn last(db: &mut Db) -> Result<Option<ConfigState>, StoreError> {
    let sql = "SELECT \"number\", \"hash\", \"author\", \"created\", \"version\", \"state\" \
               FROM \"_config_states\" ORDER BY \"number\" DESC LIMIT 1";
    let row = db.fetch_optional(Statement::new(sql, Vec::new()))?;
    row.map(|row| {
        Ok(ConfigState {
            number: row.int(0)?,
            hash: row.text(1)?.to_owned(),
            author: row.text(2)?.to_owned(),
            created: row.timestamp(3)?,
            version: row.text(4)?.to_owned(),
            state: row.json(5)?,
        })
    })
    .transpose()
}

/// Records a configuration as the last one.
///
/// # Errors
/// What the database says, for one when the number is taken.
pub fn insert(tx: &mut Tx, state: &ConfigState) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_config_states\" \
               (\"number\", \"hash\", \"author\", \"created\", \"version\", \"state\") \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let params = vec![
        Value::Int(state.number),
        Value::text(&state.hash),
        Value::text(&state.author),
        Value::Timestamp(state.created),
        Value::text(&state.version),
        Value::Json(state.state.clone()),
    ];
    tx.run(Statement::new(sql, params)).map(|_| ())
}
