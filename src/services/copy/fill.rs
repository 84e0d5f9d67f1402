//! Filling the target: tables and views, what was set, records, indexes. In this order, so that what
//! the target refuses shows before the long part, and records need not be sorted in as they come.

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::services::collections::views;
use crate::services::copy::Target;
use crate::services::copy::check::Checked;
use crate::services::copy::error::CopyError;
use crate::services::copy::progress::{Meter, Phase, Report};
use crate::store::copying::{self, Loader, SYSTEM_TABLES};
use crate::store::ddl::{self, IndexFault};
use crate::store::fit::fit;
use crate::store::{Snapshot, StoreError, Tx, collections};

const OWN_QUERY: &str = "Give the view a query for PostgreSQL in config.toml, query = { sqlite = \
                         \"…\", postgres = \"…\" }, start a server on the folder once, which \
                         takes it in, and copy again. ";

/// Copies everything from `source` into the database of `tx`.
///
/// # Errors
/// What the target refuses, or what either database says.
pub(super) fn fill(
    tx: &mut Tx,
    source: &mut Snapshot,
    checked: &Checked,
    target: &Target,
    report: &Report,
) -> Result<(), CopyError> {
    if !copying::claim(tx)? {
        return Err(CopyError::BeingFilled);
    }
    match target {
        Target::Replaced(_) => clear(tx)?,
        Target::Empty | Target::Archive if collections::any(tx)? => {
            return Err(CopyError::Occupied);
        }
        Target::Empty | Target::Archive => {}
    }
    let is_archive = matches!(target, Target::Archive);
    for table in &SYSTEM_TABLES {
        let rows = copying::system_rows(source, table).map_err(CopyError::Source)?;
        copying::load_system_rows(tx, table, &rows)?;
    }
    make_tables(tx, source, checked, is_archive)?;
    collections::publish(tx)?;
    let mut meter = Meter::new(report, Phase::Copying, checked.records);
    for collection in &checked.stored {
        meter.enter(&collection.name);
        load(tx, source, collection, &mut meter)?;
    }
    let mut meter = Meter::new(report, Phase::Indexing, checked.records);
    for (collection, table) in checked.stored.iter().zip(&checked.tables[SYSTEM_TABLES.len()..]) {
        meter.enter(&collection.name);
        let faults = ddl::create_indexes(tx, None, collection)?;
        if !is_archive {
            refuse(collection, faults)?;
        }
        copying::gather_statistics(tx, collection)?;
        meter.advance(table.rows);
    }
    Ok(())
}

/// Makes all tables and views, and tries the indexes on the empty tables.
fn make_tables(
    tx: &mut Tx,
    source: &Snapshot,
    checked: &Checked,
    is_archive: bool,
) -> Result<(), CopyError> {
    for collection in &checked.stored {
        ddl::create(tx, collection).map_err(|error| refused(collection, error, ""))?;
        if !is_archive {
            refuse(collection, try_indexes(tx, collection)?)?;
        }
    }
    for view in views::in_order(source.schema().collections()) {
        match tx.attempt(|tx| ddl::create(tx, &view)) {
            Err(StoreError::Statement { .. }) if is_archive => {}
            made => made.map_err(|error| refused(&view, error, OWN_QUERY))?,
        }
    }
    Ok(())
}

/// Removes all collections and what was set.
fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    let schema = tx.schema();
    for view in views::in_order(schema.collections()).iter().rev() {
        ddl::drop(tx, view)?;
    }
    for table in schema.collections().iter().filter(|collection| !collection.is_view()) {
        ddl::drop(tx, table)?;
    }
    SYSTEM_TABLES.iter().try_for_each(|table| copying::clear_system_table(tx, table))
}

fn load(
    tx: &mut Tx,
    source: &mut Snapshot,
    collection: &Arc<Collection>,
    meter: &mut Meter<'_>,
) -> Result<(), CopyError> {
    let mut loader = Loader::new(tx, collection);
    let mut failure = None;
    let read = copying::each_record(source, collection, |mut record| {
        // Every value fitted when it was checked, in the same state of the source.
        let _ = fit(tx.dialect(), &mut record);
        loader.push(tx, record.values()).inspect_err(|error| failure = Some(error.clone()))?;
        meter.step();
        Ok(())
    });
    match (read, failure) {
        (_, Some(error)) => Err(refused(collection, error, "")),
        (Err(error), None) => Err(CopyError::Source(error)),
        (Ok(()), None) => loader.finish(tx).map_err(|error| refused(collection, error, "")),
    }
}

/// The indexes that the database refuses, none of which is made.
fn try_indexes(tx: &mut Tx, collection: &Collection) -> Result<Vec<IndexFault>, StoreError> {
    enum Tried {
        Undo(Vec<IndexFault>),
        Failed(StoreError),
    }
    impl From<StoreError> for Tried {
        fn from(error: StoreError) -> Self {
            Self::Failed(error)
        }
    }
    let tried = tx.attempt(|tx| -> Result<(), Tried> {
        Err(Tried::Undo(ddl::create_indexes(tx, None, collection)?))
    });
    match tried {
        Ok(()) => Ok(Vec::new()),
        Err(Tried::Undo(faults)) => Ok(faults),
        Err(Tried::Failed(error)) => Err(error),
    }
}

fn refuse(collection: &Collection, faults: Vec<IndexFault>) -> Result<(), CopyError> {
    match faults.into_iter().next() {
        None => Ok(()),
        Some(IndexFault { position, message }) => Err(CopyError::Index {
            collection: collection.name.clone(),
            index: collection.indexes.get(position).cloned().unwrap_or_default(),
            message,
        }),
    }
}

fn refused(collection: &Collection, error: StoreError, advice: &'static str) -> CopyError {
    let message = match error {
        StoreError::Statement { message, .. } => message,
        StoreError::Unique(unique) => format!("two records have the same {unique}"),
        error => return CopyError::Target(error),
    };
    CopyError::Refused { collection: collection.name.clone(), message, advice }
}
