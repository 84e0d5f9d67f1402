//! `ferrobase restore`: a backup into the place of what there is, while no server runs on the folder.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempPath;

use crate::cli::backup;
use crate::cli::boot::{self, AppOptions, StartError};
use crate::cli::configuration::{Configuration, Lookup};
use crate::cli::environment::Environment;
use crate::cli::options::{DataOptions, RestoreOptions};
use crate::cli::progress::Bar;
use crate::cli::terminal::{complain, say};
use crate::config::ReplicaPlace;
use crate::domain::keyring::Keyring;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::backups::{self, BackupError, Progress, Report, Restored, swap};
use crate::services::clock::Clock;
use crate::services::copy;
use crate::services::oauth2::Limits;
use crate::services::replica;
use crate::store::{Dialect, DirLock};

/// Restores a backup, or undoes the last restore.
///
/// # Errors
/// Why not; everything is as it was then.
pub(super) async fn run(
    options: RestoreOptions,
    lookup: impl Fn(&DataOptions) -> Option<Lookup>,
) -> Result<(), StartError> {
    let target = Target::of(&options.data, lookup(&options.data))?;
    if options.list {
        return list(&target.replica(options.from.as_ref())?).await;
    }
    boot::make_dir(&target.dir)?;
    let _lock = DirLock::acquire(&target.dir)?;
    // Nobody is at anything in this folder: one that was cut off is ended first.
    if let Some(swapped) = swap::resume(&target.dir).map_err(failed)? {
        target.try_out(swapped).await?;
    }
    backups::clear_scratch(&target.dir).map_err(failed)?;
    let bar = Arc::new(Bar::new());
    if let Some(moment) = options.at {
        let place = target.replica(options.from.as_ref())?;
        let restored = target.restore_moment(&place, moment, &bar).await;
        bar.end();
        say(&format!("Restored the database as it was at {}.", restored?.to_rfc3339()));
        say("Files and logs stay as they are.");
        say("The data of before is kept until the next restore: ferrobase restore --undo");
        return Ok(());
    }
    let Some(archive) = &options.archive else { return target.undo().await };
    let restored = target.restore(archive, &bar).await;
    bar.end();
    restored?;
    say(&format!("Restored {archive}."));
    if target.is_file() {
        say("The data of before is kept until the next restore: ferrobase restore --undo");
    }
    Ok(())
}

/// What is restored into.
struct Target {
    dir: PathBuf,
    data: DataOptions,
    configuration: Option<Configuration>,
    database_url: Option<String>,
    keyring: Keyring,
}

impl Target {
    fn of(data: &DataOptions, lookup: Option<Lookup>) -> Result<Self, StartError> {
        let variables = Environment::of_process()?;
        let configuration = lookup.map(|lookup| lookup.load()).transpose()?;
        let config = configuration.as_ref().map(|configuration| configuration.config.as_ref());
        Ok(Self {
            dir: data.dir.clone(),
            data: data.clone(),
            keyring: boot::keyring(config, &variables)?,
            database_url: variables.variable("DATABASE_URL"),
            configuration,
        })
    }

    /// Whether the database is the file in the folder.
    fn is_file(&self) -> bool {
        let of_file = || {
            let configuration = self.configuration.as_ref();
            configuration.is_some_and(|configuration| configuration.config.database.url.is_some())
        };
        self.database_url.as_ref().is_none_or(String::is_empty) && !of_file()
    }

    fn open(&self) -> Result<App, StartError> {
        boot::open(&AppOptions {
            dir: &self.dir,
            configuration: self.configuration.as_ref(),
            database_url: self.database_url.clone(),
            reset: false,
            keyring: self.keyring.clone(),
            clock: Clock::system(),
            throttle: None,
            metrics_token: None,
            oauth2: Limits::default(),
            locked: false,
            ships: false,
        })
    }

    /// Where the replica is.
    fn replica(&self, named: Option<&ReplicaPlace>) -> Result<ReplicaPlace, StartError> {
        if !self.is_file() {
            return Err(StartError::ReplicaOfPostgres);
        }
        let of_file = || Some(boot::replica(self.configuration.as_ref()?)?.place);
        named.cloned().or_else(of_file).ok_or_else(|| {
            let why = "There is no [backups.replica] in config.toml. Name the place with --from.";
            StartError::Failed(Error::bad_request(why))
        })
    }

    /// When everything that is in it had been committed.
    async fn restore_moment(
        &self,
        place: &ReplicaPlace,
        moment: Timestamp,
        bar: &Arc<Bar>,
    ) -> Result<Timestamp, StartError> {
        let shown = Arc::clone(bar);
        let report: Report = Arc::new(move |progress: Progress| shown.show_bytes(progress));
        let keyring = self.keyring.clone();
        let rebuilt = replica::rebuild(place, moment, &self.dir, keyring, &report).await?;
        self.put_in_place(&rebuilt.restored).await?;
        Ok(rebuilt.time)
    }

    async fn restore(&self, archive: &str, bar: &Arc<Bar>) -> Result<(), StartError> {
        let shown = Arc::clone(bar);
        let report: Report = Arc::new(move |progress: Progress| shown.show_bytes(progress));
        let (path, _fetched) = self.find(archive, &report).await?;
        let dialect = if self.is_file() { Dialect::Sqlite } else { Dialect::Postgres };
        let needs = (self.keyring.clone(), dialect);
        let restored = backups::unpack(&self.dir, &path, needs, &report).map_err(refused)?;
        if self.is_file() { self.swap(restored).await } else { self.import(restored, bar).await }
    }

    /// The archive: a file, or a backup by its name.
    async fn find(
        &self,
        archive: &str,
        report: &Report,
    ) -> Result<(PathBuf, Option<TempPath>), StartError> {
        let here = [PathBuf::from(archive), self.dir.join("backups").join(archive)];
        if let Some(path) = here.into_iter().find(|path| path.is_file()) {
            return Ok((path, None));
        }
        let app = backup::open(&self.data, None).or_else(|_| self.open())?;
        let fetched = backups::fetch(&app, archive, report).await;
        app.store.close().await;
        let fetched = fetched?.ok_or_else(|| {
            let folder = self.dir.join("backups");
            Error::bad_request(format!(
                "There is no file {archive}, and no backup of this name in {} or in the bucket of the \
                 settings.",
                folder.display()
            ))
        })?;
        Ok((fetched.to_path_buf(), Some(fetched)))
    }

    async fn swap(&self, restored: Restored) -> Result<(), StartError> {
        let config = self.configuration.as_ref().map(|configuration| configuration.config.as_ref());
        let files = boot::blobs(&self.dir, config)?;
        if !files.are_in_folder() {
            backups::put_files(&files, &restored).await.map_err(refused)?;
        }
        drop(files);
        self.put_in_place(&restored).await
    }

    async fn put_in_place(&self, restored: &Restored) -> Result<(), StartError> {
        swap::prepare(&self.dir, &restored.path()).map_err(failed)?;
        match swap::resume(&self.dir).map_err(failed)? {
            Some(swapped) => self.try_out(swapped).await,
            None => Err(StartError::Failed(Error::bad_request("The restore did not begin."))),
        }
    }

    /// Opens the database that was swapped in; when that fails, the old one comes back.
    async fn try_out(&self, swapped: swap::Swapped) -> Result<(), StartError> {
        match self.open() {
            Ok(app) => {
                app.store.close().await;
                swapped.keep().map_err(failed)
            }
            Err(error) => {
                swapped.undo().map_err(failed)?;
                complain("What was restored cannot be opened. Everything is as it was before.");
                Err(error)
            }
        }
    }

    async fn import(&self, restored: Restored, bar: &Arc<Bar>) -> Result<(), StartError> {
        let app = self.open()?;
        let shown = Arc::clone(bar);
        let report = Arc::new(move |progress: &copy::Progress| shown.show(progress));
        let imported = backups::import(&app, restored, report).await;
        app.store.close().await;
        imported.map_err(refused)
    }

    async fn undo(&self) -> Result<(), StartError> {
        if !self.is_file() {
            let why = "What a PostgreSQL database held before a restore is not kept. Restore a backup that \
                       was made before.";
            return Err(StartError::Failed(Error::bad_request(why)));
        }
        if !swap::prepare_undo(&self.dir).map_err(failed)? {
            let why = format!(
                "There is nothing to undo: {} keeps no data of before a restore.",
                self.dir.display()
            );
            return Err(StartError::Failed(Error::bad_request(why)));
        }
        if let Some(swapped) = swap::resume(&self.dir).map_err(failed)? {
            self.try_out(swapped).await?;
        }
        say(
            "The data of before the last restore is back. What was there instead is kept: the same command \
             brings it back.",
        );
        Ok(())
    }
}

async fn list(place: &ReplicaPlace) -> Result<(), StartError> {
    let ranges = replica::list(place).await?.0;
    if ranges.is_empty() {
        say("There is nothing to restore: no snapshot was finished.");
    }
    for range in ranges {
        say(&range.to_string());
    }
    Ok(())
}

fn refused(error: BackupError) -> StartError {
    StartError::Failed(error.into())
}

fn failed(error: std::io::Error) -> StartError {
    StartError::Failed(BackupError::from(error).into())
}
