//! Files that no record names: which they are, and their removal.

use std::collections::{HashMap, HashSet};

use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::blobs::BlobError;
use crate::services::files::place;
use crate::store::{StoreError, Tx, loose_files, records};

/// Milliseconds that an upload may take from its place to its record.
pub const PATIENCE: i64 = 60 * 60 * 1_000;

/// Milliseconds until what could not be removed is tried again.
const RETRY: i64 = 5 * 60 * 1_000;

/// Writes down what a record that becomes `new` instead of `old` means for its files: those that it
/// names from now on belong to it, those that it stops naming are to be removed.
///
/// # Errors
/// `Unavailable` when a file that it is to name was given up meanwhile.
pub fn settle(
    tx: &mut Tx,
    old: Option<&Record>,
    new: Option<&Record>,
    now: Timestamp,
) -> Result<(), Error> {
    let before = old.map(place::of_record).unwrap_or_default();
    let after = new.map(place::of_record).unwrap_or_default();
    let without = |paths: &[String], others: &[String]| {
        let others: HashSet<&String> = others.iter().collect();
        paths.iter().filter(|path| !others.contains(path)).cloned().collect::<Vec<String>>()
    };
    let (added, dropped) = (without(&after, &before), without(&before, &after));
    if !added.is_empty() && !loose_files::keep(tx, &added)? {
        return Err(Error::unavailable("an uploaded file was given up before its record came"));
    }
    if !dropped.is_empty() {
        loose_files::doom(tx, &dropped, now)?;
    }
    Ok(())
}

/// Writes down that nobody needs the files of the collection with this id any more, but for those
/// that records name when they are removed: the collection may be there again by then.
///
/// # Errors
/// What the database says.
pub fn settle_collection(tx: &mut Tx, collection: &str) -> Result<(), StoreError> {
    // Due since ever: whoever changes collections needs no clock for it.
    loose_files::doom(tx, &[place::collection(collection)], Timestamp::from_millis(0))
}

/// Removes everything that is due. What cannot be removed now is tried again later, and so is
/// everything while files have to stay.
///
/// # Errors
/// When the database cannot be reached.
pub async fn sweep(app: &App) -> Result<(), Error> {
    loop {
        let now = app.clock.now();
        if !app.store.read(move |db| loose_files::any_due(db, now)).await? {
            return Ok(());
        }
        let permit = app.files.removals.permit().map_err(BlobError::from)?;
        let Some(_permit) = permit else { return Ok(()) };
        let paths = app.store.write(move |tx| loose_files::collect(tx, now)).await?;
        let (mut removed, mut left) = (Vec::new(), Vec::new());
        for path in paths {
            match remove(app, &path).await {
                Ok(()) => removed.push(path),
                Err(error) => {
                    tracing::warn!(path, error = ?error, "a file cannot be removed now");
                    left.push(path);
                }
            }
        }
        let settled = app.store.write(move |tx| {
            loose_files::forget(tx, &removed)?;
            loose_files::doom(tx, &left, now.plus_millis(RETRY))
        });
        settled.await?;
    }
}

async fn remove(app: &App, path: &str) -> Result<(), Error> {
    if let Some(collection) = place::as_collection(path) {
        return remove_unnamed(app, collection).await;
    }
    remove_file(app, path).await
}

/// Removes a file and its thumbnails.
pub(super) async fn remove_file(app: &App, path: &str) -> Result<(), Error> {
    let blobs = &app.files.blobs;
    match blobs.list(&place::thumbs(path)).await {
        Ok(thumbs) => {
            for thumb in thumbs {
                blobs.remove(&thumb).await?;
            }
        }
        // Somebody wrote such a name by hand: there is no file to remove.
        Err(BlobError::Path(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    Ok(blobs.remove(path).await?)
}

/// Removes the files of a collection that no record names and nobody is about to give to one. Whoever
/// uploads meanwhile is safe: their files are not in the list, which is made first.
async fn remove_unnamed(app: &App, collection: &str) -> Result<(), Error> {
    let prefix = place::collection(collection);
    let stored = app.files.blobs.list(&prefix).await?;
    let announced = app.store.read(move |db| loose_files::announced(db, &prefix)).await?;
    let announced: HashSet<String> = announced.into_iter().collect();
    let mut by_record: HashMap<&str, Vec<&str>> = HashMap::new();
    for path in &stored {
        let Some((_, record, _)) = place::parts(path) else { continue };
        by_record.entry(record).or_default().push(path);
    }
    for (record, paths) in by_record {
        let named = names(app, collection, record).await?;
        for path in paths {
            let file = place::parts(path).map(|(_, _, name)| place::file(collection, record, name));
            if file.is_some_and(|file| !named.contains(&file) && !announced.contains(&file)) {
                app.files.blobs.remove(path).await?;
            }
        }
    }
    Ok(())
}

/// The paths of the files that the record names, if it is there.
async fn names(app: &App, collection: &str, record: &str) -> Result<HashSet<String>, Error> {
    let (collection, record) = (collection.to_owned(), record.to_owned());
    let found = app.store.read(move |db| {
        let schema = db.schema();
        match schema.by_id(&collection).filter(|collection| !collection.is_view()) {
            Some(collection) => records::by_id(db, collection, &record),
            None => Ok::<_, StoreError>(None),
        }
    });
    Ok(found
        .await?
        .map(|record| place::of_record(&record).into_iter().collect())
        .unwrap_or_default())
}
