//! Moving a deployment from one database into another, empty one: every record and account, and
//! what was set. First every value is looked at, then all is copied, read back and compared in one
//! transaction, so that half a copy never exists. Files of records are not in the database.

mod check;
mod error;
mod fill;
mod progress;
mod sum;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use error::{CopyError, Difference, Unfit};
pub use progress::{Phase, Progress, Report};
pub(in crate::services) use sum::Sum;
pub use sum::TableSum;

use crate::services::threads::aside;
use crate::store::{Dialect, Snapshot, Store, StoreError, Tx};
use check::Checked;

/// How long a copy may take: what it is about is its end, not its time.
const LIMIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A copy that was made and read back.
#[derive(Debug, Clone)]
pub struct Copied {
    /// What is the same on both sides, a row a table.
    pub tables: Vec<TableSum>,
    /// Tables that belong to no collection; they were left where they are.
    pub left_out: Vec<String>,
}

/// What follows in the transaction of a copy, once all is in its place.
pub type After = Arc<dyn Fn(&mut Tx) -> Result<(), StoreError> + Send + Sync>;

/// What the target is.
#[derive(Clone)]
pub enum Target {
    /// An empty database, to be served from then on.
    Empty,
    /// A database whose collections and what was set go, in the same transaction. Processes that serve
    /// it go on with what came instead.
    Replaced(After),
    /// A file that keeps what `source` holds, whatever that is. Views and indexes whose words only the
    /// other engine knows are left out of its tables; their definitions are there.
    Archive,
}

/// Copies what `source` holds into `target`, which must be empty, and reads it back.
///
/// # Errors
/// Why not; then nothing was copied.
pub async fn copy(source: Snapshot, target: &Store, report: Report) -> Result<Copied, CopyError> {
    copy_into(source, target, Target::Empty, report).await
}

/// Copies what `source` holds into `target`, which is what `kind` says, and reads it back.
///
/// # Errors
/// Why not; then nothing was copied, and the target is as it was.
pub async fn copy_into(
    source: Snapshot,
    target: &Store,
    kind: Target,
    report: Report,
) -> Result<Copied, CopyError> {
    let (source, checked) = checked(source, target.dialect(), Arc::clone(&report)).await?;
    let checked = Arc::new(checked);
    let run = Arc::new(Run {
        source: Mutex::new(source),
        checked: Arc::clone(&checked),
        target: kind,
        report,
        failure: Mutex::new(None),
        filled: AtomicBool::new(false),
    });
    let working = Arc::clone(&run);
    let written = target.write_with(LIMIT, move |tx| working.work(tx)).await;
    match written {
        Ok(()) => Ok(Copied { tables: checked.tables.clone(), left_out: checked.left_out.clone() }),
        Err(CopyError::Target(StoreError::Away(cause))) if run.filled.load(Ordering::Acquire) => {
            Err(CopyError::Unsure(cause))
        }
        Err(error) => Err(error),
    }
}

/// Looks at the source where that holds up nobody.
async fn checked(
    mut source: Snapshot,
    target: Dialect,
    report: Report,
) -> Result<(Snapshot, Checked), CopyError> {
    let looked = aside("check", move || {
        let checked = check::check(&mut source, target, &report)?;
        Ok((source, checked))
    });
    looked.await.unwrap_or(Err(CopyError::Source(StoreError::Panicked)))
}

/// What the transaction works with.
struct Run {
    source: Mutex<Snapshot>,
    checked: Arc<Checked>,
    target: Target,
    report: Report,
    /// Why the work failed.
    failure: Mutex<Option<CopyError>>,
    /// Whether all was done but the commit.
    filled: AtomicBool,
}

impl Run {
    /// All that happens in the transaction. A function may be run again when the connection broke;
    /// hours of work are started again by a person who knows why.
    fn work(&self, tx: &mut Tx) -> Result<(), CopyError> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failure.take() {
            return Err(error);
        }
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.fill_and_compare(tx, &mut source);
        self.filled.store(done.is_ok(), Ordering::Release);
        done.inspect_err(|error| *failure = Some(error.clone()))
    }

    fn fill_and_compare(&self, tx: &mut Tx, source: &mut Snapshot) -> Result<(), CopyError> {
        source.restart();
        fill::fill(tx, source, &self.checked, &self.target, &self.report)?;
        check::compare(tx, &self.checked, &self.report)?;
        if let Target::Replaced(after) = &self.target {
            after(tx)?;
        }
        if source.is_current().map_err(CopyError::Source)? {
            Ok(())
        } else {
            Err(CopyError::SourceChanged)
        }
    }
}
