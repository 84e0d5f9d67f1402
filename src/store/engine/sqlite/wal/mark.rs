//! What tells a database file from itself after somebody has changed or replaced it.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Which file it is, how large, and when it was changed last. Whoever writes to it, puts another one in its
/// place or moves it changes this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMark(String);

impl FileMark {
    /// Of the file `path`, if there is one.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        let (device, number, size) = (file.dev(), file.ino(), file.size());
        let written = (file.mtime(), file.mtime_nsec());
        let changed = (file.ctime(), file.ctime_nsec());
        Some(Self(format!(
            "{device}:{number}:{size}:{}.{:09}:{}.{:09}",
            written.0, written.1, changed.0, changed.1
        )))
    }

    /// As it was [shown](fmt::Display) before.
    pub fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Of the file `path`, when it has no log.
    pub(in crate::store::engine::sqlite) fn without_log(path: &Path) -> Option<Self> {
        super::file::is_empty(path).then(|| Self::of(path)).flatten()
    }
}

impl fmt::Display for FileMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
