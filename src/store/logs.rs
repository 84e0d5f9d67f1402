//! The table `_logs`: what happened. On SQLite it is in a file of its own, see
//! [`crate::store::Store::write_logs`]; rows are numbered in the order in which they came. Entries come in
//! batches, which [`unfold`] makes rows of.

mod batches;
mod packed;

use std::sync::{Arc, LazyLock};

pub use batches::{add, forget_batches, last, last_before, unfold};
pub use packed::{Batch, NewLog};

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::logs::{self, TABLE};
use crate::domain::rules::RequestInfo;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::store::Store;
use crate::store::column::decode_value;
use crate::store::error::StoreError;
use crate::store::filter::{FilterError, Query};
use crate::store::row::Row;
use crate::store::sql::{Statement, quote};
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// The shape of the table, as filters and sorts see it.
static COLLECTION: LazyLock<Arc<Collection>> = LazyLock::new(|| Arc::new(logs::collection()));

/// Filters of logs reach no other table.
static NO_SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::default);

/// The table of entries that are no rows yet.
const BATCHES: &str = "_log_batches";

const COLUMNS: [&str; 5] = ["id", "level", "message", "data", "created"];

/// A stored entry, with its values as answers have them.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredLog {
    /// What it is told apart by.
    pub id: Json,
    /// How bad it is.
    pub level: Json,
    /// What happened, in a line.
    pub message: Json,
    /// The rest.
    pub data: Json,
    /// When it happened.
    pub created: Json,
}

impl Store {
    /// Runs `work`, which only fetches, over the logs: on SQLite in their own file.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_logs<T, E>(
        &self,
        work: impl Fn(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(engine) => engine.read_logs(work).await,
            Self::Postgres(engine) => engine.read(work).await,
        }
    }

    /// Runs `work` in a transaction over the logs: on SQLite in their own file, where it stands in front
    /// of no other write. It emits nothing.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_logs<T, E>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(engine) => engine.write_logs(work).await,
            Self::Postgres(engine) => engine.write(engine.write_timeout(), work).await,
        }
    }

    /// Gives the system back what removed logs took. PostgreSQL does that by itself.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reclaim_logs(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.reclaim_logs().await,
            Self::Postgres(_) => Ok(()),
        }
    }
}

/// The entries that `filter` finds, in the order of `sort`, `limit` of them after the first `offset`.
///
/// # Errors
/// [`FilterError`] when they cannot be asked for so.
pub fn page(
    db: &mut Db,
    request: &RequestInfo,
    (filter, sort): (&str, &str),
    (limit, offset): (i64, i64),
) -> Result<Result<Vec<StoredLog>, FilterError>, StoreError> {
    let query = query(db, request, filter).and_then(|query| query.sort(sort));
    match query.and_then(|query| query.page(limit, offset)) {
        Ok(statement) => Ok(Ok(db.fetch_all(statement)?.into_iter().map(decode).collect())),
        Err(error) => Ok(Err(error)),
    }
}

/// How many entries `filter` finds.
///
/// # Errors
/// [`FilterError`] when they cannot be asked for so.
pub fn count(
    db: &mut Db,
    request: &RequestInfo,
    filter: &str,
) -> Result<Result<i64, FilterError>, StoreError> {
    match query(db, request, filter).and_then(|query| query.count()) {
        Ok(statement) => Ok(Ok(db.fetch_one(statement)?.int(0)?)),
        Err(error) => Ok(Err(error)),
    }
}

/// How many entries `filter` finds in each hour that has any.
///
/// # Errors
/// [`FilterError`] when they cannot be asked for so.
pub fn hours(
    db: &mut Db,
    request: &RequestInfo,
    filter: &str,
) -> Result<Result<Vec<(String, i64)>, FilterError>, StoreError> {
    let hour = db.dialect().hour(&format!("{}.\"created\"", quote(TABLE)));
    match query(db, request, filter).and_then(|query| query.count_by(&hour)) {
        Ok(statement) => {
            let hour = |row: &Row| Ok((row.text(0)?.to_owned(), row.int(1)?));
            Ok(Ok(db.fetch_all(statement)?.iter().map(hour).collect::<Result<_, StoreError>>()?))
        }
        Err(error) => Ok(Err(error)),
    }
}

/// The entry with this id.
///
/// # Errors
/// What the database says.
pub fn by_id(db: &mut Db, id: &str) -> Result<Option<StoredLog>, StoreError> {
    let columns = COLLECTION.fields.iter().map(|field| quote(&field.name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let Some(moment) = logs::moment_of(id).map(Timestamp::from_millis) else { return Ok(None) };
    let sql =
        format!("SELECT {columns} FROM {} WHERE \"created\" = $1 AND \"id\" = $2", quote(TABLE));
    let params = vec![Value::Timestamp(moment), Value::text(id)];
    Ok(db.fetch_optional(Statement::new(sql, params))?.map(decode))
}

/// Removes all entries.
///
/// # Errors
/// What the database says.
pub fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    batches::clear(tx)?;
    let clear = tx.dialect().empty(TABLE);
    tx.run(clear).map(|_| ())
}

/// Removes `most` of the rows from before `moment`, the oldest; how many there were.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx, moment: Timestamp, most: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM \"_logs\" WHERE \"_rowid_\" IN (SELECT \"_rowid_\" FROM \"_logs\" \
               WHERE \"created\" < $1 ORDER BY \"created\" LIMIT $2)";
    tx.run(Statement::new(sql, vec![Value::Timestamp(moment), Value::Int(most)]))
}

/// Leaves the last `most` entries; of batches, which go as a whole, some more.
///
/// # Errors
/// What the database says.
pub fn trim(tx: &mut Tx, most: i64) -> Result<(), StoreError> {
    let rows = most.saturating_sub(batches::trim(tx, most)?).max(0);
    let sql = "DELETE FROM \"_logs\" WHERE \"_rowid_\" <= \
               (SELECT MAX(\"_rowid_\") FROM \"_logs\") - $1";
    tx.run(Statement::new(sql, vec![Value::Int(rows)])).map(|_| ())
}

fn query<'a>(db: &Db, request: &'a RequestInfo, filter: &str) -> Result<Query<'a>, FilterError> {
    Query::rows(db.dialect(), &NO_SCHEMA, &COLLECTION, request).filter(filter)
}

/// The entry of a row that has the fields of the collection.
fn decode(row: Row) -> StoredLog {
    let fields = COLLECTION.fields.iter();
    let mut values = fields.zip(row.into_values()).map(|(field, value)| decode_value(field, value));
    let mut next = || values.next().unwrap_or_default();
    StoredLog { id: next(), level: next(), message: next(), data: next(), created: next() }
}
