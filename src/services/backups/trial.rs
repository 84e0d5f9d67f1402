//! A file that is stored and removed to see whether a bucket of the settings works (contract B 6.5).

use bytes::Bytes;

use crate::domain::invalid::Fault;
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::services::app::App;
use crate::services::blobs::{Blobs, Bucket};
use crate::services::{Error, settings};

/// Whose bucket is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filesystem {
    /// That of the stored files.
    Storage,
    /// That of the backups.
    Backups,
}

impl Filesystem {
    /// By its word.
    ///
    /// # Errors
    /// What is wrong with the word.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "storage" => Ok(Self::Storage),
            "backups" => Ok(Self::Backups),
            "" => Err(Fault::required()),
            _ => Err(Fault::new("validation_in_invalid", "Must be storage or backups.")),
        }
    }
}

/// Stores a file in the bucket and removes it.
///
/// # Errors
/// `Invalid` for `filesystem`, `BadRequest` when the settings name no bucket, or with the reason why it
/// does not work.
pub async fn test_s3(app: &App, filesystem: &str) -> Result<(), Error> {
    let filesystem =
        Filesystem::parse(filesystem).map_err(|fault| Error::invalid("filesystem", fault))?;
    let settings = settings::current(app).await?;
    let bucket = match filesystem {
        Filesystem::Storage => &settings.s3,
        Filesystem::Backups => &settings.backups.s3,
    };
    if !bucket.enabled {
        return Err(Error::bad_request("S3 storage is not enabled in the settings."));
    }
    let name = format!("ferrobase_test_{}", Random::system().text(15, LOWER_ALPHANUMERIC));
    let tried = async {
        let blobs = Blobs::Bucket(Bucket::new(bucket)?);
        blobs.put(&name, Bytes::from_static(b"test"), "text/plain").await?;
        blobs.remove(&name).await
    };
    tried.await.map_err(|error| {
        Error::bad_request(format!("The S3 storage does not work. Raw error: {error}"))
    })
}
