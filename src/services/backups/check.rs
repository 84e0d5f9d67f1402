//! Looking at an archive, and taking it apart. It may come from anybody: what it says of itself is held
//! to, no name in it leads anywhere but into the folder given, and it cannot fill the disk.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::domain::keyring::Keyring;
use crate::services::backups::error::BackupError;
use crate::services::backups::scratch::Scratch;
use crate::services::backups::{Progress, Report, Stage};
use crate::store::{Dialect, check_file};

/// Most files of an archive.
const MOST_FILES: usize = 5_000_000;

/// How many times its own size an archive may unpack to, once that is more than is worth asking about.
const MOST_RATIO: u64 = 300;
const HARMLESS: u64 = 1 << 30;

/// Room that is left on the disk for everything else.
const SPARE: u64 = 64 << 20;

/// Bytes of one name, and levels of folders in it.
const LONGEST_NAME: usize = 255;
const DEEPEST: usize = 8;

/// The files beside `storage/` that are restored. The logs of the databases are there when another
/// program made the archive.
const TOP: [&str; 4] = ["data.db", "data.db-wal", "auxiliary.db", "auxiliary.db-wal"];

/// Files of a kind that only hold permissions: `S_IFMT` and those for files and folders.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// An archive whose names and sizes are in order.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Places in the archive and where they go, relative.
    wanted: Vec<(usize, PathBuf)>,
    /// Bytes that they unpack to.
    pub(super) size: u64,
}

/// What an archive held, whole and checked, in a folder.
#[derive(Debug)]
pub struct Restored {
    /// Where it is; it goes with this.
    pub(super) scratch: Scratch,
}

impl Restored {
    /// In the folder `new` of `scratch`, which is filled by the caller.
    pub(in crate::services) const fn new(scratch: Scratch) -> Self {
        Self { scratch }
    }

    /// The folder with `data.db` and `storage`.
    pub fn path(&self) -> PathBuf {
        self.scratch.path().join("new")
    }
}

impl Archive {
    /// Opens the archive `path` and looks at what it says of itself, but at nothing in it. `room` is
    /// where it would be unpacked.
    ///
    /// # Errors
    /// [`BackupError::Archive`], or what cannot be read.
    pub(super) fn open(path: &Path, room: &Path) -> Result<Self, BackupError> {
        let file = File::open(path)?;
        let packed = file.metadata()?.len();
        let zip = ZipArchive::new(BufReader::new(file)).map_err(unreadable)?;
        let free = rustix::fs::statvfs(room).map_err(io::Error::from)?;
        let free = free.f_bavail.saturating_mul(free.f_frsize).saturating_sub(SPARE);
        Self::check(zip, packed, free)
    }

    fn check(
        mut zip: ZipArchive<BufReader<File>>,
        packed: u64,
        free: u64,
    ) -> Result<Self, BackupError> {
        if zip.len() > MOST_FILES {
            return refused(format!("it holds more than {MOST_FILES} files"));
        }
        let (mut wanted, mut names, mut size) = (Vec::new(), HashSet::new(), 0_u64);
        for place in 0..zip.len() {
            let entry = zip.by_index_raw(place).map_err(unreadable)?;
            let name = std::str::from_utf8(entry.name_raw())
                .map_err(|_| BackupError::archive("it holds a name that is not UTF-8"))?
                .to_owned();
            let kind = entry.unix_mode().map_or(0, |mode| mode & KIND);
            if entry.is_symlink() || ![0, FILE, FOLDER].contains(&kind) {
                return refused(format!("{name:?} in it is neither a file nor a folder"));
            }
            if entry.encrypted() {
                return refused("it is encrypted".to_owned());
            }
            check_name(&name)?;
            if !names.insert(name.trim_end_matches('/').to_owned()) {
                return refused(format!("{name:?} is in it more than once"));
            }
            if entry.is_dir() || !is_wanted(&name) {
                continue;
            }
            let method = entry.compression();
            if ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&method) {
                return refused(format!("{name:?} in it is packed by {method}"));
            }
            size = size.saturating_add(entry.size());
            drop(entry);
            wanted.push((place, PathBuf::from(name)));
        }
        if !names.contains("data.db") {
            return refused("it holds no data.db".to_owned());
        }
        if size > HARMLESS && size / MOST_RATIO > packed {
            return refused(format!("{size} bytes come out of it, which is too much for its size"));
        }
        if size > free {
            return refused(format!(
                "{size} bytes come out of it, and the disk has room for {free}"
            ));
        }
        if zip.has_overlapping_entries().map_err(unreadable)? {
            return refused("its files overlap".to_owned());
        }
        Ok(Self { zip, wanted, size })
    }

    /// Unpacks everything into the folder `new` of `scratch` and looks at the database: one that this
    /// version can use on `target`, with secrets that `keyring` opens.
    ///
    /// # Errors
    /// [`BackupError::Archive`], or what cannot be written.
    pub(super) fn unpack(
        mut self,
        scratch: Scratch,
        (keyring, target): (Keyring, Dialect),
        report: &Report,
    ) -> Result<Restored, BackupError> {
        let restored = Restored { scratch };
        let folder = restored.path();
        fs::create_dir(&folder)?;
        let (of, mut done) = (self.size, 0);
        let wanted = std::mem::take(&mut self.wanted);
        for (place, path) in wanted {
            done += self.unpack_one(place, &folder.join(&path))?;
            report(Progress { stage: Stage::Unpacking, done, of });
        }
        check_file(&folder.join("data.db"), keyring, target)
            .map_err(|error| BackupError::of_database(&error))?;
        // Looking at it may have made one.
        let _ = fs::remove_file(folder.join("data.db-shm"));
        Ok(restored)
    }

    /// How many bytes it was.
    fn unpack_one(&mut self, place: usize, target: &Path) -> Result<u64, BackupError> {
        let entry = self.zip.by_index(place).map_err(unreadable)?;
        let size = entry.size();
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = File::options().write(true).create_new(true).open(target)?;
        let mut file = BufWriter::with_capacity(256 << 10, file);
        // One byte more than it says tells that it lies.
        let written = copy(&mut entry.take(size.saturating_add(1)), &mut file)?;
        if written != size {
            return refused(format!("{} in it is not as long as it says", name_of(target)));
        }
        file.flush()?;
        Ok(written)
    }
}

/// What cannot be read is the archive's fault, what cannot be written is not.
fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<u64, BackupError> {
    let mut piece = vec![0; 256 << 10];
    let mut written = 0;
    loop {
        let read = match from.read(&mut piece) {
            Ok(0) => return Ok(written),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return refused(format!("a file in it cannot be read: {error}")),
        };
        to.write_all(&piece[..read])?;
        written += read as u64;
    }
}

/// Refuses every name that could lead out of a folder, on whatever system.
fn check_name(name: &str) -> Result<(), BackupError> {
    let parts: Vec<&str> = name.trim_end_matches('/').split('/').collect();
    let is_plain = |part: &&str| {
        !part.is_empty() && *part != "." && *part != ".." && part.len() <= LONGEST_NAME
    };
    let is_drive = |part: &str| part.len() == 2 && part.ends_with(':');
    let leads_away = !parts.iter().all(is_plain)
        || parts.len() > DEEPEST
        || is_drive(parts[0])
        || name.contains('\\')
        || name.chars().any(char::is_control);
    if leads_away { refused(format!("the name {name:?} in it may lead elsewhere")) } else { Ok(()) }
}

/// Whether a file is restored. Others may be there: whoever made the archive had more in the folder.
fn is_wanted(name: &str) -> bool {
    match name.strip_prefix("storage/") {
        Some(path) => !path.split('/').any(|part| part.starts_with('.')),
        None => TOP.contains(&name),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn unreadable(error: ZipError) -> BackupError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            BackupError::Archive(format!("it cannot be read: {error}"))
        }
        _ => BackupError::archive("it is not a zip archive, or it is damaged"),
    }
}

fn refused<T>(reason: String) -> Result<T, BackupError> {
    Err(BackupError::Archive(reason))
}

#[cfg(test)]
mod tests;
