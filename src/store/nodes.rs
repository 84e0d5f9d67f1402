//! The table `_nodes` of a PostgreSQL database: which processes serve it, and how far each has told its
//! realtime clients. Times are the server's, for processes may disagree about what time it is.

use crate::store::error::StoreError;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is told apart by.
    pub id: String,
    /// What its data folder is told apart by.
    pub folder: String,
    /// Whether uploads are in that folder.
    pub keeps_files: bool,
    /// The last event that all of its realtime clients were sent.
    pub told: u64,
}

/// Says that `node` is there, or, when it `leaves`, that it was until now.
///
/// # Errors
/// What the database says.
pub fn beat(tx: &mut Tx, node: &Node, leaves: bool) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_nodes\" AS \"node\" (\"id\", \"folder\", \"keeps_files\", \"told\", \
               \"told_before\", \"began\", \"seen\", \"left\") \
               VALUES ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp(), $6) \
               ON CONFLICT (\"id\") DO UPDATE SET \"told\" = excluded.\"told\", \
               \"told_before\" = \"node\".\"told\", \"seen\" = excluded.\"seen\", \
               \"left\" = excluded.\"left\"";
    let told = Value::Int(i64::try_from(node.told).unwrap_or(i64::MAX));
    let params = vec![
        Value::text(&node.id),
        Value::text(&node.folder),
        Value::Bool(node.keeps_files),
        told.clone(),
        told,
        Value::Bool(leaves),
    ];
    tx.run(Statement::new(sql, params)).map(|_| ())
}

/// Forgets processes that were not seen for minutes.
///
/// # Errors
/// What the database says.
pub fn forget_old(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_nodes\" WHERE \"seen\" < clock_timestamp() - INTERVAL '5 minutes'";
    tx.run(Statement::new(sql, Vec::new())).map(|_| ())
}

/// When a process was last there, as a text, that began before `node`, was there a moment ago and keeps files
/// where `node` does not see them, or the other way round; nothing when there is none.
///
/// # Errors
/// What the database says.
pub fn splits_files(db: &mut Db, node: &Node) -> Result<Option<String>, StoreError> {
    let sql = "SELECT MAX(\"other\".\"seen\")::text FROM \"_nodes\" AS \"other\" \
               WHERE \"other\".\"id\" <> $1 \
               AND \"other\".\"folder\" <> $2 AND (\"other\".\"keeps_files\" OR $3) \
               AND NOT \"other\".\"left\" \
               AND \"other\".\"seen\" > clock_timestamp() - INTERVAL '10 seconds' \
               AND (\"other\".\"began\", \"other\".\"id\") < \
               ((SELECT \"began\" FROM \"_nodes\" WHERE \"id\" = $4), $5)";
    let id = || Value::text(&node.id);
    let params = vec![id(), Value::text(&node.folder), Value::Bool(node.keeps_files), id(), id()];
    let row = db.fetch_one(Statement::new(sql, params))?;
    if row.is_null(0)? { Ok(None) } else { Ok(Some(row.text(0)?.to_owned())) }
}

/// The last event that all clients of the process `id` were sent for certain, if it was there less than two
/// minutes ago. What was sent in its last second may have been on its way.
///
/// # Errors
/// What the database says.
pub fn told_for_certain(db: &mut Db, id: &str) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT \"told_before\" FROM \"_nodes\" WHERE \"id\" = $1 \
               AND \"seen\" > clock_timestamp() - INTERVAL '2 minutes'";
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(id)]))?;
    let told = row.map(|row| row.int(0)).transpose()?;
    Ok(told.and_then(|told| u64::try_from(told).ok()))
}
