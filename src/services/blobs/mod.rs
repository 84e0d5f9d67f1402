//! Where files are: a folder beside the database, or a bucket of a store that speaks S3. Knows paths
//! and bytes; which record a file belongs to, and who may read it, is decided elsewhere.

mod bucket;
mod folder;
mod spool;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

pub use bucket::{Bucket, Entry};
pub use folder::Folder;
pub use spool::{Spool, SpoolWriter, Spooled};

use crate::services::{BoxError, Error};

/// Bytes that [`Blobs::open`] reads at once: small files need nothing more.
pub const FIRST: u64 = 256 << 10;

/// Whether a stored file has to survive a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// It is on the disk before the next step.
    Yes,
    /// The system may take its time.
    No,
}

/// A place for files.
pub enum Blobs {
    /// A folder of this machine.
    Folder(Folder),
    /// A bucket.
    Bucket(Bucket),
}

/// Why a file cannot be stored, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk, or a quota, is full.
    #[error("there is no room left for files")]
    Full(#[source] std::io::Error),
    /// A path that names no file.
    #[error("{0:?} is no path of a file")]
    Path(String),
    /// Everything else that the system or the store says.
    #[error("files cannot be reached: {0}")]
    Other(#[source] BoxError),
}

/// A stored file that is open.
pub struct Blob {
    /// How many bytes it has.
    pub size: u64,
    /// When it was stored.
    pub modified: SystemTime,
    /// Its first [`FIRST`] bytes, or all of it.
    pub first: Bytes,
    rest: Rest,
}

enum Rest {
    /// There is no more than the first bytes.
    Nothing,
    Folder(folder::Rest),
    Bucket(bucket::Rest),
}

/// The bytes of a file, in pieces.
pub type Pieces = BoxStream<'static, Result<Bytes, BlobError>>;

impl Blobs {
    /// Whether they are in a folder, where other machines do not see them.
    pub const fn are_in_folder(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    /// The folder, when they are in one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder.path()),
            Self::Bucket(_) => None,
        }
    }

    /// Stores a file that came with a request under `path`, which is nobody's yet. When it returns, the
    /// file is as durable as the database.
    ///
    /// # Errors
    /// Why not; no part of it is there then, unless the process ends meanwhile.
    pub async fn store(&self, path: &str, spooled: &Spooled, mime: &str) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) => folder.store(path, spooled).await,
            Self::Bucket(bucket) => bucket.store(path, spooled, mime).await,
        }
    }

    /// Stores `bytes` under `path`, in the place of any other. It is there as a whole or not at all.
    ///
    /// # Errors
    /// Why not.
    pub async fn put(&self, path: &str, bytes: Bytes, mime: &str) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) => folder.put(path, bytes).await,
            Self::Bucket(bucket) => bucket.store(path, &Spooled::of(bytes), mime).await,
        }
    }

    /// The file under `path`, if there is one.
    ///
    /// # Errors
    /// Why it cannot be said.
    pub async fn open(&self, path: &str) -> Result<Option<Blob>, BlobError> {
        match self {
            Self::Folder(folder) => folder.open(path).await,
            Self::Bucket(bucket) => bucket.open(path).await,
        }
    }

    /// Removes the file under `path`, if there is one.
    ///
    /// # Errors
    /// Why not.
    pub async fn remove(&self, path: &str) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) => folder.remove(path).await,
            Self::Bucket(bucket) => bucket.remove(path).await,
        }
    }

    /// The paths of all files below `prefix`, which ends with a slash.
    ///
    /// # Errors
    /// Why they cannot be listed.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError> {
        match self {
            Self::Folder(folder) => folder.list(prefix).await,
            Self::Bucket(bucket) => bucket.list(prefix).await,
        }
    }
}

impl Blob {
    /// A file that is in memory.
    pub const fn of(bytes: Bytes, modified: SystemTime) -> Self {
        Self { size: bytes.len() as u64, modified, first: bytes, rest: Rest::Nothing }
    }

    /// A file that is open; `None` when it is something else, such as a folder. Waits for the disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn of_file(file: std::fs::File) -> std::io::Result<Option<Self>> {
        folder::of_file(file)
    }

    /// The bytes of `range`, which lies within the file.
    pub fn pieces(&self, range: Range<u64>) -> Pieces {
        let first = self.first.len() as u64;
        let known = range.start.min(first) as usize..range.end.min(first) as usize;
        let known = self.first.slice(known);
        let rest = range.start.max(first)..range.end;
        let known = futures_util::stream::iter((!known.is_empty()).then_some(Ok(known)));
        if rest.is_empty() {
            return known.boxed();
        }
        let rest = match &self.rest {
            Rest::Nothing => return known.boxed(),
            Rest::Folder(source) => source.pieces(rest),
            Rest::Bucket(source) => source.pieces(rest),
        };
        known.chain(rest).boxed()
    }

    /// The whole file, which is not larger than `most`.
    ///
    /// # Errors
    /// When it cannot be read; [`BlobError::Other`] when it is larger.
    pub async fn bytes(&self, most: u64) -> Result<Bytes, BlobError> {
        if self.size > most {
            return Err(BlobError::Other("the file is too large to be read at once".into()));
        }
        if self.first.len() as u64 == self.size {
            return Ok(self.first.clone());
        }
        let mut bytes = Vec::with_capacity(self.size as usize);
        let mut pieces = self.pieces(0..self.size);
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(bytes.into())
    }
}

impl From<std::io::Error> for BlobError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Full(error)
            }
            _ => Self::Other(error.into()),
        }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Path(_) => Self::NotFound,
            BlobError::Full(_) | BlobError::Other(_) => Self::unavailable(error),
        }
    }
}

/// Runs `work`, which waits for the disk, where it holds up nobody.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(BlobError::Other(error.into())))
}
