//! The only floor that knows SQL: statements as data, transactions as functions.
//!
//! Two doors: [`Store::read`] runs a function over a [`Db`], [`Store::write`] one over a [`Tx`],
//! all or nothing. The functions are synchronous and may run more than once, so what they use
//! (ids, times, hashes) exists before they start.

pub mod accounts;
pub mod authenticators;
pub mod clock;
pub mod collections;
pub mod column;
pub mod config_states;
pub mod console;
pub mod copying;
pub mod crons;
pub mod ddl;
mod dialect;
mod engine;
mod error;
mod events;
mod feed;
pub mod filter;
pub mod fit;
mod held;
pub mod limits;
mod lock;
pub mod logs;
pub mod loose_files;
pub mod mails;
mod migrate;
pub mod nodes;
pub mod params;
pub mod queue;
pub mod records;
pub mod relations;
mod row;
pub mod row_checks;
pub mod secrets;
pub mod sessions;
pub mod settings;
mod sql;
#[cfg(test)]
pub(crate) mod testing;
pub mod throttle;
mod tx;
mod value;
pub mod view_rows;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use dialect::Dialect;
pub use engine::Snapshot;
pub use engine::figures::Figures;
pub use engine::sqlite::wal::{Beginning, FileMark, Lost, Pages, Position, WalSource};
pub use error::{OpenError, ServerFault, Source, StoreError, Unique};
pub use feed::Feed;
pub use held::Held;
pub use lock::DirLock;
pub use row::Row;
pub use sql::{Statement, quote};
pub use tx::{Db, Tx};
pub use value::{Kind, Value};

use crate::domain::event::Event;
use crate::domain::keyring::Keyring;
use crate::domain::schema::Schema;
use engine::postgres::PostgresEngine;
use engine::sqlite::SqliteEngine;

/// Takes the events of committed functions before the functions are answered, and those of other
/// processes when they are heard of. It runs on a thread of the store, so it must only pass them on.
pub type EventSink = Arc<dyn Fn(&[Event]) + Send + Sync>;

/// Does what follows from the events of a function inside of its transaction, once the function has
/// succeeded: it is kept or undone with the function. It may run more than once, as the function may.
pub type Follower = Arc<dyn Fn(&mut Tx, &[Event]) -> Result<(), StoreError> + Send + Sync>;

/// Takes how much of a copy is done, and of how much; on the thread that copies.
pub type CopyReport = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Copies what stands in the database file `from` into the new file `to`, while others use it.
///
/// # Errors
/// Why not; nothing is left of the copy then.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let report: CopyReport = Arc::new(|_, _| ());
    engine::sqlite::copy::copy(from, to, &report)
}

/// Whether the file `path` holds a whole SQLite database of ours, of this or an older version, whose
/// secrets `keyring` opens, and that a database of the engine `target` can be made from.
///
/// # Errors
/// Why not, for people to read.
pub fn check_file(path: &Path, keyring: Keyring, target: Dialect) -> Result<(), OpenError> {
    engine::sqlite::snapshot::check(path, keyring, target)
}

/// What is wrong within the SQLite file `path`, which nobody else uses, when all of it is looked at.
///
/// # Errors
/// When it cannot be looked at.
pub fn find_fault(path: &Path) -> Result<Option<String>, StoreError> {
    engine::sqlite::snapshot::find_fault(path)
}

/// A database. Clones share it.
#[derive(Clone)]
pub enum Store {
    /// A SQLite file in the data folder.
    Sqlite(SqliteEngine),
    /// A schema on a PostgreSQL server.
    Postgres(PostgresEngine),
}

/// Which PostgreSQL database, and how many connections to it.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Its address, `postgres://user:password@host:port/database?options`.
    pub url: String,
    /// Connections of this process, at least two: a part of them only writes, so that slow lists
    /// stand in front of no write. One more listens to other processes.
    pub pool: usize,
}

impl PostgresOptions {
    /// Connections unless somebody says otherwise: three processes fit into what a server allows
    /// by itself.
    pub const POOL: usize = 32;
}

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the disk has it: it survives a loss of power.
    #[default]
    Full,
    /// When the system has it: it survives the end of the process, and a loss of power takes at
    /// most the last moments.
    Normal,
}

/// How a database is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// The data folder; it is made when it is not there.
    pub dir: PathBuf,
    /// The server to use; without one the database is a SQLite file in the folder.
    pub postgres: Option<PostgresOptions>,
    /// Whether a database that holds anything is refused, before anything is changed in it.
    pub fresh: bool,
    /// When a write counts as done.
    pub durability: Durability,
    /// What stored secrets are sealed and opened with.
    pub keyring: Keyring,
    /// Where the events of committed functions go.
    pub events: EventSink,
    /// Who takes the same events in their order.
    pub feed: Option<Arc<dyn Feed>>,
    /// What follows from events before the commit.
    pub follower: Follower,
    /// Most functions that wait for the writer, and most reads that wait for the pool.
    pub queue: usize,
    /// How long a caller waits for a place in a queue that is full before it is told
    /// [`StoreError::Busy`].
    pub queue_wait: Duration,
    /// How long a write may take, waiting included, unless it says otherwise.
    pub write_timeout: Duration,
    /// How long a read may take on the caller's own thread before it moves to the pool.
    pub read_budget: Duration,
    /// How long a read may take in the pool before it moves on to the thread of endless ones.
    pub pool_budget: Duration,
    /// How long a read may take in all places but the first, and how long it may wait for one.
    pub read_timeout: Duration,
    /// Threads of the pool of slow reads: half of the cores, so that the others are left to quick
    /// reads and writes. There is one more, for those that are endless.
    pub readers: usize,
    /// How long one COMMIT waits for more functions to join it, as long as there are any.
    pub group_time: Duration,
    /// Whether the log of a SQLite file is kept to be shipped, and at most how many bytes of it that were
    /// not read.
    pub shipped_log: Option<u64>,
}

impl StoreOptions {
    /// The usual options for the data folder `dir`, without keys and with nobody listening to events.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            postgres: None,
            fresh: false,
            durability: Durability::Full,
            keyring: Keyring::default(),
            events: Arc::new(|_| ()),
            feed: None,
            follower: Arc::new(|_, _| Ok(())),
            queue: 1024,
            queue_wait: Duration::from_secs(5),
            write_timeout: Duration::from_secs(10),
            read_budget: Duration::from_millis(4),
            pool_budget: Duration::from_millis(500),
            read_timeout: Duration::from_secs(10),
            readers: std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().div_ceil(2)),
            group_time: Duration::from_millis(5),
            shipped_log: None,
        }
    }
}

impl Store {
    /// Opens the database, makes it when there is none, and brings its system tables up to date.
    ///
    /// # Errors
    /// Why not, for people to read.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        match options.postgres.clone() {
            None => SqliteEngine::open(options).map(Self::Sqlite),
            Some(postgres) => PostgresEngine::open(&postgres, options).map(Self::Postgres),
        }
    }

    /// Removes everything from the database, as far as it is the product's. The caller holds the
    /// folder's lock.
    ///
    /// # Errors
    /// Why not, for people to read.
    pub fn erase(options: &StoreOptions) -> Result<(), OpenError> {
        match &options.postgres {
            None => SqliteEngine::erase(&options.dir),
            Some(postgres) => PostgresEngine::erase(postgres, options),
        }
    }

    /// The SQL that the database speaks.
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All collections as of the last commit.
    pub fn schema(&self) -> Arc<Schema> {
        match self {
            Self::Sqlite(engine) => engine.schema(),
            Self::Postgres(engine) => engine.schema(),
        }
    }

    /// Runs `work`, which only fetches. It runs at once on the calling thread; when that takes too
    /// long it starts again on a thread of its own.
    ///
    /// # Errors
    /// What `work` answers, or why it could not run.
    pub async fn read<T, E>(
        &self,
        work: impl Fn(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(engine) => engine.read(work).await,
            Self::Postgres(engine) => engine.read(work).await,
        }
    }

    /// Runs `work`, which puts texts of users to the database, so that it cannot write, whatever they
    /// call, and that nothing of it stays on a connection. It may take as long as a write.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn look<T, E>(
        &self,
        timeout: Duration,
        work: impl Fn(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            // Its readers cannot write at all.
            Self::Sqlite(engine) => engine.read(work).await,
            Self::Postgres(engine) => engine.write(timeout, move |tx| tx.look(|db| work(db))).await,
        }
    }

    /// Runs `work` in a transaction: when it answers `Ok` and the commit succeeded, everything it
    /// did lasts, and its events are out; otherwise nothing happened.
    ///
    /// # Errors
    /// What `work` answers, or why it could not run or be committed.
    pub async fn write<T, E>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(engine) => engine.write(engine.write_timeout(), work).await,
            Self::Postgres(engine) => engine.write(engine.write_timeout(), work).await,
        }
    }

    /// [`Store::write`] with its own time, waiting included: imports and schema changes need more,
    /// batches have a setting.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_with<T, E>(
        &self,
        timeout: Duration,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(engine) => engine.write(timeout, work).await,
            Self::Postgres(engine) => engine.write(timeout, work).await,
        }
    }

    /// Notices what other processes changed in collections and settings: publishes the new schema
    /// and sends [`Event::SchemaChanged`]. Whether there was such a change.
    ///
    /// # Errors
    /// Why the database could not be asked.
    pub async fn poll_revision(&self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.poll_revision().await,
            Self::Postgres(engine) => engine.poll_revision().await,
        }
    }

    /// The log to ship, where the store was opened for that.
    pub fn wal(&self) -> Option<Arc<WalSource>> {
        match self {
            Self::Sqlite(engine) => engine.wal(),
            Self::Postgres(_) => None,
        }
    }

    /// Whether other processes may serve the same database.
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// What was committed in the last minute under numbers from `from` on and `before` the other one, by
    /// whatever process; of very much the last part. Nothing where there is only one process.
    ///
    /// # Errors
    /// Why the database could not be asked.
    pub async fn past(&self, from: u64, before: u64) -> Result<Vec<(u64, Vec<Event>)>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(Vec::new()),
            Self::Postgres(engine) => engine.past(from, before).await,
        }
    }

    /// Copies one state of the database into the new file `to`, while reads and writes go on. On
    /// PostgreSQL there is no file to copy: see [`Store::snapshot`].
    ///
    /// # Errors
    /// Why not, for one because the file is there already; nothing is left of the copy then.
    pub async fn copy(&self, to: PathBuf, report: CopyReport) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.copy(to, report).await,
            Self::Postgres(engine) => engine.copy(to).await,
        }
    }

    /// One state of a shared database, on a connection of its own; nothing where the database is a file,
    /// which [`Store::copy`] copies.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(engine) => engine.snapshot().await.map(Some),
        }
    }

    /// Brings what was committed so far into the database file, so that nothing older stands in it, as
    /// far as nobody reads it. A server does that by itself.
    pub async fn empty_log(&self) {
        match self {
            Self::Sqlite(engine) => engine.empty_log().await,
            Self::Postgres(_) => {}
        }
    }

    /// Lets the database work as well as it can with what it holds by now. PostgreSQL does that by
    /// itself.
    ///
    /// # Errors
    /// What the database says.
    pub async fn optimize(&self) -> Result<(), StoreError> {
        let optimized = self.write(|tx| {
            let statement = tx.dialect().optimize();
            statement.map_or(Ok(0), |statement| tx.run(statement))
        });
        optimized.await?;
        self.empty_log().await;
        Ok(())
    }

    /// What is wrong within the file of the database, all of which is looked at beside whoever uses it.
    /// PostgreSQL looks after its own.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn find_fault(&self) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.find_fault().await,
            Self::Postgres(_) => Ok(None),
        }
    }

    /// Asks the database for one row, to see whether it answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ask(&self) -> Result<(), StoreError> {
        let asked = self.read(|db| db.fetch_one(Statement::new(engine::REVISION, Vec::new())));
        asked.await.map(|_| ())
    }

    /// What the writes of this process came to.
    pub fn figures(&self) -> Figures {
        match self {
            Self::Sqlite(engine) => engine.figures(),
            Self::Postgres(engine) => engine.figures(),
        }
    }

    /// Finishes what was accepted, refuses the rest with [`StoreError::Closed`], and leaves the
    /// file in one piece. Returns when all is on disk.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close().await,
        }
    }
}
