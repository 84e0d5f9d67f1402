//! Where a replica is: a folder, or a part of a bucket.

use std::fs;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;
use tempfile::{NamedTempFile, TempPath};

use crate::config::ReplicaPlace;
use crate::services::blobs::{Blobs, Bucket, Folder, Spooled, Sync};
use crate::services::replica::ReplicaError;
use crate::services::threads::aside;

const MIME: &str = "application/octet-stream";

/// Most bytes of a file that is read at once: more than any segment has.
const MOST: u64 = 64 << 20;

/// A place that can be reached.
pub(super) struct Place {
    blobs: Blobs,
    /// Empty, or ending with a slash.
    prefix: String,
    shown: String,
}

/// How a place is called where no secret may be seen.
pub(super) fn shown(place: &ReplicaPlace) -> String {
    match place {
        ReplicaPlace::Folder(folder) => folder.display().to_string(),
        ReplicaPlace::Bucket(bucket, prefix) => {
            format!("{prefix} in the bucket {} at {}", bucket.bucket, bucket.endpoint)
        }
    }
}

impl Place {
    /// The place. A folder has to be there: one that is not may be a disk that is not mounted.
    ///
    /// # Errors
    /// What stands against it.
    pub(super) fn open(place: &ReplicaPlace) -> Result<Self, ReplicaError> {
        let shown = shown(place);
        let (blobs, prefix) = match place {
            ReplicaPlace::Folder(folder) => {
                if !folder.is_dir() {
                    return Err(ReplicaError::NoFolder(folder.clone()));
                }
                let folder = Folder::open_at(folder.clone(), Sync::Yes)?;
                (Blobs::Folder(folder), String::new())
            }
            ReplicaPlace::Bucket(bucket, prefix) => {
                (Blobs::Bucket(Bucket::new(bucket)?), format!("{prefix}/"))
            }
        };
        Ok(Self { blobs, prefix, shown })
    }

    /// How it is called.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Says so when a folder has gone away: it is never made again.
    fn check(&self) -> Result<(), ReplicaError> {
        match self.blobs.folder() {
            Some(folder) if !folder.is_dir() => Err(ReplicaError::NoFolder(folder.to_owned())),
            _ => Ok(()),
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Stores a file under a name that nobody else uses.
    ///
    /// # Errors
    /// [`ReplicaError::Foreign`] when another one is there.
    pub(super) async fn put_new(&self, name: &str, bytes: Bytes) -> Result<(), ReplicaError> {
        match self.get(name).await? {
            // An earlier try came further than it knew.
            Some(stored) if stored == bytes => return Ok(()),
            Some(_) => return Err(ReplicaError::Foreign(self.shown.clone())),
            None => {}
        }
        self.put(name, bytes).await
    }

    /// Stores a file in the place of any other.
    pub(super) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), ReplicaError> {
        self.check()?;
        Ok(self.blobs.put(&self.path(name), bytes, MIME).await?)
    }

    /// Removes what an earlier process left half written. Nobody else may write to the place.
    pub(super) fn tidy(&self) -> Result<(), ReplicaError> {
        if let Blobs::Folder(folder) = &self.blobs {
            Folder::clear_spool(folder.path())?;
            fs::create_dir(folder.spool().dir())?;
        }
        Ok(())
    }

    /// Stores a file of the disk, which goes.
    pub(super) async fn put_file(&self, name: &str, file: TempPath) -> Result<(), ReplicaError> {
        self.check()?;
        let file = match &self.blobs {
            // A folder is on another disk than the data, if it is worth anything.
            Blobs::Folder(folder) => {
                let spool = folder.spool().dir().to_owned();
                let moved = aside("snapshot", move || move_to(&spool, file)).await;
                moved.ok_or_else(|| std::io::Error::other("it panicked, see the log"))??
            }
            Blobs::Bucket(_) => file,
        };
        let file = Spooled::of_file(file)?;
        Ok(self.blobs.store(&self.path(name), &file, MIME).await?)
    }

    /// A file, if it is there.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Bytes>, ReplicaError> {
        self.check()?;
        match self.blobs.open(&self.path(name)).await? {
            Some(blob) => Ok(Some(blob.bytes(MOST).await?)),
            None => Ok(None),
        }
    }

    /// The first bytes of a file, if it is there.
    pub(super) async fn head(&self, name: &str) -> Result<Option<Bytes>, ReplicaError> {
        Ok(self.blobs.open(&self.path(name)).await?.map(|blob| blob.first))
    }

    /// Brings a file to the disk as `to`; whether it is there.
    pub(super) async fn fetch(&self, name: &str, to: &Path) -> Result<bool, ReplicaError> {
        let Some(blob) = self.blobs.open(&self.path(name)).await? else { return Ok(false) };
        let mut file = fs::File::create(to)?;
        let mut pieces = blob.pieces(0..blob.size);
        while let Some(piece) = pieces.next().await {
            file.write_all(&piece?)?;
        }
        Ok(true)
    }

    /// The names of all files that begin with the folder `folder`.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, ReplicaError> {
        self.check()?;
        let found = self.blobs.list(&self.path(folder)).await?.into_iter();
        let names = found.filter_map(|path| Some(path.strip_prefix(&self.prefix)?.to_owned()));
        Ok(names.collect())
    }

    /// Removes a file.
    pub(super) async fn remove(&self, name: &str) -> Result<(), ReplicaError> {
        Ok(self.blobs.remove(&self.path(name)).await?)
    }
}

fn move_to(folder: &Path, file: TempPath) -> std::io::Result<TempPath> {
    let mut moved = NamedTempFile::new_in(folder)?;
    std::io::copy(&mut fs::File::open(&file)?, moved.as_file_mut())?;
    Ok(moved.into_temp_path())
}
