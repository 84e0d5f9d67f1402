//! Starting and stopping a server: configuration, database, plan, seeds, listener, in the order in
//! which a failure leaves the least behind.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{HttpServer, rt};
use tokio::task::JoinHandle;

use crate::cli::boot::{self, AppOptions, StartError, make_dir};
use crate::cli::configuration::{Configuration, Lookup};
use crate::cli::environment::Environment;
use crate::cli::first_superuser::FirstSuperuser;
use crate::cli::front;
use crate::cli::https::{self, HttpsOptions, Listeners, SecureSide};
use crate::cli::log::Tap;
use crate::domain::origins::OriginPattern;
use crate::http;
use crate::http::front::Front;
use crate::services::Error;
use crate::services::app::App;
use crate::services::backups::{self, swap, swap::Swapped};
use crate::services::blobs::Folder;
use crate::services::bootstrap::{self, Source};
use crate::services::clock::Clock;
use crate::services::crons::Ticker;
use crate::services::files::loose;
use crate::services::logs;
use crate::services::nodes::Membership;
use crate::services::oauth2::Limits;
use crate::services::plan::{self, Applied, BootOptions, Declared};
use crate::services::queue::Workers;
use crate::services::rate_limits::Sharing;
use crate::services::realtime;
use crate::services::replica;
use crate::services::seeds;
use crate::services::superusers;
use crate::store::{DirLock, secrets};

/// How long requests in flight may take to end once the server is told to stop.
const DRAIN_SECONDS: u64 = 10;

/// How often the server looks whether another process changed collections or settings.
const REVISION_POLL: Duration = Duration::from_secs(1);

/// How often the server looks for uploads that were cut off.
const FILE_SWEEP: Duration = Duration::from_secs(60);

/// How a server is started.
#[derive(Clone)]
pub struct ServeOptions {
    /// The data folder; it is made when it is not there.
    pub dir: PathBuf,
    /// The config file; `None` is no file at all.
    pub config: Option<PathBuf>,
    /// The address to listen on; `None` is the file's, else 127.0.0.1:8090. Port 0 is any free one.
    pub http: Option<SocketAddr>,
    /// HTTPS by the server itself; what is absent is the file's, else there is none.
    pub https: HttpsOptions,
    /// Origins that browsers may call from; empty is the file's, else all.
    pub origins: Vec<OriginPattern>,
    /// Folder of the static site; `None` is the file's, else `pb_public` beside the data folder.
    pub public: Option<PathBuf>,
    /// Whether the site's page answers for paths that mean no file; `None` is the file's, else it does.
    pub spa: Option<bool>,
    /// Name of the environment; `None` is the mode's own.
    pub env: Option<String>,
    /// Production or development.
    pub mode: Mode,
    /// Whether the API may not change what the file sets; `None` is the mode's own.
    pub locked: Option<bool>,
    /// Whether a strict file may show something to more people than before.
    pub allow_public: bool,
    /// Whether the database is emptied first.
    pub reset: bool,
    /// The variables that the config file can name.
    pub variables: Environment,
    /// What time it is.
    pub clock: Clock,
    /// What hands lines of the process to the logs of the server.
    pub tap: Tap,
    /// How far the conversations with other providers may go.
    pub oauth2: Limits,
}

/// How a server treats its config file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The file rules: environment `prod`, locked.
    Production,
    /// The file is being written: environment `dev`, not locked, `.env` is read.
    Development,
}

impl Mode {
    /// The environment unless one is named.
    pub const fn environment(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Development => "dev",
        }
    }
}

/// A server that answers requests until it is stopped or dropped.
pub struct Server {
    app: Data<App>,
    address: SocketAddr,
    secure: Option<SecureSide>,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    polling: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    watching: JoinHandle<()>,
    ticker: Ticker,
    sharing: Sharing,
    workers: Workers,
    realtime: realtime::Service,
    logs: logs::Service,
    replica: replica::Service,
    membership: Membership,
    report: Start,
    tap: Tap,
    _lock: DirLock,
}

/// What a person wants to know of a start.
pub struct Start {
    /// The configuration, when there is a file.
    pub configuration: Option<Configuration>,
    /// What was applied of it.
    pub applied: Option<Applied>,
    /// Stored secrets that were written anew, because they were plain or sealed with another key.
    pub renewed_secrets: usize,
    /// The address of the first superuser, when the start made it.
    pub first_superuser: Option<String>,
    /// The token of the set-up link, while there is no superuser.
    pub set_up_token: Option<String>,
}

impl ServeOptions {
    /// A production server over `dir` without a config file, on a free port of this machine.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            config: None,
            http: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            https: HttpsOptions::default(),
            origins: Vec::new(),
            public: None,
            spa: None,
            env: None,
            mode: Mode::Production,
            locked: None,
            allow_public: false,
            reset: false,
            variables: Environment::default(),
            clock: Clock::system(),
            tap: Tap::default(),
            oauth2: Limits::default(),
        }
    }

    /// How the config file is read, when there is one.
    pub fn lookup(&self) -> Option<Lookup> {
        let file = self.config.clone()?;
        Some(Lookup {
            file,
            environment: self.env.clone().unwrap_or_else(|| self.mode.environment().to_owned()),
            variables: self.variables.clone(),
            dotenv: self.mode == Mode::Development,
        })
    }
}

/// Starts a server. When it returns, requests are answered.
///
/// # Errors
/// Why it does not start; the database is as it was, unless it had to be made.
pub async fn start(options: ServeOptions) -> Result<Server, StartError> {
    let configuration = options.lookup().map(|lookup| lookup.load()).transpose()?;
    FirstSuperuser::named_by(&options.variables)?;
    let front = front::front(&options, configuration.as_ref())?;
    let listeners = https::listen(&options, configuration.as_ref())?;
    make_dir(&options.dir)?;
    let lock = DirLock::acquire(&options.dir)?;
    let swapped = tidy(&options.dir)?;
    let mut ready = make_ready(&options, configuration.as_ref()).await;
    match (swapped, &ready) {
        (Some(swapped), Ok(_)) => swapped.keep().map_err(StartError::Restore)?,
        (Some(swapped), Err(error)) => {
            tracing::error!(%error, "what was restored cannot be served: the data of before is back");
            swapped.undo().map_err(StartError::Restore)?;
            ready = make_ready(&options, configuration.as_ref()).await;
        }
        (None, _) => {}
    }
    let Ready { app, prepared, membership } = ready?;
    let Prepared { applied, renewed_secrets, first_superuser, set_up_token } = prepared;
    let start = Start { configuration, applied, renewed_secrets, first_superuser, set_up_token };
    options.tap.open(&app.logs);
    let server = serve(app, listeners, front, start, membership, lock);
    server.map(|server| Server { tap: options.tap, ..server })
}

/// Clears away what an earlier process left in the data folder, and goes on with a restore.
fn tidy(dir: &Path) -> Result<Option<Swapped>, StartError> {
    let swapped = match swap::resume(dir) {
        Err(error) if swap::is_under_way(dir) => return Err(StartError::Restore(error)),
        Err(error) => {
            tracing::error!(%error, "a backup could not be restored: the data of before is back");
            None
        }
        Ok(swapped) => swapped,
    };
    backups::clear_scratch(dir).map_err(StartError::Restore)?;
    for files in ["storage", "backups"] {
        Folder::clear_spool(&dir.join(files)).map_err(StartError::Files)?;
    }
    Ok(swapped)
}

/// A database that can be served.
struct Ready {
    app: Data<App>,
    prepared: Prepared,
    membership: Membership,
}

/// Opens the database and brings it to what the file says. When that fails, it is closed again.
async fn make_ready(
    options: &ServeOptions,
    configuration: Option<&Configuration>,
) -> Result<Ready, StartError> {
    let app = open(options, configuration)?;
    let prepared = prepare(&app, configuration, options).await;
    let app = Data::new(app);
    let joined = match prepared {
        Ok(prepared) => {
            let joined = Membership::join(app.clone().into_inner(), &options.dir).await;
            joined.map(|membership| (prepared, membership)).map_err(StartError::Join)
        }
        Err(error) => Err(error),
    };
    match joined {
        Ok((prepared, membership)) => Ok(Ready { app, prepared, membership }),
        Err(error) => {
            app.store.close().await;
            Err(error)
        }
    }
}

/// What happened to the database at the start.
struct Prepared {
    applied: Option<Applied>,
    renewed_secrets: usize,
    first_superuser: Option<String>,
    set_up_token: Option<String>,
}

/// Brings the database to what the file says and makes sure that somebody can get in.
async fn prepare(
    app: &App,
    configuration: Option<&Configuration>,
    options: &ServeOptions,
) -> Result<Prepared, StartError> {
    let source = configuration.map_or(Source::Api, |_| Source::ConfigFile);
    bootstrap::run(app, source).await?;
    let applied = match configuration {
        Some(configuration) => apply(app, configuration, options.allow_public).await?,
        None => None,
    };
    // Last, so that a start that the plan stops leaves them as they were.
    let renewed_secrets = app.store.write(secrets::renew).await.map_err(Error::from)?;
    if renewed_secrets > 0 {
        // The pages that they stood in before are still in the file.
        app.store.empty_log().await;
    }
    let first_superuser = match FirstSuperuser::named_by(&options.variables)? {
        Some(first) => first.make(app).await?,
        None => None,
    };
    let set_up_token = superusers::set_up_token(app).await?;
    Ok(Prepared { applied, renewed_secrets, first_superuser, set_up_token })
}

/// Applies what the file says, as far as it may go by itself, and its seeds.
///
/// # Errors
/// The plan that needs a person; nothing was changed.
pub async fn apply(
    app: &App,
    configuration: &Configuration,
    allow_public: bool,
) -> Result<Option<Applied>, StartError> {
    let config = &configuration.config;
    let options = BootOptions { on_boot: config.on_boot, author: "boot".to_owned(), allow_public };
    let applied = plan::boot(app, &Declared::from_config(config), &options).await?;
    if applied.is_some() && config.seeds.runs_in(&config.environment) {
        seeds::run(app, &config.seeds).await?;
    }
    Ok(applied)
}

fn open(options: &ServeOptions, configuration: Option<&Configuration>) -> Result<App, StartError> {
    let locked = options.mode == Mode::Production && configuration.is_some();
    let leeway = options.variables.variable("PB_ID_TOKEN_LEEWAY");
    let leeway = leeway.and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds >= 0);
    let config = configuration.map(|configuration| configuration.config.as_ref());
    boot::open(&AppOptions {
        dir: &options.dir,
        configuration,
        keyring: boot::keyring(config, &options.variables)?,
        database_url: options.variables.variable("DATABASE_URL"),
        reset: options.reset,
        clock: options.clock.clone(),
        throttle: options.variables.switch("FERROBASE_AUTH_THROTTLE"),
        metrics_token: options.variables.variable("FERROBASE_METRICS_TOKEN"),
        oauth2: Limits { leeway: leeway.unwrap_or(options.oauth2.leeway), ..options.oauth2 },
        locked: options.locked.unwrap_or(locked),
        ships: true,
    })
}

fn serve(
    app: Data<App>,
    listeners: Listeners,
    front: Front,
    report: Start,
    membership: Membership,
    lock: DirLock,
) -> Result<Server, StartError> {
    let Listeners { http: listener, https } = listeners;
    let address = listener.local_addr().map_err(StartError::Server)?;
    let application = app.clone();
    let connections = Arc::clone(&front.connections);
    let limits = *connections.limits();
    let watching = rt::spawn(Arc::clone(&connections).watch());
    let (server, secure) = match https {
        Some(https) => {
            let (server, secure) = https.serve(listener, application, front, DRAIN_SECONDS)?;
            (server, Some(secure))
        }
        None => {
            let server =
                HttpServer::new(move || http::application(application.clone(), front.clone()))
                    .disable_signals()
                    .on_connect(move |socket, extensions| {
                        if let Some(socket) = socket.downcast_ref() {
                            connections.admit(socket, extensions);
                        }
                    })
                    .client_request_timeout(limits.head)
                    .keep_alive(limits.keep_alive)
                    // More than are served, so that those who are refused are told.
                    .max_connections(limits.most.saturating_mul(2))
                    // Who closes their side is gone: a realtime connection ends at once, and not when a
                    // message meets nobody.
                    .h1_allow_half_closed(false)
                    .shutdown_timeout(DRAIN_SECONDS)
                    .listen(listener)
                    .map_err(StartError::Server)?
                    .run();
            (server, None)
        }
    };
    let handle = server.handle();
    let polling = rt::spawn(poll_revision(app.clone()));
    let sweeping = rt::spawn(sweep_files(app.clone()));
    let workers = Workers::start(app.clone().into_inner());
    let ticker = Ticker::start(app.clone().into_inner());
    let sharing = Sharing::start(app.clone().into_inner());
    let realtime = realtime::Service::start(app.clone().into_inner());
    let logs = logs::Service::start(app.clone().into_inner());
    let replica = replica::Service::start(app.clone().into_inner()).map_err(StartError::Server)?;
    let serving = rt::spawn(server);
    Ok(Server {
        app,
        address,
        secure,
        handle,
        serving,
        polling,
        sweeping,
        watching,
        ticker,
        sharing,
        workers,
        realtime,
        logs,
        replica,
        membership,
        report,
        tap: Tap::default(),
        _lock: lock,
    })
}

async fn poll_revision(app: Data<App>) {
    let mut ticks = tokio::time::interval(REVISION_POLL);
    loop {
        ticks.tick().await;
        if let Err(error) = app.store.poll_revision().await {
            tracing::warn!(%error, "cannot see whether another process changed something");
        }
    }
}

/// Removes files when nobody needs them any more, and looks now and then for uploads that were cut off.
async fn sweep_files(app: Data<App>) {
    loop {
        if let Err(error) = loose::sweep(&app).await {
            tracing::warn!(error = %boot::with_causes(&error), "files cannot be removed now");
        }
        let _ = tokio::time::timeout(FILE_SWEEP, app.files.loosened()).await;
    }
}

impl Server {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for HTTPS.
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.secure.as_ref().map(SecureSide::address)
    }

    /// The address that people use, as far as the server knows it.
    pub fn base(&self) -> String {
        let plain = || format!("http://{}", self.address);
        self.secure.as_ref().map_or_else(plain, SecureSide::base)
    }

    /// What a person wants to know of HTTPS.
    pub fn https_report(&self) -> Option<String> {
        self.secure.as_ref().map(|secure| secure.report(self.address))
    }

    /// The handles that its use cases work with.
    pub fn app(&self) -> Arc<App> {
        self.app.clone().into_inner()
    }

    /// What happened at the start.
    pub const fn start(&self) -> &Start {
        &self.report
    }

    /// Stops accepting, finishes the requests and jobs in flight, and leaves the database in one piece.
    pub async fn stop(self) {
        // They would be waited for.
        self.app.realtime.close();
        if let Some(secure) = &self.secure {
            secure.stop();
        }
        self.handle.stop(true).await;
        self.polling.abort();
        self.sweeping.abort();
        self.watching.abort();
        self.ticker.stop();
        self.sharing.stop();
        let _ = self.serving.await;
        self.realtime.stop();
        self.membership.leave().await;
        self.workers.stop().await;
        self.tap.close();
        self.logs.stop().await;
        let shipped = self.replica.stop().await;
        self.app.store.close().await;
        shipped.closed();
    }
}
