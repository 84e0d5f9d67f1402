//! The table `_collections`: what collections there are. Their own tables are made by
//! [`crate::store::ddl`].

use std::path::Path;
use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::keyring::Keyring;
use crate::domain::schema::Schema;
use crate::store::error::{OpenError, StoreError};
use crate::store::row::Row;
use crate::store::secrets::{self, Document};
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// All collections as they are stored, as the schema of this version.
///
/// # Errors
/// What the database says, or [`StoreError::Data`] when a definition cannot be read.
pub fn load(db: &mut Db, version: i64) -> Result<Schema, StoreError> {
    let sql = "SELECT \"name\", \"definition\" FROM \"_collections\" ORDER BY \"position\"";
    let rows = db.fetch_all(Statement::new(sql, Vec::new()))?;
    let keyring = db.keyring();
    let collections = rows.iter().map(|row| decode(row, &keyring).map(Arc::new));
    Ok(Schema::new(version, collections.collect::<Result<_, _>>()?))
}

/// Whether there are any, in a database that may not have the table yet.
///
/// # Errors
/// What the database says.
pub fn any(db: &mut Db) -> Result<bool, StoreError> {
    let exists = db.dialect().table_exists("_collections");
    if db.fetch_optional(exists)?.is_none() {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM \"_collections\")";
    db.fetch_one(Statement::new(sql, Vec::new()))?.bool(0)
}

/// Refuses a database that has collections, which is one that was in use; changes nothing.
///
/// # Errors
/// [`OpenError::Occupied`], or why the database at `path` could not be asked.
pub(in crate::store) fn refuse_any(db: &mut Db, path: &Path) -> Result<(), OpenError> {
    let any = any(db).map_err(|source| OpenError::Store { path: path.to_owned(), source })?;
    if any { Err(OpenError::Occupied { path: path.to_owned() }) } else { Ok(()) }
}

/// Adds a collection, as the youngest.
///
/// # Errors
/// What the database says, [`StoreError::Unique`] when the id or name is taken.
pub fn insert(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_collections\" (\"id\", \"name\", \"definition\", \"position\") \
               SELECT $1, $2, $3, COALESCE(MAX(\"position\"), 0) + 1 FROM \"_collections\"";
    let definition = definition(tx, collection)?;
    let params = vec![Value::text(&collection.id), Value::text(&collection.name), definition];
    tx.run(Statement::new(sql, params)).map(|_| ())
}

/// Replaces the collection with the same id.
///
/// # Errors
/// What the database says, [`StoreError::Unique`] when the name is taken, [`StoreError::Data`] when
/// there is no such collection.
pub fn update(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    let sql = "UPDATE \"_collections\" SET \"name\" = $1, \"definition\" = $2 WHERE \"id\" = $3";
    let definition = definition(tx, collection)?;
    let params = vec![Value::text(&collection.name), definition, Value::text(&collection.id)];
    match tx.run(Statement::new(sql, params))? {
        0 => Err(StoreError::Data(format!("there is no collection {:?}", collection.id))),
        _ => Ok(()),
    }
}

/// Removes the collection with this id; whether there was one.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM \"_collections\" WHERE \"id\" = $1";
    Ok(tx.run(Statement::new(sql, vec![Value::text(id)]))? > 0)
}

/// Makes what the table holds now the schema, for this function at once and for all others with
/// the commit.
///
/// # Errors
/// What the database says, or [`StoreError::Data`] when a definition cannot be read.
pub fn publish(tx: &mut Tx) -> Result<Arc<Schema>, StoreError> {
    let version = tx.schema().version();
    let schema = load(tx, version)?;
    tx.set_schema(schema)?;
    Ok(tx.schema())
}

fn definition(db: &Db, collection: &Collection) -> Result<Value, StoreError> {
    let mut definition = collection.to_stored_json();
    secrets::seal(&db.keyring(), Document::Collection, &mut definition)?;
    Ok(Value::Json(Json::Object(definition)))
}

fn decode(row: &Row, keyring: &Keyring) -> Result<Collection, StoreError> {
    let broken =
        |what: String| StoreError::Data(format!("collection {:?}: {what}", row.text(0).ok()));
    match row.json(1)? {
        Json::Object(mut map) => {
            secrets::open(keyring, Document::Collection, &mut map)?;
            Collection::from_stored_json(&map).map_err(|error| broken(error.to_string()))
        }
        _ => Err(broken("the definition is no object".to_owned())),
    }
}
