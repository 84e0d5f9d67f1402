//! Pieces of SQL that carry their parameters, so that they can be put together in any order and are
//! numbered once, at the end.

use std::ops::Add;

use crate::store::sql::{Statement, quote};
use crate::store::value::Value;

/// Stands for a parameter until the statement is complete. It can be in no name and no literal that
/// is written into SQL.
const PLACEHOLDER: char = '\0';

/// A piece of SQL and its parameters in order of appearance.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fragment {
    sql: String,
    params: Vec<Value>,
}

impl Fragment {
    /// One parameter.
    pub(super) fn param(value: Value) -> Self {
        Self { sql: PLACEHOLDER.to_string(), params: vec![value] }
    }

    /// The pieces with `separator` between them.
    pub(super) fn join(pieces: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        pieces.into_iter().enumerate().fold(Self::default(), |all, (index, piece)| {
            if index == 0 { piece } else { all + separator + piece }
        })
    }

    /// The piece inside a larger one that `wrap` makes; the parameters are repeated as often as `wrap`
    /// repeats the piece.
    pub(super) fn map(self, wrap: impl FnOnce(&str) -> String) -> Self {
        let sql = wrap(&self.sql);
        let times = match self.params.len() {
            0 => 0,
            count => sql.matches(PLACEHOLDER).count() / count,
        };
        let params = std::iter::repeat_n(self.params, times).flatten().collect();
        Self { sql, params }
    }

    /// Whether the piece has a parameter and its first one is a text.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.params.first(), Some(Value::Text(_)))
    }

    /// Whether the piece reads rows of the stored table `name`, under another name as all joins do.
    pub(super) fn joins(&self, name: &str) -> bool {
        self.sql.contains(&format!("{} AS \"@", quote(name)))
    }

    /// Whether there is nothing.
    pub(super) const fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    /// The piece in parentheses.
    pub(super) fn grouped(self) -> Self {
        Self::from("(") + self + ")"
    }

    /// The complete statement.
    pub(super) fn statement(self) -> Statement {
        let mut sql = String::with_capacity(self.sql.len() + 2 * self.params.len());
        for (index, part) in self.sql.split(PLACEHOLDER).enumerate() {
            if index > 0 {
                sql.push('$');
                sql.push_str(&index.to_string());
            }
            sql.push_str(part);
        }
        Statement::new(sql, self.params)
    }
}

impl From<&str> for Fragment {
    fn from(sql: &str) -> Self {
        Self { sql: sql.to_owned(), params: Vec::new() }
    }
}

impl From<String> for Fragment {
    fn from(sql: String) -> Self {
        Self { sql, params: Vec::new() }
    }
}

impl Add<&str> for Fragment {
    type Output = Self;

    fn add(mut self, sql: &str) -> Self {
        self.sql.push_str(sql);
        self
    }
}

impl Add<String> for Fragment {
    type Output = Self;

    fn add(self, sql: String) -> Self {
        self + sql.as_str()
    }
}

impl Add<Self> for Fragment {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.sql.push_str(&other.sql);
        self.params.extend(other.params);
        self
    }
}
