//! Questions about all rows of a table, asked before its shape changes. Reads only.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::store::column::decode_value;
use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::{Statement, quote};
use crate::store::tx::Db;
use crate::store::value::Value;

/// A column of a unique index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// Whether case does not count.
    pub any_case: bool,
}

/// Values that several rows have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// How many values occur more than once.
    pub values: i64,
    /// Some of them, and how often they occur.
    pub samples: Vec<(String, i64)>,
}

/// The values of `keys` that several rows of `table` share, among the rows where `filter` holds if
/// it is not empty. Rows with a null in a key are all different, as they are to a unique index.
/// Without keys all rows are the same.
///
/// # Errors
/// What the database says, for example about the texts in `keys` and `filter`.
pub fn duplicates(
    db: &mut Db,
    table: &str,
    keys: &[Key],
    filter: &str,
    samples: i64,
) -> Result<Duplicates, StoreError> {
    let (dialect, schema) = (db.dialect(), db.schema());
    let collection = schema.by_name(table);
    let terms: Vec<String> =
        keys.iter().map(|key| term(dialect, collection.map(Arc::as_ref), key)).collect();
    let mut conditions: Vec<String> =
        terms.iter().map(|term| format!("{term} IS NOT NULL")).collect();
    if !filter.is_empty() {
        let filter =
            collection.map_or_else(|| filter.to_owned(), |of| dialect.index_condition(of, filter));
        conditions.push(format!("({filter})"));
    }
    let columns: String = terms.iter().map(|term| format!("{term}, ")).collect();
    let condition = joined(" WHERE ", " AND ", &conditions);
    let group = joined(" GROUP BY ", ", ", &terms);
    let groups = format!(
        "SELECT {columns}COUNT(*) AS \"times\" FROM {}{condition}{group} HAVING COUNT(*) > 1",
        quote(table)
    );
    let count = format!("SELECT COUNT(*) FROM ({groups}) AS \"groups\"");
    let values = db.fetch_one(Statement::new(count, Vec::new()))?.int(0)?;
    if values == 0 {
        return Ok(Duplicates::default());
    }
    let most = format!("{groups} ORDER BY \"times\" DESC, 1 LIMIT $1");
    let rows = db.fetch_all(Statement::new(most, vec![Value::Int(samples)]))?;
    let samples = rows.into_iter().map(|row| sample(row, keys.len())).collect::<Result<_, _>>()?;
    Ok(Duplicates { values, samples })
}

/// Hands the id and the value of `field` of every row of `table` to `row`. A null is handed on as
/// null, whether or not the field is nullable.
///
/// # Errors
/// What the database says, or the first error of `row`.
pub fn each_value(
    db: &mut Db,
    table: &str,
    field: &Field,
    mut row: impl FnMut(&str, Json) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let column = quote(&field.name);
    let sql = format!("SELECT \"id\", {column} FROM {}", quote(table));
    db.fetch_each(Statement::new(sql, Vec::new()), |found| {
        let id = found.text(0)?.to_owned();
        let value = match found.value(1)? {
            Value::Null(_) => Json::Null,
            value => decode_value(field, value.clone()),
        };
        row(&id, value)
    })
}

/// How many rows `table` has.
///
/// # Errors
/// What the database says.
pub fn count(db: &mut Db, table: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM {}", quote(table));
    db.fetch_one(Statement::new(sql, Vec::new()))?.int(0)
}

fn term(dialect: Dialect, collection: Option<&Collection>, key: &Key) -> String {
    let column = match collection {
        Some(collection) => dialect.group_key(collection, &key.name),
        None => quote(&key.name),
    };
    if key.any_case { dialect.fold_case(&column) } else { column }
}

fn joined(word: &str, separator: &str, items: &[String]) -> String {
    if items.is_empty() { String::new() } else { format!("{word}{}", items.join(separator)) }
}

fn sample(row: Row, keys: usize) -> Result<(String, i64), StoreError> {
    let times = row.int(keys)?;
    let values = row.into_values().into_iter().take(keys).map(text);
    Ok((values.collect::<Vec<_>>().join(", "), times))
}

fn text(value: Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Json(json) => json.to_string(),
        Value::Timestamp(moment) => moment.to_string(),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Value::Null(_) => "null".to_owned(),
    }
}
