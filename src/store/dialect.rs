//! Where the two engines' SQL differs. Only this file matches on [`Dialect`]; everything else asks
//! it for a word.

mod clock;
mod console;
mod convert;
mod copy;
mod ddl;
mod filter;
mod logs;
mod names;
mod search;
mod view;

pub(in crate::store) use ddl::key_name;
pub(in crate::store) use search::{Last, groups, is_words_table, words_table};

use crate::domain::time::Timestamp;
use crate::store::sql::Statement;
use crate::store::value::{Kind, Value};

/// The SQL that an engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL 14 and what speaks like it.
    Postgres,
}

/// The type of what is stored as JSON and answered as it came. PostgreSQL's `jsonb` would lose the
/// order of keys, how numbers are written, and U+0000; it is the type of lists, which have none of
/// these.
const JSON: &str = "json";

/// How a row that is read is kept from others until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Lock {
    /// To be changed or removed.
    Change,
    /// To be referred to: it may change, and may not be removed.
    Refer,
}

/// The empty date: before every other, as the empty text is. PostgreSQL's `-infinity`.
pub(in crate::store) const NO_MOMENT: Timestamp = Timestamp::from_millis(i64::MIN);

/// SQL name of the function that counts how often it is called; its value is null.
pub(super) const TALLY: &str = "ferrobase_tally";

impl Dialect {
    /// Name of the function that counts the rows which a statement sorts, where there is one.
    pub(super) const fn tally(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some(TALLY),
            Self::Postgres => None,
        }
    }

    /// What follows a `SELECT` that locks its rows. SQLite has one writer and says nothing.
    pub(in crate::store) const fn row_lock(self, lock: Lock) -> &'static str {
        match (self, lock) {
            (Self::Sqlite, _) => "",
            (Self::Postgres, Lock::Change) => " FOR NO KEY UPDATE",
            (Self::Postgres, Lock::Refer) => " FOR KEY SHARE",
        }
    }

    /// What follows a `SELECT` that takes its rows away from others, and passes over those that others
    /// take just now. SQLite has one writer and says nothing.
    pub(in crate::store) const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// A statement whose number is another one once the transaction itself has changed `_revision`. Where
    /// others commit meanwhile, their changes are seen and tell nothing.
    pub(in crate::store) const fn revision_mark(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT \"number\" FROM \"_revision\"",
            Self::Postgres => {
                "SELECT COUNT(*) + 2 * COUNT(*) FILTER (WHERE \"xmin\" = pg_current_xact_id()::xid) \
                 FROM \"_revision\""
            }
        }
    }

    /// Whether a database serves one process at a time: the folder of a SQLite database has a lock for
    /// that.
    pub(in crate::store) const fn has_one_process(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => false,
        }
    }

    /// The parameter for a date of a record, empty or in the product's text form.
    pub(in crate::store) fn moment(self, text: &str) -> Value {
        match self {
            Self::Sqlite => Value::text(text),
            Self::Postgres => Value::Timestamp(Timestamp::parse(text).unwrap_or(NO_MOMENT)),
        }
    }

    /// The kind of [`Dialect::moment`].
    pub(in crate::store) const fn moment_kind(self) -> Kind {
        match self {
            Self::Sqlite => Kind::Text,
            Self::Postgres => Kind::Timestamp,
        }
    }

    /// Whether the text `column` is one of the texts of the JSON list `place`.
    pub(in crate::store) fn is_in(self, column: &str, place: &str) -> String {
        match self {
            Self::Sqlite => format!("{column} IN (SELECT \"value\" FROM json_each({place}))"),
            Self::Postgres => {
                format!("{column} IN (SELECT {})", texts_of(place))
            }
        }
    }

    /// Whether `column` and the text `place` are equal when the case of ASCII letters does not
    /// count.
    pub(in crate::store) fn equals_in_any_case(self, column: &str, place: &str) -> String {
        match self {
            Self::Sqlite => format!("{column} = {place} COLLATE NOCASE"),
            Self::Postgres => format!("{} = {}", self.fold_case(column), self.fold_case(place)),
        }
    }

    /// `text` with its ASCII letters in lower case.
    pub(in crate::store) fn fold_case(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("lower({text})"),
            Self::Postgres => format!("lower({text} COLLATE \"C\")"),
        }
    }

    /// Whether the list `column` holds the id `place`. SQLite first looks for the letters of the id,
    /// which spares most rows the reading of JSON.
    pub(in crate::store) fn list_holds(self, column: &str, place: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "(instr({column}, {place}) > 0 AND EXISTS (SELECT 1 FROM json_each(CASE WHEN \
                 json_valid({column}) THEN {column} ELSE '[]' END) WHERE \"value\" = {place}))"
            ),
            Self::Postgres => format!("{column} @> jsonb_build_array({place}::text)"),
        }
    }

    /// A source of rows `"item"` whose column `"value"` is an item of the list `column`.
    pub(in crate::store) fn items(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "json_each(CASE WHEN json_valid({column}) THEN {column} ELSE '[]' END) AS \"item\""
            ),
            Self::Postgres => {
                format!("LATERAL jsonb_array_elements_text({column}) AS \"item\"(\"value\")")
            }
        }
    }

    /// Lets the running transaction write no more, until the savepoint ends that it is in. A `SELECT`
    /// of SQLite never writes.
    pub(in crate::store) fn read_only(self) -> Option<Statement> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Statement::new("SET TRANSACTION READ ONLY", Vec::new())),
        }
    }

    /// Has what is overwritten and removed on this connection wiped out in the file, or no longer,
    /// where the database can do that.
    pub(in crate::store) fn wipe(self, wiping: bool) -> Option<Statement> {
        match self {
            Self::Sqlite => {
                let switch = if wiping { "ON" } else { "OFF" };
                Some(Statement::new(format!("PRAGMA secure_delete = {switch}"), Vec::new()))
            }
            Self::Postgres => None,
        }
    }

    /// Lets the planner look again at what the tables hold, where the database does not do so by itself.
    pub(in crate::store) fn optimize(self) -> Option<Statement> {
        match self {
            Self::Sqlite => Some(Statement::new("PRAGMA optimize", Vec::new())),
            Self::Postgres => None,
        }
    }

    /// Undoes what a statement changed of its connection's settings, where it can.
    pub(in crate::store) fn reset_settings(self) -> Option<Statement> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Statement::new("RESET ALL", Vec::new())),
        }
    }

    /// `text` with the names of types in braces replaced by the engine's.
    pub(in crate::store) fn spell_types(self, text: &str) -> String {
        let (json, timestamp) = match self {
            Self::Sqlite => ("TEXT", "TEXT"),
            Self::Postgres => (JSON, "timestamptz"),
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

/// The texts of the parameter `place`, a JSON list, as rows.
fn texts_of(place: &str) -> String {
    format!("json_array_elements_text(ferrobase_document({place}))")
}
