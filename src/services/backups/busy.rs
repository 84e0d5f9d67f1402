//! One backup or restore at a time: in this process, beside other processes on the same data folder,
//! and beside all that use the same database.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::services::Error;
use crate::services::app::App;
use crate::store::Held;

/// The right to be the only one, until it is [given back](Busy::end).
pub(super) struct Busy {
    flag: Arc<AtomicBool>,
    /// The lock of the data folder. The system lets go of it however the process ends.
    file: Option<File>,
    /// The lock of the database.
    held: Option<Held>,
}

impl std::fmt::Debug for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Busy")
    }
}

impl Busy {
    /// Takes the right.
    ///
    /// # Errors
    /// `BadRequest` when somebody has it.
    pub(super) async fn begin(app: &App) -> Result<Self, Error> {
        let flag = Arc::clone(&app.backups.busy);
        if flag.swap(true, Ordering::SeqCst) {
            return Err(taken());
        }
        // From here on dropping it lets go of what was taken.
        let mut busy = Self { flag, file: None, held: None };
        busy.file = Some(lock(app.backups.dir()).map_err(Error::internal)?.ok_or_else(taken)?);
        busy.held = Some(app.store.hold().await?.ok_or_else(taken)?);
        Ok(busy)
    }

    /// Gives the right back: when this returns, somebody else may have it.
    pub(super) async fn end(mut self) {
        if let Some(held) = self.held.take() {
            held.release().await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // Before the flag: whoever sees that free must not meet the lock.
        self.file = None;
        self.held = None;
        self.flag.store(false, Ordering::SeqCst);
    }
}

/// Whether a backup could begin now, as far as that can be said without beginning one.
///
/// # Errors
/// When the database cannot be asked.
pub async fn can_begin(app: &App) -> Result<bool, Error> {
    if app.backups.busy.load(Ordering::SeqCst) {
        return Ok(false);
    }
    Ok(!app.store.is_held().await?)
}

fn lock(dir: &Path) -> io::Result<Option<File>> {
    let folder = super::place::folder(dir);
    fs::create_dir_all(&folder)?;
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(false);
    let file = file.open(folder.join(".lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn taken() -> Error {
    Error::bad_request("Another backup or restore is under way. Try again when it has ended.")
}
