//! Brings the system tables of a database up to date: one ordered list for both engines, each
//! entry applied once, all of them in the transaction of the caller. What one engine does by itself
//! the other may have to be taught, so an entry may be one engine's alone.

use std::collections::HashSet;
use std::path::Path;

use crate::store::dialect::Dialect;
use crate::store::error::{OpenError, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// A step from one version of the system tables to the next.
struct Migration {
    /// What is stored once it is applied.
    name: &'static str,
    /// Whose it is; nobody's is everybody's.
    only: Option<Dialect>,
    /// The statements, split at `;` at the end of a line outside of `$$`; `{json}` and `{timestamp}`
    /// are the dialect's types.
    text: &'static str,
}

/// A database with system tables of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Home {
    /// The database of the collections.
    Main,
    /// The file beside it that SQLite keeps the logs in.
    Logs,
}

/// Every migration of the file that SQLite keeps the logs in.
const OF_LOGS: [Migration; 2] = [
    Migration {
        name: "0015_logs",
        only: Some(Dialect::Sqlite),
        text: include_str!("../../migrations/0015_logs.sqlite.sql"),
    },
    Migration {
        name: "0016_log_batches",
        only: Some(Dialect::Sqlite),
        text: include_str!("../../migrations/0016_log_batches.sqlite.sql"),
    },
];

/// Every migration of the database of the collections, in order.
const MIGRATIONS: [Migration; 16] = [
    Migration {
        name: "0001_system",
        only: None,
        text: include_str!("../../migrations/0001_system.sql"),
    },
    Migration {
        name: "0002_values",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0002_values.postgres.sql"),
    },
    Migration {
        name: "0003_strftime",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0003_strftime.postgres.sql"),
    },
    Migration {
        name: "0004_events",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0004_events.postgres.sql"),
    },
    Migration {
        name: "0005_loose_files",
        only: None,
        text: include_str!("../../migrations/0005_loose_files.sql"),
    },
    Migration {
        name: "0006_search",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0006_search.postgres.sql"),
    },
    Migration {
        name: "0007_queue",
        only: None,
        text: include_str!("../../migrations/0007_queue.sql"),
    },
    Migration {
        name: "0008_throttle",
        only: None,
        text: include_str!("../../migrations/0008_throttle.sql"),
    },
    Migration {
        name: "0009_sessions",
        only: None,
        text: include_str!("../../migrations/0009_sessions.sql"),
    },
    Migration {
        name: "0010_totp",
        only: None,
        text: include_str!("../../migrations/0010_totp.sql"),
    },
    Migration {
        name: "0011_nodes",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0011_nodes.postgres.sql"),
    },
    Migration {
        name: "0012_lanes",
        only: None,
        text: include_str!("../../migrations/0012_lanes.sql"),
    },
    Migration {
        name: "0013_cron",
        only: None,
        text: include_str!("../../migrations/0013_cron.sql"),
    },
    Migration {
        name: "0014_limits",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0014_limits.postgres.sql"),
    },
    Migration {
        name: "0015_logs",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0015_logs.postgres.sql"),
    },
    Migration {
        name: "0016_log_batches",
        only: Some(Dialect::Postgres),
        text: include_str!("../../migrations/0016_log_batches.postgres.sql"),
    },
];

/// The migrations of one database of one engine, in order.
fn migrations(home: Home, dialect: Dialect) -> impl Iterator<Item = &'static Migration> {
    let all: &[Migration] = match home {
        Home::Main => &MIGRATIONS,
        Home::Logs => &OF_LOGS,
    };
    all.iter().filter(move |migration| migration.only.is_none_or(|only| only == dialect))
}

/// Refuses a database that has a migration this version does not know; changes nothing.
///
/// # Errors
/// [`OpenError::Newer`], or why the database could not be asked.
pub(in crate::store) fn refuse_newer(
    db: &mut Db,
    home: Home,
    path: &Path,
) -> Result<(), OpenError> {
    let applied =
        applied(db).map_err(|source| OpenError::Store { path: path.to_owned(), source })?;
    let dialect = db.dialect();
    let unknown = |name: &String| migrations(home, dialect).all(|known| known.name != name);
    match applied.into_iter().find(unknown) {
        Some(found) => Err(OpenError::Newer { path: path.to_owned(), found }),
        None => Ok(()),
    }
}

/// Whether [`run`] has something to do.
pub(in crate::store) fn is_needed(db: &mut Db, home: Home) -> Result<bool, StoreError> {
    let applied: HashSet<String> = applied(db)?.into_iter().collect();
    Ok(migrations(home, db.dialect()).any(|migration| !applied.contains(migration.name)))
}

/// Applies what the database does not have yet.
pub(in crate::store) fn run(tx: &mut Tx, home: Home) -> Result<(), StoreError> {
    let applied: HashSet<String> = applied(tx)?.into_iter().collect();
    if applied.is_empty() {
        let table =
            "CREATE TABLE IF NOT EXISTS \"_migrations\" (\"name\" TEXT PRIMARY KEY NOT NULL)";
        tx.run(Statement::new(table, Vec::new()))?;
    }
    let dialect = tx.dialect();
    let missing = |migration: &&Migration| !applied.contains(migration.name);
    for migration in migrations(home, dialect).filter(missing) {
        for statement in statements(dialect.spell_types(migration.text).as_str()) {
            tx.run(Statement::new(statement, Vec::new()))?;
        }
        let note = "INSERT INTO \"_migrations\" (\"name\") VALUES ($1)";
        tx.run(Statement::new(note, vec![Value::text(migration.name)]))?;
    }
    Ok(())
}

/// Names of the applied migrations, in order.
fn applied(db: &mut Db) -> Result<Vec<String>, StoreError> {
    let exists = db.dialect().table_exists("_migrations");
    if db.fetch_optional(exists)?.is_none() {
        return Ok(Vec::new());
    }
    let names = "SELECT \"name\" FROM \"_migrations\" ORDER BY \"name\"";
    let rows = db.fetch_all(Statement::new(names, Vec::new()))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The statements of a migration's text, without the lines that are comments.
fn statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut statement = String::new();
    let mut is_quoted = false;
    for line in text.lines().filter(|line| !line.trim_start().starts_with("--")) {
        is_quoted ^= line.matches("$$").count() % 2 == 1;
        statement.push_str(line);
        if line.ends_with(';') && !is_quoted {
            statement.pop();
            statements.push(std::mem::take(&mut statement).trim().to_owned());
        } else {
            statement.push('\n');
        }
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::collection::INTERNAL_NAMES;

    #[test]
    fn migrations_are_in_order_and_split_into_statements() {
        assert!(MIGRATIONS.is_sorted_by(|left, right| left.name < right.name));
        for Migration { name, text, .. } in MIGRATIONS.iter().chain(&OF_LOGS) {
            assert!(text.trim_end().ends_with(';'), "{name}");
            for statement in statements(text) {
                let known = ["CREATE ", "ALTER ", "INSERT ", "DO "];
                assert!(known.iter().any(|word| statement.starts_with(word)), "{statement}");
                let outside = statement.split("$$").step_by(2);
                assert!(!outside.collect::<String>().contains(';'), "{name}: {statement}");
            }
        }
    }

    #[test]
    fn no_collection_is_called_as_a_table_is() {
        let all =
            MIGRATIONS.iter().chain(&OF_LOGS).flat_map(|migration| statements(migration.text));
        let mut count = 0;
        for statement in all {
            let rest = statement.split_once("TABLE \"").filter(|_| statement.starts_with("CREATE"));
            let Some((name, _)) = rest.and_then(|(_, rest)| rest.split_once('"')) else { continue };
            count += 1;
            assert!(INTERNAL_NAMES.contains(&name), "{name}");
        }
        assert!(count > 15, "{count}");
    }

    #[test]
    fn a_statement_ends_with_a_line_outside_of_dollars() {
        let text =
            "-- one;\nCREATE a\n(b);\n\nCREATE c AS $$\nd;\n-- e\nf;\n$$;\nCREATE g AS $$ h; $$;\n";
        assert_eq!(
            statements(text),
            ["CREATE a\n(b)", "CREATE c AS $$\nd;\nf;\n$$", "CREATE g AS $$ h; $$"]
        );
    }

    #[test]
    fn sqlite_is_taught_nothing() {
        let names = |dialect| migrations(Home::Main, dialect).map(|migration| migration.name);
        let everybodys = [
            "0001_system",
            "0005_loose_files",
            "0007_queue",
            "0008_throttle",
            "0009_sessions",
            "0010_totp",
            "0012_lanes",
            "0013_cron",
        ];
        assert_eq!(names(Dialect::Sqlite).collect::<Vec<_>>(), everybodys);
        assert_eq!(names(Dialect::Postgres).count(), MIGRATIONS.len());
    }
}
