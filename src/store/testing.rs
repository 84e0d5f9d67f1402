//! A database of its own for one test, on the engine that `TEST_DATABASE` names.

#[path = "../../tests/engine/mod.rs"]
mod engine;

use tempfile::TempDir;

pub(crate) use crate::store::engine::sqlite::copy::change_file;
pub(crate) use engine::is_postgres;

use crate::store::sql::quote;
use crate::store::{Db, Durability, PostgresOptions, Statement, StoreError, StoreOptions};

/// Where the database of a test is. It goes with this.
pub(crate) struct TestDatabase {
    folder: TempDir,
    schema: Option<engine::TestSchema>,
}

impl TestDatabase {
    /// A database without tables.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), schema: engine::TestSchema::on_postgres() }
    }

    /// Options that open it and do not wait for the disk.
    pub(crate) fn options(&self) -> StoreOptions {
        let mut options = StoreOptions::new(self.folder.path());
        options.durability = Durability::Normal;
        options.postgres =
            self.schema.as_ref().map(|schema| PostgresOptions { url: schema.url(), pool: 3 });
        options
    }
}

/// Everything that a database holds, as text: its tables, views, indexes and rows.
///
/// # Errors
/// What the database says.
pub(crate) fn dump(db: &mut Db) -> Result<String, StoreError> {
    let (definitions, order) = if engine::is_postgres() {
        (POSTGRES_DEFINITIONS, "\"source\"::text")
    } else {
        ("SELECT name, type, COALESCE(sql, '') FROM sqlite_schema ORDER BY name", "rowid")
    };
    let mut text = String::new();
    for row in db.fetch_all(Statement::new(definitions, Vec::new()))? {
        text.push_str(&format!("{row:?}\n"));
        if row.text(1)? == "table" {
            let table = quote(row.text(0)?);
            let sql = format!("SELECT * FROM {table} AS \"source\" ORDER BY {order}");
            for row in db.fetch_all(Statement::new(sql, Vec::new()))? {
                text.push_str(&format!("  {row:?}\n"));
            }
        }
    }
    Ok(text)
}

const POSTGRES_DEFINITIONS: &str = "
    SELECT tablename::text, 'table', '' FROM pg_tables WHERE schemaname = current_schema()
    UNION ALL
    SELECT table_name || '.' || column_name, 'column',
           concat_ws(' ', ordinal_position, data_type, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = current_schema()
    UNION ALL
    SELECT indexname::text, 'index', indexdef FROM pg_indexes WHERE schemaname = current_schema()
    UNION ALL
    SELECT viewname::text, 'view', definition FROM pg_views WHERE schemaname = current_schema()
    ORDER BY 1, 2, 3";
