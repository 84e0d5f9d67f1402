//! What can go wrong in a database, named by what a caller can do about it. Knows no engine: the
//! engines map their own errors onto these.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::keyring::SealError;

/// Why a statement or a whole function failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A row with these values exists already. `records::unique_fields` names the fields.
    #[error("a row with the same {0} exists already")]
    Unique(Unique),
    /// The writer has more waiting than it may; ask again later.
    #[error("the database has too much to do, try again later")]
    Busy,
    /// The function did not end in the time it was given.
    #[error("the database did not answer in time; a slow filter, sort or view may want an index")]
    Deadline,
    /// A write through a read, or a database that may not be written.
    #[error("the database is read-only")]
    ReadOnly,
    /// There is no room left on the disk.
    #[error("the disk of the database is full")]
    Full,
    /// The store is closed or closing.
    #[error("the database is closed")]
    Closed,
    /// The function panicked. Its changes are undone and the store goes on.
    #[error("a database function panicked")]
    Panicked,
    /// The database refused a statement: a text that a user wrote, a constraint, a missing column.
    #[error("{message}")]
    Statement {
        /// What the database says.
        message: String,
        /// The error of the engine.
        #[source]
        source: Source,
    },
    /// A row does not have the shape that was asked for.
    #[error("unexpected data in the database: {0}")]
    Data(String),
    /// A secret cannot be sealed or opened.
    #[error("{0}")]
    Secret(#[source] SealError),
    /// A value is longer than what the database can keep in an index.
    #[error("a value is too long for an index: {0}")]
    TooLarge(#[source] Source),
    /// Other transactions stood in the way, again and again; nothing was done.
    #[error("other writes stood in the way too often, try again: {0}")]
    Conflict(#[source] Source),
    /// The database cannot be reached, or the connection to it broke. When that happened during a
    /// commit, nobody knows whether it took place.
    #[error("the database cannot be reached: {0}")]
    Away(#[source] Source),
    /// Everything else: a broken disk, a damaged file.
    #[error("the database failed: {0}")]
    Other(#[source] Source),
}

impl From<SealError> for StoreError {
    fn from(error: SealError) -> Self {
        Self::Secret(error)
    }
}

/// An error of an engine, shared because one failure may be the answer of several statements.
#[derive(Clone)]
pub struct Source(Arc<dyn std::error::Error + Send + Sync>);

impl Source {
    /// Wraps an engine's own error.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Source {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// What a unique violation is about: engines name an index or the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unique {
    /// The index of this name.
    Index(String),
    /// These columns of this table.
    Columns {
        /// The table.
        table: String,
        /// Its columns, in the order of the index.
        columns: Vec<String>,
    },
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(name) => write!(f, "values of the index {name}"),
            Self::Columns { table, columns } => write!(f, "{table} ({})", columns.join(", ")),
        }
    }
}

/// Why a PostgreSQL server cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum ServerFault {
    /// The address cannot be read.
    #[error(
        "this is no address of a PostgreSQL database: {0}\nIt should look like postgres://user:password@host:5432/database."
    )]
    Address(String),
    /// Nobody answers there, or not as PostgreSQL does.
    #[error(
        "cannot reach the PostgreSQL server: {0}\nCheck that it runs, that host and port are right, and that this machine may connect to it."
    )]
    Unreachable(String),
    /// The server does not let this user in.
    #[error(
        "the PostgreSQL server refuses this user: {0}\nCheck user and password of the address, and pg_hba.conf of the server."
    )]
    Refused(String),
    /// There is no such database.
    #[error("{0}\nMake it with CREATE DATABASE, or correct the name in the address.")]
    NoDatabase(String),
    /// No schema of the search path exists.
    #[error(
        "no schema of the search path exists\nMake one with CREATE SCHEMA, or correct search_path in the options of the address."
    )]
    NoSchema,
    /// The server is older than what is supported.
    #[error(
        "the PostgreSQL server is too old: it has version {found}, {needed} or newer is needed"
    )]
    TooOld {
        /// What the server is.
        found: String,
        /// The oldest that will do.
        needed: u32,
    },
    /// The user may not make tables.
    #[error(
        "user {user:?} may not make tables in the schema {schema:?}\nAllow it with GRANT CREATE, USAGE ON SCHEMA {schema} TO {user}."
    )]
    NoRights {
        /// The user.
        user: String,
        /// The schema.
        schema: String,
    },
    /// The server allows fewer connections than are asked for.
    #[error(
        "the server allows {allowed} connections, and `[database] pool` asks for {needed}\nMake `pool` smaller, or raise max_connections or the limit of the user."
    )]
    TooFew {
        /// How many there may be.
        allowed: i64,
        /// How many there would be.
        needed: i64,
    },
    /// The database does not keep texts as they are.
    #[error(
        "the database keeps its texts in {0}, which cannot hold all characters\nMake one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
    )]
    Encoding(String),
    /// The server takes no writes.
    #[error("the database is read-only: {0}\nUse the address of the primary server.")]
    ReadOnly(String),
    /// A copy fills the database.
    #[error(
        "`ferrobase copy` is filling this database, or one that was interrupted is still being undone\nTry again when it has ended; nothing was changed."
    )]
    BeingFilled,
    /// The schema has tables, and they are not ours.
    #[error(
        "the schema {schema:?} holds the tables of another program ({table:?} is one)\nUse another database, or another schema by search_path in the options of the address; nothing was changed in this one."
    )]
    Foreign {
        /// The schema.
        schema: String,
        /// One of the tables.
        table: String,
    },
}

/// Why a database could not be opened. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the file cannot be made or read.
    #[error(
        "cannot open the data folder {path}: {source}\nCheck that it exists and that this user may write there."
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is no SQLite database.
    #[error(
        "{path} is not a SQLite database, or it is damaged\nRestore it from a backup, or choose another folder with --dir."
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database was made by another program.
    #[error(
        "{path} holds the tables of another program\nChoose another folder with --dir; nothing was changed in this one."
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// There is no database in the folder that one is read from.
    #[error("there is no database {path}\nName the data folder that holds one with --dir.")]
    Nothing {
        /// Where it would be.
        path: PathBuf,
    },
    /// The database is in use already, and must not be.
    #[error(
        "{path} holds collections already\nUse an empty database, or an empty schema by search_path in the options of the address; nothing was changed in this one."
    )]
    Occupied {
        /// The database.
        path: PathBuf,
    },
    /// An older version of the product made the database, which may not be changed.
    #[error(
        "{path} was written by an older version\nStart this version on it once (ferrobase serve), which brings it up to date, stop it, and try again; nothing was changed."
    )]
    Older {
        /// The database.
        path: PathBuf,
    },
    /// A collection has no table or view, which only another engine has the words for.
    #[error(
        "{path} has no table or view for the collection {collection:?}: it was exported from PostgreSQL, and SQLite refuses this one\nUse it with PostgreSQL, or give the view a query for SQLite there and export it again."
    )]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The first such collection.
        collection: String,
    },
    /// A newer version of the product made the database; it was left untouched.
    #[error(
        "{path} was written by a newer version (it has the migration {found:?}, which this version does not know)\nStart the newer version again, or restore a backup made by this one."
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The first unknown migration.
        found: String,
    },
    /// The file or its folder may not be written.
    #[error(
        "{path} cannot be written\nCheck the owner and the permissions of the file and of its folder."
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Secrets in the database are sealed and cannot be opened; it was left untouched.
    #[error(
        "{path}: {}\n{}; nothing was changed.",
        named(.faults),
        advice(.faults)
    )]
    Sealed {
        /// The database.
        path: PathBuf,
        /// Why, for each secret; at least one.
        faults: Vec<SealError>,
    },
    /// Another process holds the folder's lock.
    #[error(
        "{path} is in use by {holder}\nStop that process first, or choose another folder with --dir."
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other process, `process 4711` or so.
        holder: String,
    },
    /// A PostgreSQL server cannot be used.
    #[error("{address}: {fault}")]
    Server {
        /// Its address, without the password.
        address: String,
        /// What is wrong.
        fault: ServerFault,
    },
    /// The database was opened, and then failed.
    #[error("cannot prepare the database {path}: {source}")]
    Store {
        /// The database.
        path: PathBuf,
        /// What failed.
        #[source]
        source: StoreError,
    },
}

/// The first fault, and how many there are besides.
fn named(faults: &[SealError]) -> String {
    match faults {
        [] => String::new(),
        [fault] => fault.to_string(),
        [fault, more @ ..] => format!("{fault} (and {} secrets more)", more.len()),
    }
}

/// What to do about secrets that cannot be opened.
fn advice(faults: &[SealError]) -> &'static str {
    match faults.first() {
        None | Some(SealError::NoKey { .. }) => {
            "Set the variable FERROBASE_AUTH_KEY, or `[auth] key` of the config file, to that key"
        }
        Some(SealError::OtherKey { .. }) => {
            "Set FERROBASE_AUTH_KEY, or `[auth] key` of the config file, to that key; to change keys, \
             set the new one there and that one in FERROBASE_AUTH_PREVIOUS_KEY or `previous_key`"
        }
        Some(SealError::Damaged { .. }) => "Restore the database from a backup",
        Some(SealError::Unknown { .. }) => "Start the newer version again that wrote it",
        Some(SealError::Disguised { .. }) => "Choose another secret",
    }
}
