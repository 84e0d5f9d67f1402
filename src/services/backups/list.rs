//! What is done with whole backups: they are listed, sent in and out, and deleted.

use std::net::IpAddr;

use serde::Serialize;

use crate::domain::backups::BackupName;
use crate::domain::files::sniff::sniff;
use crate::domain::invalid::Fault;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::backups::create::exists;
use crate::services::backups::place::{self, Existing, Place};
use crate::services::blobs::{Blob, Folder, Spool, Sync};
use crate::services::files::token;
use crate::services::files::uploads::Received;
use crate::services::threads::aside;

/// A backup as clients see it.
#[derive(Debug, Clone, Serialize)]
pub struct BackupView {
    /// When it was made.
    pub modified: String,
    /// Its name.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
}

/// A backup that is open.
pub struct Opened {
    /// Its name.
    pub name: BackupName,
    /// Its bytes.
    pub blob: Blob,
}

/// Every backup, by name.
///
/// # Errors
/// When they cannot be listed.
pub async fn list(app: &App) -> Result<Vec<BackupView>, Error> {
    let stored = Place::of(app).await?.list().await?;
    let view = |stored: place::Stored| BackupView {
        modified: moment(stored.modified).to_string(),
        key: stored.name.to_string(),
        size: stored.size,
    };
    Ok(stored.into_iter().map(view).collect())
}

/// The backup `name` for the holder of a file token, who has to be a superuser.
///
/// # Errors
/// `Forbidden` for everybody else, `NotFound` when there is none.
pub async fn open(app: &App, name: &str, token: &str, address: IpAddr) -> Result<Opened, Error> {
    if !token::caller_of(app, token, address).await?.is_superuser() {
        return Err(Error::Forbidden);
    }
    let name = BackupName::parse(name).ok_or(Error::NotFound)?;
    let blob = Place::of(app).await?.open(&name).await?.ok_or(Error::NotFound)?;
    Ok(Opened { name, blob })
}

/// Deletes the backup `name`.
///
/// # Errors
/// `BadRequest` when there is none.
pub async fn delete(app: &App, name: &str) -> Result<(), Error> {
    let name = BackupName::parse(name).ok_or_else(missing)?;
    if Place::of(app).await?.remove(&name).await? { Ok(()) } else { Err(missing()) }
}

/// There is no such backup.
pub(super) fn missing() -> Error {
    Error::bad_request("There is no backup of this name.")
}

/// Where an uploaded archive waits.
///
/// # Errors
/// When there is no such place.
pub fn upload_spool(app: &App) -> Result<Spool, Error> {
    Ok(upload_folder(app)?.spool())
}

fn upload_folder(app: &App) -> Result<Folder, Error> {
    Ok(Folder::open_at(place::folder(app.backups.dir()), Sync::Yes)?)
}

/// Makes a file that came in a backup, under the name that it had.
///
/// # Errors
/// `Invalid` for `file`, which is the key that it has to come under.
pub async fn upload(app: &App, received: Option<Received>) -> Result<(), Error> {
    let invalid = |fault| Error::invalid("file", fault);
    let received = received.ok_or_else(|| invalid(Fault::required()))?;
    let Received { name, content, .. } = received;
    if sniff(content.head()).mime != place::MIME {
        let message = "Must be a zip archive, as backups are.";
        return Err(invalid(Fault::new("validation_invalid_mime_type", message)));
    }
    let name = BackupName::parse(&name).ok_or_else(|| {
        let message = "The name of the file cannot be that of a backup: it must not begin with a \
                       point or hold slashes, backslashes or control characters.";
        invalid(Fault::new("validation_match_invalid", message))
    })?;
    let place = Place::of(app).await?;
    let waiting = upload_folder(app)?;
    let written = aside("backup", move || content.into_file(waiting.spool().dir()));
    let draft = written.await.ok_or_else(|| Error::internal("writing an upload panicked"))??;
    if place.keep(draft, &name, Existing::Stays).await? { Ok(()) } else { Err(exists("file")) }
}

fn moment(time: std::time::SystemTime) -> Timestamp {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
