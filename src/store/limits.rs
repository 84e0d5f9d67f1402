//! The table `_limits` of a PostgreSQL database: what all processes together counted under limits on requests.
//! Times are seconds of the processes' clocks, as everywhere where they count.

use serde_json::json;

use crate::domain::Json;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::tx::Tx;
use crate::store::value::Value;

/// How long a window has been over when it is forgotten: no clock is that far behind.
const KEPT: i64 = 60;

/// What was counted in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What is counted, of whom.
    pub key: String,
    /// The second in which the window began.
    pub start: i64,
    /// The second in which it is over.
    pub ends: i64,
    /// The requests.
    pub requests: i64,
}

/// Adds `counts`, which have a key each, to what is known, and answers what that comes to. A window that is
/// over in the second `now` has made room for the one that is told of; one that began later than it could
/// have, by a clock that was put back since, has too.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx, counts: &[Count], now: i64) -> Result<Vec<Count>, StoreError> {
    // In the order of the keys, so that two who add at the same time do not wait for each other.
    let sql = "INSERT INTO \"_limits\" AS \"known\" (\"key\", \"start\", \"ends\", \"requests\") \
               SELECT \"key\", \"start\", \"ends\", \"requests\" FROM json_to_recordset($1) \
               AS \"told\" (\"key\" text, \"start\" bigint, \"ends\" bigint, \"requests\" bigint) \
               ORDER BY \"key\" COLLATE \"C\" \
               ON CONFLICT (\"key\") DO UPDATE SET (\"start\", \"ends\", \"requests\") = (SELECT \
               CASE WHEN \"open\" THEN \"known\".\"start\" ELSE excluded.\"start\" END, \
               CASE WHEN \"open\" THEN \"known\".\"ends\" ELSE excluded.\"ends\" END, \
               CASE WHEN \"open\" THEN \"known\".\"requests\" ELSE 0 END + excluded.\"requests\" \
               FROM (SELECT \"known\".\"ends\" > $2 AND \
               \"known\".\"start\" - $3 <= \"known\".\"ends\" - \"known\".\"start\" AS \"open\") AS \"is\") \
               RETURNING \"key\", \"start\", \"ends\", \"requests\"";
    let told: Vec<Json> = counts
        .iter()
        .map(|Count { key, start, ends, requests }| {
            json!({ "key": key, "start": start, "ends": ends, "requests": requests })
        })
        .collect();
    let params = vec![Value::Json(Json::Array(told)), Value::Int(now), Value::Int(now)];
    let rows = tx.fetch_all(Statement::new(sql, params))?;
    let count = |row: &Row| {
        let key = row.text(0)?.to_owned();
        Ok(Count { key, start: row.int(1)?, ends: row.int(2)?, requests: row.int(3)? })
    };
    rows.iter().map(count).collect()
}

/// Forgets windows that have been over for long in the second `now`, but for those that somebody adds to.
///
/// # Errors
/// What the database says.
pub fn forget_old(tx: &mut Tx, now: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_limits\" WHERE \"key\" IN (SELECT \"key\" FROM \"_limits\" \
               WHERE \"ends\" < $1 FOR UPDATE SKIP LOCKED)";
    let params = vec![Value::Int(now.saturating_sub(KEPT))];
    tx.run(Statement::new(sql, params)).map(|_| ())
}
