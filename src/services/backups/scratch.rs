//! Folders for what is only needed on the way. Each is locked by who made it, so that a start can remove
//! what an earlier process left, and nothing that another one is at.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Where they are, in the data folder.
const NAME: &str = ".scratch";

/// The file in each that its owner has locked.
const LOCK: &str = ".lock";

/// A folder that goes when this is dropped.
#[derive(Debug)]
pub(in crate::services) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    /// A new one in the data folder `dir`.
    ///
    /// # Errors
    /// What the system says.
    pub(in crate::services) fn new(dir: &Path) -> io::Result<Self> {
        let parent = dir.join(NAME);
        fs::create_dir_all(&parent)?;
        let folder = TempDir::new_in(parent)?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub(in crate::services) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

/// Removes what processes that are gone have left in the data folder `dir`.
///
/// # Errors
/// What the system says.
pub fn clear(dir: &Path) -> io::Result<()> {
    for entry in entries(&dir.join(NAME))? {
        let path = entry.path();
        if is_free(&path.join(LOCK))? {
            fs::remove_dir_all(path)?;
        }
    }
    let backups = super::place::folder(dir);
    for entry in entries(&backups)? {
        let is_draft = entry.file_name().to_string_lossy().starts_with(super::place::DRAFT);
        if is_draft && is_free(&entry.path())? {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether nobody has locked the file. One that is not there is free: its owner died early.
fn is_free(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_goes_and_what_is_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let used = Scratch::new(dir.path()).unwrap();
        let left = dir.path().join(NAME).join("left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("data.db"), "half").unwrap();
        let backups = dir.path().join("backups");
        fs::create_dir(&backups).unwrap();
        fs::write(backups.join(".part-left"), "half").unwrap();
        fs::write(backups.join("whole.zip"), "whole").unwrap();
        let draft = File::create(backups.join(".part-used")).unwrap();
        draft.lock().unwrap();
        clear(dir.path()).unwrap();
        assert!(used.path().is_dir() && !left.exists());
        assert!(!backups.join(".part-left").exists() && backups.join(".part-used").exists());
        assert!(backups.join("whole.zip").exists());
        let path = used.path();
        drop(used);
        assert!(!path.exists());
        clear(&dir.path().join("nowhere")).unwrap();
    }
}
