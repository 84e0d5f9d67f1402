//! The engines' words for the logs.

use crate::store::dialect::Dialect;
use crate::store::sql::{Statement, quote};

impl Dialect {
    /// What the engine is called among figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// The hour of the moment `column`, in the product's text form.
    pub(in crate::store) fn hour(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("substr({column}, 1, 13) || ':00:00.000Z'"),
            Self::Postgres => {
                format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24\":00:00.000Z\"')")
            }
        }
    }

    /// Removes all rows of `table`, and what they took where that goes with it.
    pub(in crate::store) fn empty(self, table: &str) -> Statement {
        let table = quote(table);
        let sql = match self {
            Self::Sqlite => format!("DELETE FROM {table}"),
            Self::Postgres => format!("TRUNCATE {table}"),
        };
        Statement::new(sql, Vec::new())
    }
}
