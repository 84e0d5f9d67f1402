//! Why there is no backup, or nothing was restored. The texts are for superusers.

use std::io;

use zip::result::ZipError;

use crate::services::Error;
use crate::services::blobs::BlobError;
use crate::services::copy::CopyError;
use crate::store::{OpenError, StoreError};

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk has no room.
    #[error("there is no room left on the disk: free some of it, and try again")]
    Full,
    /// The archive is none that can be restored; nothing was changed.
    #[error("the archive cannot be restored: {0}")]
    Archive(String),
    /// The database does not let itself be read or written.
    #[error("the database failed: {0}")]
    Store(StoreError),
    /// One database does not become the other.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// Files cannot be read or written.
    #[error("{0}")]
    Files(String),
}

impl BackupError {
    /// A reason against an archive.
    pub(super) fn archive(reason: impl Into<String>) -> Self {
        Self::Archive(reason.into())
    }

    /// What stands against the database in an archive. The path of the scratch folder says nothing to
    /// anybody.
    pub(super) fn of_database(error: &OpenError) -> Self {
        let reason = match error {
            OpenError::NotADatabase { .. } => {
                "its data.db is not a SQLite database, or it is damaged".to_owned()
            }
            OpenError::Foreign { .. } => "its data.db was made by another program".to_owned(),
            OpenError::Newer { found, .. } => format!(
                "a newer version made it (it has the migration {found:?}); restore it with that version"
            ),
            OpenError::Incomplete { collection, .. } => format!(
                "it was made on PostgreSQL, and SQLite has no words for the view {collection:?}; \
                 restore it on PostgreSQL"
            ),
            OpenError::Sealed { .. } => {
                "its secrets are encrypted with another key; start with the key of then in \
                 FERROBASE_AUTH_KEY, or with it in FERROBASE_AUTH_PREVIOUS_KEY"
                    .to_owned()
            }
            other => other.to_string(),
        };
        Self::Archive(reason)
    }
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Files(error.to_string()),
        }
    }
}

impl From<ZipError> for BackupError {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => error.into(),
            error => Self::Files(error.to_string()),
        }
    }
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            error => Self::Store(error),
        }
    }
}

impl From<BlobError> for BackupError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Full(_) => Self::Full,
            error => Self::Files(error.to_string()),
        }
    }
}

/// Superusers alone get these answers, and they are the ones to help themselves.
impl From<BackupError> for Error {
    fn from(error: BackupError) -> Self {
        Self::BadRequest(format!("Nothing was done: {error}."))
    }
}
