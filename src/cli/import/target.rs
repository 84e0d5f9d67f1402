//! Where an import goes. What was built comes into its place by renames, the database last, so that a
//! folder has the whole import or no database at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::cli::boot::{self, StartError};
use crate::cli::environment::Environment;
use crate::cli::progress::Bar;
use crate::cli::terminal::complain;
use crate::domain::keyring::Keyring;
use crate::services::backups::swap;
use crate::services::copy::{self, CopyError};
use crate::services::pocketbase::Built;
use crate::store::{DirLock, PostgresOptions, Snapshot, Store, StoreOptions};

/// Begins the names of folders for what is built.
const SCRATCH: &str = ".import-";

/// The file that says that files of an import came into their place, and its database did not yet.
const MARK: &str = ".importing";

const SQLITE_FIRST: &str = "\
PostgreSQL takes less than SQLite does. Without DATABASE_URL the same command imports into a data folder, \
from where ferrobase copy goes on once that is mended:";

/// An empty place for an import.
pub(super) struct Target {
    dir: PathBuf,
    scratch: TempDir,
    /// The database, when it is on a server.
    server: Option<Store>,
    _lock: DirLock,
}

impl Target {
    /// Makes sure that the folder `dir`, or the database that `DATABASE_URL` names, is empty.
    ///
    /// # Errors
    /// Why it cannot be used. Nothing was changed then.
    pub(super) fn prepare(dir: &Path, variables: &Environment) -> Result<Self, StartError> {
        let url = variables.variable("DATABASE_URL").filter(|url| !url.is_empty());
        boot::make_dir(dir)?;
        let lock = DirLock::acquire(dir)?;
        let failed = |source| StartError::Write { path: dir.to_owned(), source };
        clear(dir).map_err(failed)?;
        let is_taken = dir.join("data.db").exists() || holds_files(&dir.join("storage"));
        if is_taken || swap::is_under_way(dir) {
            return Err(StartError::Occupied(dir.to_owned()));
        }
        let server = match url {
            None => None,
            Some(url) => Some(Store::open(StoreOptions {
                postgres: Some(PostgresOptions { url, pool: 2 }),
                fresh: true,
                // Rows go over as they are stored.
                keyring: Keyring::Blind,
                ..StoreOptions::new(dir)
            })?),
        };
        let scratch = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(dir).map_err(failed)?;
        Ok(Self { dir: dir.to_owned(), scratch, server, _lock: lock })
    }

    /// An empty folder on the disk of the target.
    pub(super) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Puts what was built in its place.
    ///
    /// # Errors
    /// Why not. Nobody sees any of it then, and the same command starts anew.
    pub(super) async fn fill(&self, built: &Built, bar: &Arc<Bar>) -> Result<(), StartError> {
        let failed = |source| StartError::Write { path: self.dir.clone(), source };
        self.place_files(&built.folder).map_err(failed)?;
        match &self.server {
            None => self.place_database(&built.folder).map_err(failed)?,
            Some(server) => {
                let shown = Arc::clone(bar);
                let report = Arc::new(move |progress: &copy::Progress| shown.show(progress));
                let copied = copy::copy(Snapshot::open(&built.folder)?, server, report).await;
                server.close().await;
                copied.inspect_err(|error| {
                    if matches!(error, CopyError::Refused { .. } | CopyError::Index { .. }) {
                        complain(SQLITE_FIRST);
                    }
                })?;
            }
        }
        fs::remove_file(self.dir.join(MARK)).map_err(failed)
    }

    fn place_files(&self, built: &Path) -> io::Result<()> {
        File::create(self.dir.join(MARK))?.sync_all()?;
        sync(&self.dir)?;
        let storage = self.dir.join("storage");
        if built.join("storage").is_dir() {
            // An empty one may be there.
            let _ = fs::remove_dir(&storage);
            if self.server.is_none() {
                fs::rename(built.join("storage"), &storage)?;
            } else {
                merge(&built.join("storage"), &storage)?;
            }
        }
        sync(&self.dir)
    }

    fn place_database(&self, built: &Path) -> io::Result<()> {
        let database = built.join("data.db");
        let log = built.join("data.db-wal");
        if log.metadata().is_ok_and(|log| log.len() > 0) {
            return Err(io::Error::other("the new database was not closed"));
        }
        File::open(&database)?.sync_all()?;
        fs::rename(database, self.dir.join("data.db"))?;
        sync(&self.dir)
    }
}

/// Moves what is in the folder `from` into `to`, which may have some of it from an import that did not
/// come to its end.
fn merge(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::rename(from, to);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        merge(&entry.path(), &to.join(entry.file_name()))?;
    }
    sync(to)
}

/// Removes what an import has left that did not come to its end. The caller holds the folder's lock.
fn clear(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    let mark = dir.join(MARK);
    if !mark.exists() {
        return Ok(());
    }
    if !dir.join("data.db").exists() {
        match fs::remove_dir_all(dir.join("storage")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_file(mark)
}

fn holds_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
