//! From options to an [`App`] over a database: what every command that touches data shares.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Notify;

use crate::cli::configuration::{Configuration, LoadError};
use crate::cli::environment::{Environment, SecretFilesError};
use crate::config::{
    self, Auth, Config, Durability as ConfigDurability, KEY_VARIABLE, ReplicaPlace,
};
use crate::domain::event::Event;
use crate::domain::keyring::{Key, Keyring, WrongLength};
use crate::domain::settings::{Secret, Settings};
use crate::services::Error;
use crate::services::app::{App, Options};
use crate::services::backups::Backups;
use crate::services::blobs::{BlobError, Blobs, Sync};
use crate::services::certificates::PairError;
use crate::services::certificates::automatic::AutomaticError;
use crate::services::clock::Clock;
use crate::services::configuration::CurrentConfig;
use crate::services::copy::CopyError;
use crate::services::files::{self, Files};
use crate::services::health::Health;
use crate::services::logs::Logs;
use crate::services::metrics::Metrics;
use crate::services::nodes::JoinError;
use crate::services::oauth2::{Limits, OAuth2};
use crate::services::passwords::{self, Cost, Passwords};
use crate::services::plan::Stop;
use crate::services::pocketbase::ImportError;
use crate::services::queue::Queue;
use crate::services::rate_limits::RateLimits;
use crate::services::realtime::Realtime;
use crate::services::records::empty_lists::EmptyLists;
use crate::services::replica::{Replica, ReplicaError};
use crate::services::settings::CurrentSettings;
use crate::services::throttle::Throttle;
use crate::services::tokens::Callers;
use crate::services::webhooks::{self, Sender};
use crate::store::{Durability, OpenError, PostgresOptions, Store, StoreOptions};

/// Why a command could not start. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] LoadError),
    /// Secrets cannot be read.
    #[error(transparent)]
    Secrets(#[from] SecretFilesError),
    /// The first superuser is named by half.
    #[error(
        "{set} is set and {missing} is not. Set both, and the first start makes a superuser of them, \
         or none."
    )]
    HalfASuperuser {
        /// The variable that is there.
        set: &'static str,
        /// The one that is missing.
        missing: &'static str,
    },
    /// The first superuser cannot be made.
    #[error(
        "no superuser can be made of FERROBASE_ADMIN_EMAIL and FERROBASE_ADMIN_PASSWORD: {}",
        with_causes(.0)
    )]
    FirstSuperuser(#[source] Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}\n{}", listen_advice(source, option))]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The option that says another one.
        option: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// HTTPS is wanted, and there is nothing to show.
    #[error(
        "HTTPS on {0} needs a certificate\n\
         Name domains to get one for (ferrobase serve example.com, or [server] domains), or the files of \
         your own (--certificate and --certificate-key, or [server] certificate and certificate_key)."
    )]
    NoCertificate(std::net::SocketAddr),
    /// A certificate of one's own cannot be shown.
    #[error(transparent)]
    Certificate(#[from] PairError),
    /// Automatic certificates cannot be kept or asked for.
    #[error(transparent)]
    Automatic(#[from] AutomaticError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A key for stored secrets is none.
    #[error(
        "the variable {variable} holds no key: a key has {source}\n\
         Make one with: openssl rand -base64 24"
    )]
    Key {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        #[source]
        source: WrongLength,
    },
    /// Another process serves the database, and both cannot.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The system gives no threads.
    #[error("cannot start the threads that hash passwords: {0}")]
    Threads(#[from] passwords::StartError),
    /// The database is not what the file says, and cannot be made so without a person.
    #[error(transparent)]
    Plan(#[from] Stop),
    /// The log of a PostgreSQL database is not ours to ship.
    #[error(
        "[backups.replica] ships the log of a SQLite database, and this one is on PostgreSQL.\n\
         Leave the section out. PostgreSQL goes back to a moment by base backups and archived logs of its \
         own: docs/backups.md says how."
    )]
    ReplicaOfPostgres,
    /// A replica cannot be read or restored.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// A database cannot be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// A folder of another product cannot be taken over.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// What is taken over has no place here.
    #[error(
        "{path} holds data already\nName an empty folder with --dir. Nothing was imported.",
        path = .0.display()
    )]
    Occupied(PathBuf),
    /// A key that the command line names is not there.
    #[error("the variable {0} is not set\nIt is to hold the key. Nothing was imported.")]
    NoKey(String),
    /// What was taken over cannot be put in its place.
    #[error("cannot write to {path}: {source}", path = path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing to copy into.
    #[error(
        "{0}\nName the database with --to postgres://user:password@host:5432/database, or in the \
         variable DATABASE_URL."
    )]
    NoTarget(&'static str),
    /// The database could be opened and then failed.
    #[error("{}", with_causes(.0))]
    Failed(#[from] Error),
    /// A restore cannot be brought to its end.
    #[error(
        "a restore cannot be ended: {0}\nThe data is in the data folder, or in .restore below it."
    )]
    Restore(#[source] std::io::Error),
    /// Files cannot be kept.
    #[error("cannot use the place for files: {0}")]
    Files(#[source] BlobError),
    /// There is no site in the folder that was named.
    #[error(
        "cannot serve the site in {}: {source}\nBuild it first, or name another folder with --public.",
        folder.display()
    )]
    Site {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The server could not be set up.
    #[error("cannot start the server: {0}")]
    Server(#[source] std::io::Error),
}

/// What an [`App`] is made from.
pub(super) struct AppOptions<'a> {
    /// The data folder.
    pub dir: &'a Path,
    /// The file, when there is one.
    pub configuration: Option<&'a Configuration>,
    /// `DATABASE_URL`, which goes before the file's.
    pub database_url: Option<String>,
    /// Whether the database is emptied first; the folder's lock is held then.
    pub reset: bool,
    /// What stored secrets are sealed and opened with.
    pub keyring: Keyring,
    /// What time it is.
    pub clock: Clock,
    /// Whether failed sign-ins slow down those who fail; `None` is as the file says.
    pub throttle: Option<bool>,
    /// `FERROBASE_METRICS_TOKEN`, which goes before the file's.
    pub metrics_token: Option<String>,
    /// How far the conversations with other providers may go.
    pub oauth2: Limits,
    /// Whether the API may not change collections and settings.
    pub locked: bool,
    /// Whether the log of the database is shipped, if the file says so.
    pub ships: bool,
}

/// Opens the database and puts everything that use cases need around it.
///
/// # Errors
/// Why that is not possible.
pub(super) fn open(options: &AppOptions<'_>) -> Result<App, StartError> {
    let config = options.configuration.map(|configuration| configuration.config.as_ref());
    let callers = Arc::new(Callers::default());
    let loosened = Arc::new(Notify::new());
    let files = files(options.dir, config, &loosened)?;
    let settings = Arc::new(CurrentSettings::default());
    let queue = Arc::new(Queue::default());
    let realtime = Arc::new(Realtime::default());
    let configuration = Arc::new(options.configuration.map(current).unwrap_or_default());
    let replica = options.configuration.filter(|_| options.ships).and_then(replica);
    if replica.is_some() && postgres(options, config).is_some() {
        return Err(StartError::ReplicaOfPostgres);
    }
    let store = {
        let (callers, settings) = (Arc::clone(&callers), Arc::clone(&settings));
        let queue = Arc::clone(&queue);
        let mut store = StoreOptions::new(options.dir);
        store.postgres = postgres(options, config);
        store.keyring = options.keyring.clone();
        store.shipped_log = replica.as_ref().map(|replica| replica.most);
        store.feed = Some(Arc::<Realtime>::clone(&realtime));
        store.events = Arc::new(move |events: &[Event]| {
            callers.on_events(events);
            files::announce(events, &loosened);
            settings.on_events(events);
            queue.on_events(events);
        });
        store.follower = webhooks::follower(Arc::clone(&configuration), options.clock.clone());
        if let Some(config) = config {
            store.durability = match config.database.durability {
                ConfigDurability::Full => Durability::Full,
                ConfigDurability::Normal => Durability::Normal,
            };
            if let Some(timeout) = config.database.timeout {
                store.read_timeout = timeout;
                store.write_timeout = timeout;
            }
        }
        if options.reset {
            Store::erase(&store)?;
        }
        Store::open(store)?
    };
    let throttle =
        options.throttle.unwrap_or_else(|| config.is_none_or(|config| config.auth.throttle));
    Ok(App {
        store,
        files,
        backups: Backups::new(options.dir),
        replica: Replica::new(replica, options.clock.now()),
        secrets: options.keyring.clone(),
        clock: options.clock.clone(),
        passwords: Passwords::start(cost(config), hashing_threads())?,
        callers,
        settings,
        queue,
        realtime,
        oauth2: OAuth2::new(options.oauth2),
        webhooks: Sender::default(),
        rate_limits: RateLimits::default(),
        throttle: Throttle::new(throttle),
        empty_lists: EmptyLists::default(),
        logs: Arc::new(Logs::new(options.clock.clone())),
        metrics: Metrics::default(),
        health: Health::default(),
        configuration,
        options: Options { locked: options.locked, metrics_token: metrics_token(options, config) },
    })
}

/// The keys for stored secrets: those of the variables, which go before the file's.
///
/// # Errors
/// When a variable holds something else.
pub(super) fn keyring(
    config: Option<&Config>,
    variables: &Environment,
) -> Result<Keyring, StartError> {
    let named = |variable: &'static str| {
        let key = variables.filled(variable).map(|text| Key::parse(&text)).transpose();
        key.map_err(|source| StartError::Key { variable, source })
    };
    let auth = config.map(|config| &config.auth);
    let of_file = |key: fn(&Auth) -> &Option<Key>| auth.and_then(|auth| key(auth).clone());
    Ok(Keyring::Keys {
        key: named(KEY_VARIABLE)?.or_else(|| of_file(|auth| &auth.key)),
        previous: named("FERROBASE_AUTH_PREVIOUS_KEY")?
            .or_else(|| of_file(|auth| &auth.previous_key)),
    })
}

/// Where the log is shipped to, as the file says; a relative folder starts at the file.
pub(super) fn replica(configuration: &Configuration) -> Option<config::Replica> {
    let mut replica = configuration.config.replica.clone()?;
    if let ReplicaPlace::Folder(folder) = &mut replica.place {
        let base = configuration.file.parent().unwrap_or(Path::new("."));
        *folder = base.join(&*folder);
    }
    Some(replica)
}

/// The place for files alone.
///
/// # Errors
/// When it cannot be used.
pub(super) fn blobs(dir: &Path, config: Option<&Config>) -> Result<Arc<Blobs>, StartError> {
    Ok(files(dir, config, &Arc::default())?.blobs)
}

/// Where files are kept: the bucket that the file names, else a folder of the data folder.
fn files(dir: &Path, config: Option<&Config>, loosened: &Arc<Notify>) -> Result<Files, StartError> {
    let dir = dir.join("storage");
    let loosened = Arc::clone(loosened);
    let mut settings = Settings::default();
    if let Some(config) = config {
        // The file was checked when it was loaded.
        let _ = settings.apply(config.settings.as_map());
    }
    let files = match settings.s3 {
        bucket if bucket.enabled => Files::in_bucket(&bucket, dir, loosened),
        _ => Files::in_folder(dir, sync(config), loosened),
    };
    files.map_err(StartError::Files)
}

/// Files are as durable as the rows that name them.
fn sync(config: Option<&Config>) -> Sync {
    match config.map(|config| config.database.durability) {
        Some(ConfigDurability::Normal) => Sync::No,
        Some(ConfigDurability::Full) | None => Sync::Yes,
    }
}

/// The folder, made when it is not there.
///
/// # Errors
/// When it cannot be made.
pub(super) fn make_dir(dir: &Path) -> Result<(), StartError> {
    let fault = |source| OpenError::Folder { path: PathBuf::from(dir), source };
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir).map_err(|source| StartError::Open(fault(source)))
}

/// The PostgreSQL database to use, if there is an address of one.
fn postgres(options: &AppOptions<'_>, config: Option<&Config>) -> Option<PostgresOptions> {
    let database = config.map(|config| &config.database);
    let of_file = || Some(database?.url.as_ref()?.expose().to_owned());
    let named = options.database_url.clone().filter(|url| !url.is_empty());
    let pool = database.and_then(|database| usize::try_from(database.pool?).ok());
    let url = named.or_else(of_file)?;
    Some(PostgresOptions { url, pool: pool.unwrap_or(PostgresOptions::POOL) })
}

/// What lets others than superusers read the figures.
fn metrics_token(options: &AppOptions<'_>, config: Option<&Config>) -> Option<Secret> {
    let named = options.metrics_token.clone().filter(|token| !token.is_empty());
    let of_file = || Some(config?.server.metrics_token.as_ref()?.expose().to_owned());
    named.or_else(of_file).map(Secret::new)
}

fn current(configuration: &Configuration) -> CurrentConfig {
    let file = configuration.file.display().to_string();
    CurrentConfig::of(file, Arc::clone(&configuration.config))
}

fn cost(config: Option<&Config>) -> Cost {
    config.map_or_else(Cost::default, |config| {
        let argon2 = &config.auth.argon2;
        Cost { memory: argon2.memory, passes: argon2.passes, lanes: argon2.lanes }
    })
}

/// Half of the cores, so that sign-ins never take all of them from the other requests.
fn hashing_threads() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(cores / 2).unwrap_or(NonZeroUsize::MIN)
}

/// What to do about an address that cannot be listened on.
fn listen_advice(source: &std::io::Error, option: &str) -> String {
    if source.kind() == std::io::ErrorKind::PermissionDenied {
        return format!(
            "Ports below 1024 take a right: AmbientCapabilities=CAP_NET_BIND_SERVICE in systemd, or \
             setcap cap_net_bind_service=+ep on the executable. Or choose another address with {option}."
        );
    }
    format!("Stop what listens there, or choose another address with {option}.")
}

/// A service's message hides its cause from clients; at the terminal the cause is the message.
pub(super) fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}\ncaused by: {error}");
        cause = error.source();
    }
    if let Error::Invalid(errors) = error {
        for (path, fault) in errors.faults() {
            text = format!("{text}\n{path}: {}", fault.message);
        }
    }
    text
}
