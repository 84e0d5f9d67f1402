//! One state of a database, for whoever reads all of it.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::schema::Schema;
use crate::store::engine::sqlite::{foreign, snapshot};
use crate::store::error::{OpenError, StoreError};
use crate::store::tx::Db;

/// How long a state may be read: what it is about is its end, not its time.
const LIMIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A database as it was when this was opened, whatever is written to it meanwhile. Nothing is ever
/// written through it.
pub struct Snapshot {
    /// There until this is dropped.
    db: Option<Db>,
    watch: Option<Watch>,
}

/// Looks at what others write meanwhile.
pub(in crate::store) struct Watch {
    /// A connection that began before the state did.
    pub(in crate::store) db: Db,
    /// What it saw at first.
    pub(in crate::store) version: i64,
}

impl Snapshot {
    /// The state of the SQLite database in the data folder `dir`. Nothing but the file is needed: no
    /// writer thread, no migration.
    ///
    /// # Errors
    /// Why not, for people to read; the folder is as it was.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        snapshot::open(dir)
    }

    /// The state of the SQLite file `path` that another program made. Nothing is written there; `scratch`
    /// is a folder for what is needed on the way, and has to outlive this. There are no collections until
    /// [`Snapshot::set_schema`] says which.
    ///
    /// # Errors
    /// Why not, for people to read.
    pub fn open_foreign(path: &Path, scratch: &Path) -> Result<Self, OpenError> {
        foreign::open(path, scratch)
    }

    /// Whether another program has the SQLite file `path` open, as far as its locks tell.
    pub fn is_in_use(path: &Path) -> bool {
        foreign::is_in_use(path)
    }

    /// From now on the tables are those of `schema`.
    pub fn set_schema(&mut self, schema: Arc<Schema>) {
        self.start(schema);
    }

    /// What `db`, whose transaction has begun, reads with the collections `schema`.
    pub(in crate::store) fn of(db: Db, schema: Arc<Schema>, watch: Option<Watch>) -> Self {
        let mut snapshot = Self { db: Some(db), watch };
        snapshot.start(schema);
        snapshot
    }

    /// Forgets that a statement failed, so that the next ones run.
    pub fn restart(&mut self) {
        let schema = self.schema();
        self.start(schema);
    }

    /// Whether the database is still in this state, as far as that is watched.
    ///
    /// # Errors
    /// What the database says.
    pub fn is_current(&mut self) -> Result<bool, StoreError> {
        match &mut self.watch {
            Some(watch) => Ok(snapshot::data_version(&mut watch.db)? == watch.version),
            None => Ok(true),
        }
    }

    fn start(&mut self, schema: Arc<Schema>) {
        self.begin(schema, Instant::now() + LIMIT);
    }
}

impl Deref for Snapshot {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db.as_ref().expect("it is there until the snapshot is dropped")
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut Db {
        self.db.as_mut().expect("it is there until the snapshot is dropped")
    }
}

/// A connection to a server has a runtime of its own, which cannot end inside of another one.
impl Drop for Snapshot {
    fn drop(&mut self) {
        let (db, watch) = (self.db.take(), self.watch.take());
        drop(std::thread::spawn(move || drop((db, watch))));
    }
}
