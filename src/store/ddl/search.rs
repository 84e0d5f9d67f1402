//! The full-text index of a collection and how it follows when the collection changes. Rows are
//! followed by the database itself.

use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::search;
use crate::store::ddl::statements::statement;
use crate::store::dialect::words_table;
use crate::store::error::StoreError;
use crate::store::tx::Tx;

/// Makes the index of `new` from its rows, unless that of `old`, which it was, is still right.
pub(super) fn create(
    tx: &mut Tx,
    old: Option<&Collection>,
    new: &Collection,
) -> Result<(), StoreError> {
    if !has_search(new) || old.is_some_and(|old| stays(old, new)) {
        return Ok(());
    }
    run_all(tx, tx.dialect().make_search(new))
}

/// Makes the index when there is none: the database may be older than the index.
///
/// # Errors
/// What the database says.
pub fn complete_search(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    if !has_search(collection) {
        return Ok(());
    }
    let exists = tx.dialect().table_exists(&words_table(collection));
    if tx.fetch_optional(exists)?.is_some() {
        return Ok(());
    }
    run_all(tx, tx.dialect().make_search(collection))
}

/// Removes the index of `old` that is not right for `new`, before a column that it reads goes.
pub(super) fn drop_changed(
    tx: &mut Tx,
    old: &Collection,
    new: &Collection,
) -> Result<(), StoreError> {
    if has_search(old) && !stays(old, new) { drop(tx, old) } else { Ok(()) }
}

/// Removes the index.
pub(super) fn drop(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    if !has_search(collection) {
        return Ok(());
    }
    run_all(tx, tx.dialect().drop_search(collection))
}

fn has_search(collection: &Collection) -> bool {
    !collection.is_view() && !search::fields(collection).is_empty()
}

/// Whether the same columns are searched in the same way. The name of the table does not matter: the
/// database follows it.
fn stays(old: &Collection, new: &Collection) -> bool {
    fn key(field: &Field) -> (&str, &str, &str) {
        (field.id.as_str(), field.name.as_str(), field.kind.type_name())
    }
    let keys = |collection| search::fields(collection).into_iter().map(key).collect::<Vec<_>>();
    keys(old) == keys(new)
}

fn run_all(tx: &mut Tx, statements: Vec<String>) -> Result<(), StoreError> {
    statements.into_iter().try_for_each(|sql| tx.run(statement(sql)).map(|_| ()))
}
