//! The engines' words for tables, columns and indexes.

use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::indexes::{IndexColumn, IndexKey};
use crate::store::column::{ColumnType, column_type};
use crate::store::dialect::names::{Names, postgres_text};
use crate::store::dialect::{Dialect, JSON};
use crate::store::sql::quote;

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
pub(super) const LONGEST_NAME: usize = 63;

/// A point that was not given.
pub(super) const NO_POINT: &str = "'{\"lon\":0,\"lat\":0}'";

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
                format!("({})", postgres_text(expression, &Names::of_table(collection)))
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
                let text = postgres_text(text, &Names::of_table(collection));
                not_empty(collection, &text).unwrap_or(text)
            }
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
}

/// The name of the primary key of the table of `collection`, which stays when the collection is
/// renamed; no index has it, for none has a blank in its name.
pub(in crate::store) fn key_name(collection: &Collection) -> String {
    let id = &collection.id;
    let end = id.floor_char_boundary(LONGEST_NAME - " key".len());
    format!("{} key", &id[..end])
}

/// `field != ''`, which says "is there", as PostgreSQL says it of what is no text there.
fn not_empty(collection: &Collection, condition: &str) -> Option<String> {
    let name = condition.strip_suffix("''")?.trim_end();
    let name = name.strip_suffix("!=").or_else(|| name.strip_suffix("<>"))?.trim();
    let field = collection.field(name.trim_matches('"'))?;
    let name = quote(&field.name);
    match column_type(field) {
        ColumnType::Text => None,
        ColumnType::Moment => Some(format!("{name} <> {}", Dialect::Postgres.no_moment())),
        _ => Some(format!("{name} IS NOT NULL")),
    }
}
