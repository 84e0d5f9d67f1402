//! Files of records: on their way in with a request, out to whoever may read them, and away when no
//! record names them any more.
//!
//! A file is stored before the transaction that names it and removed after the one that stops naming
//! it. In between it is written down as loose ([`crate::store::loose_files`]), so that whatever is
//! cut off, no record names a file that is not there and none is forgotten.

pub mod download;
pub mod loose;
pub mod place;
pub mod removals;
pub mod thumbs;
pub mod token;
pub mod uploads;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::domain::event::Event;
use crate::domain::fields::FieldKind;
use crate::domain::record::Record;
use crate::domain::settings::S3;
use crate::services::blobs::{BlobError, Blobs, Bucket, Folder, Spool, Sync};
use crate::services::files::removals::Removals;
use crate::services::files::thumbs::Thumbs;

/// What the use cases of files work with.
pub struct Files {
    /// Where stored files are.
    pub blobs: Arc<Blobs>,
    /// Where files wait that come with a request.
    pub spool: Spool,
    /// Thumbnails under way.
    pub thumbs: Thumbs,
    /// Whether files may be removed now.
    pub removals: Removals,
    /// Somebody may have made files loose.
    loosened: Arc<Notify>,
}

impl Files {
    /// Files in the folder `dir`, which is made when it is not there.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn in_folder(dir: PathBuf, sync: Sync, loosened: Arc<Notify>) -> Result<Self, BlobError> {
        let (folder, removals) = (Folder::open_at(dir.clone(), sync)?, Removals::of(&dir));
        let spool = folder.spool();
        Ok(Self::new(Arc::new(Blobs::Folder(folder)), spool, removals, loosened))
    }

    /// Files in a bucket; those on their way to it wait in the folder `dir`.
    ///
    /// # Errors
    /// When the settings are not those of a bucket, or the folder cannot be used.
    pub fn in_bucket(
        settings: &S3,
        dir: PathBuf,
        loosened: Arc<Notify>,
    ) -> Result<Self, BlobError> {
        let spool = Folder::open_at(dir.clone(), Sync::No)?.spool();
        let bucket = Blobs::Bucket(Bucket::new(settings)?);
        Ok(Self::new(Arc::new(bucket), spool, Removals::of(&dir), loosened))
    }

    /// Files in `blobs`. `loosened` is told by [`announce`] of every commit.
    fn new(blobs: Arc<Blobs>, spool: Spool, removals: Removals, loosened: Arc<Notify>) -> Self {
        Self { blobs, spool, thumbs: Thumbs::default(), removals, loosened }
    }

    /// Lets loose files be looked for again: what had to stay may go.
    pub fn look_again(&self) {
        self.loosened.notify_one();
    }

    /// Waits until files may have become loose.
    pub async fn loosened(&self) {
        self.loosened.notified().await;
    }
}

/// Tells `loosened` when one of the committed `events` may have made files loose.
pub fn announce(events: &[Event], loosened: &Notify) {
    let has_files = |record: &Record| {
        record.collection().fields.iter().any(|field| matches!(field.kind, FieldKind::File(_)))
    };
    let is_reason = |event: &Event| match event {
        Event::Updated { old, .. } => has_files(old),
        Event::Deleted(record) => has_files(record),
        Event::SchemaChanged => true,
        Event::Created(_) | Event::SignedOut { .. } | Event::Queued => false,
    };
    if events.iter().any(is_reason) {
        loosened.notify_one();
    }
}
