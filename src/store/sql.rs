//! Statements as data.

use std::borrow::Cow;

use crate::store::value::Value;

/// One SQL statement with its parameters. Both engines read `"name"` and `$1`, `$2`, …; parameters
/// are numbered in the order in which they appear, each number once (to SQLite `$7` is a name, not
/// a position).
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text.
    pub sql: Cow<'static, str>,
    /// The value of `$n` stands at position `n - 1`.
    pub params: Vec<Value>,
}

impl Statement {
    /// A statement of this text and these parameters.
    pub fn new(sql: impl Into<Cow<'static, str>>, params: Vec<Value>) -> Self {
        Self { sql: sql.into(), params }
    }
}

/// `name` as a quoted identifier. Names come from [`crate::domain`] and are `\w+` there; a quote
/// inside is doubled all the same.
pub fn quote(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    push_quoted(&mut quoted, name);
    quoted
}

/// Appends `name` as [`quote`] writes it.
pub(super) fn push_quoted(sql: &mut String, name: &str) {
    sql.push('"');
    for (number, part) in name.split('"').enumerate() {
        if number > 0 {
            sql.push_str("\"\"");
        }
        sql.push_str(part);
    }
    sql.push('"');
}
