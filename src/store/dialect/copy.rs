//! The engines' words for a copy of a whole database.

use crate::store::dialect::Dialect;
use crate::store::sql::{Statement, quote};

/// Marks the lock that a copy holds on the schema that it fills: "COPY".
const FILLING: i32 = 0x434F_5059;

/// Marks the lock of who backs up or restores: "BACK".
const BACKING_UP: i32 = 0x4241_434B;

impl Dialect {
    /// Whether every column holds values of any type, and texts the character U+0000.
    pub(in crate::store) const fn holds_anything(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => false,
        }
    }

    /// The text for [`crate::store::Tx::load`] that fills `columns` of `table`.
    pub(in crate::store) fn load(self, table: &str, columns: &[&str]) -> String {
        let table = quote(table);
        let names: Vec<String> = columns.iter().map(|column| quote(column)).collect();
        let names = names.join(", ");
        match self {
            Self::Sqlite => {
                let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
                format!("INSERT INTO {table} ({names}) VALUES ({})", places.join(", "))
            }
            Self::Postgres => format!("COPY {table} ({names}) FROM STDIN"),
        }
    }

    /// Lets rows that come after row `last` of a filled table have greater numbers. SQLite does so
    /// by itself.
    pub(in crate::store) fn continue_numbering(self, table: &str, last: i64) -> Option<Statement> {
        let next = last.saturating_add(1);
        let sql = match self {
            Self::Sqlite => return None,
            Self::Postgres => {
                format!("ALTER TABLE {} ALTER COLUMN \"_rowid_\" RESTART WITH {next}", quote(table))
            }
        };
        Some(Statement::new(sql, Vec::new()))
    }

    /// Tells the planner what a filled table holds, which it would otherwise learn some minutes
    /// later. SQLite does without.
    pub(in crate::store) fn gather_statistics(self, table: &str) -> Option<Statement> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Statement::new(format!("ANALYZE {}", quote(table)), Vec::new())),
        }
    }

    /// Keeps others from filling the database, and servers from starting on it, until the
    /// transaction ends; answers whether that was possible. On SQLite nobody else has the file.
    pub(in crate::store) fn claim(self) -> Statement {
        let sql = match self {
            Self::Sqlite => "SELECT TRUE".to_owned(),
            Self::Postgres => {
                format!("SELECT pg_try_advisory_xact_lock({FILLING}, hashtext(current_schema()))")
            }
        };
        Statement::new(sql, Vec::new())
    }

    /// Answers whether somebody holds [`Dialect::claim`].
    pub(in crate::store) fn is_claimed(self) -> Statement {
        let sql = match self {
            Self::Sqlite => "SELECT FALSE".to_owned(),
            Self::Postgres => format!(
                "SELECT NOT pg_try_advisory_xact_lock_shared({FILLING}, hashtext(current_schema()))"
            ),
        };
        Statement::new(sql, Vec::new())
    }

    /// Keeps others from backups and restores as long as the connection lasts; answers whether that was
    /// possible. A file is locked by the file system.
    pub(in crate::store) fn hold(self) -> Statement {
        let sql = match self {
            Self::Sqlite => "SELECT TRUE".to_owned(),
            Self::Postgres => {
                format!("SELECT pg_try_advisory_lock({BACKING_UP}, hashtext(current_schema()))")
            }
        };
        Statement::new(sql, Vec::new())
    }

    /// Lets go of what [`Dialect::hold`] took on the same connection.
    pub(in crate::store) fn release(self) -> Statement {
        let sql = match self {
            Self::Sqlite => "SELECT TRUE".to_owned(),
            Self::Postgres => {
                format!("SELECT pg_advisory_unlock({BACKING_UP}, hashtext(current_schema()))")
            }
        };
        Statement::new(sql, Vec::new())
    }

    /// Answers whether somebody has it by [`Dialect::hold`]. Looks only, for whoever wants it must not
    /// meet somebody who asks.
    pub(in crate::store) fn is_held(self) -> Statement {
        let sql = match self {
            Self::Sqlite => "SELECT FALSE".to_owned(),
            Self::Postgres => format!(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                 AND classid::bigint = {BACKING_UP} \
                 AND objid::bigint = hashtext(current_schema())::bigint & 4294967295)"
            ),
        };
        Statement::new(sql, Vec::new())
    }

    /// Answers the names of all tables but the engine's own.
    pub(in crate::store) fn tables(self) -> Statement {
        let sql = match self {
            Self::Sqlite => {
                "SELECT \"name\" FROM sqlite_schema WHERE \"type\" = 'table' \
                 AND \"name\" NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY \"name\""
            }
            Self::Postgres => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() \
                 ORDER BY 1"
            }
        };
        Statement::new(sql, Vec::new())
    }
}
