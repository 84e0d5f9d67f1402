//! The words of filters: lists, JSON, patterns and nulls in either engine's SQL. Arguments named
//! `value` are SQL expressions.

use crate::domain::rules::condition::is_position;
use crate::store::column::{ColumnType, WHOLE};
use crate::store::dialect::{Dialect, JSON, texts_of};
use crate::store::sql::quote;
use crate::store::value::Value;

impl Dialect {
    /// A row source with one column `"value"` a list element, called `alias`. `stored` lists come
    /// from a column, which may hold anything in a view.
    pub(in crate::store) fn elements(self, value: &str, alias: &str, stored: bool) -> String {
        match self {
            Self::Sqlite if stored => format!("json_each({}) AS {alias}", valid_list(value)),
            Self::Sqlite => format!("json_each({value}) AS {alias}"),
            Self::Postgres if stored => {
                format!("LATERAL jsonb_array_elements_text({value}) AS {alias}(\"value\")")
            }
            Self::Postgres => format!("LATERAL {} AS {alias}(\"value\")", texts_of(value)),
        }
    }

    /// The number of elements of a list column; 0 of null.
    pub(in crate::store) fn list_length(self, value: &str) -> String {
        match self {
            // The cast gives it the affinity of a number column beside a text column.
            Self::Sqlite => format!("CAST(json_array_length({}) AS INTEGER)", valid_list(value)),
            Self::Postgres => format!("COALESCE(jsonb_array_length({value}), 0)"),
        }
    }

    /// What `keys` lead to inside a json column: a scalar as it is, lists and objects as their text,
    /// JSON's null and what is missing as null.
    pub(in crate::store) fn json_value(self, value: &str, keys: &[String]) -> String {
        match self {
            Self::Sqlite => {
                let path: String = keys.iter().map(|key| sqlite_key(key)).collect();
                // A view's column may hold text that is no JSON: as a whole it is itself.
                let otherwise =
                    if keys.is_empty() { format!(" ELSE {value}") } else { String::new() };
                format!(
                    "CASE WHEN json_valid({value}) THEN json_extract({value}, '${path}'){otherwise} END"
                )
            }
            Self::Postgres => {
                let path: String = keys.iter().map(|key| postgres_key(key)).collect();
                format!("ferrobase_json(ferrobase_document({value}){path})")
            }
        }
    }

    /// ASCII lower case of a scalar from inside JSON.
    pub(in crate::store) fn lower_json(self, value: &str) -> String {
        match self {
            Self::Sqlite => format!("lower({value})"),
            Self::Postgres => format!("to_jsonb({})", self.fold_case(&self.json_text(value))),
        }
    }

    /// The parameter `place`, a text or number, as what is inside JSON compares with it.
    pub(in crate::store) fn json_scalar(self, place: &str) -> String {
        match self {
            Self::Sqlite => place.to_owned(),
            Self::Postgres => format!("to_jsonb({place})"),
        }
    }

    /// The text form of a scalar from inside JSON.
    pub(in crate::store) fn json_text(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => format!("ferrobase_text({value})"),
        }
    }

    /// A text that a scalar from inside JSON is compared with as text.
    pub(in crate::store) fn text_beside_json(self, text: &str) -> String {
        match self {
            // A text that is computed has not the affinity of a text column by itself.
            Self::Sqlite => format!("CAST({text} AS TEXT)"),
            Self::Postgres => text.to_owned(),
        }
    }

    /// A scalar from inside JSON as it compares with numbers: numeric text as its number, other text
    /// as more than any number.
    pub(in crate::store) fn json_number(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => format!("ferrobase_number({value})"),
        }
    }

    /// A number from inside JSON, without conversion of texts; else null.
    pub(in crate::store) fn json_plain_number(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => {
                format!("CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::float8 END")
            }
        }
    }

    /// What stands before, between and after two scalars from inside JSON that are compared by
    /// order: numbers come before texts.
    pub(in crate::store) fn json_order(self, sign: &str) -> (&'static str, String, String) {
        match self {
            Self::Sqlite => ("", format!(" {sign} "), String::new()),
            Self::Postgres => {
                let between = format!(") {sign} ferrobase_key(");
                ("ferrobase_key(", between, ")".to_owned())
            }
        }
    }

    /// A number column as text.
    pub(in crate::store) fn number_text(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => format!("ferrobase_number_text({value})"),
        }
    }

    /// A boolean column as 1 or 0.
    pub(in crate::store) fn bool_number(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => format!("({value})::int"),
        }
    }

    /// A date column in the product's text form.
    pub(in crate::store) fn date_text(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => format!("ferrobase_date_text({value})"),
        }
    }

    /// A list column as compact JSON text.
    pub(in crate::store) fn list_text(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => format!("ferrobase_list_text({value})"),
        }
    }

    /// The empty date as a literal.
    pub(in crate::store) const fn no_moment(self) -> &'static str {
        match self {
            Self::Sqlite => "''",
            Self::Postgres => "'-infinity'",
        }
    }

    /// Whether a date column holds moments and compares with them, not with their text.
    pub(in crate::store) const fn has_moments(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// Whether a number compares with text by itself: numeric text as a number, other text as more
    /// than any number.
    pub(in crate::store) const fn orders_all_types(self) -> bool {
        matches!(self, Self::Sqlite)
    }

    /// A text as a number compares with it by order: numeric text as its number, other text as more
    /// than any number.
    pub(in crate::store) fn text_as_number(self, text: &str) -> String {
        match self {
            Self::Sqlite => text.to_owned(),
            Self::Postgres => format!("ferrobase_number({text})"),
        }
    }

    /// What stands before, between and after a text and the pattern that it is matched with in any
    /// case of ASCII letters.
    pub(in crate::store) const fn like(
        self,
        negated: bool,
    ) -> (&'static str, &'static str, &'static str) {
        match (self, negated) {
            (Self::Sqlite, false) => ("", " LIKE ", " ESCAPE '\\'"),
            (Self::Sqlite, true) => ("", " NOT LIKE ", " ESCAPE '\\'"),
            (Self::Postgres, false) => ("", " COLLATE \"C\" ILIKE ", " ESCAPE '\\'"),
            (Self::Postgres, true) => ("", " COLLATE \"C\" NOT ILIKE ", " ESCAPE '\\'"),
        }
    }

    /// A pattern that matches nothing.
    pub(in crate::store) const fn no_pattern(self) -> &'static str {
        match self {
            Self::Sqlite => "'\\'",
            // It must not end with an escape here. No text has this code point, which is no character.
            Self::Postgres => "U&'\\FFFF'",
        }
    }

    /// Whether a known pattern that ends with an escape is an error; else it matches nothing.
    pub(in crate::store) const fn refuses_open_escape(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// What follows two texts that are compared by order, or one to sort by, so that it is the order
    /// of their bytes.
    pub(in crate::store) const fn byte_order(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " COLLATE \"C\"",
        }
    }

    /// A scalar from inside JSON as rows are sorted by it: numbers come before texts.
    pub(in crate::store) fn json_key(self, value: &str) -> String {
        match self {
            Self::Sqlite => value.to_owned(),
            Self::Postgres => format!("ferrobase_key({value})"),
        }
    }

    /// A value to sort by that is the same for all rows.
    pub(in crate::store) const fn no_key(self) -> &'static str {
        match self {
            Self::Sqlite => "NULL",
            Self::Postgres => "NULL::text",
        }
    }

    /// Sorts nulls before everything else, as SQLite does by itself.
    pub(in crate::store) const fn null_order(self, descending: bool) -> &'static str {
        match (self, descending) {
            (Self::Sqlite, _) => "",
            (Self::Postgres, false) => " NULLS FIRST",
            (Self::Postgres, true) => " NULLS LAST",
        }
    }

    /// The function that filters call `strftime`.
    pub(in crate::store) const fn strftime(self) -> &'static str {
        match self {
            Self::Sqlite => "strftime",
            Self::Postgres => "ferrobase_strftime",
        }
    }

    /// The value that a column would hold. SQLite stores whole numbers as integers, whose text has no
    /// fraction, but leaves them as they are where it casts them.
    pub(in crate::store) fn held(self, value: Value) -> Value {
        match (self, value) {
            (Self::Sqlite, Value::Real(number))
                if number.fract() == 0.0 && number.abs() < WHOLE =>
            {
                Value::Int(number as i64)
            }
            (_, value) => value,
        }
    }

    /// A parameter as a column of a row that is not stored, with the type that the column would have.
    pub(in crate::store) fn typed(self, value: &str, column: ColumnType) -> String {
        let sql_type = match (self, column) {
            // JSON's own text must stay text: SQLite would make a number or nothing of it.
            (Self::Sqlite, ColumnType::List | ColumnType::Json | ColumnType::Point) => {
                return value.to_owned();
            }
            (Self::Sqlite, ColumnType::Text | ColumnType::Moment) => "TEXT",
            (Self::Sqlite, ColumnType::Number | ColumnType::Bool) => "NUMERIC",
            (Self::Postgres, ColumnType::Text) => "text",
            (Self::Postgres, ColumnType::Moment) => "timestamptz",
            (Self::Postgres, ColumnType::Number) => "double precision",
            (Self::Postgres, ColumnType::Bool) => "boolean",
            (Self::Postgres, ColumnType::List) => "jsonb",
            (Self::Postgres, ColumnType::Json | ColumnType::Point) => JSON,
        };
        format!("CAST({value} AS {sql_type})")
    }

    /// The stored table `name`, where a common table expression has the same name. PostgreSQL knows
    /// the expression only after its own text.
    pub(in crate::store) fn stored_table(self, name: &str) -> String {
        match self {
            Self::Sqlite => format!("main.{}", quote(name)),
            Self::Postgres => quote(name),
        }
    }
}

fn valid_list(value: &str) -> String {
    format!("CASE WHEN json_valid({value}) THEN {value} ELSE '[]' END")
}

/// One key of a SQLite JSON path; digits are a position. Keys are `\w` only, so none can end the
/// literal that the path stands in.
fn sqlite_key(key: &str) -> String {
    if is_position(key) { format!("[{key}]") } else { format!(".\"{key}\"") }
}

/// The same key as an operator of PostgreSQL: a number finds no key and a text no position.
fn postgres_key(key: &str) -> String {
    if is_position(key) { format!(" -> {key}") } else { format!(" -> '{key}'") }
}
