//! A second file beside the database, for what must stand in front of no write: its own connections, no
//! writer's thread. Whoever works on it does so on a thread that may block.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::domain::keyring::Keyring;
use crate::store::Durability;
use crate::store::engine::Session as AnySession;
use crate::store::engine::sqlite::error::store_error;
use crate::store::engine::sqlite::open::{FLAGS, check_owner, open_error, set_up, set_up_writer};
use crate::store::engine::sqlite::session::Session;
use crate::store::engine::sqlite::writer::session;
use crate::store::error::{OpenError, StoreError};
use crate::store::migrate::{self, Home};
use crate::store::tx::{Db, Tx};

/// Page cache of each connection, in kB; taken only as it fills.
const CACHE: i64 = 2_000;

/// Reads at one time. They are those of superusers, and may be slow.
const READS: usize = 2;

/// How long a write may take.
const WRITE: Duration = Duration::from_secs(60);

/// The file.
pub(super) struct Auxiliary {
    path: PathBuf,
    /// Gone once the file is closed.
    writer: Mutex<Option<Tx>>,
    /// Connections that nobody uses.
    idle: Mutex<Vec<Db>>,
    reading: Semaphore,
    read_timeout: Duration,
    closed: AtomicBool,
}

impl Auxiliary {
    /// Opens the file, makes it when there is none, and brings its tables up to date. One that is damaged
    /// is set aside for a new one: what it holds keeps nobody from serving the database.
    pub(super) fn open(path: PathBuf, read_timeout: Duration) -> Result<Self, OpenError> {
        let tx = match open_writer(&path) {
            Err(_) if is_damaged(&path) => {
                set_aside(&path)?;
                open_writer(&path)?
            }
            opened => opened?,
        };
        Ok(Self {
            path,
            writer: Mutex::new(Some(tx)),
            idle: Mutex::default(),
            reading: Semaphore::new(READS),
            read_timeout,
            closed: AtomicBool::new(false),
        })
    }

    /// Runs `work` in a transaction that may write.
    pub(super) async fn write<T, E>(
        self: &Arc<Self>,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let file = Arc::clone(self);
        let written = spawn_blocking(move || file.write_here(&work)).await;
        written.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    fn write_here<T, E: From<StoreError>>(
        &self,
        work: &impl Fn(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = self.writer();
        let tx = writer.as_mut().ok_or(StoreError::Closed)?;
        session(tx).begin_write()?;
        tx.begin(Arc::default(), Instant::now() + WRITE);
        let result = catch_unwind(AssertUnwindSafe(|| work(tx)));
        let failure = tx.end();
        match (result, failure) {
            (Ok(Ok(value)), None) => session(tx).commit().map(|()| value).map_err(E::from),
            (result, failure) => {
                session(tx).abandon();
                match (result, failure) {
                    (Err(_), _) => Err(StoreError::Panicked.into()),
                    (Ok(Err(error)), _) => Err(error),
                    (Ok(Ok(_)), failure) => Err(failure.unwrap_or(StoreError::Panicked).into()),
                }
            }
        }
    }

    /// Runs `work`, which only fetches.
    pub(super) async fn read<T, E>(
        self: &Arc<Self>,
        work: impl Fn(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let file = Arc::clone(self);
        let waited = tokio::time::timeout(self.read_timeout, self.reading.acquire()).await;
        let _turn = match waited {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(StoreError::Closed.into()),
            Err(_) => return Err(StoreError::Busy.into()),
        };
        let read = spawn_blocking(move || file.read_here(&work)).await;
        read.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    fn read_here<T, E: From<StoreError>>(
        &self,
        work: &impl Fn(&mut Db) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed.into());
        }
        let idle = self.idle().pop();
        let mut db = idle.map_or_else(|| reader(&self.path), Ok)?;
        db.session().sqlite().begin_read()?;
        db.begin(Arc::default(), Instant::now() + self.read_timeout);
        let result = work(&mut db);
        let failure = db.end();
        db.session().sqlite().abandon();
        self.idle().push(db);
        match (result, failure) {
            (Ok(_), Some(failure)) => Err(failure.into()),
            (result, _) => result,
        }
    }

    /// Gives the system back what removed rows took.
    pub(super) async fn reclaim(self: &Arc<Self>) -> Result<(), StoreError> {
        let file = Arc::clone(self);
        let work = move || {
            let mut writer = file.writer();
            let tx = writer.as_mut().ok_or(StoreError::Closed)?;
            let sql = "VACUUM; PRAGMA wal_checkpoint(TRUNCATE);";
            session(tx).connection().execute_batch(sql).map_err(store_error)
        };
        spawn_blocking(work).await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Lets go of the file; nothing is done with it from now on.
    pub(super) async fn close(self: &Arc<Self>) {
        let file = Arc::clone(self);
        let work = move || {
            file.closed.store(true, Ordering::Release);
            file.idle().clear();
            drop(file.writer().take());
        };
        // A panic was reported, and the file is whole in any case.
        let _ = spawn_blocking(work).await;
    }

    fn writer(&self) -> MutexGuard<'_, Option<Tx>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Db>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_writer(path: &Path) -> Result<Tx, OpenError> {
    let failed = |error| open_error(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | FLAGS;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    set_up(&connection, CACHE).map_err(failed)?;
    if connection.is_readonly(MAIN_DB).map_err(failed)? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    check_owner(&connection, path)?;
    let mut tx = Tx::new(db(Session::new(connection).map_err(failed)?));
    migrate::refuse_newer(&mut tx, Home::Logs, path)?;
    // The end of a process loses nothing; a loss of power may take the last moments.
    set_up_writer(session(&mut tx).connection(), Durability::Normal).map_err(failed)?;
    let failed = |source| OpenError::Store { path: path.to_owned(), source };
    if migrate::is_needed(&mut tx, Home::Logs).map_err(failed)? {
        prepare(&mut tx).map_err(failed)?;
    }
    Ok(tx)
}

/// Whether SQLite finds fault with the file itself.
fn is_damaged(path: &Path) -> bool {
    let check = || {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    };
    match check() {
        Ok(verdict) => verdict != "ok",
        Err(error) => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
        ),
    }
}

/// Gives the file another name, with what belongs to it.
fn set_aside(path: &Path) -> Result<(), OpenError> {
    let named = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let aside = named(".damaged");
    tracing::warn!(
        path = %path.display(), aside = %aside.display(),
        "the file of the logs is damaged: it is set aside, and a new one begins"
    );
    std::fs::rename(path, &aside)
        .map_err(|source| OpenError::Folder { path: path.to_owned(), source })?;
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(named(end));
    }
    Ok(())
}

fn prepare(tx: &mut Tx) -> Result<(), StoreError> {
    session(tx).begin_write()?;
    // Another process may have been faster.
    let done = migrate::run(tx, Home::Logs).and_then(|()| session(tx).commit());
    if done.is_err() {
        session(tx).abandon();
    }
    done
}

fn reader(path: &Path) -> Result<Db, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS;
    let connection = Connection::open_with_flags(path, flags).map_err(store_error)?;
    set_up(&connection, CACHE).map_err(store_error)?;
    Session::new(connection).map(db).map_err(store_error)
}

fn db(session: Session) -> Db {
    Db::new(AnySession::Sqlite(session), Arc::default(), Keyring::default())
}
