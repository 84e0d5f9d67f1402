//! Opening a SQLite file: what it must be, how its connections are set up, which threads start.

use std::collections::VecDeque;
use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use crate::domain::schema::Schema;
use crate::store::engine::REVISION;
use crate::store::engine::Session as AnySession;
use crate::store::engine::figures::Tally;
use crate::store::engine::sqlite::auxiliary::Auxiliary;
use crate::store::engine::sqlite::checkpoint::Checkpointer;
use crate::store::engine::sqlite::error::store_error;
use crate::store::engine::sqlite::gate::Gate;
use crate::store::engine::sqlite::queue::Queue;
use crate::store::engine::sqlite::readers::Readers;
use crate::store::engine::sqlite::session::Session;
use crate::store::engine::sqlite::wal::{FileMark, WalSource};
use crate::store::engine::sqlite::writer::{Writer, data_version, session};
use crate::store::engine::sqlite::{Shared, SqliteEngine};
use crate::store::error::{OpenError, StoreError};
use crate::store::filter::SCALAR_FUNCTIONS;
use crate::store::migrate::Home;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::{Durability, StoreOptions, migrate, secrets};

/// How long a statement waits for a lock of another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The log's file is cut to this size when it starts again from the beginning.
const LOG_SIZE: i64 = 32 << 20;

/// Page cache of the writer and of each reader, in kB; taken only as it fills.
const WRITER_CACHE: i64 = 16_000;
pub(super) const READER_CACHE: i64 = 8_000;

/// How much of the file readers map into memory instead of copying it page by page, in bytes; a third
/// of the time of a list that looks at every row. The price: a disk that cannot be read any more ends
/// the process (SIGBUS) and not one statement. What was answered is on the disk by then, so it can be
/// started again. The writer maps nothing: what it changes must not hang on that.
const READER_MAP: i64 = 1 << 30;

/// Marks the file as the product's: "FERB".
const APPLICATION_ID: i64 = 0x4645_5242;

/// Everything that a database in a folder is made of.
const FILES: [&str; 6] = [
    "data.db",
    "data.db-wal",
    "data.db-shm",
    "auxiliary.db",
    "auxiliary.db-wal",
    "auxiliary.db-shm",
];

pub(super) fn open(options: StoreOptions) -> Result<SqliteEngine, OpenError> {
    let path = options.dir.join("data.db");
    make_folder(&options.dir)
        .map_err(|source| OpenError::Folder { path: options.dir.clone(), source })?;
    let failed = |source| OpenError::Store { path: path.clone(), source };
    // Before anything is written.
    let found = FileMark::without_log(&path);
    let mut tx = open_writer(&path, &options)?;
    let gate = Arc::<Gate>::default();
    let wal =
        options.shipped_log.map(|most| WalSource::start(&path, found, most, Arc::clone(&gate)));
    let wal = wal.transpose().map_err(failed)?.map(Arc::new);
    let (schema, revision) = prepare(&mut tx, &path)?;
    let data_version = data_version(&mut tx).map_err(failed)?;
    let logs = Auxiliary::open(options.dir.join("auxiliary.db"), options.read_timeout)?;
    let shared = Arc::new(Shared {
        schema: ArcSwap::from_pointee(schema),
        revision: AtomicI64::new(revision),
        publishing: RwLock::new(()),
        gate: Arc::clone(&gate),
        events: Arc::clone(&options.events),
        feed: options.feed.clone(),
        follower: Arc::clone(&options.follower),
        writes: Tally::default(),
    });
    let no_thread = |source| OpenError::Folder { path: path.clone(), source };
    let readers = Readers::start(&options, path.clone(), Arc::clone(&shared)).map_err(no_thread)?;
    let (queue, jobs) = Queue::new(options.queue, options.queue_wait);
    let checkpointer = {
        let connection = session(&mut tx).connection_mut();
        Checkpointer::start(connection, path.clone(), gate, wal.clone()).map_err(no_thread)?
    };
    let writer = Writer {
        tx,
        shared: Arc::clone(&shared),
        jobs,
        checkpointer,
        data_version,
        group_time: options.group_time,
        again: VecDeque::new(),
        closing: Vec::new(),
        told: 0,
    };
    std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || writer.work())
        .map_err(no_thread)?;
    Ok(SqliteEngine {
        shared,
        writer: queue,
        readers: Arc::new(readers),
        write_timeout: options.write_timeout,
        path,
        logs: Arc::new(logs),
        wal,
    })
}

/// Deletes the database of the folder `dir`, whose lock the caller holds.
pub(super) fn erase(dir: &Path) -> Result<(), OpenError> {
    for name in FILES {
        match std::fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(OpenError::Folder { path: dir.to_owned(), source: error });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// A connection for reads. It cannot change anything, whatever is asked of it.
pub(super) fn reader(path: &Path) -> Result<Session, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS)
        .map_err(store_error)?;
    set_up(&connection, READER_CACHE).map_err(store_error)?;
    connection.pragma_update(None, "mmap_size", READER_MAP).map_err(store_error)?;
    Session::new(connection).map_err(store_error)
}

/// A connection that only copies the log into the file.
pub(super) fn checkpointer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Until a connection has read, it knows of no log, and a checkpoint does nothing and says so to nobody.
    connection.pragma_query_value(None, "schema_version", |_| Ok(()))?;
    Ok(connection)
}

/// A connection is used by one thread at a time, so SQLite's own mutexes only cost.
pub(super) const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

/// The database holds password hashes and secrets: a new folder is its owner's alone.
fn make_folder(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn open_writer(path: &Path, options: &StoreOptions) -> Result<Tx, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | FLAGS;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| open_error(path, error))?;
    set_up(&connection, WRITER_CACHE).map_err(|error| open_error(path, error))?;
    if connection.is_readonly(MAIN_DB).map_err(|error| open_error(path, error))? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    check_owner(&connection, path)?;
    let session = Session::new(connection).map_err(|error| open_error(path, error))?;
    let db = Db::new(AnySession::Sqlite(session), Arc::default(), options.keyring.clone());
    let mut tx = Tx::new(db);
    // Before the first pragma that writes: a file of a newer version stays as it is, and so does one
    // whose secrets cannot be opened.
    migrate::refuse_newer(&mut tx, Home::Main, path)?;
    secrets::refuse_sealed(&mut tx, path)?;
    if options.fresh {
        crate::store::collections::refuse_any(&mut tx, path)?;
    }
    set_up_writer(session_of(&mut tx), options.durability)
        .map_err(|error| open_error(path, error))?;
    Ok(tx)
}

fn session_of(tx: &mut Tx) -> &Connection {
    session(tx).connection()
}

/// Refuses a database that another program made, before anything is changed in it.
pub(super) fn check_owner(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let read = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|error| open_error(path, error))
    };
    let is_empty = read("SELECT count(*) FROM sqlite_schema")? == 0;
    if is_empty || read("PRAGMA application_id")? == APPLICATION_ID {
        return Ok(());
    }
    Err(OpenError::Foreign { path: path.to_owned() })
}

/// What all connections have in common.
pub(super) fn set_up(connection: &Connection, cache: i64) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // An unknown column in double quotes is an error and not a text, or a misspelt rule or index
    // would compare with its own name.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    register_functions(connection)?;
    connection.pragma_update(None, "cache_size", -cache)?;
    connection.pragma_update(None, "mmap_size", 0)
}

/// The functions that filters use and SQLite has not.
fn register_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for function in SCALAR_FUNCTIONS {
        connection.create_scalar_function(function.name, function.arity, flags, |context| {
            let number = |index| match context.get_raw(index) {
                ValueRef::Integer(number) => Some(number as f64),
                ValueRef::Real(number) => Some(number),
                ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
            };
            let arguments: Vec<Option<f64>> = (0..context.len()).map(number).collect();
            Ok((function.call)(&arguments))
        })?;
    }
    Ok(())
}

pub(super) fn set_up_writer(
    connection: &Connection,
    durability: Durability,
) -> rusqlite::Result<()> {
    let owner: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if owner != APPLICATION_ID {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)
}

/// Brings the system tables up to date and reads the collections.
fn prepare(tx: &mut Tx, path: &Path) -> Result<(Schema, i64), OpenError> {
    let mut work = || {
        if migrate::is_needed(tx, Home::Main)? {
            session(tx).begin_write()?;
            migrate::run(tx, Home::Main)?;
            session(tx).commit()?;
        }
        // A server may be writing: a command that opens the database does not wait for it.
        session(tx).begin_read()?;
        let revision = tx.fetch_one(Statement::new(REVISION, Vec::new()))?.int(0)?;
        let schema = crate::store::collections::load(tx, revision)?;
        session(tx).commit()?;
        Ok((schema, revision))
    };
    work().map_err(|source| OpenError::Store { path: path.to_owned(), source })
}

pub(super) fn open_error(path: &Path, error: rusqlite::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::NotADatabase { path }
        }
        Some(ErrorCode::ReadOnly) => OpenError::ReadOnly { path },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            OpenError::Folder { path, source: io::Error::other(error) }
        }
        _ => OpenError::Store { path, source: store_error(error) },
    }
}
