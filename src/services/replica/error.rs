//! Why nothing can be shipped, or restored. The texts are for people who run the server.

use std::path::PathBuf;

use crate::domain::time::Timestamp;
use crate::services::backups::BackupError;
use crate::services::blobs::BlobError;
use crate::services::replica::moments::Ranges;
use crate::store::{Lost, OpenError, StoreError};

/// Why a replica cannot be written, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The folder is not there.
    #[error(
        "the folder {} is not there: mount its disk, or make it if it is new, and it goes on by itself",
        .0.display()
    )]
    NoFolder(PathBuf),
    /// What was shipped is not there any more.
    #[error(
        "{0} does not hold any more what was shipped there: is its disk mounted? To begin anew in an empty \
         place, start the server again"
    )]
    Gone(String),
    /// Another server ships to the same place.
    #[error(
        "another server ships to {0}: give each database a place of its own. When that server is gone for \
         good, this one takes over within two minutes"
    )]
    Foreign(String),
    /// The log of the database is not followed any more.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The place cannot be reached.
    #[error("{0}")]
    Place(#[from] BlobError),
    /// The disk says no.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The database cannot be copied.
    #[error("the database cannot be copied: {0}")]
    Copy(#[from] StoreError),
    /// There is nothing to restore.
    #[error("there is nothing to restore in {0}: no snapshot was finished there")]
    Nothing(String),
    /// The moment is none of those that can be restored.
    #[error("{moment} cannot be restored. These moments can be:\n{ranges}", moment = .0.to_rfc3339(), ranges = .1)]
    Outside(Timestamp, Ranges),
    /// A file of the replica is not what was written.
    #[error("{file} is damaged: {reason}.{}", advice(.good))]
    Damaged {
        /// Its name.
        file: String,
        /// What is wrong.
        reason: String,
        /// The last moment before that.
        good: Option<Timestamp>,
    },
    /// A file of the replica is not there.
    #[error("segment {number} of the generation {generation} is missing.{}", advice(.good))]
    Missing {
        /// Its number.
        number: u64,
        /// Where.
        generation: String,
        /// The last moment before that.
        good: Option<Timestamp>,
    },
    /// What came of it is no database of ours, or not whole.
    #[error("what was put together cannot be used: {0}")]
    Unusable(OpenError),
    /// What was put together is no whole database.
    #[error("what was put together is no whole database: {0}")]
    Broken(String),
    /// A folder to work in cannot be had.
    #[error(transparent)]
    Folder(#[from] BackupError),
}

fn advice(good: &Option<Timestamp>) -> String {
    match good {
        Some(good) => format!(" The last good moment before that is {}.", good.to_rfc3339()),
        None => " There is no good moment before that.".to_owned(),
    }
}
