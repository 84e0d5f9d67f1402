//! `CREATE INDEX` texts (contract A 2.8): taken apart, compared and written again. Whether a
//! database accepts one is not known here.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use crate::domain::collection::Collection;

/// Most characters of a name that the product makes.
const LONGEST_NAME: usize = 64;

/// A parsed `CREATE INDEX` text. Two are equal when they mean the same but for quotes and the case
/// of keywords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Whether the columns together are unique.
    pub unique: bool,
    /// Whether the text says `IF NOT EXISTS`.
    pub optional: bool,
    /// Schema before the name, or empty.
    pub schema: String,
    /// Name of the index.
    pub name: String,
    /// Table that the text names.
    pub table: String,
    /// What is indexed, at least one.
    pub columns: Vec<IndexColumn>,
    /// Condition of a partial index, or empty.
    pub condition: String,
}

/// One column of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexColumn {
    /// A column, or what is computed.
    pub key: IndexKey,
    /// Name of the collation, or empty.
    pub collate: String,
    /// `ASC` or `DESC` in capitals, or empty.
    pub order: String,
}

/// What a column of an index holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexKey {
    /// The column of this name, without quotes.
    Column(String),
    /// The value of this SQL expression.
    Expression(String),
}

impl IndexKey {
    /// The name, unless this is an expression.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Column(name) => Some(name),
            Self::Expression(_) => None,
        }
    }
}

impl Index {
    /// Reads a `CREATE INDEX` text.
    ///
    /// # Errors
    /// What is wrong with the text, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::parse(text)
    }

    /// The text with every identifier in backticks.
    pub fn to_sql(&self) -> String {
        let mut sql =
            String::from(if self.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
        if self.optional {
            sql.push_str("IF NOT EXISTS ");
        }
        if !self.schema.is_empty() {
            let _ = write!(sql, "`{}`.", self.schema);
        }
        let _ = write!(sql, "`{}` ON `{}` (", self.name, self.table);
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                sql.push_str(", ");
            }
            let _ = match &column.key {
                IndexKey::Column(name) => write!(sql, "`{name}`"),
                IndexKey::Expression(expression) => write!(sql, "{expression}"),
            };
            if !column.collate.is_empty() {
                let _ = write!(sql, " COLLATE {}", column.collate);
            }
            if !column.order.is_empty() {
                let _ = write!(sql, " {}", column.order);
            }
        }
        sql.push(')');
        if !self.condition.is_empty() {
            let _ = write!(sql, " WHERE {}", self.condition);
        }
        sql
    }

    /// The only column, of an index of one plain column.
    pub fn single_column(&self) -> Option<&str> {
        match self.columns.as_slice() {
            [only] => only.key.column(),
            _ => None,
        }
    }

    /// The names of the plain columns.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter_map(|column| column.key.column())
    }

    /// Whether the first column compares without regard to case.
    pub fn is_nocase(&self) -> bool {
        self.columns.first().is_some_and(|column| column.collate.eq_ignore_ascii_case("nocase"))
    }

    /// Whether this and `other` index the same under perhaps different names.
    pub fn same_definition(&self, other: &Self) -> bool {
        self.unique == other.unique
            && self.columns == other.columns
            && self.condition == other.condition
    }
}

impl Collection {
    /// The indexes that parse, in order.
    pub fn parsed_indexes(&self) -> impl Iterator<Item = Index> {
        self.indexes.iter().filter_map(|text| Index::parse(text).ok())
    }

    /// The unique index of the field alone, partial ones included (design §12.9).
    pub fn unique_index(&self, field: &str) -> Option<Index> {
        self.parsed_indexes().find(|index| {
            index.unique
                && index.single_column().is_some_and(|name| name.eq_ignore_ascii_case(field))
        })
    }

    /// The columns of the index of this name, any case: the fields of a violated index.
    pub fn index_columns(&self, name: &str) -> Option<Vec<String>> {
        let index = self.parsed_indexes().find(|index| index.name.eq_ignore_ascii_case(name))?;
        Some(index.column_names().map(str::to_owned).collect())
    }
}

/// The name of an index that the product makes (contract A 2.4): cut to 64 characters, and with a
/// counter from 2 at its end while `is_taken` says so.
pub fn automatic_name(
    columns: &[&str],
    collection_id: &str,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let base = format!("idx_{}_{collection_id}", columns.join("_"));
    let cut = |length: usize| base.chars().take(length).collect::<String>();
    let mut name = cut(LONGEST_NAME);
    let mut counter = 2;
    while is_taken(&name) {
        let suffix = format!("_{counter}");
        name = cut(LONGEST_NAME - suffix.len()) + &suffix;
        counter += 1;
    }
    name
}
