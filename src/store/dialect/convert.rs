//! How the values of a column become those of another type, when its field changes.

use crate::domain::fields::{Field, FieldKind};
use crate::store::column::{ColumnType, column_type};
use crate::store::dialect::Dialect;
use crate::store::dialect::ddl::{Declaration, NO_POINT};
use crate::store::sql::quote;

impl Dialect {
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
}
