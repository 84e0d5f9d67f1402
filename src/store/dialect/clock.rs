//! How a database says what time it has.

use crate::store::dialect::Dialect;
use crate::store::sql::Statement;

impl Dialect {
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
