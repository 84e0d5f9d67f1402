//! What a copy of a whole database reads and writes: rows of the system tables as they are, and
//! records in the order in which they came, many at once.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::store::column::{decode, encode};
use crate::store::dialect::is_words_table;
use crate::store::error::StoreError;
use crate::store::records::select_list;
use crate::store::row::Row;
use crate::store::sql::{Statement, quote};
use crate::store::tx::{Db, Tx};
use crate::store::value::{Kind, Value};

/// Rows and bytes, as far as they can be told, that are sent at once.
const BATCH_ROWS: usize = 5_000;
const BATCH_BYTES: usize = 1 << 20;

/// A table beside those of the collections.
#[derive(Debug)]
pub struct SystemTable {
    /// Its name.
    pub name: &'static str,
    /// Its columns; the first is the key.
    columns: &'static [(&'static str, Kind)],
}

impl SystemTable {
    /// Names of its columns.
    pub fn column_names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }
}

/// The tables beside those of the collections that hold what somebody made. The others are a database's
/// own.
pub const SYSTEM_TABLES: [SystemTable; 9] = [
    SystemTable {
        name: "_collections",
        columns: &[
            ("id", Kind::Text),
            ("name", Kind::Text),
            ("position", Kind::Int),
            ("definition", Kind::Json),
        ],
    },
    SystemTable {
        name: "_params",
        columns: &[
            ("id", Kind::Text),
            ("value", Kind::Json),
            ("created", Kind::Timestamp),
            ("updated", Kind::Timestamp),
        ],
    },
    SystemTable {
        name: "_config_states",
        columns: &[
            ("number", Kind::Int),
            ("hash", Kind::Text),
            ("author", Kind::Text),
            ("created", Kind::Timestamp),
            ("version", Kind::Text),
            ("state", Kind::Json),
        ],
    },
    SystemTable {
        name: "_loose_files",
        columns: &[("path", Kind::Text), ("state", Kind::Text), ("due", Kind::Timestamp)],
    },
    SystemTable {
        name: "_queue",
        columns: &[
            ("id", Kind::Text),
            ("kind", Kind::Text),
            ("payload", Kind::Json),
            ("state", Kind::Text),
            ("run_at", Kind::Timestamp),
            ("lease", Kind::Timestamp),
            ("attempts", Kind::Int),
            ("error", Kind::Text),
            ("created", Kind::Timestamp),
            ("lane", Kind::Text),
        ],
    },
    SystemTable {
        name: "_sessions",
        columns: &[
            ("id", Kind::Text),
            ("collection", Kind::Text),
            ("record", Kind::Text),
            ("method", Kind::Text),
            ("address", Kind::Text),
            ("agent", Kind::Text),
            ("created", Kind::Timestamp),
            ("used", Kind::Timestamp),
            ("expires", Kind::Timestamp),
        ],
    },
    SystemTable {
        name: "_totp",
        columns: &[
            ("id", Kind::Text),
            ("collection", Kind::Text),
            ("record", Kind::Text),
            ("state", Kind::Text),
            ("secret", Kind::Text),
            ("step", Kind::Int),
            ("recovery", Kind::Json),
            ("created", Kind::Timestamp),
        ],
    },
    SystemTable {
        name: "_crons",
        columns: &[
            ("job", Kind::Text),
            ("schedule", Kind::Text),
            ("tick", Kind::Timestamp),
            ("seen", Kind::Timestamp),
        ],
    },
    SystemTable {
        name: "_cron_runs",
        columns: &[
            ("id", Kind::Text),
            ("job", Kind::Text),
            ("cause", Kind::Text),
            ("tick", Kind::Timestamp),
            ("started", Kind::Timestamp),
            ("finished", Kind::Timestamp),
            ("outcome", Kind::Text),
            ("error", Kind::Text),
        ],
    },
];

/// Tables that say how far a database itself has come, what its processes tell each other and what they
/// counted lately; the inbox of mails that were not sent, which is for looking at only; and the logs, which
/// say what happened elsewhere.
const OWN_TABLES: [&str; 9] = [
    "_events",
    "_limits",
    "_log_batches",
    "_logs",
    "_mails",
    "_migrations",
    "_nodes",
    "_revision",
    "_throttle",
];

/// The rows of a system table in the order of their keys.
///
/// # Errors
/// What the database says.
pub fn system_rows(db: &mut Db, table: &SystemTable) -> Result<Vec<Vec<Value>>, StoreError> {
    let columns: Vec<String> = table.columns.iter().map(|(name, _)| quote(name)).collect();
    let (columns, name) = (columns.join(", "), quote(table.name));
    let sql = format!("SELECT {columns} FROM {name}");
    let rows = db.fetch_all(Statement::new(sql, Vec::new()))?;
    let typed = rows.iter().map(|row| {
        let kinds = table.columns.iter().enumerate();
        kinds.map(|(position, (_, kind))| typed(row, position, *kind)).collect()
    });
    let mut typed = typed.collect::<Result<Vec<Vec<Value>>, StoreError>>()?;
    // Here, since each engine has an order of its own for texts.
    typed.sort_by_cached_key(|row| row[0].to_json().to_string());
    Ok(typed)
}

/// Stores rows of [`system_rows`].
///
/// # Errors
/// What the database says.
pub fn load_system_rows(
    tx: &mut Tx,
    table: &SystemTable,
    rows: &[Vec<Value>],
) -> Result<(), StoreError> {
    let sql = tx.dialect().load(table.name, &table.column_names());
    tx.load(&sql, rows)
}

/// Removes all rows of a system table.
///
/// # Errors
/// What the database says.
pub fn clear_system_table(tx: &mut Tx, table: &SystemTable) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM {}", quote(table.name));
    tx.run(Statement::new(sql, Vec::new())).map(|_| ())
}

/// Hands every record to `each`, in the order in which they came.
///
/// # Errors
/// What the database says, or the first error of `each`.
pub fn each_record(
    db: &mut Db,
    collection: &Arc<Collection>,
    mut each: impl FnMut(Record) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let table = &collection.name;
    let columns = select_list(collection, table);
    let sql = format!("SELECT {columns} FROM {} ORDER BY \"_rowid_\"", quote(table));
    db.fetch_each(Statement::new(sql, Vec::new()), |row| each(decode(collection, row)?))
}

/// Names of the tables that are neither a collection's nor the product's own.
///
/// # Errors
/// What the database says.
pub fn foreign_tables(db: &mut Db) -> Result<Vec<String>, StoreError> {
    let tables = db.dialect().tables();
    let schema = db.schema();
    let mut foreign = Vec::new();
    for row in db.fetch_all(tables)? {
        let name = row.text(0)?;
        let is_own = OWN_TABLES.contains(&name)
            || SYSTEM_TABLES.iter().any(|table| table.name == name)
            || is_words_table(name)
            || schema.by_name(name).is_some();
        if !is_own {
            foreign.push(name.to_owned());
        }
    }
    Ok(foreign)
}

/// Keeps servers and other copies away from the database until the transaction ends; whether that
/// was possible.
///
/// # Errors
/// What the database says.
pub fn claim(tx: &mut Tx) -> Result<bool, StoreError> {
    let claim = tx.dialect().claim();
    tx.fetch_one(claim)?.bool(0)
}

/// Whether a copy fills the database just now.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn is_claimed(db: &mut Db) -> Result<bool, StoreError> {
    let is_claimed = db.dialect().is_claimed();
    db.fetch_one(is_claimed)?.bool(0)
}

/// Fills the empty table of a collection with records, in the order in which they are pushed.
pub struct Loader {
    collection: Arc<Collection>,
    sql: String,
    waiting: Vec<Vec<Value>>,
    bytes: usize,
    /// The number of the last record.
    last: i64,
}

impl Loader {
    /// Fills the table of `collection`.
    pub fn new(tx: &Tx, collection: &Arc<Collection>) -> Self {
        let mut columns = vec!["_rowid_"];
        columns.extend(collection.fields.iter().map(|field| field.name.as_str()));
        let sql = tx.dialect().load(&collection.name, &columns);
        let collection = Arc::clone(collection);
        Self { collection, sql, waiting: Vec::new(), bytes: 0, last: 0 }
    }

    /// Takes the next record, and sends those that wait when there are many.
    ///
    /// # Errors
    /// What the database says.
    pub fn push(&mut self, tx: &mut Tx, values: &[Json]) -> Result<(), StoreError> {
        let dialect = tx.dialect();
        self.last += 1;
        let mut row = Vec::with_capacity(values.len() + 1);
        row.push(Value::Int(self.last));
        for (field, value) in self.collection.fields.iter().zip(values) {
            self.bytes += weight(value);
            row.push(encode(dialect, field, value));
        }
        self.waiting.push(row);
        if self.waiting.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.send(tx)?;
        }
        Ok(())
    }

    /// Sends what waits, and lets records that are made later come after these.
    ///
    /// # Errors
    /// What the database says.
    pub fn finish(mut self, tx: &mut Tx) -> Result<(), StoreError> {
        self.send(tx)?;
        match tx.dialect().continue_numbering(&self.collection.name, self.last) {
            Some(numbering) => tx.run(numbering).map(|_| ()),
            None => Ok(()),
        }
    }

    fn send(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if !self.waiting.is_empty() {
            tx.load(&self.sql, &self.waiting)?;
        }
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// Tells the planner what a table holds.
///
/// # Errors
/// What the database says.
pub fn gather_statistics(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    match tx.dialect().gather_statistics(&collection.name) {
        Some(statement) => tx.run(statement).map(|_| ()),
        None => Ok(()),
    }
}

/// The value at `position` in the type of its column.
fn typed(row: &Row, position: usize, kind: Kind) -> Result<Value, StoreError> {
    if row.is_null(position)? {
        return Ok(Value::Null(kind));
    }
    Ok(match kind {
        Kind::Json => Value::Json(row.json(position)?),
        Kind::Timestamp => Value::Timestamp(row.timestamp(position)?),
        _ => row.value(position)?.clone(),
    })
}

/// About how many bytes a value has.
fn weight(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Json::Object(map) => {
            map.iter().map(|(key, value)| key.len() + 4 + weight(value)).sum::<usize>() + 2
        }
        _ => 8,
    }
}
