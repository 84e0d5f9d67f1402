//! The database of a test's folder, looked at from outside the server.

mod postgres;
mod sqlite;

use std::path::{Path, PathBuf};

use super::database_url;

/// A look into the database, whichever engine it is of.
pub(crate) enum Database {
    /// A file.
    Sqlite(sqlite::File),
    /// A schema.
    Postgres(postgres::Schema),
}

impl Database {
    /// The database of the servers that run in `folder`.
    pub(crate) fn of(folder: &Path) -> Self {
        match database_url(folder) {
            None => Self::Sqlite(sqlite::File::open(&Self::file(folder))),
            Some(url) => Self::Postgres(postgres::Schema::new(url)),
        }
    }

    /// The one SQLite file of the data folder in `folder`.
    pub(crate) fn file(folder: &Path) -> PathBuf {
        sqlite::find(&folder.join("data"))
    }

    /// Changes rows or tables behind the server's back.
    pub(crate) fn change(&self, sql: &str) {
        match self {
            Self::Sqlite(file) => file.change(sql),
            Self::Postgres(schema) => schema.change(sql),
        }
    }

    /// Number of rows of a collection.
    pub(crate) fn count(&self, table: &str) -> i64 {
        match self {
            Self::Sqlite(file) => file.count(table),
            Self::Postgres(schema) => schema.count(table),
        }
    }

    /// One column of all rows in the order of their creation, as text; switches are 1 and 0.
    pub(crate) fn column(&self, table: &str, column: &str) -> Vec<String> {
        match self {
            Self::Sqlite(file) => file.column(table, column),
            Self::Postgres(schema) => schema.column(table, column),
        }
    }

    /// Whether these letters are anywhere in it: in a byte of the files, or in a row of the schema.
    pub(crate) fn holds(&self, text: &str) -> bool {
        match self {
            Self::Sqlite(file) => file.holds(text),
            Self::Postgres(schema) => schema.holds(text),
        }
    }

    /// Every row of every table but the tallies, a line a table: equal texts mean that nothing changed.
    pub(crate) fn digest(&self) -> String {
        match self {
            Self::Sqlite(file) => file.digest(),
            Self::Postgres(schema) => schema.digest(),
        }
    }
}

/// Whether a table counts what was tried, also what was refused, or notes when it was.
fn is_tally(table: &str) -> bool {
    matches!(table, "_throttle" | "_sessions" | "_crons" | "_nodes" | "_limits")
        || matches!(table, "_logs" | "_log_batches")
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
