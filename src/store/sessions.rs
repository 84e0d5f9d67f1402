//! The table `_sessions`: one row for each sign-in that holds. What a session is good for is decided
//! elsewhere.

use crate::domain::time::Timestamp;
use crate::store::accounts::AccountKey;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

const COLUMNS: &str = "\"id\", \"collection\", \"record\", \"method\", \"address\", \"agent\", \
                       \"created\", \"used\", \"expires\"";

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// What its tokens name it by.
    pub id: String,
    /// Whose it is.
    pub account: AccountKey,
    /// How somebody came in.
    pub method: String,
    /// Where from.
    pub address: String,
    /// What the client called itself.
    pub agent: String,
    /// Since when.
    pub created: Timestamp,
    /// When it was last used, give or take a few minutes.
    pub used: Timestamp,
    /// When its last token expires.
    pub expires: Timestamp,
}

/// Stores a new session.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx, session: &StoredSession) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO \"_sessions\" ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    let StoredSession { id, account, method, address, agent, .. } = session;
    let texts = [id, &account.collection, &account.record, method, address, agent];
    let moments = [session.created, session.used, session.expires];
    let params = texts.into_iter().map(Value::text);
    let params = params.chain(moments.into_iter().map(Value::Timestamp));
    tx.run(Statement::new(sql, params.collect())).map(|_| ())
}

/// The session with this id.
///
/// # Errors
/// What the database says.
pub fn by_id(db: &mut Db, id: &str) -> Result<Option<StoredSession>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM \"_sessions\" WHERE \"id\" = $1");
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(id)]))?;
    row.map(|row| decode(&row)).transpose()
}

/// The sessions of an account, the one used last first.
///
/// # Errors
/// What the database says.
pub fn of_account(db: &mut Db, account: &AccountKey) -> Result<Vec<StoredSession>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM \"_sessions\" WHERE \"collection\" = $1 AND \"record\" = $2 \
         ORDER BY \"used\" DESC, \"id\""
    );
    let rows = db.fetch_all(Statement::new(sql, account.params()))?;
    rows.iter().map(decode).collect()
}

/// Lets a session last until `expires`; whether it is there.
///
/// # Errors
/// What the database says.
pub fn extend(
    tx: &mut Tx,
    id: &str,
    used: Timestamp,
    expires: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE \"_sessions\" SET \"used\" = $1, \"expires\" = $2 WHERE \"id\" = $3";
    let params = vec![Value::Timestamp(used), Value::Timestamp(expires), Value::text(id)];
    Ok(tx.run(Statement::new(sql, params))? > 0)
}

/// Notes that a session was used.
///
/// # Errors
/// What the database says.
pub fn touch(tx: &mut Tx, id: &str, used: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE \"_sessions\" SET \"used\" = $1 WHERE \"id\" = $2 AND \"used\" < $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(used), Value::text(id)])).map(|_| ())
}

/// Removes a session of an account; whether it was there.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM \"_sessions\" WHERE \"id\" = $1";
    Ok(tx.run(Statement::new(sql, vec![Value::text(id)]))? > 0)
}

/// Removes the sessions of an account but the one called `kept`; how many there were.
///
/// # Errors
/// What the database says.
pub fn remove_others(tx: &mut Tx, account: &AccountKey, kept: &str) -> Result<u64, StoreError> {
    let sql = "DELETE FROM \"_sessions\" WHERE \"collection\" = $1 AND \"record\" = $2 \
               AND \"id\" <> $3";
    let mut params = account.params();
    params.push(Value::text(kept));
    tx.run(Statement::new(sql, params))
}

/// Removes the sessions of an account that were used longest ago, beyond `most`; how many.
///
/// # Errors
/// What the database says.
pub fn remove_beyond(tx: &mut Tx, account: &AccountKey, most: i64) -> Result<u64, StoreError> {
    // Both engines want a limit beside the offset; an account has fewer rows than this.
    let sql = "DELETE FROM \"_sessions\" WHERE \"id\" IN (SELECT \"id\" FROM \"_sessions\" \
               WHERE \"collection\" = $1 AND \"record\" = $2 \
               ORDER BY \"used\" DESC, \"id\" LIMIT 1000000 OFFSET $3)";
    let mut params = account.params();
    params.push(Value::Int(most));
    tx.run(Statement::new(sql, params))
}

/// Removes the sessions of all accounts of a collection.
///
/// # Errors
/// What the database says.
pub fn remove_of_collection(tx: &mut Tx, collection: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_sessions\" WHERE \"collection\" = $1";
    tx.run(Statement::new(sql, vec![Value::text(collection)])).map(|_| ())
}

/// Removes the sessions whose tokens have expired.
///
/// # Errors
/// What the database says.
pub fn sweep(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_sessions\" WHERE \"expires\" <= $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(now)])).map(|_| ())
}

/// Removes at most `limit` sessions that were last used before `moment`; whose they were.
///
/// # Errors
/// What the database says.
pub fn remove_unused(
    tx: &mut Tx,
    moment: Timestamp,
    limit: i64,
) -> Result<Vec<AccountKey>, StoreError> {
    let sql = "DELETE FROM \"_sessions\" WHERE \"id\" IN (SELECT \"id\" FROM \"_sessions\" \
               WHERE \"used\" < $1 ORDER BY \"id\" LIMIT $2) RETURNING \"collection\", \"record\"";
    let params = vec![Value::Timestamp(moment), Value::Int(limit)];
    let rows = tx.fetch_all(Statement::new(sql, params))?;
    let key = |row: &Row| {
        let (collection, record) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(AccountKey { collection, record })
    };
    rows.iter().map(key).collect()
}

fn decode(row: &Row) -> Result<StoredSession, StoreError> {
    let text = |position| Ok::<_, StoreError>(row.text(position)?.to_owned());
    Ok(StoredSession {
        id: text(0)?,
        account: AccountKey { collection: text(1)?, record: text(2)? },
        method: text(3)?,
        address: text(4)?,
        agent: text(5)?,
        created: row.timestamp(6)?,
        used: row.timestamp(7)?,
        expires: row.timestamp(8)?,
    })
}
