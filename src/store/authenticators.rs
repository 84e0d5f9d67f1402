//! The table `_totp`: the authenticators of accounts. What a code is worth is decided elsewhere.

use crate::domain::Json;
use crate::domain::keyring::Keyring;
use crate::domain::time::Timestamp;
use crate::store::accounts::AccountKey;
use crate::store::dialect::Lock;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::secrets;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

const COLUMNS: &str = "\"id\", \"collection\", \"record\", \"state\", \"secret\", \"step\", \
                       \"recovery\", \"created\"";

/// The authenticator of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticator {
    /// What it is told apart by.
    pub id: String,
    /// Whose it is.
    pub account: AccountKey,
    /// Whether a code of it was shown once, so that it counts.
    pub is_active: bool,
    /// Its secret in base32. Stored sealed, when there is a key.
    pub secret: String,
    /// The number of the last code that was taken.
    pub step: i64,
    /// Hashes of the recovery codes that are left.
    pub recovery: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
}

/// The authenticator of an account, active or not.
///
/// # Errors
/// What the database says.
pub fn of_account(db: &mut Db, account: &AccountKey) -> Result<Option<Authenticator>, StoreError> {
    find(db, account, "")
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx, account: &AccountKey) -> Result<Option<Authenticator>, StoreError> {
    let lock = tx.dialect().row_lock(Lock::Change);
    find(tx, account, lock)
}

/// Stores a new authenticator.
///
/// # Errors
/// What the database says, for one when the account has one.
pub fn insert(tx: &mut Tx, new: &Authenticator) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO \"_totp\" ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let secret = tx.keyring().seal(&secrets::of_totp(&new.id), &new.secret)?;
    let texts = [&new.id, &new.account.collection, &new.account.record].map(Value::text);
    let mut params = Vec::from(texts);
    params.extend([Value::text(state(new.is_active)), Value::text(secret)]);
    params.extend([Value::Int(new.step), recovery(new), Value::Timestamp(new.created)]);
    tx.run(Statement::new(sql, params)).map(|_| ())
}

/// Stores what has changed of a locked authenticator: all but whose it is, its secret and when it was
/// made.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx, new: &Authenticator) -> Result<(), StoreError> {
    let sql =
        "UPDATE \"_totp\" SET \"state\" = $1, \"step\" = $2, \"recovery\" = $3 WHERE \"id\" = $4";
    let state = Value::text(state(new.is_active));
    let params = vec![state, Value::Int(new.step), recovery(new), Value::text(&new.id)];
    tx.run(Statement::new(sql, params)).map(|_| ())
}

/// Removes the authenticator of an account; whether there was one.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx, account: &AccountKey) -> Result<bool, StoreError> {
    let sql = "DELETE FROM \"_totp\" WHERE \"collection\" = $1 AND \"record\" = $2";
    Ok(tx.run(Statement::new(sql, account.params()))? > 0)
}

/// Removes those of all accounts of a collection.
///
/// # Errors
/// What the database says.
pub fn remove_of_collection(tx: &mut Tx, collection: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_totp\" WHERE \"collection\" = $1";
    tx.run(Statement::new(sql, vec![Value::text(collection)])).map(|_| ())
}

fn find(
    db: &mut Db,
    account: &AccountKey,
    lock: &str,
) -> Result<Option<Authenticator>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM \"_totp\" WHERE \"collection\" = $1 AND \"record\" = $2{lock}"
    );
    let row = db.fetch_optional(Statement::new(sql, account.params()))?;
    let keyring = db.keyring();
    row.map(|row| decode(&row, &keyring)).transpose()
}

const fn state(is_active: bool) -> &'static str {
    if is_active { "active" } else { "pending" }
}

fn recovery(authenticator: &Authenticator) -> Value {
    Value::Json(authenticator.recovery.iter().map(String::as_str).collect())
}

fn decode(row: &Row, keyring: &Keyring) -> Result<Authenticator, StoreError> {
    let text = |position| Ok::<_, StoreError>(row.text(position)?.to_owned());
    let Json::Array(codes) = row.json(6)? else {
        return Err(StoreError::Data("the recovery codes in _totp are no list".to_owned()));
    };
    let id = text(0)?;
    Ok(Authenticator {
        account: AccountKey { collection: text(1)?, record: text(2)? },
        is_active: row.text(3)? == state(true),
        secret: keyring.open(&secrets::of_totp(&id), row.text(4)?)?,
        id,
        step: row.int(5)?,
        recovery: codes.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        created: row.timestamp(7)?,
    })
}
