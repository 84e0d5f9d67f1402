//! One state of a SQLite file. Nothing is ever written.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};

use crate::domain::keyring::Keyring;
use crate::store::engine::snapshot::Watch;
use crate::store::engine::sqlite::error::store_error;
use crate::store::engine::sqlite::open::{FLAGS, READER_CACHE, check_owner, open_error, set_up};
use crate::store::engine::sqlite::session::Session;
use crate::store::engine::{REVISION, Session as AnySession, Snapshot};
use crate::store::error::{OpenError, StoreError};
use crate::store::migrate::{self, Home};
use crate::store::sql::Statement;
use crate::store::tx::Db;
use crate::store::{Dialect, secrets};

/// The state of the database in the data folder `dir`.
pub(in crate::store) fn open(dir: &Path) -> Result<Snapshot, OpenError> {
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
    Ok(Snapshot::of(db, schema, Some(Watch { db: watch, version })))
}

/// Whether the file `path` holds a whole database of ours that this version can use, whose secrets
/// `keyring` opens. It may be of an older version. To be served as it is, it must have all tables and
/// views that its collections name.
pub(in crate::store) fn check(
    path: &Path,
    keyring: Keyring,
    target: Dialect,
) -> Result<(), OpenError> {
    let failed = |source| OpenError::Store { path: path.to_owned(), source };
    let damaged = || OpenError::NotADatabase { path: path.to_owned() };
    let mut db = connect_with(path, keyring)?;
    db.begin(Arc::default(), Instant::now());
    db.session().limit(None);
    let found = db.fetch_one(Statement::new("PRAGMA quick_check(1)", Vec::new()));
    if found.map_err(failed)?.text(0).map_err(failed)? != "ok" {
        return Err(damaged());
    }
    let owned = "SELECT count(*) FROM sqlite_schema WHERE \"name\" IN ('_migrations', '_revision', \
                 '_collections')";
    let owned = db.fetch_one(Statement::new(owned, Vec::new())).map_err(failed)?;
    if owned.int(0).map_err(failed)? != 3 {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    migrate::refuse_newer(&mut db, Home::Main, path)?;
    secrets::refuse_sealed(&mut db, path)?;
    let missing = "SELECT \"name\" FROM \"_collections\" WHERE lower(\"name\") NOT IN \
                   (SELECT lower(\"name\") FROM sqlite_schema) ORDER BY 1";
    let missing = db.fetch_optional(Statement::new(missing, Vec::new())).map_err(failed)?;
    match (target, missing) {
        (Dialect::Sqlite, Some(row)) => {
            let collection = row.text(0).map_err(failed)?.to_owned();
            Err(OpenError::Incomplete { path: path.to_owned(), collection })
        }
        _ => Ok(()),
    }
}

/// What is wrong within the database file `path`, all of which is looked at; the first fault.
pub(in crate::store) fn find_fault(path: &Path) -> Result<Option<String>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS;
    let connection = Connection::open_with_flags(path, flags).map_err(store_error)?;
    set_up(&connection, READER_CACHE).map_err(store_error)?;
    let found = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
        .map_err(store_error)?;
    Ok((found != "ok").then_some(found))
}

/// A connection that cannot change anything, to a file that is ours.
fn connect(path: &Path) -> Result<Db, OpenError> {
    // Who copies rows as they are needs no key for them.
    connect_with(path, Keyring::Blind)
}

fn connect_with(path: &Path, keyring: Keyring) -> Result<Db, OpenError> {
    let opened = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS;
        let connection = Connection::open_with_flags(path, flags)?;
        set_up(&connection, READER_CACHE)?;
        Ok(connection)
    };
    let connection = opened().map_err(|error| open_error(path, error))?;
    check_owner(&connection, path)?;
    let session = Session::new(connection).map_err(|error| open_error(path, error))?;
    Ok(Db::new(AnySession::Sqlite(session), Arc::default(), keyring))
}

/// Differs after every commit of another connection.
pub(in crate::store) fn data_version(db: &mut Db) -> Result<i64, StoreError> {
    db.fetch_one(Statement::new("PRAGMA data_version", Vec::new()))?.int(0)
}
