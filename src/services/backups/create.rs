//! Making a backup: first one state of the database, then the files that it names. Files are removed
//! some time after their records, and not before the backup has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::domain::backups::BackupName;
use crate::domain::invalid::Fault;
use crate::domain::keyring::Keyring;
use crate::services::app::App;
use crate::services::backups::archive::{self, Sources};
use crate::services::backups::busy::Busy;
use crate::services::backups::error::BackupError;
use crate::services::backups::place::{Existing, Place};
use crate::services::backups::scratch::Scratch;
use crate::services::backups::{Progress, Report, Stage, silent};
use crate::services::copy::{self, Target};
use crate::services::threads::aside;
use crate::services::{Error, settings};
use crate::store::{Durability, Snapshot, Store, StoreOptions, copy_file};

/// The file of the other database, which not every data folder has.
const AUXILIARY: &str = "auxiliary.db";

/// Makes a backup called `wanted`, or with a name that is made up when that is empty. It is made to its
/// end even when nobody waits for it any more.
///
/// # Errors
/// `Invalid` for `name`, `BadRequest` when another backup is under way or this one cannot be made;
/// nothing is left of it then.
pub async fn create(app: &Arc<App>, wanted: &str, report: Report) -> Result<BackupName, Error> {
    let busy = Busy::begin(app).await?;
    let (app, wanted) = (Arc::clone(app), wanted.to_owned());
    let made = tokio::spawn(async move {
        let made = named(&app, &wanted, &report).await;
        busy.end().await;
        made
    });
    made.await.map_err(Error::internal)?
}

async fn named(app: &App, wanted: &str, report: &Report) -> Result<BackupName, Error> {
    let place = Place::of(app).await?;
    let (name, existing) = if wanted.is_empty() {
        let settings = settings::current(app).await?;
        (BackupName::made_up(&settings.meta.app_name, app.clock.now()), Existing::Goes)
    } else {
        let name = BackupName::wanted(wanted).map_err(|fault| Error::invalid("name", fault))?;
        if place.open(&name).await?.is_some() {
            return Err(exists("name"));
        }
        (name, Existing::Stays)
    };
    match make(app, &place, &name, existing, report).await {
        Ok(true) => Ok(name),
        Ok(false) => Err(exists("name")),
        Err(error) => {
            tracing::error!(%error, backup = %name, "a backup could not be made");
            Err(error.into())
        }
    }
}

/// Makes a backup as the file `path`, which must not be there yet.
///
/// # Errors
/// As [`create`].
pub async fn create_file(app: &App, path: &Path, report: Report) -> Result<(), Error> {
    let taken = || Error::bad_request(format!("{} is there already.", path.display()));
    if path.exists() {
        return Err(taken());
    }
    let busy = Busy::begin(app).await?;
    let made = into_file(app, path, &report).await;
    busy.end().await;
    if made? { Ok(()) } else { Err(taken()) }
}

/// `false` when the file is there already.
async fn into_file(app: &App, path: &Path, report: &Report) -> Result<bool, BackupError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let draft = NamedTempFile::new_in(parent)?;
    let scratch = Scratch::new(app.backups.dir())?;
    let draft = write(app, &scratch, draft, report).await?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error.error.into()),
    }
    fs::File::open(parent)?.sync_all()?;
    Ok(true)
}

/// Makes the backup `name`; `false` when there is one of this name that stays.
///
/// # Errors
/// Why not; nothing is left of it then.
pub(super) async fn make(
    app: &App,
    place: &Place,
    name: &BackupName,
    existing: Existing,
    report: &Report,
) -> Result<bool, BackupError> {
    let scratch = Scratch::new(app.backups.dir())?;
    let draft = place.draft(&scratch)?;
    let draft = write(app, &scratch, draft, report).await?;
    let size = draft.as_file().metadata()?.len();
    report(Progress { stage: Stage::Storing, done: 0, of: size });
    let kept = place.keep(draft, name, existing).await?;
    report(Progress { stage: Stage::Storing, done: size, of: size });
    Ok(kept)
}

/// Writes the archive into `draft`.
async fn write(
    app: &App,
    scratch: &Scratch,
    draft: NamedTempFile,
    report: &Report,
) -> Result<NamedTempFile, BackupError> {
    let withheld = app.files.removals.withhold().await?;
    let written = write_all(app, scratch.path(), draft, report).await;
    drop(withheld);
    app.files.look_again();
    written
}

async fn write_all(
    app: &App,
    scratch: PathBuf,
    draft: NamedTempFile,
    report: &Report,
) -> Result<NamedTempFile, BackupError> {
    match app.store.snapshot().await? {
        Some(snapshot) => export(snapshot, &scratch, report).await?,
        None => {
            let report = Arc::clone(report);
            let told = move |done, of| report(Progress { stage: Stage::Database, done, of });
            app.store.copy(scratch.join("data.db"), Arc::new(told)).await?;
        }
    }
    let auxiliary = app.backups.dir().join(AUXILIARY);
    let sources = Sources {
        database: scratch.clone(),
        auxiliary: auxiliary.is_file().then(|| scratch.join(AUXILIARY)),
        files: app.files.blobs.folder().map(Path::to_owned),
    };
    let report = Arc::clone(report);
    let work = move || {
        if let Some(copied) = &sources.auxiliary {
            copy_file(&auxiliary, copied)?;
        }
        archive::write(draft.as_file(), &sources, &report)?;
        Ok(draft)
    };
    let written = aside("backup", work).await;
    written.unwrap_or_else(|| Err(BackupError::Files("it panicked, see the log".to_owned())))
}

/// Puts one state of a PostgreSQL database into a SQLite file, which either engine can be filled from.
async fn export(snapshot: Snapshot, scratch: &Path, report: &Report) -> Result<(), BackupError> {
    let target = Store::open(StoreOptions {
        durability: Durability::Normal,
        // Rows go over as they are stored.
        keyring: Keyring::Blind,
        ..StoreOptions::new(scratch)
    });
    let target = target.map_err(|error| BackupError::Files(error.to_string()))?;
    let report = Arc::clone(report);
    let told = move |progress: &copy::Progress| {
        if progress.phase == copy::Phase::Copying {
            let (done, of) = (progress.done, progress.of);
            report(Progress { stage: Stage::Database, done, of });
        }
    };
    let copied = copy::copy_into(snapshot, &target, Target::Archive, Arc::new(told)).await;
    target.close().await;
    Ok(copied.map(|_| ())?)
}

/// For whoever needs no report.
pub(super) async fn make_scheduled(
    app: &App,
    place: &Place,
    name: &BackupName,
) -> Result<(), BackupError> {
    make(app, place, name, Existing::Goes, &silent()).await.map(|_| ())
}

/// The name of a backup, sent as `field`, is taken.
pub(super) fn exists(field: &str) -> Error {
    let fault = Fault::new(
        "validation_backup_name_exists",
        "There is a backup of this name already. Choose another name, or delete that one.",
    );
    Error::invalid(field, fault)
}
