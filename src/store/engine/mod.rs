//! The engines: they queue, group, bind, run, decode and retry. No SQL of the product's own tables
//! is written here, and nothing outside this folder names a database driver.

pub(in crate::store) mod sqlite;

use std::time::Instant;

use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;

/// One connection with the words that [`crate::store::Db`] and [`crate::store::Tx`] need.
pub(in crate::store) enum Session {
    /// A connection to a SQLite file.
    Sqlite(sqlite::Session),
}

impl Session {
    /// The SQL that the connection speaks.
    pub(in crate::store) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Until when statements may run.
    pub(in crate::store) fn limit(&mut self, until: Option<Instant>) {
        match self {
            Self::Sqlite(session) => session.limit(until),
        }
    }

    /// Whether that moment has passed.
    pub(in crate::store) fn is_late(&self) -> bool {
        match self {
            Self::Sqlite(session) => session.is_late(),
        }
    }

    pub(in crate::store) fn fetch_first(
        &mut self,
        statement: &Statement,
    ) -> Result<Option<Row>, StoreError> {
        match self {
            Self::Sqlite(session) => session.fetch_first(statement),
        }
    }

    pub(in crate::store) fn fetch_each(
        &mut self,
        statement: &Statement,
        each: &mut dyn FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.fetch_each(statement, each),
        }
    }

    /// Counts sorted rows from zero.
    pub(in crate::store) fn start_tally(&self) {
        match self {
            Self::Sqlite(session) => session.start_tally(),
        }
    }

    /// How many rows were sorted since then.
    pub(in crate::store) fn tally(&self) -> u64 {
        match self {
            Self::Sqlite(session) => session.tally(),
        }
    }

    pub(in crate::store) fn run(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(session) => session.run(statement),
        }
    }

    /// Opens a savepoint; they nest.
    pub(in crate::store) fn savepoint(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.savepoint(),
        }
    }

    /// Keeps what happened since the innermost savepoint.
    pub(in crate::store) fn release(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.release(),
        }
    }

    /// Undoes what happened since the innermost savepoint.
    pub(in crate::store) fn roll_back(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.roll_back(),
        }
    }

    /// Whether the database ended the transaction by itself.
    pub(in crate::store) fn is_ended(&self) -> bool {
        match self {
            Self::Sqlite(session) => session.is_ended(),
        }
    }
}
