//! Where the two engines' SQL differs. Only this file matches on [`Dialect`]; everything else asks
//! it for a word.

use crate::store::sql::Statement;
use crate::store::value::Value;

/// The SQL that an engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL 14 and what speaks like it.
    Postgres,
}

impl Dialect {
    /// `text` with the names of types in braces replaced by the engine's.
    pub(in crate::store) fn spell_types(self, text: &str) -> String {
        let (json, timestamp) = match self {
            Self::Sqlite => ("TEXT", "TEXT"),
            Self::Postgres => ("jsonb", "timestamptz"),
        };
        text.replace("{json}", json).replace("{timestamp}", timestamp)
    }

    /// Answers a row if there is a table of this name.
    pub(in crate::store) fn table_exists(self, name: &str) -> Statement {
        let sql = match self {
            Self::Sqlite => "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
            Self::Postgres => {
                "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
            }
        };
        Statement::new(sql, vec![Value::text(name)])
    }
}
