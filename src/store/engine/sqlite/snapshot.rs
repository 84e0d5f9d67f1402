//! One state of a SQLite file, for whoever reads all of it. Nothing is ever written, and nothing
//! but the file is needed: no writer thread, no migration.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};

use crate::domain::keyring::Keyring;
use crate::domain::schema::Schema;
use crate::store::engine::REVISION;
use crate::store::engine::Session as AnySession;
use crate::store::engine::sqlite::open::{FLAGS, READER_CACHE, check_owner, open_error, set_up};
use crate::store::engine::sqlite::session::Session;
use crate::store::error::{OpenError, StoreError};
use crate::store::migrate::{self, Home};
use crate::store::sql::Statement;
use crate::store::tx::Db;

/// A database as it was when this was opened, whatever is written to it meanwhile. Statements have
/// no deadline.
pub struct Snapshot {
    db: Db,
    /// Looks at what others write meanwhile.
    watch: Db,
    /// What [`Snapshot::watch`] saw at first.
    version: i64,
}

impl Snapshot {
    /// The state of the database in the data folder `dir`.
    ///
    /// # Errors
    /// Why not, for people to read; the folder is as it was.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("data.db");
        if !path.is_file() {
            return Err(OpenError::Nothing { path });
        }
        let failed = |source| OpenError::Store { path: path.clone(), source };
        let mut watch = connect(&path)?;
        let version = data_version(&mut watch).map_err(failed)?;
        let mut db = connect(&path)?;
        db.session().sqlite().begin_read().map_err(failed)?;
        migrate::refuse_newer(&mut db, Home::Main, &path)?;
        if migrate::is_needed(&mut db, Home::Main).map_err(failed)? {
            return Err(OpenError::Older { path });
        }
        let mut load = || {
            let revision = db.fetch_one(Statement::new(REVISION, Vec::new()))?.int(0)?;
            Ok(Arc::new(crate::store::collections::load(&mut db, revision)?))
        };
        let schema = load().map_err(failed)?;
        let mut snapshot = Self { db, watch, version };
        snapshot.start(schema);
        Ok(snapshot)
    }

    /// Forgets that a statement failed, so that the next ones run.
    pub fn restart(&mut self) {
        let schema = self.db.schema();
        self.start(schema);
    }

    /// Whether the database is still in this state.
    ///
    /// # Errors
    /// What the database says.
    pub fn is_current(&mut self) -> Result<bool, StoreError> {
        Ok(data_version(&mut self.watch)? == self.version)
    }

    fn start(&mut self, schema: Arc<Schema>) {
        self.db.begin(schema, Instant::now());
        self.db.session().limit(None);
    }
}

impl Deref for Snapshot {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.db
    }
}

/// A connection that cannot change anything, to a file that is ours.
fn connect(path: &Path) -> Result<Db, OpenError> {
    let opened = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS;
        let connection = Connection::open_with_flags(path, flags)?;
        set_up(&connection, READER_CACHE)?;
        Ok(connection)
    };
    let connection = opened().map_err(|error| open_error(path, error))?;
    check_owner(&connection, path)?;
    let session = Session::new(connection).map_err(|error| open_error(path, error))?;
    // Who copies rows as they are needs no key for them.
    Ok(Db::new(AnySession::Sqlite(session), Arc::default(), Keyring::Blind))
}

/// Differs after every commit of another connection.
fn data_version(db: &mut Db) -> Result<i64, StoreError> {
    db.fetch_one(Statement::new("PRAGMA data_version", Vec::new()))?.int(0)
}
