//! The engines' words for tables, columns, indexes and views.

use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fields::{Field, FieldKind};
use crate::domain::indexes::{IndexColumn, IndexKey};
use crate::store::column::{ColumnType, column_type};
use crate::store::dialect::Dialect;
use crate::store::sql::{Statement, quote};
use crate::store::value::Value;

/// How the column of a field is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Declaration {
    /// The type.
    pub(in crate::store) type_name: &'static str,
    /// The zero value as SQL.
    pub(in crate::store) default: &'static str,
    /// Whether null is accepted.
    pub(in crate::store) nullable: bool,
}

impl std::fmt::Display for Declaration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let not_null = if self.nullable { "" } else { " NOT NULL" };
        write!(f, "{} DEFAULT {}{not_null}", self.type_name, self.default)
    }
}

const NO_POINT: &str = "'{\"lon\":0,\"lat\":0}'";

impl Dialect {
    /// The declaration of the column of `field` (contract A 2.9).
    pub(in crate::store) const fn declaration(self, field: &Field) -> Declaration {
        let column = column_type(field);
        let (type_name, default) = match (self, column) {
            (Self::Sqlite, ColumnType::Text | ColumnType::Moment) => ("TEXT", "''"),
            (Self::Sqlite, ColumnType::Number) => ("NUMERIC", "0"),
            (Self::Sqlite, ColumnType::Bool) => ("BOOLEAN", "FALSE"),
            (Self::Sqlite, ColumnType::List) => ("JSON", "'[]'"),
            (Self::Sqlite, ColumnType::Json) => ("JSON", "NULL"),
            (Self::Sqlite, ColumnType::Point) => ("JSON", NO_POINT),
            (Self::Postgres, ColumnType::Text) => ("text COLLATE \"C\"", "''"),
            (Self::Postgres, ColumnType::Moment) => ("timestamptz", "NULL"),
            (Self::Postgres, ColumnType::Number) => ("double precision", "0"),
            (Self::Postgres, ColumnType::Bool) => ("boolean", "FALSE"),
            (Self::Postgres, ColumnType::List) => ("jsonb", "'[]'"),
            (Self::Postgres, ColumnType::Json) => ("jsonb", "NULL"),
            (Self::Postgres, ColumnType::Point) => ("jsonb", NO_POINT),
        };
        let empty_date = matches!((self, column), (Self::Postgres, ColumnType::Moment));
        let nullable = field.ext.nullable || empty_date || matches!(column, ColumnType::Json);
        Declaration { type_name, default: if nullable { "NULL" } else { default }, nullable }
    }

    /// The columns that a table has beside those of its fields. Both engines number the rows in
    /// the order in which they came; SQLite does it by itself.
    pub(in crate::store) const fn own_columns(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => ", \"_rowid_\" bigint GENERATED ALWAYS AS IDENTITY UNIQUE",
        }
    }

    /// The column `id` of a new table.
    pub(in crate::store) const fn id_column(self) -> &'static str {
        match self {
            Self::Sqlite => "\"id\" TEXT PRIMARY KEY NOT NULL",
            Self::Postgres => "\"id\" text COLLATE \"C\" PRIMARY KEY NOT NULL",
        }
    }

    /// The statements that give the column of a field another type and carry the values over.
    /// SQLite cannot change a type in place and gets a new column.
    pub(in crate::store) fn retype(self, table: &str, old: &Field, new: &Field) -> Vec<String> {
        let table = quote(table);
        let column = quote(&new.name);
        let declaration = self.declaration(new);
        let value = self.converted(old, new, &column);
        match self {
            // A name with a space is no field's.
            Self::Sqlite => vec![
                format!("ALTER TABLE {table} ADD COLUMN \"new column\" {declaration}"),
                format!("UPDATE {table} SET \"new column\" = {value}"),
                format!("ALTER TABLE {table} DROP COLUMN {column}"),
                format!("ALTER TABLE {table} RENAME COLUMN \"new column\" TO {column}"),
            ],
            Self::Postgres => {
                let alter = format!("ALTER COLUMN {column}");
                let null = if declaration.nullable { "DROP NOT NULL" } else { "SET NOT NULL" };
                let Declaration { type_name, default, .. } = declaration;
                vec![
                    format!("ALTER TABLE {table} {alter} DROP DEFAULT, {alter} DROP NOT NULL"),
                    format!("ALTER TABLE {table} {alter} TYPE {type_name} USING ({value})"),
                    format!("ALTER TABLE {table} {alter} SET DEFAULT {default}, {alter} {null}"),
                ]
            }
        }
    }

    /// The value of `column`, which holds values of `old`, as a value of `new`.
    fn converted(self, old: &Field, new: &Field, column: &str) -> String {
        let value = self.cast(column_type(old), column_type(new), column, new);
        let default = self.zero(column_type(new));
        if !self.declaration(new).nullable {
            return format!("COALESCE({value}, {default})");
        }
        let is_text = matches!(new.kind, FieldKind::Text(_) | FieldKind::Editor(_));
        let empty_is_null = match self {
            Self::Sqlite => matches!(column_type(new), ColumnType::Text | ColumnType::Moment),
            Self::Postgres => column_type(new) == ColumnType::Text,
        };
        if empty_is_null && !is_text { format!("NULLIF({value}, '')") } else { value }
    }

    fn zero(self, column: ColumnType) -> &'static str {
        match (self, column) {
            (Self::Postgres, ColumnType::Moment) | (_, ColumnType::Json) => "NULL",
            (_, ColumnType::Text | ColumnType::Moment) => "''",
            (_, ColumnType::Number) => "0",
            (_, ColumnType::Bool) => "FALSE",
            (_, ColumnType::List) => "'[]'",
            (_, ColumnType::Point) => NO_POINT,
        }
    }

    fn cast(self, old: ColumnType, new: ColumnType, column: &str, field: &Field) -> String {
        if old == new {
            return column.to_owned();
        }
        match self {
            Self::Sqlite => self.cast_sqlite(old, new, column),
            Self::Postgres => self.cast_postgres(old, new, column),
        }
        .unwrap_or_else(|| self.declaration(field).default.to_owned())
    }

    fn cast_sqlite(self, old: ColumnType, new: ColumnType, column: &str) -> Option<String> {
        use ColumnType::{Bool, Json, List, Moment, Number, Point, Text};
        Some(match (old, new) {
            (Text, List) => {
                format!(
                    "CASE WHEN COALESCE({column}, '') = '' THEN '[]' ELSE json_array({column}) END"
                )
            }
            (List, Text) => format!("json_extract({column}, '$[#-1]')"),
            (Text | Moment, Moment | Text) | (Bool, Number) | (List | Point | Number, Json) => {
                column.to_owned()
            }
            (Number | Bool, Text) => format!("CAST({column} AS TEXT)"),
            (Text, Number) => format!("CAST({column} AS NUMERIC)"),
            (Text, Bool) => format!("{column} IN ('1', 't', 'T', 'true', 'TRUE', 'True')"),
            (Number, Bool) => format!("{column} <> 0"),
            (Text | Moment, Json) => format!("json_quote({column})"),
            (Bool, Json) => format!("CASE WHEN {column} THEN 'true' ELSE 'false' END"),
            (Json, Text) => format!(
                "CASE WHEN json_type({column}) = 'text' THEN {column} ->> '$' ELSE {column} END"
            ),
            (Json, List) => format!("CASE WHEN json_type({column}) = 'array' THEN {column} END"),
            _ => return None,
        })
    }

    fn cast_postgres(self, old: ColumnType, new: ColumnType, column: &str) -> Option<String> {
        use ColumnType::{Bool, Json, List, Moment, Number, Point, Text};
        Some(match (old, new) {
            (Text, List) => {
                format!(
                    "CASE WHEN COALESCE({column}, '') = '' THEN '[]'::jsonb ELSE jsonb_build_array({column}) END"
                )
            }
            (List, Text) => format!("{column} ->> -1"),
            (Text, Moment) => format!("NULLIF({column}, '')::timestamptz"),
            (Moment, Text) => {
                format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS\"Z\"')")
            }
            (Bool, Number) => format!("{column}::int::double precision"),
            (List | Point, Json) => column.to_owned(),
            (Number | Bool | Text | Moment, Json) => format!("to_jsonb({column})"),
            (Number | Bool, Text) => format!("{column}::text"),
            (Text, Number) => format!("NULLIF({column}, '')::double precision"),
            (Text, Bool) => format!("{column} IN ('1', 't', 'T', 'true', 'TRUE', 'True')"),
            (Number, Bool) => format!("{column} <> 0"),
            (Json, Text) => format!("{column} #>> '{{}}'"),
            (Json, List) => format!("CASE WHEN jsonb_typeof({column}) = 'array' THEN {column} END"),
            _ => return None,
        })
    }

    /// One column of an index.
    pub(in crate::store) fn index_column(self, column: &IndexColumn) -> String {
        let key = match (&column.key, self) {
            (IndexKey::Column(name), _) => quote(name),
            (IndexKey::Expression(expression), Self::Sqlite) => expression.clone(),
            (IndexKey::Expression(expression), Self::Postgres) => {
                format!("({})", requote(expression))
            }
        };
        let order = if column.order.is_empty() { "" } else { " " };
        let collate = column.collate.to_ascii_lowercase();
        let key = match (self, collate.as_str()) {
            (_, "") | (Self::Postgres, "binary") => key,
            (Self::Sqlite, _) => format!("{key} COLLATE {}", column.collate),
            (Self::Postgres, "nocase") => format!("({})", self.fold_case(&key)),
            (Self::Postgres, "rtrim") => format!("(rtrim({key}))"),
            (Self::Postgres, _) => format!("{key} COLLATE {}", quote(&column.collate)),
        };
        format!("{key}{order}{}", column.order)
    }

    /// The condition of a partial index of `collection`.
    pub(in crate::store) fn index_condition(self, collection: &Collection, text: &str) -> String {
        match self {
            Self::Sqlite => text.to_owned(),
            Self::Postgres => {
                let text = requote(text);
                not_empty_date(collection, &text).unwrap_or(text)
            }
        }
    }

    /// The query of a view for this engine.
    pub(in crate::store) fn view_query(self, collection: &Collection) -> &str {
        let CollectionKind::View(options) = &collection.kind else { return "" };
        let engine = match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        };
        let own = collection.ext.queries.get(engine).and_then(|query| query.as_str());
        own.unwrap_or(&options.query)
    }

    /// Answers the type of the column `id` of a table or view.
    pub(in crate::store) fn id_type(self, table: &str) -> Statement {
        let sql = match self {
            Self::Sqlite => "SELECT \"type\" FROM pragma_table_info($1) WHERE \"name\" = 'id'",
            Self::Postgres => {
                "SELECT data_type FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = $1 AND column_name = 'id'"
            }
        };
        Statement::new(sql, vec![Value::text(table)])
    }

    /// Whether the engine refuses to drop what a view reads. SQLite leaves a broken view behind,
    /// which then stands in the way of every later rename.
    pub(in crate::store) const fn keeps_what_views_read(self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres => true,
        }
    }

    /// Answers name and text of every view, in the order in which they were made.
    pub(in crate::store) const fn views(self) -> Statement {
        let sql = match self {
            Self::Sqlite => {
                "SELECT \"name\", \"sql\" FROM sqlite_schema WHERE \"type\" = 'view' ORDER BY rowid"
            }
            Self::Postgres => {
                "SELECT c.relname, 'CREATE VIEW ' || quote_ident(c.relname) || ' AS ' || \
                 pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relkind = 'v' \
                 AND c.relnamespace = current_schema()::regnamespace ORDER BY c.oid"
            }
        };
        Statement { sql: std::borrow::Cow::Borrowed(sql), params: Vec::new() }
    }
}

/// `text` with its identifiers in double quotes instead of backticks or brackets; string literals
/// stay as they are.
fn requote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut closing = None;
    for character in text.chars() {
        match (closing, character) {
            (None, '`') => {
                closing = Some('`');
                out.push('"');
            }
            (None, '[') => {
                closing = Some(']');
                out.push('"');
            }
            (None, '\'' | '"') => {
                closing = Some(character);
                out.push(character);
            }
            (Some(end), _) if character == end => {
                closing = None;
                out.push(if matches!(end, '`' | ']') { '"' } else { end });
            }
            _ => out.push(character),
        }
    }
    out
}

/// `date != ''`, which says "is there" of a date, as PostgreSQL says it: a missing date is null.
fn not_empty_date(collection: &Collection, condition: &str) -> Option<String> {
    let name = condition.strip_suffix("''")?.trim_end();
    let name = name.strip_suffix("!=").or_else(|| name.strip_suffix("<>"))?.trim();
    let field = collection.field(name.trim_matches('"'))?;
    (column_type(field) == ColumnType::Moment)
        .then(|| format!("{} IS NOT NULL", quote(&field.name)))
}
