//! One SQLite connection: binds, runs and reads statements that were made elsewhere, and keeps
//! their time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Null, ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, limits::Limit};

use crate::store::console::{Column, MOST_BYTES_OF_VALUE, Rows, Table, too_large};
use crate::store::dialect::TALLY;
use crate::store::engine::slow::SlowStatements;
use crate::store::engine::sqlite::error::store_error;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::value::{Kind, Value};

/// Virtual machine steps between two looks at the clock: some 50 microseconds, so that a limit of
/// few milliseconds holds and the look costs nothing.
const STEPS: i32 = 2000;

/// How many of these looks a hurried function has to live to see before it is cut off. A function
/// that did so little was not slow, its thread had to wait for others, and it would elsewhere too.
const LOOKS: u32 = 4;

/// How many prepared statements a connection keeps: more than a schema has query shapes in use.
const STATEMENTS: usize = 256;

/// A connection and the state of the transaction on it.
pub(in crate::store) struct Session {
    connection: Connection,
    clock: Arc<Clock>,
    /// Rows that statements sorted, as far as they count them.
    tally: Arc<AtomicU64>,
    /// Whether `BEGIN` ran and neither `COMMIT` nor `ROLLBACK` did. SQLite may have ended the
    /// transaction all the same.
    in_transaction: bool,
    function: Function,
    /// Set while a function runs on a thread that has better things to do than to wait.
    hurried: Option<Arc<SlowStatements>>,
}

/// Whether the savepoint that undoes one function of a group is there. It is opened before the
/// first change only: a function that fails before has nothing to undo.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    None,
    Unchanged,
    Changed,
}

/// The moment at which the running statement is cut off, in nanoseconds after `start`.
struct Clock {
    start: Instant,
    until: AtomicU64,
    /// How often it was looked at since the limit was set.
    looks: AtomicU32,
    /// The first look that may find the time over.
    least: AtomicU32,
}

impl Session {
    pub(super) fn new(mut connection: Connection) -> rusqlite::Result<Self> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let clock = Arc::new(Clock {
            start: Instant::now(),
            until: AtomicU64::new(u64::MAX),
            looks: AtomicU32::new(0),
            least: AtomicU32::new(0),
        });
        let handler = Arc::clone(&clock);
        connection.progress_handler(STEPS, Some(move || handler.look()))?;
        let tally = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&tally);
        // Not deterministic: every row has its own call.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        connection.create_scalar_function(TALLY, 0, flags, move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(Null)
        })?;
        let function = Function::None;
        Ok(Self { connection, clock, tally, in_transaction: false, function, hurried: None })
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(in crate::store) fn limit(&mut self, until: Option<Instant>) {
        self.clock.set(until);
    }

    /// Whether the limit has passed.
    pub(in crate::store) fn is_late(&self) -> bool {
        self.clock.is_over()
    }

    /// Whether statements that are known to be slow are refused, as if their time were over.
    pub(super) fn hurry(&mut self, known: Option<Arc<SlowStatements>>) {
        self.clock.least.store(if known.is_some() { LOOKS } else { 0 }, Ordering::Relaxed);
        self.hurried = known;
    }

    pub(in crate::store) fn start_tally(&self) {
        self.tally.store(0, Ordering::Relaxed);
    }

    pub(in crate::store) fn tally(&self) -> u64 {
        self.tally.load(Ordering::Relaxed)
    }

    pub(in crate::store) fn fetch_first(
        &mut self,
        statement: &Statement,
    ) -> Result<Option<Row>, StoreError> {
        self.in_time(statement, |session| session.first(statement))
    }

    pub(in crate::store) fn fetch_each(
        &mut self,
        statement: &Statement,
        each: &mut dyn FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.in_time(statement, |session| session.each(statement, each))
    }

    /// Runs a fetch, and remembers it if there was too little time for it.
    fn in_time<T>(
        &mut self,
        statement: &Statement,
        fetch: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.hurried.as_ref().is_some_and(|known| known.take_turn(&statement.sql)) {
            return Err(StoreError::Deadline);
        }
        let result = fetch(self);
        if let (Err(StoreError::Deadline), Some(known)) = (&result, &self.hurried) {
            known.note(&statement.sql);
        }
        result
    }

    fn first(&mut self, statement: &Statement) -> Result<Option<Row>, StoreError> {
        let mut prepared = self.prepare(statement)?;
        let columns = prepared.column_count();
        let changes = !prepared.readonly();
        let mut rows = prepared.raw_query();
        let first =
            rows.next().map_err(store_error)?.map(|row| decode(row, columns)).transpose()?;
        if first.is_some() && changes {
            // The first step of a RETURNING makes every change, the last one ends the statement; a
            // constraint that is checked at its end shows only there.
            while rows.next().map_err(store_error)?.is_some() {}
        }
        Ok(first)
    }

    fn each(
        &mut self,
        statement: &Statement,
        each: &mut dyn FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut prepared = self.prepare(statement)?;
        let columns = prepared.column_count();
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(store_error)? {
            each(decode(row, columns)?)?;
        }
        Ok(())
    }

    pub(in crate::store) fn fetch_table(
        &mut self,
        sql: &str,
        limit: usize,
    ) -> Result<Table, StoreError> {
        let length = |most| self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most);
        let usual = self.connection.limit(Limit::SQLITE_LIMIT_LENGTH).map_err(store_error)?;
        length(MOST_BYTES_OF_VALUE as i32).map_err(store_error)?;
        let table = self.table(sql, limit);
        length(usual).map_err(store_error)?;
        table
    }

    fn table(&self, sql: &str, limit: usize) -> Result<Table, StoreError> {
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::TooBig) => too_large(),
            _ => store_error(error),
        };
        let mut prepared = self.connection.prepare(sql).map_err(failed)?;
        if !prepared.readonly() {
            return Err(StoreError::ReadOnly);
        }
        let columns: Vec<Column> = prepared
            .columns()
            .map(|column| Column {
                name: column.name().to_owned(),
                type_name: column.decl_type().unwrap_or_default().to_owned(),
            })
            .collect();
        let mut found = Rows::default();
        let mut answers = prepared.raw_query();
        while found.rows.len() < limit
            && let Some(row) = answers.next().map_err(failed)?
        {
            found.push(decode(row, columns.len())?.into_texts())?;
        }
        Ok(Table { columns, rows: found.rows })
    }

    pub(in crate::store) fn run(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        let mut prepared = self.prepare(statement)?;
        // Some statements answer a row nobody asked for (PRAGMA): they are stepped through.
        let mut rows = prepared.raw_query();
        while rows.next().map_err(store_error)?.is_some() {}
        drop(rows);
        drop(prepared);
        Ok(self.connection.changes())
    }

    /// Runs the statement `sql` once for each of `rows`, which are its parameters.
    pub(in crate::store) fn load(
        &mut self,
        sql: &str,
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        self.protect()?;
        let mut prepared = self.connection.prepare_cached(sql).map_err(store_error)?;
        for row in rows {
            bind(&mut prepared, row)?;
            prepared.raw_execute().map_err(store_error)?;
        }
        Ok(())
    }

    pub(in crate::store) fn savepoint(&mut self) -> Result<(), StoreError> {
        self.protect()?;
        control(&self.connection, "SAVEPOINT \"attempt\"")
    }

    pub(in crate::store) fn release(&mut self) -> Result<(), StoreError> {
        control(&self.connection, "RELEASE \"attempt\"")
    }

    pub(in crate::store) fn roll_back(&mut self) -> Result<(), StoreError> {
        control(&self.connection, "ROLLBACK TO \"attempt\"")?;
        control(&self.connection, "RELEASE \"attempt\"")
    }

    pub(in crate::store) fn is_ended(&self) -> bool {
        self.in_transaction && self.connection.is_autocommit()
    }

    /// Starts a transaction that reads one state of the database throughout.
    pub(super) fn begin_read(&mut self) -> Result<(), StoreError> {
        control(&self.connection, "BEGIN DEFERRED").inspect(|()| self.in_transaction = true)
    }

    /// Starts a transaction that may write, which keeps other writers out from the start: an
    /// upgrade in the middle could be refused.
    pub(super) fn begin_write(&mut self) -> Result<(), StoreError> {
        control(&self.connection, "BEGIN IMMEDIATE").inspect(|()| self.in_transaction = true)
    }

    /// Makes the transaction's changes last. When it fails there is no transaction any more.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        self.limit(None);
        let committed = control(&self.connection, "COMMIT");
        if committed.is_err() {
            self.abandon();
        }
        self.in_transaction = false;
        committed
    }

    /// Undoes the transaction, if SQLite has not done so already.
    pub(super) fn abandon(&mut self) {
        self.limit(None);
        if !self.connection.is_autocommit() {
            // The only way a rollback fails is that there is nothing left to roll back.
            let _ = control(&self.connection, "ROLLBACK");
        }
        self.in_transaction = false;
        self.function = Function::None;
    }

    /// Starts one function of a group.
    pub(super) fn begin_function(&mut self) {
        self.function = Function::Unchanged;
    }

    /// Keeps what the function changed.
    pub(super) fn keep_function(&mut self) -> Result<(), StoreError> {
        match std::mem::replace(&mut self.function, Function::None) {
            Function::Changed => control(&self.connection, "RELEASE \"function\""),
            Function::Unchanged | Function::None => Ok(()),
        }
    }

    /// Undoes what the function changed.
    pub(super) fn undo_function(&mut self) -> Result<(), StoreError> {
        match std::mem::replace(&mut self.function, Function::None) {
            Function::Changed => {
                control(&self.connection, "ROLLBACK TO \"function\"")?;
                control(&self.connection, "RELEASE \"function\"")
            }
            Function::Unchanged | Function::None => Ok(()),
        }
    }

    fn prepare<'a>(&'a mut self, statement: &Statement) -> Result<CachedStatement<'a>, StoreError> {
        let mut prepared = self.connection.prepare_cached(&statement.sql).map_err(store_error)?;
        if self.function == Function::Unchanged && !prepared.readonly() {
            control(&self.connection, "SAVEPOINT \"function\"")?;
            self.function = Function::Changed;
        }
        bind(&mut prepared, &statement.params)?;
        Ok(prepared)
    }

    /// Opens the savepoint of the running function unless it is open.
    fn protect(&mut self) -> Result<(), StoreError> {
        if self.function == Function::Unchanged {
            control(&self.connection, "SAVEPOINT \"function\"")?;
            self.function = Function::Changed;
        }
        Ok(())
    }
}

/// Gives a statement its parameters.
fn bind(prepared: &mut CachedStatement<'_>, params: &[Value]) -> Result<(), StoreError> {
    let (expected, given) = (prepared.parameter_count(), params.len());
    if expected != given {
        return Err(StoreError::Data(format!("{expected} parameters, {given} values")));
    }
    for (index, value) in params.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, encode(value)).map_err(store_error)?;
    }
    Ok(())
}

fn control(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let mut prepared = connection.prepare_cached(sql).map_err(store_error)?;
    prepared.raw_execute().map(|_| ()).map_err(store_error)
}

impl Clock {
    fn set(&self, until: Option<Instant>) {
        let until = until.map_or(u64::MAX, |until| {
            u64::try_from(until.saturating_duration_since(self.start).as_nanos())
                .unwrap_or(u64::MAX)
        });
        self.looks.store(0, Ordering::Relaxed);
        self.until.store(until, Ordering::Relaxed);
    }

    /// Counts a look; whether the time is over.
    fn look(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.is_over()
    }

    fn is_over(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != u64::MAX
            && self.looks.load(Ordering::Relaxed) >= self.least.load(Ordering::Relaxed)
            && self.start.elapsed().as_nanos() >= u128::from(until)
    }
}

fn encode(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Null(_) => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Bool(value) => ToSqlOutput::Owned(SqlValue::Integer(i64::from(*value))),
        Value::Int(number) => ToSqlOutput::Owned(SqlValue::Integer(*number)),
        Value::Real(number) => ToSqlOutput::Owned(SqlValue::Real(*number)),
        Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Value::Json(json) => ToSqlOutput::Owned(SqlValue::Text(json.to_string())),
        Value::Timestamp(moment) => ToSqlOutput::Owned(SqlValue::Text(moment.to_string())),
    }
}

fn decode(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(columns);
    for column in 0..columns {
        values.push(match row.get_ref(column).map_err(store_error)? {
            ValueRef::Null => Value::Null(Kind::Text),
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(_) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            },
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        });
    }
    Ok(Row::new(values))
}
