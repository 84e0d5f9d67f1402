//! Filling the new database and reading it back, in one transaction.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::collection::Collection;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::services::bootstrap;
use crate::services::collections::views;
use crate::services::copy::{Sum, TableSum};
use crate::services::files::place;
use crate::services::pocketbase::error::ImportError;
use crate::services::pocketbase::progress::{Meter, Phase, Report};
use crate::services::pocketbase::source::Source;
use crate::store::copying::{self, Loader};
use crate::store::ddl::{self, IndexFault};
use crate::store::{Db, Snapshot, Store, StoreError, Tx, collections as rows, records, settings};

/// How long it may take: what it is about is its end, not its time.
const LIMIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is in the database now.
#[derive(Clone)]
pub(super) struct Filled {
    /// The collections, which are the same on both sides.
    pub(super) tables: Vec<TableSum>,
    /// Paths of the files that records name.
    pub(super) files: Vec<String>,
}

/// Fills the empty database `store` with all that `source` holds.
///
/// # Errors
/// [`ImportError`]; the database is empty then.
pub(super) async fn fill(
    store: &Store,
    source: Source,
    now: Timestamp,
    report: Report,
) -> Result<Filled, ImportError> {
    let settings = source.settings().clone();
    let collections = source.collections().to_vec();
    let source = Mutex::new(source);
    let work = move |tx: &mut Tx| {
        let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
        let work = Work { collections: &collections, settings: &settings, now, report: &report };
        let filled = work.run(tx, &mut source.snapshot)?;
        source.confirm()?;
        Ok(filled)
    };
    store.write_with(LIMIT, work).await
}

struct Work<'a> {
    collections: &'a [Arc<Collection>],
    settings: &'a Settings,
    now: Timestamp,
    report: &'a Report,
}

impl Work<'_> {
    fn run(&self, tx: &mut Tx, source: &mut Snapshot) -> Result<Filled, ImportError> {
        source.restart();
        let stored = || self.collections.iter().filter(|collection| !collection.is_view());
        let mut count = 0;
        for collection in stored() {
            ddl::create(tx, collection).map_err(|error| refused(collection, error, ""))?;
            count +=
                records::count(source, collection).map_err(ImportError::Source)?.unsigned_abs();
        }
        for collection in self.collections {
            rows::insert(tx, collection).map_err(|error| refused(collection, error, ""))?;
        }
        rows::publish(tx)?;
        settings::save(tx, self.settings, self.now)?;
        bootstrap::decide(tx, bootstrap::Source::Api, self.now)?;
        let (mut sums, mut files) = (Vec::new(), Vec::new());
        let mut meter = Meter::new(self.report, Phase::Records, count);
        for collection in stored() {
            meter.enter(&collection.name);
            sums.push(load(tx, source, collection, &mut files, &mut meter)?);
        }
        for collection in stored() {
            index(tx, collection)?;
            copying::gather_statistics(tx, collection)?;
        }
        // After what they read.
        for view in views::in_order(self.collections) {
            ddl::create(tx, &view).map_err(|error| refused(&view, error, VIEW))?;
        }
        let mut meter = Meter::new(self.report, Phase::Comparing, count);
        for (collection, sum) in stored().zip(&sums) {
            meter.enter(&collection.name);
            if summed(tx, collection, &mut meter)? != *sum {
                return Err(ImportError::Differs(collection.name.clone()));
            }
        }
        Ok(Filled { tables: sums, files })
    }
}

const VIEW: &str =
    "Change its query in PocketBase, or remove the view there and make it again here. ";

const INDEX: &str = "Remove the index in PocketBase, and import again. ";

/// Copies the records, and notes the files that they name.
fn load(
    tx: &mut Tx,
    source: &mut Snapshot,
    collection: &Arc<Collection>,
    files: &mut Vec<String>,
    meter: &mut Meter<'_>,
) -> Result<TableSum, ImportError> {
    let mut loader = Loader::new(tx, collection);
    let mut sum = Sum::new();
    let mut failure = None;
    let has_files = collection.fields.iter().any(place::is_file);
    let read = copying::each_record(source, collection, |record| {
        sum.add(record.values());
        if has_files {
            files.extend(place::of_record(&record));
        }
        loader.push(tx, record.values()).inspect_err(|error| failure = Some(error.clone()))?;
        meter.step();
        Ok(())
    });
    match (read, failure) {
        (_, Some(error)) => return Err(refused(collection, error, "")),
        (Err(error), None) => return Err(ImportError::Source(error)),
        (Ok(()), None) => {}
    }
    loader.finish(tx).map_err(|error| refused(collection, error, ""))?;
    Ok(sum.of(&collection.name))
}

fn index(tx: &mut Tx, collection: &Collection) -> Result<(), ImportError> {
    match ddl::create_indexes(tx, None, collection)?.into_iter().next() {
        None => Ok(()),
        Some(IndexFault { position, message }) => {
            let index = collection.indexes.get(position).map(String::as_str).unwrap_or_default();
            let message = format!("{message}\n  {index}");
            Err(ImportError::Refused {
                collection: collection.name.clone(),
                message,
                advice: INDEX,
            })
        }
    }
}

fn summed(
    db: &mut Db,
    collection: &Arc<Collection>,
    meter: &mut Meter<'_>,
) -> Result<TableSum, StoreError> {
    let mut sum = Sum::new();
    copying::each_record(db, collection, |record| {
        sum.add(record.values());
        meter.step();
        Ok(())
    })?;
    Ok(sum.of(&collection.name))
}

fn refused(collection: &Collection, error: StoreError, advice: &'static str) -> ImportError {
    let message = match error {
        StoreError::Statement { message, .. } => message,
        StoreError::Unique(unique) => format!("two of them have the same {unique}"),
        error => return ImportError::Target(error),
    };
    ImportError::Refused { collection: collection.name.clone(), message, advice }
}
