//! The files of records: copied from PocketBase's folder, read back and compared. Names come from
//! the database and lead nowhere but into that folder.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::services::pocketbase::error::ImportError;
use crate::services::pocketbase::progress::{Meter, Phase, Report};

/// Bytes of one read.
const PIECE: usize = 256 << 10;

/// What became of the files that records name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilesFound {
    /// How many were copied.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Paths of those that are not in the folder.
    pub missing: Vec<String>,
}

/// Copies the files `paths` from the folder `from` into the new folder `to`.
///
/// # Errors
/// What cannot be read or written, or a copy that is not the same. A file that is not there is none.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    paths: Vec<String>,
    report: &Report,
) -> Result<FilesFound, ImportError> {
    let mut found = FilesFound::default();
    let mut meter = Meter::new(report, Phase::Files, paths.len() as u64);
    for path in paths {
        if !is_plain(&path) {
            found.missing.push(path);
            continue;
        }
        match copy_one(&from.join(&path), &to.join(&path)) {
            Ok(Some(bytes)) => {
                found.copied += 1;
                found.bytes += bytes;
            }
            Ok(None) => return Err(ImportError::FileDiffers(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => found.missing.push(path),
            Err(source) => return Err(ImportError::File { path: PathBuf::from(path), source }),
        }
        meter.step();
    }
    Ok(found)
}

/// Whether the path names a file of a record, and leads nowhere else.
fn is_plain(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && *part != "." && *part != "..")
        && !path.contains('\0')
}

/// How many bytes were copied; nothing when the copy is not the same.
fn copy_one(from: &Path, to: &Path) -> io::Result<Option<u64>> {
    let mut source = File::open(from)?;
    if !source.metadata()?.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut target = File::create(to)?;
    let (bytes, sum) = each_piece(&mut source, |piece| target.write_all(piece))?;
    target.sync_all()?;
    drop(target);
    let (_, copied) = each_piece(&mut File::open(to)?, |_| Ok(()))?;
    Ok((sum == copied).then_some(bytes))
}

/// How many bytes there are, and their checksum.
fn each_piece(
    file: &mut File,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, Vec<u8>)> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => return Ok((bytes, hash.finalize().to_vec())),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&piece[..read]);
        take(&piece[..read])?;
        bytes += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::services::pocketbase::Progress;

    #[test]
    fn files_that_are_not_there_and_names_that_lead_elsewhere_are_missing() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("c/r/folder")).unwrap();
        fs::write(from.join("c/r/a.txt"), "bytes").unwrap();
        fs::write(dir.path().join("secret"), "x").unwrap();
        let lost = ["c/r/b.txt", "c/r/folder", "c/../../secret", "../secret", "c/r/", "c//a.txt"];
        let paths = ["c/r/a.txt"].iter().chain(&lost).map(|path| (*path).to_owned()).collect();
        let report: Report = Arc::new(|_: &Progress| ());
        let found = copy(&from, &to, paths, &report).unwrap();
        assert_eq!((found.copied, found.bytes), (1, 5));
        assert_eq!(found.missing, lost);
        assert_eq!(fs::read(to.join("c/r/a.txt")).unwrap(), b"bytes");
        assert_eq!(fs::read_dir(to.join("c/r")).unwrap().count(), 1);
    }
}
