//! Writing the archive: `data.db`, `auxiliary.db` when there is one, and the files that records of that
//! database name, as `storage/collection/record/name`.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::domain::files::sniff::{self, sniff};
use crate::services::backups::error::BackupError;
use crate::services::backups::{Progress, Report, Stage};
use crate::services::files::place;
use crate::store::{Snapshot, StoreError, copying};

/// Little is gained by more than the quickest.
const LEVEL: i64 = 1;

/// Bytes that are read, and that are written at once.
const PIECE: usize = 256 << 10;

/// Bytes after which the disk is to have what was written: what the system keeps back until it is much
/// would make the commits of the server wait.
const STEADY: u64 = 8 << 20;

/// A file from this size on is written in the form for large ones, whatever it is compressed to.
const LARGE: u64 = 0xFFFF_0000;

/// Files between two reports.
const FILES: u64 = 256;

/// What goes in.
pub(super) struct Sources {
    /// The folder with the copy of the database.
    pub(super) database: PathBuf,
    /// The copy of the other one.
    pub(super) auxiliary: Option<PathBuf>,
    /// The folder of the stored files, unless they are in a bucket.
    pub(super) files: Option<PathBuf>,
}

type Zip<'a> = ZipWriter<BufWriter<Steady<'a>>>;

/// Writes the archive into the empty file `draft`.
///
/// # Errors
/// What cannot be read or written.
pub(super) fn write(draft: &File, sources: &Sources, report: &Report) -> Result<(), BackupError> {
    let steady = Steady { file: draft, unsafe_bytes: 0 };
    let mut zip = ZipWriter::new(BufWriter::with_capacity(PIECE, steady));
    let database = sources.database.join("data.db");
    let size = std::fs::metadata(&database)?.len();
    let told = |done| report(Progress { stage: Stage::Packing, done, of: size });
    add_file(&mut zip, "data.db", &mut File::open(&database)?, &told)?;
    if let Some(auxiliary) = &sources.auxiliary {
        add_file(&mut zip, "auxiliary.db", &mut File::open(auxiliary)?, &|_| ())?;
    }
    if let Some(files) = &sources.files {
        add_stored_files(&mut zip, &sources.database, files, report)?;
    }
    zip.finish()?.flush()?;
    Ok(())
}

/// Adds the files that records of the database in `database` name.
fn add_stored_files(
    zip: &mut Zip<'_>,
    database: &Path,
    files: &Path,
    report: &Report,
) -> Result<(), BackupError> {
    let failed = |error: crate::store::OpenError| BackupError::Files(error.to_string());
    let mut snapshot = Snapshot::open(database).map_err(failed)?;
    let schema = snapshot.schema();
    let has_files = |collection: &&std::sync::Arc<crate::domain::collection::Collection>| {
        !collection.is_view() && collection.fields.iter().any(place::is_file)
    };
    let (mut added, mut missing, mut failure) = (0, 0_u64, None);
    for collection in schema.collections().iter().filter(has_files) {
        let read = copying::each_record(&mut snapshot, collection, |record| {
            for path in place::of_record(&record) {
                match add_stored_file(zip, files, &path) {
                    Ok(true) => added += 1,
                    Ok(false) => missing += 1,
                    Err(error) => {
                        failure = Some(error);
                        // Ends the reading; the reason is the other one.
                        return Err(StoreError::Closed);
                    }
                }
                if added % FILES == 0 {
                    report(Progress { stage: Stage::Files, done: added, of: 0 });
                }
            }
            Ok(())
        });
        match (failure.take(), read) {
            (Some(error), _) => return Err(error),
            (None, read) => read?,
        }
    }
    report(Progress { stage: Stage::Files, done: added, of: added });
    if missing > 0 {
        tracing::warn!(
            missing,
            "files that records name are not there, and not in the backup either"
        );
    }
    Ok(())
}

/// Adds one stored file; `false` when it is not there.
fn add_stored_file(zip: &mut Zip<'_>, files: &Path, path: &str) -> Result<bool, BackupError> {
    // Rows that somebody wrote by hand may hold anything.
    if !path.split('/').all(|part| !part.is_empty() && part != "." && part != "..") {
        return Ok(false);
    }
    let mut file = match File::open(files.join(path)) {
        Ok(file) if file.metadata()?.is_file() => file,
        Ok(_) => return Ok(false),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    add_file(zip, &format!("storage/{path}"), &mut file, &|_| ())?;
    Ok(true)
}

fn add_file(
    zip: &mut Zip<'_>,
    name: &str,
    file: &mut File,
    told: &dyn Fn(u64),
) -> Result<(), BackupError> {
    let size = file.metadata()?.len();
    let mut piece = vec![0; PIECE.min(usize::try_from(size).unwrap_or(PIECE)).max(1)];
    let mut length = fill(file, &mut piece)?;
    let method = if is_compressed(&sniff(&piece[..length.min(sniff::HEAD)]).mime) {
        CompressionMethod::Stored
    } else {
        CompressionMethod::Deflated
    };
    let level = (method == CompressionMethod::Deflated).then_some(LEVEL);
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .compression_level(level)
        .large_file(size >= LARGE)
        .unix_permissions(0o600);
    zip.start_file(name, options)?;
    let mut done = 0;
    while length > 0 {
        zip.write_all(&piece[..length])?;
        done += length as u64;
        told(done);
        length = fill(file, &mut piece)?;
    }
    Ok(())
}

/// Reads until the buffer is full or the file is over.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Whether content of this type becomes no smaller.
fn is_compressed(mime: &str) -> bool {
    const PACKED: [&str; 13] = [
        "application/zip",
        "application/gzip",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/x-rar-compressed",
        "application/pdf",
        "application/epub+zip",
        "application/jar",
        "application/ogg",
        "font/woff",
        "font/woff2",
    ];
    const PLAIN: [&str; 5] =
        ["image/svg+xml", "image/bmp", "image/tiff", "audio/wav", "audio/basic"];
    let is_media = ["image/", "audio/", "video/"].iter().any(|kind| mime.starts_with(kind));
    PACKED.contains(&mime)
        || mime.starts_with("application/vnd.openxmlformats")
        || (is_media && !PLAIN.contains(&mime))
}

/// A file that is brought to the disk as it is written.
struct Steady<'a> {
    file: &'a File,
    unsafe_bytes: u64,
}

impl Write for Steady<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsafe_bytes += written as u64;
        if self.unsafe_bytes >= STEADY {
            self.file.sync_data()?;
            self.unsafe_bytes = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Steady<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
