//! What belongs to an account, and what the accounts of all auth collections share.

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::records::{decode, select_list};
use crate::store::sql::{Statement, quote};
use crate::store::tx::Db;
use crate::store::value::Value;

/// An account: a record of an auth collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountKey {
    /// Id of the collection.
    pub collection: String,
    /// Id of the record.
    pub record: String,
}

impl From<&Record> for AccountKey {
    fn from(record: &Record) -> Self {
        Self { collection: record.collection().id.clone(), record: record.id().to_owned() }
    }
}

impl AccountKey {
    /// The values of the columns `collection` and `record`.
    pub(in crate::store) fn params(&self) -> Vec<Value> {
        vec![Value::text(&self.collection), Value::text(&self.record)]
    }
}

/// The e-mail addresses of all records of the auth collection `collection`.
///
/// # Errors
/// What the database says.
pub fn addresses(db: &mut Db, collection: &Collection) -> Result<Vec<String>, StoreError> {
    let table = quote(&collection.name);
    let sql = format!("SELECT \"email\" FROM {table} WHERE \"email\" <> '' ORDER BY \"email\"");
    let rows = db.fetch_all(Statement::new(sql, Vec::new()))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The records of `owner`, one of the collections with `collectionRef` and `recordRef`, that belong
/// to the account `id` of the auth collection `collection`.
///
/// # Errors
/// What the database says.
pub fn belongings(
    db: &mut Db,
    owner: &Arc<Collection>,
    collection: &Collection,
    id: &str,
) -> Result<Vec<Record>, StoreError> {
    let table = quote(&owner.name);
    let columns = select_list(owner, &owner.name);
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE \"collectionRef\" = $1 AND \"recordRef\" = $2"
    );
    let params = vec![Value::text(&collection.id), Value::text(id)];
    let rows = db.fetch_all(Statement::new(sql, params))?;
    rows.into_iter().map(|row| decode(owner, row)).collect()
}

/// At most `limit` records of `owner`, one of the collections with `collectionRef` and `recordRef`,
/// that belong to any account of the auth collection `collection`.
///
/// # Errors
/// What the database says.
pub fn belongings_of_all(
    db: &mut Db,
    owner: &Arc<Collection>,
    collection: &Collection,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let table = quote(&owner.name);
    let columns = select_list(owner, &owner.name);
    let sql = format!("SELECT {columns} FROM {table} WHERE \"collectionRef\" = $1 LIMIT $2");
    let params = vec![Value::text(&collection.id), Value::Int(limit)];
    let rows = db.fetch_all(Statement::new(sql, params))?;
    rows.into_iter().map(|row| decode(owner, row)).collect()
}

/// At most `limit` of the same that were created before `moment`.
///
/// # Errors
/// What the database says.
pub fn belongings_before(
    db: &mut Db,
    owner: &Arc<Collection>,
    collection: &Collection,
    moment: Timestamp,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let table = quote(&owner.name);
    let columns = select_list(owner, &owner.name);
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE \"collectionRef\" = $1 AND \"created\" < $2 LIMIT $3"
    );
    let params = vec![Value::text(&collection.id), Value::Timestamp(moment), Value::Int(limit)];
    let rows = db.fetch_all(Statement::new(sql, params))?;
    rows.into_iter().map(|row| decode(owner, row)).collect()
}

/// The record of `links`, which is `_externalAuths`, that ties an account of the auth collection
/// `collection` to the account `id` of `provider`.
///
/// # Errors
/// What the database says.
pub fn link(
    db: &mut Db,
    links: &Arc<Collection>,
    collection: &Collection,
    (provider, id): (&str, &str),
) -> Result<Option<Record>, StoreError> {
    let table = quote(&links.name);
    let columns = select_list(links, &links.name);
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE \"collectionRef\" = $1 AND \"provider\" = $2 \
         AND \"providerId\" = $3"
    );
    let params = vec![Value::text(&collection.id), Value::text(provider), Value::text(id)];
    db.fetch_optional(Statement::new(sql, params))?.map(|row| decode(links, row)).transpose()
}

/// Whether any of `collections` has a record with this id.
///
/// # Errors
/// What the database says.
pub fn has_id(db: &mut Db, collections: &[&Arc<Collection>], id: &str) -> Result<bool, StoreError> {
    if collections.is_empty() {
        return Ok(false);
    }
    let mut exists = Vec::with_capacity(collections.len());
    for (index, collection) in collections.iter().enumerate() {
        let table = quote(&collection.name);
        exists.push(format!("EXISTS (SELECT 1 FROM {table} WHERE \"id\" = ${})", index + 1));
    }
    let sql = format!("SELECT {}", exists.join(" OR "));
    let params = vec![Value::text(id); collections.len()];
    db.fetch_one(Statement::new(sql, params))?.bool(0)
}

/// Whether `collection` has a record besides the one called `id` whose address is not `email`.
///
/// # Errors
/// What the database says.
pub fn has_others(
    db: &mut Db,
    collection: &Collection,
    id: &str,
    email: &str,
) -> Result<bool, StoreError> {
    let table = quote(&collection.name);
    let sql =
        format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE \"id\" <> $1 AND \"email\" <> $2)");
    db.fetch_one(Statement::new(sql, vec![Value::text(id), Value::text(email)]))?.bool(0)
}
