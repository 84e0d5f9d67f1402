//! The engines' words for tables, columns, indexes and views.

use std::borrow::Cow;

use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fields::{Field, FieldKind};
use crate::domain::indexes::{IndexColumn, IndexKey};
use crate::domain::schema::Schema;
use crate::store::column::{ColumnType, column_type};
use crate::store::dialect::view::postgres_query;
use crate::store::dialect::{Dialect, JSON};
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

/// Bytes of a name that PostgreSQL keeps; it cuts off the others.
const LONGEST_NAME: usize = 63;

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
            (Self::Postgres, ColumnType::Moment) => ("timestamptz", self.no_moment()),
            (Self::Postgres, ColumnType::Number) => ("double precision", "0"),
            (Self::Postgres, ColumnType::Bool) => ("boolean", "FALSE"),
            (Self::Postgres, ColumnType::List) => ("jsonb", "'[]'"),
            (Self::Postgres, ColumnType::Json) => (JSON, "NULL"),
            (Self::Postgres, ColumnType::Point) => (JSON, NO_POINT),
        };
        let nullable = field.ext.nullable || matches!(column, ColumnType::Json);
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

    /// The column `id` of a new table of `collection`.
    pub(in crate::store) fn id_column(self, collection: &Collection) -> String {
        match self {
            Self::Sqlite => "\"id\" TEXT PRIMARY KEY NOT NULL".to_owned(),
            Self::Postgres => {
                let key = quote(key_name(collection).as_str());
                format!("\"id\" text COLLATE \"C\" CONSTRAINT {key} PRIMARY KEY NOT NULL")
            }
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
        let empty_is_null = matches!(column_type(new), ColumnType::Text | ColumnType::Moment);
        if empty_is_null && !is_text { format!("NULLIF({value}, {default})") } else { value }
    }

    const fn zero(self, column: ColumnType) -> &'static str {
        match column {
            ColumnType::Json => "NULL",
            ColumnType::Text => "''",
            ColumnType::Moment => self.no_moment(),
            ColumnType::Number => "0",
            ColumnType::Bool => "FALSE",
            ColumnType::List => "'[]'",
            ColumnType::Point => NO_POINT,
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
            (Moment, Text) => self.date_text(column),
            (Bool, Number) => format!("{column}::int::double precision"),
            (Point, Json) => column.to_owned(),
            (List, Json) => format!("{}::json", self.list_text(column)),
            (Number, Json) => format!("{}::json", self.number_text(column)),
            (Bool | Text, Json) => format!("to_json({column})"),
            (Moment, Json) => format!("to_json({})", self.date_text(column)),
            (Number, Text) => self.number_text(column),
            (Bool, Text) => format!("{column}::int::text"),
            (Text, Number) => format!("NULLIF({}, 'Infinity')", self.text_as_number(column)),
            (Text, Bool) => format!("{column} IN ('1', 't', 'T', 'true', 'TRUE', 'True')"),
            (Number, Bool) => format!("{column} <> 0"),
            (Json, Text) => format!("ferrobase_document({column}) #>> '{{}}'"),
            (Json, List) => format!(
                "CASE json_typeof({column}) WHEN 'array' THEN ferrobase_document({column})::jsonb END"
            ),
            _ => return None,
        })
    }

    /// A column as rows are grouped and found by it: JSON as its text, for which alone PostgreSQL
    /// has an order.
    pub(in crate::store) fn group_key(self, collection: &Collection, name: &str) -> String {
        let kind = collection.field(name).map(column_type);
        match (self, kind) {
            (Self::Postgres, Some(ColumnType::Json | ColumnType::Point)) => {
                format!("({}::text)", quote(name))
            }
            _ => quote(name),
        }
    }

    /// One column of an index of `collection`.
    pub(in crate::store) fn index_column(
        self,
        collection: &Collection,
        column: &IndexColumn,
    ) -> String {
        let key = match (&column.key, self) {
            (IndexKey::Column(name), _) => self.group_key(collection, name),
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

    /// The query of a view for this engine: its own text where the view has one, else the one that
    /// is written for all.
    pub(in crate::store) fn view_query<'a>(
        self,
        collection: &'a Collection,
        schema: &Schema,
    ) -> Cow<'a, str> {
        let CollectionKind::View(options) = &collection.kind else { return Cow::Borrowed("") };
        let engine = match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        };
        let own = collection.ext.queries.get(engine).and_then(|query| query.as_str());
        match (self, own) {
            (_, Some(query)) => Cow::Borrowed(query),
            (Self::Sqlite, None) => Cow::Borrowed(&options.query),
            (Self::Postgres, None) => {
                Cow::Owned(postgres_query(&options.query, collection, schema))
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

    /// Why the engine cannot have a table, column or index of this name.
    pub(in crate::store) fn refuses_name(self, name: &str) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres if name.len() > LONGEST_NAME => {
                Some(format!("PostgreSQL's names have at most {LONGEST_NAME} bytes: {name}"))
            }
            Self::Postgres if name.to_ascii_lowercase().starts_with("pg_") => {
                Some(format!("names that begin with pg_ are PostgreSQL's own: {name}"))
            }
            Self::Postgres => None,
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

/// The name of the primary key of the table of `collection`, which stays when the collection is
/// renamed; no index has it, for none has a blank in its name.
pub(in crate::store) fn key_name(collection: &Collection) -> String {
    let id = &collection.id;
    let end = id.floor_char_boundary(LONGEST_NAME - " key".len());
    format!("{} key", &id[..end])
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

/// `date != ''`, which says "is there" of a date, as PostgreSQL says it.
fn not_empty_date(collection: &Collection, condition: &str) -> Option<String> {
    let name = condition.strip_suffix("''")?.trim_end();
    let name = name.strip_suffix("!=").or_else(|| name.strip_suffix("<>"))?.trim();
    let field = collection.field(name.trim_matches('"'))?;
    (column_type(field) == ColumnType::Moment)
        .then(|| format!("{} <> {}", quote(&field.name), Dialect::Postgres.no_moment()))
}
