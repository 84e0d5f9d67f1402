//! An online copy of the database: one state of it, in one file, while reads and writes go on.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::store::engine::sqlite::error::store_error;
use crate::store::error::{Source, StoreError};

/// Copies what `from` reads into the new file `to`. When it fails, no file is left.
pub(super) fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        let error = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(StoreError::Other(Source::new(error)));
    }
    let copied = copy_all(from, to);
    if copied.is_err() {
        // The error that is answered says more than a failure to clean up.
        let _ = std::fs::remove_file(to);
    }
    copied
}

fn copy_all(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let mut target = Connection::open(to).map_err(store_error)?;
    let backup = Backup::new(from, &mut target).map_err(store_error)?;
    // All pages in one step: in several, every commit in between would start the copy again.
    match backup.step(-1).map_err(store_error)? {
        StepResult::Done => Ok(()),
        _ => Err(StoreError::Busy),
    }
}
