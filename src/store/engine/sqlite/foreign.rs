//! One state of a SQLite file that another program made. Neither the file nor its log is ever
//! written, so it can be put back to use as it was.

use std::fmt::Write;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, fcntl_lock};

use crate::domain::keyring::Keyring;
use crate::store::engine::sqlite::open::{FLAGS, READER_CACHE, open_error, set_up};
use crate::store::engine::sqlite::session::Session;
use crate::store::engine::{Session as AnySession, Snapshot};
use crate::store::error::OpenError;
use crate::store::sql::Statement;
use crate::store::tx::Db;

/// The state of the file `path`, with what its log adds, read with no collections at all. Where another
/// program has it open, the state of this moment. `scratch` is a folder for a copy, which is made where
/// there is a log that cannot be read without changing something beside it.
///
/// # Errors
/// [`OpenError`]: not there, no SQLite database, or damaged.
pub(in crate::store) fn open(path: &Path, scratch: &Path) -> Result<Snapshot, OpenError> {
    if !path.is_file() {
        return Err(OpenError::Nothing { path: path.to_owned() });
    }
    let wal = beside(path, "-wal");
    let has_log = wal.metadata().is_ok_and(|log| log.len() > 0);
    if is_in_use(path) {
        return connect(path, "mode=ro");
    }
    if !has_log {
        return connect(path, "mode=ro&immutable=1");
    }
    // To read a log its index has to be made, which would be written beside it.
    let folder = |source| OpenError::Folder { path: scratch.to_owned(), source };
    let copy = scratch.join("source.db");
    std::fs::copy(path, &copy).map_err(folder)?;
    std::fs::copy(&wal, beside(&copy, "-wal")).map_err(folder)?;
    connect(&copy, "mode=ro")
}

/// Whether another program has the file open, as far as its locks tell. Who has a log open keeps the
/// index of the log locked.
pub(in crate::store) fn is_in_use(path: &Path) -> bool {
    let index = OpenOptions::new().read(true).write(true).open(beside(path, "-shm"));
    let Ok(index) = index else { return false };
    fcntl_lock(&index, FlockOperation::NonBlockingLockExclusive).is_err()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn connect(path: &Path, options: &str) -> Result<Snapshot, OpenError> {
    let opened = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | FLAGS;
        let connection = Connection::open_with_flags(address(path, options), flags)?;
        set_up(&connection, READER_CACHE)?;
        Session::new(connection)
    };
    let session = opened().map_err(|error| open_error(path, error))?;
    let mut db = Db::new(AnySession::Sqlite(session), Arc::default(), Keyring::Blind);
    let failed = |source| OpenError::Store { path: path.to_owned(), source };
    let damaged = |_| OpenError::NotADatabase { path: path.to_owned() };
    db.session().sqlite().begin_read().map_err(failed)?;
    db.begin(Arc::default(), Instant::now());
    db.session().limit(None);
    let check = db.fetch_one(Statement::new("PRAGMA quick_check(1)", Vec::new()));
    let check = check.map_err(damaged)?;
    if check.text(0).map_err(failed)? != "ok" {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    Ok(Snapshot::of(db, Arc::default(), None))
}

/// The file as an address, which says how it is opened.
fn address(path: &Path, options: &str) -> String {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => address.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(*byte)),
            // Writing to a text does not fail.
            byte => drop(write!(address, "%{byte:02X}")),
        }
    }
    address.push('?');
    address.push_str(options);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKE: &str =
        "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)";

    fn counted(snapshot: &mut Snapshot) -> i64 {
        let row = snapshot.fetch_one(Statement::new("SELECT count(*) FROM t", Vec::new()));
        row.unwrap().int(0).unwrap()
    }

    fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    #[test]
    fn a_log_that_a_killed_program_left_is_read_and_stays() {
        let (dir, other, scratch) = three();
        let path = dir.path().join("a ?#%.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(MAKE).unwrap();
        // As the files are when the program dies now.
        let killed = other.path().join("a ?#%.db");
        std::fs::copy(&path, &killed).unwrap();
        std::fs::copy(beside(&path, "-wal"), beside(&killed, "-wal")).unwrap();
        std::fs::copy(beside(&path, "-shm"), beside(&killed, "-shm")).unwrap();
        let before = contents(other.path());
        assert!(!is_in_use(&killed));
        let mut snapshot = open(&killed, scratch.path()).unwrap();
        assert_eq!(counted(&mut snapshot), 2);
        drop(snapshot);
        assert_eq!(contents(other.path()), before);
    }

    #[test]
    fn a_closed_file_gets_nothing_beside_it() {
        let (dir, _, scratch) = three();
        let path = dir.path().join("data.db");
        Connection::open(&path).unwrap().execute_batch(MAKE).unwrap();
        let before = contents(dir.path());
        assert_eq!(before.len(), 1);
        assert_eq!(counted(&mut open(&path, scratch.path()).unwrap()), 2);
        assert_eq!(contents(dir.path()), before);
        assert_eq!(contents(scratch.path()), []);
    }

    #[test]
    fn what_is_no_whole_database_is_refused() {
        let (dir, _, scratch) = three();
        let path = dir.path().join("data.db");
        let error = |path: &Path| open(path, scratch.path()).err().unwrap();
        assert!(matches!(error(&path), OpenError::Nothing { .. }));
        std::fs::write(&path, "a text that is no database at all").unwrap();
        assert!(matches!(error(&path), OpenError::NotADatabase { .. }));
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch(MAKE).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len();
        bytes[end - 40..].fill(0xAA);
        bytes[5000..5200].fill(0x55);
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(error(&path), OpenError::NotADatabase { .. }));
    }

    fn three() -> (tempfile::TempDir, tempfile::TempDir, tempfile::TempDir) {
        let dir = || tempfile::tempdir().unwrap();
        (dir(), dir(), dir())
    }
}
