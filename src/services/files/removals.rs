//! Who reads all files of one state of the database needs them to stay until that is done. A lock of the
//! file system says so to every process that uses the folder, and ends with the process that has it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

/// How long it takes until it is tried again: a few hundred files are removed at one time.
const PAUSE: Duration = Duration::from_millis(10);

/// The right to remove files, which may be withheld.
#[derive(Debug)]
pub struct Removals {
    path: PathBuf,
}

/// The lock, until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Removals {
    /// Of the files in `dir`. The lock is beside it, for `dir` itself may be replaced.
    pub(super) fn of(dir: &std::path::Path) -> Self {
        Self { path: dir.with_file_name(".removals") }
    }

    /// Lets files be removed until the answer is dropped; `None` while they have to stay.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn permit(&self) -> io::Result<Option<Lock>> {
        let file = self.open()?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Keeps all files until the answer is dropped. Waits for removals under way.
    ///
    /// # Errors
    /// What the system says.
    pub async fn withhold(&self) -> io::Result<Lock> {
        let file = self.open()?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) => sleep(PAUSE).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn open(&self) -> io::Result<File> {
        File::options().read(true).write(true).create(true).truncate(false).open(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_are_removed_or_kept_and_never_both() {
        let folder = tempfile::tempdir().unwrap();
        let removals = Removals::of(&folder.path().join("storage"));
        let (one, other) = (removals.permit().unwrap().unwrap(), removals.permit().unwrap());
        assert!(other.is_some(), "removals do not wait for each other");
        let mut withheld = Box::pin(removals.withhold());
        assert!(futures_util::poll!(&mut withheld).is_pending());
        drop((one, other));
        let kept = withheld.await.unwrap();
        assert!(removals.permit().unwrap().is_none());
        drop(kept);
        assert!(removals.permit().unwrap().is_some());
    }
}
