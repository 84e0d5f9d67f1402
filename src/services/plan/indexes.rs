//! What a plan wants to know of `CREATE INDEX` texts.

use crate::domain::collection::Collection;
use crate::domain::indexes::{Index, IndexKey};
use crate::services::plan::compare::fill_value;
use crate::services::plan::merge;
use crate::store::row_checks::Key;

/// The question whether rows allow a unique index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UniqueQuestion {
    /// What must not be the same in two rows.
    pub(super) keys: Vec<Key>,
    /// Which rows count; empty is all.
    pub(super) filter: String,
}

/// The name of the index that `text` makes; the text itself when it does not parse.
pub(super) fn name(text: &str) -> String {
    Index::parse(text).map_or_else(|_| text.to_owned(), |index| index.name)
}

/// Whether two texts make the same index.
pub(super) fn same(left: &str, right: &str) -> bool {
    match (Index::parse(left), Index::parse(right)) {
        (Ok(left), Ok(right)) => left.name == right.name && left.same_definition(&right),
        _ => left == right,
    }
}

/// The index for people: `unique(post, user)`, `index(status, published_at)`.
pub(super) fn describe(text: &str) -> String {
    let Ok(index) = Index::parse(text) else { return text.to_owned() };
    let columns: Vec<&str> = index
        .columns
        .iter()
        .map(|column| match &column.key {
            IndexKey::Column(name) => name.as_str(),
            IndexKey::Expression(expression) => expression.as_str(),
        })
        .collect();
    let word = if index.unique { "unique" } else { "index" };
    format!("{word}({})", columns.join(", "))
}

/// Whether the index that `text` makes keeps values apart.
pub(super) fn is_unique(text: &str) -> bool {
    Index::parse(text).is_ok_and(|index| index.unique)
}

/// What to ask the rows of `live` before `text` makes a unique index over `new`. Columns that do
/// not exist yet hold one value in every row, so the others decide; where the index leaves that
/// value out there is nothing to ask. Expressions are left to the database, which refuses the index
/// and with it the whole change.
pub(super) fn question(live: &Collection, new: &Collection, text: &str) -> Option<UniqueQuestion> {
    let index = Index::parse(text).ok()?;
    let mut question = UniqueQuestion { keys: Vec::new(), filter: index.condition.clone() };
    for column in &index.columns {
        let field = merge::find(new, column.key.column()?)?;
        let any_case = column.collate.eq_ignore_ascii_case("nocase");
        match live.fields.iter().find(|stored| stored.id == field.id) {
            Some(stored) => {
                question.filter = with_word(&question.filter, &field.name, &stored.name);
                question.keys.push(Key { name: stored.name.clone(), any_case });
            }
            None if with_word(&index.condition, &field.name, "") != index.condition => {
                fill_value(field)?;
                question.filter.clear();
            }
            None => {}
        }
    }
    Some(question)
}

/// `sql` with the whole word `word` replaced by `other`. Column names may stand in quotes, so what is in
/// quotes counts too.
fn with_word(sql: &str, word: &str, other: &str) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut replaced = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(start) = rest.find(is_word) {
        let length = rest[start..].find(|letter| !is_word(letter)).unwrap_or(rest.len() - start);
        let found = &rest[start..start + length];
        replaced.push_str(&rest[..start]);
        replaced.push_str(if found == word { other } else { found });
        rest = &rest[start + length..];
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_of_a_condition_are_renamed() {
        assert_eq!(with_word("status != '' AND a > 1", "a", "b"), "status != '' AND b > 1");
        assert_eq!(with_word("`a` != ''", "a", "b"), "`b` != ''");
        assert_eq!(with_word("a_b = 1", "a", "c"), "a_b = 1");
        assert_eq!(with_word("", "a", "b"), "");
    }
}
