//! Files in a folder of this machine, each under its path.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tempfile::NamedTempFile;

use crate::services::blobs::spool::{Content, Spool, Spooled, spool_dir};
use crate::services::blobs::{Blob, BlobError, FIRST, Pieces, Sync, off_thread};

/// Bytes of one read from the disk, which takes a thread of its own.
const PIECE: u64 = 256 << 10;

/// Bytes of one read from memory: few enough that they are still at hand for the socket.
const CACHED_PIECE: u64 = 64 << 10;

/// A folder of files.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: PathBuf,
    sync: Sync,
}

/// An open file.
pub(super) struct Rest(Arc<File>);

impl Folder {
    /// The folder `dir`, which is made when it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn open_at(dir: PathBuf, sync: Sync) -> Result<Self, BlobError> {
        fs::create_dir_all(spool_dir(&dir))?;
        Ok(Self { dir, sync })
    }

    /// Removes the uploads that an earlier process did not finish. Nobody else may use the folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn clear_spool(dir: &Path) -> Result<(), BlobError> {
        match fs::remove_dir_all(spool_dir(dir)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Where files on their way in wait.
    pub fn spool(&self) -> Spool {
        Spool::new(spool_dir(&self.dir))
    }

    pub(super) async fn store(&self, path: &str, spooled: &Spooled) -> Result<(), BlobError> {
        let target = self.target(path)?;
        let source = match spooled.content() {
            Content::Memory(bytes) => Source::Bytes(bytes.clone()),
            Content::Disk(path) => Source::File(path.to_path_buf()),
            Content::Gone => return Err(BlobError::Other("the file was not kept".into())),
        };
        let this = self.clone();
        off_thread(move || Ok(this.place(&target, &source)?)).await
    }

    /// Stores `bytes` so that whoever looks sees all of them or none.
    pub(super) async fn put(&self, path: &str, bytes: Bytes) -> Result<(), BlobError> {
        let target = self.target(path)?;
        let this = self.clone();
        off_thread(move || {
            let mut file = NamedTempFile::new_in(spool_dir(&this.dir))?;
            file.write_all(&bytes)?;
            Ok(this.place(&target, &Source::File(file.path().to_owned()))?)
        })
        .await
    }

    /// Puts the content under its name. All folders above are written to the disk, also those that
    /// somebody else has just made; after the file, for most file systems do so with it.
    fn place(&self, target: &Path, source: &Source) -> io::Result<()> {
        let parent = target.parent().unwrap_or(&self.dir);
        // Whoever removes the last file of a record takes the empty folder away too.
        for last in [false, true] {
            self.make_dirs(parent)?;
            match self.place_in(target, source) {
                Err(error) if error.kind() == ErrorKind::NotFound && !last => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        if self.sync == Sync::No {
            return Ok(());
        }
        let mut above = parent.ancestors().take_while(|dir| dir.starts_with(&self.dir));
        above.try_for_each(|dir| File::open(dir)?.sync_all())
    }

    /// Bytes are written under the name at once: nobody knows it before a record has it.
    fn place_in(&self, target: &Path, source: &Source) -> io::Result<()> {
        match source {
            Source::Bytes(bytes) => {
                let mut file = File::create(target)?;
                let written = file.write_all(bytes).and_then(|()| self.sync_file(&file));
                // Half a file is none.
                written.inspect_err(|_| drop(fs::remove_file(target)))
            }
            Source::File(path) => {
                self.sync_file(&File::open(path)?)?;
                // A second name, so that the temporary one still goes with its owner.
                fs::hard_link(path, target).or_else(|_| fs::rename(path, target))
            }
        }
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        if self.sync == Sync::Yes { file.sync_all() } else { Ok(()) }
    }

    /// Makes the folder `dir` and those above it.
    fn make_dirs(&self, dir: &Path) -> io::Result<()> {
        let mut made = fs::create_dir(dir);
        if made.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) && dir != self.dir
        {
            self.make_dirs(dir.parent().unwrap_or(&self.dir))?;
            made = fs::create_dir(dir);
        }
        match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    pub(super) async fn open(&self, path: &str) -> Result<Option<Blob>, BlobError> {
        let Ok(target) = self.target(path) else { return Ok(None) };
        off_thread(move || {
            let file = match File::open(&target) {
                Ok(file) => file,
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(of_file(file)?)
        })
        .await
    }

    pub(super) async fn remove(&self, path: &str) -> Result<(), BlobError> {
        let Ok(target) = self.target(path) else { return Ok(()) };
        let this = self.clone();
        off_thread(move || {
            match fs::remove_file(&target) {
                Err(error) if !is_absent(&error) => return Err(error.into()),
                _ => {}
            }
            // The folder of a record goes with its last file; only an empty one can.
            let mut parent = target.parent();
            while let Some(dir) = parent.filter(|dir| *dir != this.dir) {
                if fs::remove_dir(dir).is_err() {
                    break;
                }
                parent = dir.parent();
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError> {
        let dir = self.target(prefix.trim_end_matches('/'))?;
        let root = self.dir.clone();
        off_thread(move || {
            let mut found = Vec::new();
            let mut open = vec![dir];
            while let Some(dir) = open.pop() {
                let entries = match fs::read_dir(&dir) {
                    Ok(entries) => entries,
                    Err(error) if is_absent(&error) => continue,
                    Err(error) => return Err(error.into()),
                };
                for entry in entries {
                    let entry = entry?;
                    if entry.file_type()?.is_dir() {
                        open.push(entry.path());
                    } else if let Some(path) =
                        entry.path().strip_prefix(&root).ok().and_then(Path::to_str)
                    {
                        found.push(path.to_owned());
                    }
                }
            }
            Ok(found)
        })
        .await
    }

    /// The place of `path` on the disk. A path that would lead elsewhere is none.
    fn target(&self, path: &str) -> Result<PathBuf, BlobError> {
        let is_plain =
            |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', '\0']);
        if path.split('/').all(is_plain) {
            Ok(self.dir.join(path))
        } else {
            Err(BlobError::Path(path.to_owned()))
        }
    }
}

/// An open file; `None` when it is something else, such as a folder.
pub(super) fn of_file(file: File) -> io::Result<Option<Blob>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let size = metadata.len();
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let first = read_at(&file, 0..size.min(FIRST))?;
    Ok(Some(Blob { size, modified, first, rest: super::Rest::Folder(Rest(file.into())) }))
}

enum Source {
    Bytes(Bytes),
    File(PathBuf),
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename
    )
}

/// The bytes of `range` when the system has them in memory, so that reading them waits for nothing.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, range: Range<u64>) -> Option<Bytes> {
    use rustix::io::{ReadWriteFlags, preadv2};

    let mut bytes = BytesMut::zeroed((range.end - range.start) as usize);
    let mut parts = [io::IoSliceMut::new(&mut bytes)];
    let read = preadv2(file, &mut parts, range.start, ReadWriteFlags::NOWAIT).ok()?;
    (read == bytes.len()).then(|| bytes.freeze())
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_: &File, _: Range<u64>) -> Option<Bytes> {
    None
}

fn read_at(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let mut bytes = BytesMut::zeroed((range.end - range.start) as usize);
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes.freeze())
}

impl Rest {
    pub(super) fn pieces(&self, range: Range<u64>) -> Pieces {
        let file = Arc::clone(&self.0);
        futures_util::stream::try_unfold((file, range), |(file, range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let near = range.start..range.end.min(range.start + CACHED_PIECE);
            if let Some(bytes) = read_cached(&file, near.clone()) {
                return Ok(Some((bytes, (file, near.end..range.end))));
            }
            let end = range.end.min(range.start + PIECE);
            let source = Arc::clone(&file);
            let bytes = off_thread(move || Ok(read_at(&source, range.start..end)?)).await?;
            Ok(Some((bytes, (file, end..range.end))))
        })
        .boxed()
    }
}
