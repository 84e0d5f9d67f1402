//! Tables, views and indexes of collections, and how they follow when a collection changes
//! (contract A 2.8, 2.11, 2.12). Checks nothing that the database checks: what it refuses is the
//! answer.

mod change;
mod search;
mod statements;
#[cfg(test)]
mod tests;

pub use search::complete_search;

use crate::domain::collection::Collection;
use crate::domain::indexes::Index;
use crate::store::ddl::change::Change;
use crate::store::error::{Source, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::Tx;

/// An index that the database refused.
#[derive(Debug, Clone)]
pub struct IndexFault {
    /// Where it stands in [`Collection::indexes`].
    pub position: usize,
    /// What the database says, or the parser.
    pub message: String,
}

/// Makes the table or view of a new collection. Indexes follow with [`create_indexes`].
///
/// # Errors
/// What the database says, for one about the query of a view.
pub fn create(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    check_names(tx, collection)?;
    if collection.is_view() {
        return create_view(tx, collection);
    }
    tx.run(statements::create_table(tx.dialect(), collection)).map(|_| ())
}

/// Removes the table or view, and the indexes with it. What a view reads cannot go before it.
///
/// # Errors
/// What the database says, for one when a view reads it.
pub fn drop(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    search::drop(tx, collection)?;
    if tx.dialect().keeps_what_views_read() {
        return tx.run(statements::drop(collection)).map(|_| ());
    }
    let broken_before = broken_views(tx)?;
    tx.run(statements::drop(collection))?;
    let broken = broken_views(tx)?;
    match broken.into_iter().find(|(view, _)| broken_before.iter().all(|(name, _)| name != view)) {
        Some((view, error)) => Err(in_view(&view, error)),
        None => Ok(()),
    }
}

/// Changes the table or view of `old` to that of `new`, with its rows. Indexes that cannot stay are
/// removed, the full-text one among them; they and the new ones follow with [`create_indexes`].
///
/// # Errors
/// What the database says, for one when a view reads a removed column.
pub fn change(tx: &mut Tx, old: &Collection, new: &Collection) -> Result<(), StoreError> {
    check_names(tx, new)?;
    if new.is_view() && !tx.dialect().keeps_what_views_read() {
        tx.run(statements::drop(old))?;
        return create_view(tx, new);
    }
    if new.is_view() {
        return without_views(tx, &old.name, |tx| {
            tx.run(statements::drop(old))?;
            create_view(tx, new)
        });
    }
    search::drop_changed(tx, old, new)?;
    let Change { shape, retyped, .. } = Change::between(tx.dialect(), old, new);
    run_all(tx, shape)?;
    if retyped.is_empty() {
        return Ok(());
    }
    without_views(tx, &new.name, |tx| run_all(tx, retyped))
}

/// Runs `work` while the views that read `table` are not there: what a view reads can neither be
/// dropped nor get another type.
fn without_views(
    tx: &mut Tx,
    table: &str,
    work: impl FnOnce(&mut Tx) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let views = tx.dialect().views_over(table);
    let views = tx.fetch_all(views)?;
    for view in views.iter().rev() {
        tx.run(statements::drop_view(view.text(0)?))?;
    }
    work(tx)?;
    for view in &views {
        tx.run(Statement::new(view.text(1)?.to_owned(), Vec::new()))?;
    }
    Ok(())
}

/// Refuses names that the database would cut off or take for its own.
fn check_names(tx: &Tx, collection: &Collection) -> Result<(), StoreError> {
    let names = std::iter::once(&collection.name);
    let mut names = names.chain(collection.fields.iter().map(|field| &field.name));
    match names.find_map(|name| tx.dialect().refuses_name(name)) {
        Some(message) => {
            let source = Source::new(std::io::Error::other(message.clone()));
            Err(StoreError::Statement { message, source })
        }
        None => Ok(()),
    }
}

/// Makes the indexes of `new` that are not there yet, the full-text one among them; `old` is the collection that was changed, if
/// there was one. What the database refuses is listed, and nothing of it is made.
///
/// # Errors
/// A failure that nothing survives.
pub fn create_indexes(
    tx: &mut Tx,
    old: Option<&Collection>,
    new: &Collection,
) -> Result<Vec<IndexFault>, StoreError> {
    let kept = old.map(|old| Change::between(tx.dialect(), old, new).kept).unwrap_or_default();
    let mut faults = Vec::new();
    for (position, text) in new.indexes.iter().enumerate() {
        let index = match Index::parse(text) {
            Ok(index) => index,
            Err(message) => {
                faults.push(IndexFault { position, message });
                continue;
            }
        };
        if kept.contains(&index.name) {
            continue;
        }
        if let Some(message) = tx.dialect().refuses_name(&index.name) {
            faults.push(IndexFault { position, message });
            continue;
        }
        let statement = statements::create_index(tx.dialect(), new, &index);
        match tx.attempt(|tx| tx.run(statement)) {
            Ok(_) => {}
            Err(StoreError::Statement { message, .. }) => {
                faults.push(IndexFault { position, message });
            }
            Err(StoreError::Unique(unique)) => {
                let message = format!("UNIQUE constraint failed: {unique}");
                faults.push(IndexFault { position, message });
            }
            Err(error) => return Err(error),
        }
    }
    search::create(tx, old, new)?;
    Ok(faults)
}

/// The names of collections whose table or view does not have the columns of their fields.
///
/// # Errors
/// A failure that nothing survives.
pub fn unreadable(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    let schema = tx.schema();
    for collection in schema.collections() {
        let probe = statements::probe_columns(collection);
        match tx.attempt(|tx| tx.fetch_optional(probe)) {
            Ok(_) => {}
            Err(StoreError::Statement { .. }) => names.push(collection.name.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

/// The views whose query does not run, and what is wrong with it.
fn broken_views(tx: &mut Tx) -> Result<Vec<(String, StoreError)>, StoreError> {
    let views = tx.dialect().views_over("");
    let mut broken = Vec::new();
    for view in tx.fetch_all(views)? {
        let name = view.text(0)?;
        let probe = statements::probe(name);
        if let Err(error) = tx.attempt(|tx| tx.fetch_optional(probe)) {
            broken.push((name.to_owned(), error));
        }
    }
    Ok(broken)
}

fn create_view(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    let made = create_typed_view(tx, collection);
    made.map_err(|error| in_view(&collection.name, error))
}

/// Ids of views are texts (contract A 2.12). Where the query's are none the view casts them, and
/// only there: a cast id could not be looked up by an index. Other columns that have a type of
/// which no field is made are cast with it.
fn create_typed_view(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    let (dialect, schema) = (tx.dialect(), tx.schema());
    tx.run(statements::create_view(dialect, &schema, collection))?;
    let mut casts = Vec::new();
    for column in tx.fetch_all(dialect.column_types(&collection.name))? {
        let name = column.text(0)?;
        if let Some(sql_type) = dialect.view_type(name, column.text(1)?) {
            casts.push((name.to_owned(), sql_type));
        }
    }
    if casts.is_empty() {
        return Ok(());
    }
    tx.run(statements::drop(collection))?;
    tx.run(statements::create_view_with_casts(dialect, &schema, collection, &casts)).map(|_| ())
}

/// Says which view it is whose query the database refuses, where the database does not.
fn in_view(view: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Statement { message, source } if !message.contains("error in view") => {
            StoreError::Statement { message: format!("error in view {view}: {message}"), source }
        }
        error => error,
    }
}

fn run_all(tx: &mut Tx, statements: Vec<Statement>) -> Result<(), StoreError> {
    statements.into_iter().try_for_each(|statement| tx.run(statement).map(|_| ()))
}
