//! Backups and restores (contract B 7.3). A backup is a zip archive: one state of the database as a
//! SQLite file, and the stored files that it names. It is made while the server works.
//!
//! One backup or restore is under way at a time (`busy`), over all processes. What is made on the way is
//! in a scratch folder (`scratch`) or under a name that nobody lists (`place`), so that nothing half done
//! is ever seen. A restore of a data folder is a handful of renames that can be taken up where they were
//! cut off (`swap`); that of a PostgreSQL database is one transaction.

mod archive;
mod busy;
mod check;
mod create;
mod error;
mod list;
mod place;
mod restore;
mod schedule;
mod scratch;
pub mod swap;
mod trial;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

pub use busy::can_begin;
pub use check::Restored;
pub use create::{create, create_file};
pub use error::BackupError;
pub use list::{BackupView, Opened, delete, list, open, upload, upload_spool};
pub use restore::{fetch, import, put_files, restore, unpack};
pub(in crate::services) use schedule::run as run_scheduled;
pub(in crate::services) use scratch::Scratch;
pub use scratch::clear as clear_scratch;
pub(in crate::services) use swap::DATABASE_ALONE;
pub use trial::{Filesystem, test_s3};

use busy::Busy;

/// What backups of this process have in common.
#[derive(Debug)]
pub struct Backups {
    /// The data folder.
    dir: PathBuf,
    /// Whether this process is at one.
    busy: Arc<AtomicBool>,
    restart: Notify,
    /// Kept from a restore that waits for the process to start again.
    restarting: Mutex<Option<Busy>>,
}

/// What is being done, for whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The database is copied.
    Database,
    /// The database goes into the archive.
    Packing,
    /// Files go into the archive.
    Files,
    /// The archive goes to its place.
    Storing,
    /// The archive is taken apart.
    Unpacking,
    /// The database is put together from the files of a replica.
    Rebuilding,
}

/// How far it has come, in bytes; of files and of a replica, in how many files there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// With what.
    pub stage: Stage,
    /// What is done.
    pub done: u64,
    /// What there is, 0 when that is not known.
    pub of: u64,
}

/// Takes reports, on whatever thread the work runs.
pub type Report = Arc<dyn Fn(Progress) + Send + Sync>;

/// For whoever looks at nothing.
pub fn silent() -> Report {
    Arc::new(|_| ())
}

impl Backups {
    /// Of the data folder `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            busy: Arc::default(),
            restart: Notify::new(),
            restarting: Mutex::default(),
        }
    }

    /// The data folder.
    pub(in crate::services) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits until the process has to start again, so that a restore takes effect.
    pub async fn restart_wanted(&self) {
        self.restart.notified().await;
    }

    /// Lets the process start again. Nothing else begins until then.
    fn want_restart(&self, busy: Busy) {
        *self.restarting.lock().unwrap_or_else(PoisonError::into_inner) = Some(busy);
        self.restart.notify_one();
    }
}
