//! Restoring a backup. Everything about the archive is found out before anything is changed; as much of
//! it as is quick before the request is answered.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt;
use tempfile::{NamedTempFile, TempPath};

use crate::domain::backups::BackupName;
use crate::domain::files::sniff::sniff;
use crate::domain::keyring::Keyring;
use crate::services::Error;
use crate::services::app::App;
use crate::services::backups::busy::Busy;
use crate::services::backups::check::{Archive, Restored};
use crate::services::backups::error::BackupError;
use crate::services::backups::list::missing;
use crate::services::backups::place::{self, Place};
use crate::services::backups::scratch::Scratch;
use crate::services::backups::{Report, Stage, silent, swap};
use crate::services::blobs::{Blob, Blobs, Spooled};
use crate::services::copy::{self, Target};
use crate::services::files::loose;
use crate::services::threads::aside;
use crate::store::{Dialect, Durability, Snapshot, Store, StoreOptions, Tx};

/// Bytes of an archive that is unpacked before the request is answered, and of what comes out of it.
const QUICK: u64 = 32 << 20;
const QUICK_UNPACKED: u64 = 128 << 20;

/// Restores the backup `name`. The process is to start again when [`super::Backups::restart_wanted`]
/// says so; until then everything goes on as before.
///
/// # Errors
/// `BadRequest` when there is no such backup, when another backup or restore is under way, or when the
/// archive cannot be restored, as far as that is known at once. What is found out later is logged, and
/// nothing is changed then either.
pub async fn restore(app: &Arc<App>, name: &str) -> Result<(), Error> {
    let name = BackupName::parse(name).ok_or_else(missing)?;
    let busy = Busy::begin(app).await?;
    let begun = match begin(app, &name).await {
        Ok(begun) => begun,
        Err(error) => {
            busy.end().await;
            return Err(error);
        }
    };
    let app = Arc::clone(app);
    tokio::spawn(async move {
        match finish(&app, begun).await {
            Ok(()) => {
                tracing::warn!(backup = %name, "a backup is restored: the server starts again");
                app.backups.want_restart(busy);
            }
            Err(error) => {
                tracing::error!(%error, backup = %name, "a backup was not restored");
                busy.end().await;
            }
        }
    });
    Ok(())
}

/// How far a restore is when the request is answered.
enum Begun {
    /// Everything about the archive is known.
    Ready(Restored),
    /// An archive that takes a while, on this machine.
    Here(PathBuf),
    /// One in a bucket.
    Elsewhere(Blob),
}

async fn begin(app: &App, name: &BackupName) -> Result<Begun, Error> {
    let place = Place::of(app).await?;
    let blob = place.open(name).await?.ok_or_else(missing)?;
    match place.folder().map(|folder| folder.join(name.as_str())) {
        Some(path) => {
            let archive = look(app, path.clone()).await?;
            if blob.size <= QUICK && archive.size <= QUICK_UNPACKED {
                return Ok(Begun::Ready(take_apart(app, archive).await?));
            }
            Ok(Begun::Here(path))
        }
        None if blob.size <= QUICK => {
            let path = fetch_blob(app.backups.dir(), &blob).await?;
            let archive = look(app, path.to_path_buf()).await?;
            if archive.size <= QUICK_UNPACKED {
                return Ok(Begun::Ready(take_apart(app, archive).await?));
            }
            Ok(Begun::Elsewhere(blob))
        }
        None => Ok(Begun::Elsewhere(blob)),
    }
}

async fn finish(app: &App, begun: Begun) -> Result<(), BackupError> {
    let restored = match begun {
        Begun::Ready(restored) => restored,
        Begun::Here(path) => take_apart(app, look(app, path).await?).await?,
        Begun::Elsewhere(blob) => {
            let path = fetch_blob(app.backups.dir(), &blob).await?;
            take_apart(app, look(app, path.to_path_buf()).await?).await?
        }
    };
    put_in_place(app, restored).await
}

/// Opens an archive where that holds up nobody.
async fn look(app: &App, path: PathBuf) -> Result<Archive, BackupError> {
    let room = app.backups.dir().to_owned();
    let looked = aside("restore", move || Archive::open(&path, &room)).await;
    looked.unwrap_or_else(|| Err(panicked()))
}

async fn take_apart(app: &App, archive: Archive) -> Result<Restored, BackupError> {
    let scratch = Scratch::new(app.backups.dir())?;
    let needs = (app.secrets.clone(), app.store.dialect());
    let unpacked = aside("restore", move || archive.unpack(scratch, needs, &silent())).await;
    unpacked.unwrap_or_else(|| Err(panicked()))
}

/// Makes what was in the archive the data: of the folder at the next start, of a PostgreSQL database at
/// once.
async fn put_in_place(app: &App, restored: Restored) -> Result<(), BackupError> {
    if app.store.is_shared() {
        return import(app, restored, Arc::new(|_| ())).await;
    }
    if !app.files.blobs.are_in_folder() {
        put_files(&app.files.blobs, &restored).await?;
    }
    let dir = app.backups.dir().to_owned();
    let prepared = aside("restore", move || swap::prepare(&dir, &restored.path())).await;
    Ok(prepared.unwrap_or_else(|| Err(std::io::Error::other("it panicked, see the log")))?)
}

/// Unpacks and checks the archive `path` for a database of the engine `target` in the data folder `dir`,
/// whose secrets `keyring` opens.
///
/// # Errors
/// [`BackupError`]; nothing has changed then.
pub fn unpack(
    dir: &Path,
    path: &Path,
    needs: (Keyring, Dialect),
    report: &Report,
) -> Result<Restored, BackupError> {
    Archive::open(path, dir)?.unpack(Scratch::new(dir)?, needs, report)
}

/// Brings the backup `name` to this machine, if there is one.
///
/// # Errors
/// What cannot be read or written.
pub async fn fetch(app: &App, name: &str, report: &Report) -> Result<Option<TempPath>, Error> {
    let Some(name) = BackupName::parse(name) else { return Ok(None) };
    let Some(blob) = Place::of(app).await?.open(&name).await? else { return Ok(None) };
    report(super::Progress { stage: Stage::Storing, done: 0, of: blob.size });
    Ok(Some(fetch_blob(app.backups.dir(), &blob).await?))
}

async fn fetch_blob(dir: &Path, blob: &Blob) -> Result<TempPath, BackupError> {
    let folder = place::folder(dir);
    fs::create_dir_all(&folder)?;
    let mut file = tempfile::Builder::new().prefix(place::DRAFT).tempfile_in(folder)?;
    file.as_file().lock()?;
    let mut pieces = blob.pieces(0..blob.size);
    while let Some(piece) = pieces.next().await {
        file = write(file, piece?).await?;
    }
    Ok(file.into_temp_path())
}

async fn write(mut file: NamedTempFile, piece: bytes::Bytes) -> Result<NamedTempFile, BackupError> {
    let written = tokio::task::spawn_blocking(move || {
        file.write_all(&piece)?;
        Ok(file)
    });
    written.await.unwrap_or_else(|_| Err(panicked()))
}

/// Fills the PostgreSQL database from what was in an archive: everything that it holds is replaced in one
/// transaction, and all processes that use it go on with what came instead. Files come first: a record
/// never names one that is not there. Those that no record names any more go afterwards.
///
/// # Errors
/// [`BackupError`]; the database is as it was.
pub async fn import(
    app: &App,
    restored: Restored,
    report: copy::Report,
) -> Result<(), BackupError> {
    let withheld = app.files.removals.withhold().await?;
    let imported = import_all(app, restored, report).await;
    drop(withheld);
    app.files.look_again();
    imported
}

async fn import_all(
    app: &App,
    restored: Restored,
    report: copy::Report,
) -> Result<(), BackupError> {
    let failed = |error: crate::store::OpenError| BackupError::of_database(&error);
    let folder = restored.path();
    // An older version may have made it: this brings it up to date.
    let opened = Store::open(StoreOptions {
        durability: Durability::Normal,
        keyring: Keyring::Blind,
        ..StoreOptions::new(&folder)
    });
    opened.map_err(failed)?.close().await;
    put_files(&app.files.blobs, &restored).await?;
    let source = Snapshot::open(&folder).map_err(failed)?;
    let before = app.store.schema();
    let after = move |tx: &mut Tx| {
        let schema = tx.schema();
        let all = before.collections().iter().chain(schema.collections());
        for collection in all.filter(|collection| !collection.is_view()) {
            loose::settle_collection(tx, &collection.id)?;
        }
        Ok(())
    };
    let target = Target::Replaced(Arc::new(after));
    copy::copy_into(source, &app.store, target, report).await?;
    Ok(())
}

/// Stores the files of an archive, each under its path.
///
/// # Errors
/// What cannot be read or stored.
pub async fn put_files(blobs: &Blobs, restored: &Restored) -> Result<(), BackupError> {
    let root = restored.path().join("storage");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(name) = path.strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
            let name = name.to_owned();
            let file = Spooled::of_file(TempPath::try_from_path(path)?)?;
            let mime = sniff(file.head()).mime;
            blobs.store(&name, &file, &mime).await?;
        }
    }
    Ok(())
}

fn panicked() -> BackupError {
    BackupError::Files("it panicked, see the log".to_owned())
}
