//! Rows of collections as records. One function is one statement; who may do it, and what follows
//! from it, is decided elsewhere.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::store::column::{self, encode};
use crate::store::dialect::{Lock, key_name};
use crate::store::error::{StoreError, Unique};
use crate::store::row::Row;
use crate::store::sql::{Statement, push_quoted, quote};
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// The columns of `collection` in the order of its fields, each as `"alias"."name"`: what
/// [`decode`] reads.
pub fn select_list(collection: &Collection, alias: &str) -> String {
    let alias = quote(alias);
    let mut list = String::with_capacity(collection.fields.len() * (alias.len() + 16));
    for field in &collection.fields {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&alias);
        list.push('.');
        push_quoted(&mut list, &field.name);
    }
    list
}

/// The record that a row of [`select_list`] holds.
///
/// # Errors
/// [`StoreError::Data`] when the row has another number of columns.
pub fn decode(collection: &Arc<Collection>, row: Row) -> Result<Record, StoreError> {
    column::decode(collection, row)
}

/// The record with this id.
///
/// # Errors
/// What the database says.
pub fn by_id(
    db: &mut Db,
    collection: &Arc<Collection>,
    id: &str,
) -> Result<Option<Record>, StoreError> {
    let sql = format!("{} WHERE \"id\" = $1", select(collection));
    fetch_optional(db, collection, Statement::new(sql, vec![Value::text(id)]))
}

/// The record with this id, kept from changing until the transaction ends. Who changes or removes a
/// record reads it with this.
///
/// # Errors
/// What the database says.
pub fn lock(
    tx: &mut Tx,
    collection: &Arc<Collection>,
    id: &str,
) -> Result<Option<Record>, StoreError> {
    let lock = tx.dialect().row_lock(Lock::Change);
    let sql = format!("{} WHERE \"id\" = $1{lock}", select(collection));
    fetch_optional(tx, collection, Statement::new(sql, vec![Value::text(id)]))
}

/// Which of `ids` exist, kept from being removed until the transaction ends. Who refers to records
/// makes sure of them with this, in one statement.
///
/// # Errors
/// What the database says.
pub fn hold(
    tx: &mut Tx,
    collection: &Collection,
    ids: &[&str],
) -> Result<HashSet<String>, StoreError> {
    let lock = tx.dialect().row_lock(Lock::Refer);
    ids_among(tx, collection, ids, lock)
}

/// Whether all records of each set exist; they are kept from being removed until the transaction
/// ends. In one statement, where each set is one record.
///
/// # Errors
/// What the database says.
pub fn hold_all(tx: &mut Tx, sets: &[(&Collection, Vec<&str>)]) -> Result<Vec<bool>, StoreError> {
    if sets.len() < 2 || sets.iter().any(|(_, ids)| ids.len() != 1) {
        let each = |(collection, ids): &(&Collection, Vec<&str>)| {
            Ok(hold(tx, collection, ids)?.len() == ids.len())
        };
        return sets.iter().map(each).collect();
    }
    let lock = tx.dialect().row_lock(Lock::Refer);
    let found = |(index, (collection, _)): (usize, &(&Collection, Vec<&str>))| {
        let table = quote(&collection.name);
        format!("(SELECT 1 FROM {table} WHERE \"id\" = ${}{lock})", index + 1)
    };
    let found: Vec<String> = sets.iter().enumerate().map(found).collect();
    let ids = sets.iter().flat_map(|(_, ids)| ids).map(|&id| Value::text(id)).collect();
    let row = tx.fetch_one(Statement::new(format!("SELECT {}", found.join(", ")), ids))?;
    (0..sets.len()).map(|position| Ok(!row.is_null(position)?)).collect()
}

/// Which of `ids` exist, in one statement.
///
/// # Errors
/// What the database says.
pub fn existing(
    db: &mut Db,
    collection: &Collection,
    ids: &[&str],
) -> Result<HashSet<String>, StoreError> {
    ids_among(db, collection, ids, "")
}

/// Whether an id is taken, whatever its case (contract A 2.9, text).
///
/// # Errors
/// What the database says.
pub fn id_exists_in_any_case(
    db: &mut Db,
    collection: &Collection,
    id: &str,
) -> Result<bool, StoreError> {
    let condition = db.dialect().equals_in_any_case("\"id\"", "$1");
    let sql = format!("SELECT 1 FROM {} WHERE {condition} LIMIT 1", quote(&collection.name));
    Ok(db.fetch_optional(Statement::new(sql, vec![Value::text(id)]))?.is_some())
}

/// The record whose `field` is `value`; `case` says whether case counts, which is up to the field's
/// unique index (contract A 2.8). The oldest one, should there be several.
///
/// # Errors
/// What the database says.
pub fn by_identity(
    db: &mut Db,
    collection: &Arc<Collection>,
    field: &Field,
    value: &str,
    case: Case,
) -> Result<Option<Record>, StoreError> {
    let column = quote(&field.name);
    let condition = match case {
        Case::Sensitive => format!("{column} = $1"),
        Case::Insensitive => db.dialect().equals_in_any_case(&column, "$1"),
    };
    // Nobody has an empty identity, and the unique index leaves empty ones out: said in its own words
    // the database sees that it may use it.
    let condition = format!("{condition} AND {column} <> ''");
    let sql = format!("{} WHERE {condition} ORDER BY \"_rowid_\" LIMIT 1", select(collection));
    fetch_optional(db, collection, Statement::new(sql, vec![Value::text(value)]))
}

/// Whether case counts when texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `a` and `A` differ.
    Sensitive,
    /// `a` and `A` are the same; letters beyond ASCII still differ.
    Insensitive,
}

/// The `limit` oldest records, for whoever goes through all of them and removes them on the way.
///
/// # Errors
/// What the database says.
pub fn oldest(
    db: &mut Db,
    collection: &Arc<Collection>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let sql = format!("{} ORDER BY \"_rowid_\" LIMIT $1", select(collection));
    fetch_all(db, collection, Statement::new(sql, vec![Value::Int(limit)]))
}

/// At most `limit` records, in the order of their ids and only those after `after`, whose date `field`
/// is set and before `moment`: for whoever goes through all of them and removes most on the way.
///
/// # Errors
/// What the database says.
pub fn dated_before(
    db: &mut Db,
    collection: &Arc<Collection>,
    field: &Field,
    moment: Timestamp,
    after: &str,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let column = quote(&field.name);
    let sql = format!(
        "{} WHERE \"id\" > $1 AND {column} < $2 AND {column} <> $3 ORDER BY \"id\" LIMIT $4",
        select(collection)
    );
    let dialect = db.dialect();
    let params = vec![
        Value::text(after),
        dialect.moment(&moment.to_string()),
        dialect.moment(""),
        Value::Int(limit),
    ];
    fetch_all(db, collection, Statement::new(sql, params))
}

/// How many records there are.
///
/// # Errors
/// What the database says.
pub fn count(db: &mut Db, collection: &Collection) -> Result<i64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM {}", quote(&collection.name));
    db.fetch_one(Statement::new(sql, Vec::new()))?.int(0)
}

/// Stores a new record.
///
/// # Errors
/// [`StoreError::Unique`] (see [`unique_fields`]), or what else the database says.
pub fn insert(tx: &mut Tx, record: &Record) -> Result<(), StoreError> {
    let statement = insert_statement(tx, record);
    tx.run(statement).map(|_| ())
}

/// Stores what differs between `old`, as it is stored, and `new`.
///
/// # Errors
/// [`StoreError::Unique`] (see [`unique_fields`]), or what else the database says;
/// [`StoreError::Data`] when there is no such record any more.
pub fn update(tx: &mut Tx, old: &Record, new: &Record) -> Result<(), StoreError> {
    let collection = new.collection();
    let mut set = String::new();
    let mut params = Vec::new();
    let values = old.values().iter().zip(new.values());
    for (field, (old, new)) in collection.fields.iter().zip(values) {
        if old != new {
            params.push(encode(tx.dialect(), field, new));
            let separator = if set.is_empty() { "" } else { ", " };
            // Writing to a text does not fail.
            let _ = write!(set, "{separator}{} = ${}", quote(&field.name), params.len());
        }
    }
    if params.is_empty() {
        return Ok(());
    }
    params.push(Value::text(old.id()));
    let table = quote(&collection.name);
    let sql = format!("UPDATE {table} SET {set} WHERE \"id\" = ${}", params.len());
    match tx.run(Statement::new(sql, params))? {
        0 => Err(StoreError::Data(format!("{} has no record {:?}", collection.name, old.id()))),
        _ => Ok(()),
    }
}

/// The fields of `collection` that a violated unique index is about; none for an index of
/// expressions alone. `None` when `error` is no unique violation, or that of another table.
pub fn unique_fields(error: &StoreError, collection: &Collection) -> Option<Vec<String>> {
    match error {
        StoreError::Unique(Unique::Columns { table, columns }) => {
            table.eq_ignore_ascii_case(&collection.name).then(|| columns.clone())
        }
        StoreError::Unique(Unique::Index(name)) if *name == key_name(collection) => {
            Some(vec!["id".to_owned()])
        }
        StoreError::Unique(Unique::Index(name)) => collection.index_columns(name),
        _ => None,
    }
}

/// Removes the record with this id; whether there was one.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx, collection: &Collection, id: &str) -> Result<bool, StoreError> {
    let sql = format!("DELETE FROM {} WHERE \"id\" = $1", quote(&collection.name));
    Ok(tx.run(Statement::new(sql, vec![Value::text(id)]))? > 0)
}

/// Gives every record the same value of `field`, for a field that was just added with a default;
/// how many records there are.
///
/// # Errors
/// What the database says.
pub fn fill(
    tx: &mut Tx,
    collection: &Collection,
    field: &Field,
    value: &Json,
) -> Result<u64, StoreError> {
    let value = encode(tx.dialect(), field, value);
    let sql = format!("UPDATE {} SET {} = $1", quote(&collection.name), quote(&field.name));
    tx.run(Statement::new(sql, vec![value]))
}

fn select(collection: &Collection) -> String {
    let columns = select_list(collection, &collection.name);
    format!("SELECT {columns} FROM {}", quote(&collection.name))
}

fn insert_statement(db: &Db, record: &Record) -> Statement {
    let collection = record.collection();
    let mut columns = String::new();
    let mut places = String::new();
    let mut params = Vec::with_capacity(collection.fields.len());
    for (field, value) in collection.fields.iter().zip(record.values()) {
        params.push(encode(db.dialect(), field, value));
        if !columns.is_empty() {
            columns.push_str(", ");
            places.push_str(", ");
        }
        push_quoted(&mut columns, &field.name);
        // Writing to a text does not fail.
        let _ = write!(places, "${}", params.len());
    }
    let table = quote(&collection.name);
    Statement::new(format!("INSERT INTO {table} ({columns}) VALUES ({places})"), params)
}

fn ids_among(
    db: &mut Db,
    collection: &Collection,
    ids: &[&str],
    lock: &str,
) -> Result<HashSet<String>, StoreError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let table = quote(&collection.name);
    // Most relations have one value, and a list costs more to unpack than the row to find.
    let (condition, param) = match ids {
        [id] => ("\"id\" = $1".to_owned(), Value::text(*id)),
        ids => (db.dialect().is_in("\"id\"", "$1"), list(ids)),
    };
    let sql = format!("SELECT \"id\" FROM {table} WHERE {condition}{lock}");
    let rows = db.fetch_all(Statement::new(sql, vec![param]))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

fn list(ids: &[&str]) -> Value {
    Value::Json(ids.iter().map(|&id| Json::from(id)).collect())
}

fn fetch_optional(
    db: &mut Db,
    collection: &Arc<Collection>,
    statement: Statement,
) -> Result<Option<Record>, StoreError> {
    db.fetch_optional(statement)?.map(|row| decode(collection, row)).transpose()
}

fn fetch_all(
    db: &mut Db,
    collection: &Arc<Collection>,
    statement: Statement,
) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    db.fetch_each(statement, |row| {
        records.push(decode(collection, row)?);
        Ok(())
    })?;
    Ok(records)
}
