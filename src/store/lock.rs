//! The lock that keeps two servers off one data folder. Commands that only use the database do not
//! take it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::store::error::OpenError;

/// Holds `<dir>/.lock` until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DirLock {
    /// The lock belongs to the open file.
    _file: File,
}

impl DirLock {
    /// Takes the lock of `dir`, which must be there, and leaves this process's number in it.
    ///
    /// # Errors
    /// [`OpenError::InUse`] naming the holder, or [`OpenError::Folder`].
    pub fn acquire(dir: &Path) -> Result<Self, OpenError> {
        let folder = |source| OpenError::Folder { path: dir.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join(".lock"))
            .map_err(folder)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { path: dir.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(folder(error)),
        }
        let note = || -> std::io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        let mut note = note;
        note().map_err(folder)?;
        Ok(Self { _file: file })
    }
}

/// Who holds the lock, as far as the file says.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("process {text}")
        }
        _ => "another process".to_owned(),
    }
}
