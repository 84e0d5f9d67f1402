//! Where backups are: the folder `backups` of the data folder, or the bucket that the settings name.
//! Whoever lists them sees whole ones only.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use crate::domain::backups::BackupName;
use crate::services::app::App;
use crate::services::backups::error::BackupError;
use crate::services::backups::scratch::Scratch;
use crate::services::blobs::{Blob, BlobError, Blobs, Bucket, Folder, Spooled, Sync};
use crate::services::threads::aside;
use crate::services::{Error, settings};

/// What the names of archives begin with that are not whole yet.
pub(super) const DRAFT: &str = ".part-";

/// The content type of archives.
pub(super) const MIME: &str = "application/zip";

/// The place for backups.
pub(super) struct Place {
    blobs: Blobs,
}

/// What becomes of a backup that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// It stays, and the new one is refused.
    Stays,
    /// It goes.
    Goes,
}

/// What a list says of a backup.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) name: BackupName,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
}

/// The folder for backups in the data folder `dir`.
pub(super) fn folder(dir: &Path) -> PathBuf {
    dir.join("backups")
}

impl Place {
    /// The place that the settings of this moment name.
    ///
    /// # Errors
    /// When they cannot be read, or the place cannot be used.
    pub(super) async fn of(app: &App) -> Result<Self, Error> {
        let settings = settings::current(app).await?;
        let blobs = match &settings.backups.s3 {
            bucket if bucket.enabled => Blobs::Bucket(Bucket::new(bucket)?),
            _ => Blobs::Folder(Folder::open_at(folder(app.backups.dir()), Sync::Yes)?),
        };
        Ok(Self { blobs })
    }

    /// The folder, unless it is a bucket.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.blobs.folder()
    }

    /// Every backup, by name.
    ///
    /// # Errors
    /// Why they cannot be listed.
    pub(super) async fn list(&self) -> Result<Vec<Stored>, BlobError> {
        let mut found = match &self.blobs {
            Blobs::Folder(folder) => list_folder(folder.path())?,
            Blobs::Bucket(bucket) => {
                let entries = bucket.entries().await?.into_iter();
                let stored = entries.filter_map(|entry| {
                    let name = BackupName::parse(&entry.key)?;
                    Some(Stored { name, size: entry.size, modified: entry.modified })
                });
                stored.collect()
            }
        };
        found.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(found)
    }

    /// The backup called `name`, if there is one.
    ///
    /// # Errors
    /// Why it cannot be said.
    pub(super) async fn open(&self, name: &BackupName) -> Result<Option<Blob>, BlobError> {
        self.blobs.open(name.as_str()).await
    }

    /// Removes the backup called `name`; whether there was one.
    ///
    /// # Errors
    /// Why it cannot be removed.
    pub(super) async fn remove(&self, name: &BackupName) -> Result<bool, BlobError> {
        if self.open(name).await?.is_none() {
            return Ok(false);
        }
        match &self.blobs {
            // The folder stays, if it were empty then.
            Blobs::Folder(folder) => fs::remove_file(folder.path().join(name.as_str()))?,
            Blobs::Bucket(_) => self.blobs.remove(name.as_str()).await?,
        }
        Ok(true)
    }

    /// An empty file that an archive can be written into. It goes unless it is kept.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn draft(&self, scratch: &Scratch) -> io::Result<NamedTempFile> {
        // In the place itself, which may be another disk than the rest.
        let dir = self.folder().map_or_else(|| scratch.path(), Path::to_owned);
        let draft = tempfile::Builder::new().prefix(DRAFT).tempfile_in(dir)?;
        draft.as_file().lock()?;
        Ok(draft)
    }

    /// Makes a written draft the backup `name`. It is on the disk when this returns, or in the bucket;
    /// `false` when there is one of this name that stays.
    ///
    /// # Errors
    /// Why not; the draft is gone then.
    pub(super) async fn keep(
        &self,
        draft: NamedTempFile,
        name: &BackupName,
        existing: Existing,
    ) -> Result<bool, BackupError> {
        let Blobs::Folder(folder) = &self.blobs else {
            if existing == Existing::Stays && self.open(name).await?.is_some() {
                return Ok(false);
            }
            let archive = Spooled::of_file(draft.into_temp_path())?;
            self.blobs.store(name.as_str(), &archive, MIME).await?;
            return Ok(true);
        };
        let (folder, target) = (folder.path().to_owned(), folder.path().join(name.as_str()));
        let kept = aside("backup", move || keep_in(&folder, draft, &target, existing)).await;
        kept.unwrap_or_else(|| Err(BackupError::Files("it panicked, see the log".to_owned())))
    }
}

fn keep_in(
    folder: &Path,
    draft: NamedTempFile,
    target: &Path,
    existing: Existing,
) -> Result<bool, BackupError> {
    draft.as_file().sync_all()?;
    let kept = match existing {
        Existing::Stays => draft.persist_noclobber(target),
        Existing::Goes => draft.persist(target),
    };
    match kept {
        Ok(_) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error.error.into()),
    }
    File::open(folder)?.sync_all()?;
    Ok(true)
}

fn list_folder(folder: &Path) -> Result<Vec<Stored>, BlobError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().and_then(BackupName::parse) else { continue };
        // One that was removed meanwhile is not there.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            found.push(Stored { name, size: metadata.len(), modified });
        }
    }
    Ok(found)
}
