//! One connection to the server: binds, runs and reads statements that were made elsewhere, keeps
//! their time, and is made anew after it broke. It blocks its thread, which has nothing else to do.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{
    Arguments as _, Column as _, Connection, Executor as _, Postgres, Row as _, SqlSafeStr,
    Statement as _, TypeInfo as _, ValueRef as _,
};
use tokio::runtime::Runtime;

use crate::store::console::{Column, Rows, Table};
use crate::store::engine::postgres::connect::{Role, Server, away, not_connected};
use crate::store::engine::postgres::error::store_error;
use crate::store::engine::postgres::value::{Parameter, decode, letter};
use crate::store::engine::slow::SlowStatements;
use crate::store::error::{Source, StoreError};
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::value::Value;

/// How much longer than the server's own limit an answer is waited for. After that the server is
/// believed to be gone.
const GRACE: Duration = Duration::from_secs(5);

/// How many statements are remembered to have run.
const MOST_SEEN: usize = 4096;

/// How far the time of a transaction must be from the usual one to be told to the server.
const ABOUT: Duration = Duration::from_secs(1);

/// A connection and the state of the transaction on it.
pub(in crate::store) struct Session {
    server: Arc<Server>,
    role: Role,
    runtime: Runtime,
    connection: Option<PgConnection>,
    /// Set where statements that are known to be slow are refused as if their time were over.
    hurried: Option<Arc<SlowStatements>>,
    in_transaction: bool,
    until: Option<Instant>,
    /// Hashes of statements that ran once. Only the second time they are kept prepared, so that
    /// texts which somebody makes up fill no memory of the server.
    seen: HashSet<u64>,
    hasher: RandomState,
    /// The revision that prepared statements were made under.
    prepared: i64,
    /// The revision when the transaction began.
    begun: i64,
}

impl Session {
    /// A session without a connection; the first use makes one. With `hurried` it has little time,
    /// and remembers there what needed more.
    pub(super) fn new(
        server: Arc<Server>,
        role: Role,
        hurried: Option<Arc<SlowStatements>>,
    ) -> std::io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self {
            server,
            role,
            runtime,
            connection: None,
            hurried,
            in_transaction: false,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            until: None,
            prepared: 0,
            begun: 0,
        })
    }

    /// Makes the connection unless it is there.
    ///
    /// # Errors
    /// The driver's own, so that a start can say what is wrong.
    pub(super) fn connect(&mut self) -> Result<(), sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(self.runtime.block_on(self.server.connect(self.role))?);
            self.prepared = 0;
        }
        Ok(())
    }

    /// The server's version as `server_version_num`, such as 140005.
    pub(super) fn server_version(&self) -> Option<u32> {
        self.connection.as_ref().and_then(PgConnection::server_version_num)
    }

    pub(in crate::store) fn limit(&mut self, until: Option<Instant>) {
        self.until = until;
    }

    /// Whether the limit has passed.
    pub(in crate::store) fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    pub(in crate::store) fn fetch_first(
        &mut self,
        statement: &Statement,
    ) -> Result<Option<Row>, StoreError> {
        let mut first = None;
        self.fetch_each(statement, &mut |row| {
            first.get_or_insert(row);
            Ok(())
        })?;
        Ok(first)
    }

    pub(in crate::store) fn fetch_each(
        &mut self,
        statement: &Statement,
        each: &mut dyn FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.hurried.as_ref().is_some_and(|known| known.take_turn(&statement.sql)) {
            return Err(StoreError::Deadline);
        }
        let query = self.query(statement)?;
        let result = self.wait_for(async |connection| {
            let mut rows = query.fetch(connection);
            while let Some(row) = rows.try_next().await.map_err(store_error)? {
                each(decode(&row)?)?;
            }
            Ok(())
        });
        if let (Err(StoreError::Deadline), Some(known)) = (&result, &self.hurried) {
            known.note(&statement.sql);
        }
        result
    }

    /// Prepared first, which the server does for one statement alone and which tells the columns. The
    /// rows of a query come through a cursor: no more of them than wanted, and as texts, whatever
    /// their types.
    pub(in crate::store) fn fetch_table(
        &mut self,
        sql: &str,
        limit: usize,
    ) -> Result<Table, StoreError> {
        let columns = self.columns(sql)?;
        let is_query = ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|word| {
            sql.trim_start().get(..word.len()).is_some_and(|first| first.eq_ignore_ascii_case(word))
        });
        let statements = if is_query {
            let cursor = format!("DECLARE \"console\" CURSOR FOR {sql}");
            self.run(&Statement::new(cursor, Vec::new()))?;
            format!("FETCH FORWARD {limit} FROM \"console\"")
        } else {
            sql.to_owned()
        };
        let mut found = Rows::default();
        self.wait_for(async |connection| {
            let query = sqlx::raw_sql(trusted(statements));
            let mut answers = query.fetch(connection);
            while let Some(row) = answers.try_next().await.map_err(store_error)? {
                if found.rows.len() < limit {
                    found.push(texts(&row)?)?;
                }
            }
            Ok(())
        })?;
        if is_query {
            self.control("CLOSE \"console\"".to_owned())?;
        }
        Ok(Table { columns, rows: found.rows })
    }

    fn columns(&mut self, sql: &str) -> Result<Vec<Column>, StoreError> {
        let sql = sql.to_owned();
        self.wait_for(async |connection| {
            let prepared = connection.prepare(trusted(sql).into_sql_str()).await;
            let prepared = prepared.map_err(store_error)?;
            let column = |column: &sqlx::postgres::PgColumn| Column {
                name: column.name().to_owned(),
                type_name: column.type_info().name().to_owned(),
            };
            Ok(prepared.columns().iter().map(column).collect())
        })
    }

    pub(in crate::store) fn run(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        let query = self.query(statement)?;
        self.wait_for(async |connection| {
            let done = query.execute(connection).await.map_err(store_error)?;
            Ok(done.rows_affected())
        })
    }

    pub(in crate::store) fn savepoint(&mut self) -> Result<(), StoreError> {
        self.control("SAVEPOINT \"attempt\"".to_owned())
    }

    pub(in crate::store) fn release(&mut self) -> Result<(), StoreError> {
        self.control("RELEASE \"attempt\"".to_owned())
    }

    pub(in crate::store) fn roll_back(&mut self) -> Result<(), StoreError> {
        self.control("ROLLBACK TO \"attempt\"; RELEASE \"attempt\"".to_owned())
    }

    /// Whether the transaction ended with its connection.
    pub(in crate::store) const fn is_ended(&self) -> bool {
        self.in_transaction && self.connection.is_none()
    }

    pub(in crate::store) fn check_revision(&self, found: i64) -> Result<(), StoreError> {
        if found == self.begun {
            return Ok(());
        }
        let error = std::io::Error::other("another process changed the collections");
        Err(StoreError::Conflict(Source::new(error)))
    }

    /// Starts a transaction that may last until `deadline`, and answers the revision that the
    /// database has then: both travel in one message.
    pub(super) fn begin(&mut self, deadline: Instant) -> Result<i64, StoreError> {
        self.limit(None);
        let mut sql = String::from("BEGIN; ");
        let usual = self.server.statement_timeout(self.role);
        let left = deadline.saturating_duration_since(Instant::now());
        if left.abs_diff(usual) > ABOUT {
            let left = left.as_millis().max(1);
            sql.push_str(&format!("SET LOCAL statement_timeout = {left}; "));
        }
        sql.push_str(crate::store::engine::REVISION);
        let begun = match self.begin_with(&sql) {
            // The server may have been started again since the connection was last used.
            Err(StoreError::Away(_)) => self.begin_with(&sql)?,
            begun => begun?,
        };
        self.begun = begun;
        self.forget_statements(begun)?;
        Ok(begun)
    }

    /// Starts a transaction of a database that has no revision yet.
    pub(super) fn start(&mut self, sql: String) -> Result<(), StoreError> {
        self.control(sql)?;
        self.in_transaction = true;
        Ok(())
    }

    fn begin_with(&mut self, sql: &str) -> Result<i64, StoreError> {
        self.connect().map_err(not_connected)?;
        self.in_transaction = true;
        let sql = sql.to_owned();
        self.wait_for(async |connection| {
            let query = sqlx::raw_sql(trusted(sql));
            number(&query.fetch_one(connection).await.map_err(store_error)?)
        })
    }

    /// Prepares for single statements of a process that knows the revision `known`.
    pub(super) fn ready(&mut self, known: i64) -> Result<(), StoreError> {
        self.connect().map_err(not_connected)?;
        self.begun = known;
        self.forget_statements(known)
    }

    /// Drops prepared statements that were made for other tables: the server would go on to refuse
    /// them.
    fn forget_statements(&mut self, revision: i64) -> Result<(), StoreError> {
        if self.prepared == revision {
            return Ok(());
        }
        self.wait_for(async |connection| {
            connection.clear_cached_statements().await.map_err(store_error)
        })?;
        self.prepared = revision;
        Ok(())
    }

    /// Runs the statements `last` and makes the transaction's changes last, in one message; the number
    /// that they answer, if they answer one. When it fails there is no transaction any more; when the
    /// connection broke, nobody knows the outcome.
    pub(super) fn commit(&mut self, last: String) -> Result<Option<i64>, StoreError> {
        self.limit(None);
        let sql = last + "COMMIT";
        let committed = self.wait_for(async |connection| {
            // Everything is read: the last answer is the one that counts.
            let rows = sqlx::raw_sql(trusted(sql)).fetch_all(connection).await;
            rows.map_err(store_error)?.first().map(number).transpose()
        });
        if committed.is_err() {
            self.abandon();
        }
        self.in_transaction = false;
        committed
    }

    /// Undoes the transaction, if it has not ended with its connection.
    pub(super) fn abandon(&mut self) {
        self.limit(None);
        if self.connection.is_some() && self.control("ROLLBACK".to_owned()).is_err() {
            self.connection = None;
        }
        self.in_transaction = false;
    }

    /// Lets go of the connection, so that the next use makes a new one.
    pub(super) fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            // The server notices by itself when this fails.
            let _ = self
                .runtime
                .block_on(async { tokio::time::timeout(GRACE, connection.close()).await });
        }
    }

    /// The statement with its parameters. What defines tables runs once and is not kept prepared.
    fn query(
        &mut self,
        statement: &Statement,
    ) -> Result<Query<'static, Postgres, PgArguments>, StoreError> {
        let starts = |words: &[&str]| words.iter().any(|word| statement.sql.starts_with(word));
        let reads = starts(&["SELECT", "WITH"]);
        let mut sql = String::with_capacity(statement.sql.len() + statement.params.len() + 3);
        sql.push_str(&statement.sql);
        let mut arguments = PgArguments::default();
        if !statement.params.is_empty() {
            sql.push_str(" --");
        }
        for value in &statement.params {
            sql.push(letter(value.kind()));
            if !reads && matches!(value, Value::Text(text) if text.contains('\0')) {
                return Err(unstorable());
            }
            arguments.add(Parameter(value)).map_err(|error| StoreError::Data(error.to_string()))?;
        }
        let keep = (reads || starts(&["INSERT", "UPDATE", "DELETE"])) && self.is_known(&sql);
        Ok(sqlx::query_with(trusted(sql), arguments).persistent(keep))
    }

    /// Whether a statement ran before.
    fn is_known(&mut self, sql: &str) -> bool {
        let hash = self.hasher.hash_one(sql);
        if self.seen.contains(&hash) {
            return true;
        }
        if self.seen.len() >= MOST_SEEN {
            self.seen.clear();
        }
        self.seen.insert(hash);
        false
    }

    fn control(&mut self, sql: String) -> Result<(), StoreError> {
        self.wait_for(async |connection| {
            let query = sqlx::raw_sql(trusted(sql));
            query.execute(connection).await.map(|_| ()).map_err(store_error)
        })
    }

    /// Waits for the server. A connection that broke, or that says nothing for too long, is let go.
    pub(super) fn wait_for<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(connection) = self.connection.as_mut() else {
            return Err(away("there is no connection"));
        };
        let usual = self.server.statement_timeout(self.role);
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        let limit = usual.max(left.unwrap_or_default()) + GRACE;
        let result = self.runtime.block_on(async {
            let answered = tokio::time::timeout(limit, work(connection)).await;
            answered.unwrap_or_else(|_| Err(away("the server does not answer")))
        });
        if matches!(result, Err(StoreError::Away(_))) {
            self.connection = None;
        }
        result
    }
}

/// The values of a row that came as texts.
fn texts(row: &PgRow) -> Result<Vec<Option<String>>, StoreError> {
    let text = |column: usize| {
        let value = row.try_get_raw(column).map_err(store_error)?;
        if value.is_null() {
            return Ok(None);
        }
        let text = value.as_str().map_err(|error| StoreError::Data(error.to_string()))?;
        Ok(Some(text.to_owned()))
    };
    (0..row.len()).map(text).collect()
}

/// What comes of a text that PostgreSQL cannot hold.
fn unstorable() -> StoreError {
    let message = "PostgreSQL cannot store texts with U+0000".to_owned();
    StoreError::Statement { source: Source::new(std::io::Error::other(message.clone())), message }
}

/// Every text comes from the store, which puts values of callers into parameters.
pub(super) fn trusted(sql: String) -> impl SqlSafeStr {
    sqlx::AssertSqlSafe(sql)
}

/// The number that is all of a row that came as text.
fn number(row: &PgRow) -> Result<i64, StoreError> {
    let value = sqlx::Row::try_get_raw(row, 0).map_err(store_error)?;
    let text = if value.is_null() { None } else { value.as_str().ok() };
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| StoreError::Data("what should be a number is none".to_owned()))
}
