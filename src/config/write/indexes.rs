//! Indexes: as words of a field, as columns, or as the statement that makes them.

use crate::config::indexes::has_empty_text;
use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::indexes::{Index, IndexColumn, IndexKey, automatic_name};

/// The most characters of a name that the product makes; beyond them it is cut.
const LONGEST_NAME: usize = 64;

/// The words of `field` for an index, and its place among the collection's.
pub(super) fn of_field(
    collection: &Collection,
    field: &Field,
) -> Option<(usize, Vec<&'static str>)> {
    let all = collection.indexes.iter().enumerate();
    let parsed = all.filter_map(|(place, text)| Some((place, Index::parse(text).ok()?)));
    parsed
        .filter(|(_, index)| index.single_column() == Some(field.name.as_str()))
        .find_map(|(place, index)| Some((place, words(collection, field, &index)?)))
}

fn words(collection: &Collection, field: &Field, index: &Index) -> Option<Vec<&'static str>> {
    let [column] = index.columns.as_slice() else { return None };
    let condition = if index.unique && has_empty_text(field) {
        format!("`{}` != ''", field.name)
    } else {
        String::new()
    };
    let is_plain = column.order.is_empty() && index.condition == condition;
    let nocase = nocase(column)?;
    if !is_plain || !has_automatic_name(collection, index) {
        return None;
    }
    let word = if index.unique { "unique" } else { "index" };
    Some(if nocase { vec![word, "nocase"] } else { vec![word] })
}

/// What stands in the list of indexes for the one whose statement is `text`; nothing for those that
/// every such collection has.
pub(super) fn of_list(collection: &Collection, text: &str) -> Option<String> {
    let Ok(index) = Index::parse(text) else { return Some(text.to_owned()) };
    if is_own(collection, &index) {
        return None;
    }
    Some(columns(collection, &index).unwrap_or_else(|| index.to_sql()))
}

/// Whether the product makes this index by itself.
fn is_own(collection: &Collection, index: &Index) -> bool {
    let condition = match index.single_column() {
        Some("tokenKey") => "",
        Some("email") => "`email` != ''",
        _ => return false,
    };
    collection.is_auth()
        && index.unique
        && index.condition == condition
        && index.columns[0].collate.is_empty()
        && has_automatic_name(collection, index)
}

/// The short form of an index over columns.
fn columns(collection: &Collection, index: &Index) -> Option<String> {
    if !index.condition.is_empty() || !has_automatic_name(collection, index) {
        return None;
    }
    let column = |column: &IndexColumn| {
        let IndexKey::Column(name) = &column.key else { return None };
        let minus = match column.order.as_str() {
            "" => "",
            "DESC" => "-",
            _ => return None,
        };
        let nocase = if nocase(column)? { " nocase" } else { "" };
        Some(format!("{minus}{name}{nocase}"))
    };
    let columns: Option<Vec<String>> = index.columns.iter().map(column).collect();
    let columns = columns?.join(", ");
    Some(if index.unique { format!("unique({columns})") } else { columns })
}

/// Whether the column compares without regard to case; nothing for any other collation.
fn nocase(column: &IndexColumn) -> Option<bool> {
    match column.collate.to_ascii_lowercase().as_str() {
        "" => Some(false),
        "nocase" => Some(true),
        _ => None,
    }
}

/// Whether the index is called as one is that the short form makes.
fn has_automatic_name(collection: &Collection, index: &Index) -> bool {
    let names: Vec<&str> = index.column_names().collect();
    let name = automatic_name(&names, &collection.id, |_| false);
    index.name == name && name.chars().count() < LONGEST_NAME && !index.optional
}
