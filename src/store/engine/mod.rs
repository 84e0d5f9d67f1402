//! The engines: they queue, group, bind, run, decode and retry. No SQL of the product's own tables
//! is written here, and nothing outside this folder names a database driver.

mod call;
pub(in crate::store) mod figures;
pub(in crate::store) mod postgres;
mod slow;
mod snapshot;
pub(in crate::store) mod sqlite;

use std::time::Instant;

pub use snapshot::Snapshot;

use crate::store::console::Table;
use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::value::Value;

/// Reads the number that grows with every change of collections and settings.
pub(in crate::store) const REVISION: &str = "SELECT \"number\" FROM \"_revision\"";

/// One connection with the words that [`crate::store::Db`] and [`crate::store::Tx`] need.
pub(in crate::store) enum Session {
    /// A connection to a SQLite file.
    Sqlite(sqlite::Session),
    /// A connection to a PostgreSQL server.
    Postgres(postgres::Session),
}

impl Session {
    /// The SQL that the connection speaks.
    pub(in crate::store) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Until when statements may run.
    pub(in crate::store) fn limit(&mut self, until: Option<Instant>) {
        match self {
            Self::Sqlite(session) => session.limit(until),
            Self::Postgres(session) => session.limit(until),
        }
    }

    /// Whether that moment has passed.
    pub(in crate::store) fn is_late(&self) -> bool {
        match self {
            Self::Sqlite(session) => session.is_late(),
            Self::Postgres(session) => session.is_late(),
        }
    }

    pub(in crate::store) fn fetch_first(
        &mut self,
        statement: &Statement,
    ) -> Result<Option<Row>, StoreError> {
        match self {
            Self::Sqlite(session) => session.fetch_first(statement),
            Self::Postgres(session) => session.fetch_first(statement),
        }
    }

    pub(in crate::store) fn fetch_each(
        &mut self,
        statement: &Statement,
        each: &mut dyn FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.fetch_each(statement, each),
            Self::Postgres(session) => session.fetch_each(statement, each),
        }
    }

    /// Runs the one statement that `sql` holds and keeps at most `limit` of its rows as texts.
    pub(in crate::store) fn fetch_table(
        &mut self,
        sql: &str,
        limit: usize,
    ) -> Result<Table, StoreError> {
        match self {
            Self::Sqlite(session) => session.fetch_table(sql, limit),
            Self::Postgres(session) => session.fetch_table(sql, limit),
        }
    }

    /// Counts sorted rows from zero, where [`Dialect::tally`] can.
    pub(in crate::store) fn start_tally(&self) {
        match self {
            Self::Sqlite(session) => session.start_tally(),
            Self::Postgres(_) => {}
        }
    }

    /// How many rows were sorted since then.
    pub(in crate::store) fn tally(&self) -> u64 {
        match self {
            Self::Sqlite(session) => session.tally(),
            Self::Postgres(_) => 0,
        }
    }

    /// Fails when somebody else raised the revision since the function began, so that what was decided
    /// from the collections then may be wrong; `found` is the revision without what this function adds
    /// to it. The one writer of SQLite cannot be overtaken.
    pub(in crate::store) fn check_revision(&self, found: i64) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.check_revision(found),
        }
    }

    /// The connection of a SQLite file, for the engine that put it here.
    fn sqlite(&mut self) -> &mut sqlite::Session {
        match self {
            Self::Sqlite(session) => session,
            Self::Postgres(_) => unreachable!("the SQLite engine has SQLite's connections only"),
        }
    }

    /// The connection of a PostgreSQL server, for the engine that put it here.
    fn postgres(&mut self) -> &mut postgres::Session {
        match self {
            Self::Postgres(session) => session,
            Self::Sqlite(_) => unreachable!("this engine has connections to PostgreSQL only"),
        }
    }

    pub(in crate::store) fn run(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(session) => session.run(statement),
            Self::Postgres(session) => session.run(statement),
        }
    }

    /// Stores rows with the statement of [`Dialect::load`].
    pub(in crate::store) fn load(
        &mut self,
        sql: &str,
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.load(sql, rows),
            Self::Postgres(session) => session.load(sql, rows),
        }
    }

    /// Opens a savepoint; they nest.
    pub(in crate::store) fn savepoint(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.savepoint(),
            Self::Postgres(session) => session.savepoint(),
        }
    }

    /// Keeps what happened since the innermost savepoint.
    pub(in crate::store) fn release(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.release(),
            Self::Postgres(session) => session.release(),
        }
    }

    /// Undoes what happened since the innermost savepoint.
    pub(in crate::store) fn roll_back(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.roll_back(),
            Self::Postgres(session) => session.roll_back(),
        }
    }

    /// Whether the database ended the transaction by itself.
    pub(in crate::store) fn is_ended(&self) -> bool {
        match self {
            Self::Sqlite(session) => session.is_ended(),
            Self::Postgres(session) => session.is_ended(),
        }
    }
}
