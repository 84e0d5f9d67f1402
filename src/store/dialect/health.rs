//! How a database says how it is.

use crate::store::dialect::Dialect;
use crate::store::sql::Statement;

impl Dialect {
    /// Fetches what is wrong with the file, a text for each of at most ten things, `ok` when nothing is.
    /// PostgreSQL looks after its own files.
    pub(in crate::store) fn find_damage(self) -> Option<Statement> {
        match self {
            Self::Sqlite => Some(Statement::new("PRAGMA quick_check(10)", Vec::new())),
            Self::Postgres => None,
        }
    }

    /// Fetches the milliseconds since 1970 where the database is. SQLite is where its caller is.
    pub(in crate::store) fn clock(self) -> Option<Statement> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Statement::new(
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
                Vec::new(),
            )),
        }
    }
}
