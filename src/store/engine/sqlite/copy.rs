//! An online copy of a database file: one state of it, in one file, while reads and writes go on.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::store::CopyReport;
use crate::store::engine::sqlite::error::store_error;
use crate::store::engine::sqlite::open::{BUSY_TIMEOUT, FLAGS};
use crate::store::error::{Source, StoreError};

/// Pages of one step: 8 MB of 4 kB pages.
const STEP: i32 = 2_000;

/// Copies what stands in the file `from` into the new file `to`. When it fails, no file is left.
pub(in crate::store) fn copy(
    from: &Path,
    to: &Path,
    report: &CopyReport,
) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS;
    let source = Connection::open_with_flags(from, flags).map_err(store_error)?;
    source.busy_timeout(BUSY_TIMEOUT).map_err(store_error)?;
    // A transaction around all steps: a commit between two of them does not start the copy again, for
    // this connection does not see it.
    source.execute_batch("BEGIN").map_err(store_error)?;
    let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    source.query_row("SELECT count(*) FROM sqlite_schema", [], read).map_err(store_error)?;
    copy_state(&source, to, report)
}

/// Copies the state that `source` reads, in a transaction, into the new file `to`. When it fails, no file is
/// left.
pub(in crate::store) fn copy_state(
    source: &Connection,
    to: &Path,
    report: &CopyReport,
) -> Result<(), StoreError> {
    if to.exists() {
        let error = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(StoreError::Other(Source::new(error)));
    }
    let copied = copy_all(source, to, report);
    if copied.is_err() {
        // The error that is answered says more than a failure to clean up.
        let _ = std::fs::remove_file(to);
    }
    copied
}

fn copy_all(source: &Connection, to: &Path, report: &CopyReport) -> Result<(), StoreError> {
    let mut target = Connection::open(to).map_err(store_error)?;
    // Half a copy is none, so it needs neither a journal nor to be safe while it is made.
    target.pragma_update(None, "synchronous", "OFF").map_err(store_error)?;
    target.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(())).map_err(store_error)?;
    let file = File::open(to).map_err(failed)?;
    let backup = Backup::new(source, &mut target).map_err(store_error)?;
    loop {
        let step = backup.step(STEP).map_err(store_error)?;
        let progress = backup.progress();
        let pages = |count: i32| u64::from(count.unsigned_abs());
        let of = pages(progress.pagecount);
        report(of - pages(progress.remaining), of);
        match step {
            StepResult::Done => return Ok(()),
            // Little by little: what the system keeps back until it is much would make the commits of
            // others wait.
            StepResult::More => file.sync_data().map_err(failed)?,
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn failed(error: std::io::Error) -> StoreError {
    StoreError::Other(Source::new(error))
}

/// Changes a file as another program does, and leaves no log beside it.
#[cfg(test)]
pub(crate) fn change_file(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
    let end = "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE";
    connection.execute_batch(end).unwrap();
}
