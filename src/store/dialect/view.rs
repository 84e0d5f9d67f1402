//! The words for views. Their columns may have types that records do not have.

use std::borrow::Cow;

use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::schema::Schema;
use crate::domain::views;
use crate::store::dialect::Dialect;
use crate::store::dialect::names::{Names, postgres_text};
use crate::store::sql::{Statement, quote};
use crate::store::value::Value;

/// What a view selects from.
pub(in crate::store) struct ViewQuery<'a> {
    /// The query.
    pub(in crate::store) text: Cow<'a, str>,
    /// The names of its columns, where those that it gives them may be spelled otherwise.
    pub(in crate::store) columns: String,
}

impl Dialect {
    /// The query of a view for this engine: its own text where the view has one, else the one that
    /// is written for all.
    pub(in crate::store) fn view_query<'a>(
        self,
        collection: &'a Collection,
        schema: &Schema,
    ) -> ViewQuery<'a> {
        let plain = |text| ViewQuery { text: Cow::Borrowed(text), columns: String::new() };
        let CollectionKind::View(options) = &collection.kind else { return plain("") };
        let engine = match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        };
        let own = collection.ext.queries.get(engine).and_then(|query| query.as_str());
        match (self, own) {
            (_, Some(query)) => plain(query),
            (Self::Sqlite, None) if collection.fields.is_empty() => plain(&options.query),
            // SQLite changes the names in a view when a column is renamed, and the columns of the view
            // would be called otherwise then; here their names stand for themselves. No table is
            // called so.
            (Self::Sqlite, None) => {
                let columns: Vec<String> =
                    collection.fields.iter().map(|field| quote(&field.name)).collect();
                let (columns, text) = (columns.join(", "), views::trimmed(&options.query));
                let text = format!(
                    "WITH \"view columns\" ({columns}) AS (\n{text}\n) SELECT * FROM \"view columns\""
                );
                ViewQuery { text: Cow::Owned(text), columns: String::new() }
            }
            (Self::Postgres, None) => {
                let text = postgres_text(&options.query, &Names::of_view(collection, schema));
                let columns: Vec<String> =
                    collection.fields.iter().map(|field| quote(&field.name)).collect();
                let columns = format!(" ({})", columns.join(", "));
                ViewQuery { text: Cow::Owned(text), columns }
            }
        }
    }

    /// Answers names and types of the columns of a view that may need another type.
    pub(in crate::store) fn column_types(self, view: &str) -> Statement {
        let sql = match self {
            Self::Sqlite => {
                "SELECT \"name\", \"type\" FROM pragma_table_info($1) WHERE \"name\" = 'id'"
            }
            Self::Postgres => {
                "SELECT a.attname::text, format_type(a.atttypid, NULL) FROM pg_attribute a \
                 JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = $1 AND a.attnum > 0 \
                 AND c.relnamespace = current_schema()::regnamespace ORDER BY a.attnum"
            }
        };
        Statement::new(sql, vec![Value::text(view)])
    }

    /// Answers the types of the columns of a source of rows, also when it has none; nothing where
    /// columns have no types.
    pub(in crate::store) fn types_of_source(
        self,
        source: &str,
        columns: &[&str],
    ) -> Option<Statement> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => {
                let types: Vec<String> = columns
                    .iter()
                    .map(|name| format!("pg_typeof({})::text", quote(name)))
                    .collect();
                let types = types.join(", ");
                let sql = format!(
                    "SELECT {types} FROM (SELECT 1) one LEFT JOIN {source} ON TRUE LIMIT 1"
                );
                Some(Statement::new(sql, Vec::new()))
            }
        }
    }

    /// The type that the column `name` of a view gets instead of `found`. Ids are texts (contract
    /// A 2.12), and PostgreSQL's types are reduced to those that records are made of.
    pub(in crate::store) fn view_type(self, name: &str, found: &str) -> Option<&'static str> {
        let is_text = found.eq_ignore_ascii_case("text");
        match (self, found) {
            _ if name == "id" => (!is_text).then_some("TEXT"),
            (Self::Sqlite, _) => None,
            (
                Self::Postgres,
                "text"
                | "boolean"
                | "bigint"
                | "integer"
                | "smallint"
                | "double precision"
                | "json"
                | "jsonb"
                | "bytea"
                | "timestamp with time zone",
            ) => None,
            (Self::Postgres, "numeric" | "real") => Some("double precision"),
            (Self::Postgres, _) => Some("TEXT"),
        }
    }

    /// Whether the engine refuses to drop what a view reads. SQLite leaves a broken view behind,
    /// which then stands in the way of every later rename.
    pub(in crate::store) const fn keeps_what_views_read(self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres => true,
        }
    }

    /// Answers name and text of the views that stand in the way when a column of `table` gets
    /// another type, in the order in which they were made. PostgreSQL knows which ones read it.
    pub(in crate::store) fn views_over(self, table: &str) -> Statement {
        match self {
            Self::Sqlite => Statement::new(
                "SELECT \"name\", \"sql\" FROM sqlite_schema WHERE \"type\" = 'view' ORDER BY rowid",
                Vec::new(),
            ),
            Self::Postgres => Statement::new(
                "WITH RECURSIVE reader(oid) AS (SELECT c.oid FROM pg_class c WHERE c.relname = $1 \
                 AND c.relnamespace = current_schema()::regnamespace UNION SELECT r.ev_class \
                 FROM reader JOIN pg_depend d ON d.refobjid = reader.oid AND d.refclassid = \
                 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass \
                 JOIN pg_rewrite r ON r.oid = d.objid) SELECT c.relname::text, 'CREATE VIEW ' || \
                 quote_ident(c.relname) || ' AS ' || pg_get_viewdef(c.oid) FROM reader \
                 JOIN pg_class c ON c.oid = reader.oid WHERE c.relkind = 'v' AND c.relname <> $2 \
                 ORDER BY c.oid",
                vec![Value::text(table), Value::text(table)],
            ),
        }
    }
}
