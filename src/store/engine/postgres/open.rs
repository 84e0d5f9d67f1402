//! Opening a PostgreSQL database: what it must be, the system tables, which threads start.

use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::mpsc;

use crate::domain::keyring::Keyring;
use crate::domain::schema::Schema;
use crate::store::engine::figures::Tally;
use crate::store::engine::postgres::announcer::{Announcements, Announcer};
use crate::store::engine::postgres::connect::{Role, Server};
use crate::store::engine::postgres::jobs::Jobs;
use crate::store::engine::postgres::order::Order;
use crate::store::engine::postgres::own::OwnEvents;
use crate::store::engine::postgres::session::Session;
use crate::store::engine::postgres::tail::Tail;
use crate::store::engine::postgres::worker::{Worker, session};
use crate::store::engine::postgres::{PostgresEngine, Shared, Threads};
use crate::store::engine::slow::SlowStatements;
use crate::store::engine::{REVISION, Session as AnySession};
use crate::store::error::{OpenError, ServerFault};
use crate::store::migrate::Home;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::{PostgresOptions, StoreOptions, collections, copying, events, migrate, secrets};

/// The oldest PostgreSQL that will do.
const OLDEST: u32 = 14;

/// How long the migrations may take, and may wait for another process that runs them.
const MIGRATION: Duration = Duration::from_secs(300);

/// Marks the lock that processes hold while they migrate one schema: "FERB".
const MIGRATING: i32 = 0x4645_5242;

/// Opens the database. Blocks; to be called on a thread that may.
pub(super) fn open(
    postgres: &PostgresOptions,
    options: &StoreOptions,
) -> Result<PostgresEngine, OpenError> {
    let server = Arc::new(Server::at(&postgres.url, options)?);
    let keyring = &options.keyring;
    let mut tx = new_tx(&server, Role::Writes, None, keyring)?;
    session(&mut tx).connect().map_err(|error| server.open_error(error))?;
    let (schema, revision, last_event) = prepare(&mut tx, &server, options)?;
    let shared = Arc::new(Shared {
        schema: ArcSwap::from_pointee(schema),
        revision: AtomicI64::new(revision),
        publishing: Mutex::new(()),
        events: Arc::clone(&options.events),
        feed: options.feed.clone(),
        own: OwnEvents::default(),
        follower: Arc::clone(&options.follower),
        node: uuid::Uuid::new_v4().simple().to_string(),
        announcements: Announcements::default(),
        telling: Mutex::new(()),
        writes: Tally::default(),
    });
    let queue = || Arc::new(Jobs::new(options.queue, options.queue_wait));
    let (reads, slow_reads, writes) = (queue(), queue(), queue());
    let (ended, end) = mpsc::channel(1);
    let crew = Crew::of(postgres.pool);
    let slow = Arc::new(SlowStatements::default());
    let start = |tx: Tx, role: Role, number: usize| {
        let (name, jobs, elsewhere) = match role {
            Role::Writes => ("writer", &writes, None),
            Role::Reads => ("reader", &reads, Some(Arc::clone(&slow_reads))),
            // The only reader takes all reads.
            Role::SlowReads if crew.readers == 0 => ("reader", &reads, None),
            Role::SlowReads => ("slow-reader", &slow_reads, None),
        };
        let (shared, jobs, ended) = (Arc::clone(&shared), Arc::clone(jobs), ended.clone());
        let worker = Worker { tx, role, shared, jobs, elsewhere, ended };
        spawn(&format!("{name}-{number}"), move || worker.work(), &server)
    };
    start(tx, Role::Writes, 0)?;
    for number in 1..crew.writers {
        start(new_tx(&server, Role::Writes, None, keyring)?, Role::Writes, number)?;
    }
    for number in 0..crew.readers {
        let hurried = Some(Arc::clone(&slow));
        start(new_tx(&server, Role::Reads, hurried, keyring)?, Role::Reads, number)?;
    }
    for number in 0..crew.slow_readers {
        start(new_tx(&server, Role::SlowReads, None, keyring)?, Role::SlowReads, number)?;
    }
    let ended = tokio::sync::Mutex::new(end);
    let threads =
        Arc::new(Threads { shared: Arc::clone(&shared), reads, slow_reads, writes, ended });
    let announcer = Announcer {
        server: Arc::clone(&server),
        shared: Arc::clone(&shared),
        threads: Arc::downgrade(&threads),
        read_timeout: options.read_timeout,
        write_timeout: options.write_timeout,
        tail: Tail::before(last_event),
        order: Order::default(),
        looked: Instant::now(),
    };
    spawn("announcer", move || announcer.work(), &server)?;
    Ok(PostgresEngine {
        shared,
        server,
        threads,
        read_timeout: options.read_timeout,
        write_timeout: options.write_timeout,
    })
}

/// How many connections are for what.
struct Crew {
    writers: usize,
    readers: usize,
    slow_readers: usize,
}

impl Crew {
    /// Half of the connections write, a quarter of the others is for what is slow.
    fn of(pool: usize) -> Self {
        let writers = (pool / 2).max(1);
        let reads = pool.saturating_sub(writers).max(1);
        let slow_readers = reads.div_ceil(4);
        Self { writers, readers: reads - slow_readers, slow_readers }
    }
}

fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
    server: &Server,
) -> Result<(), OpenError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map(|_| ()).map_err(|error| no_thread(&error, server))
}

fn no_thread(error: &std::io::Error, server: &Server) -> OpenError {
    server.fault(ServerFault::Unreachable(format!("no thread for a connection: {error}")))
}

/// A side of the database with a connection of its own; `hurried` as [`Session::new`] has it.
pub(super) fn new_tx(
    server: &Arc<Server>,
    role: Role,
    hurried: Option<Arc<SlowStatements>>,
    keyring: &Keyring,
) -> Result<Tx, OpenError> {
    let session = Session::new(Arc::clone(server), role, hurried)
        .map_err(|error| no_thread(&error, server))?;
    Ok(Tx::new(Db::new(AnySession::Postgres(session), Arc::default(), keyring.clone())))
}

/// Checks the server, brings the system tables up to date and reads the collections.
fn prepare(
    tx: &mut Tx,
    server: &Server,
    options: &StoreOptions,
) -> Result<(Schema, i64, i64), OpenError> {
    let path = PathBuf::from(server.address());
    let failed = |source| server.failed(source);
    check_server(tx, server)?;
    tx.begin(Arc::default(), Instant::now() + MIGRATION);
    let pool = options.postgres.as_ref().map_or(0, |postgres| postgres.pool);
    check_limit(tx, server, pool)?;
    if copying::is_claimed(tx).map_err(failed)? {
        return Err(server.fault(ServerFault::BeingFilled));
    }
    if options.fresh {
        collections::refuse_any(tx, &path)?;
    }
    let is_new = !is_ours(tx, server)?;
    if !is_new {
        migrate::refuse_newer(tx, Home::Main, &path)?;
        secrets::refuse_sealed(tx, &path)?;
    }
    if is_new || migrate::is_needed(tx, Home::Main).map_err(failed)? {
        migrate(tx, server)?;
    }
    tx.begin(Arc::default(), Instant::now() + MIGRATION);
    let mut load = || {
        let last_event = events::last(tx)?;
        let revision = tx.fetch_one(Statement::new(REVISION, Vec::new()))?.int(0)?;
        Ok((collections::load(tx, revision)?, revision, last_event))
    };
    let loaded = load().map_err(failed);
    tx.end();
    loaded
}

/// Refuses a server that cannot be used, before anything is changed in it.
pub(super) fn check_server(tx: &mut Tx, server: &Server) -> Result<(), OpenError> {
    let version = session(tx).server_version();
    let failed = |source| server.failed(source);
    tx.begin(Arc::default(), Instant::now() + MIGRATION);
    let sql = "SELECT current_schema()::text, pg_is_in_recovery(), \
               current_setting('default_transaction_read_only') = 'on', \
               current_setting('server_version'), current_setting('server_encoding')";
    let row = tx.fetch_one(Statement::new(sql, Vec::new())).map_err(failed)?;
    tx.end();
    let found = row.text(3).map_err(failed)?;
    if version.is_some_and(|version| version / 10_000 < OLDEST) {
        return Err(server.fault(ServerFault::TooOld { found: found.to_owned(), needed: OLDEST }));
    }
    if row.bool(1).map_err(failed)? {
        return Err(server.fault(ServerFault::ReadOnly("the server is a replica".to_owned())));
    }
    if row.bool(2).map_err(failed)? {
        let why = "default_transaction_read_only is on".to_owned();
        return Err(server.fault(ServerFault::ReadOnly(why)));
    }
    if row.is_null(0).map_err(failed)? {
        return Err(server.fault(ServerFault::NoSchema));
    }
    let encoding = row.text(4).map_err(failed)?;
    if encoding != "UTF8" {
        return Err(server.fault(ServerFault::Encoding(encoding.to_owned())));
    }
    server.stay_in(row.text(0).map_err(failed)?);
    // The connection of this session came before.
    session(tx).disconnect();
    session(tx).connect().map_err(|error| server.open_error(error))
}

/// Refuses more connections than the server allows.
fn check_limit(tx: &mut Tx, server: &Server, pool: usize) -> Result<(), OpenError> {
    let sql = "SELECT least(current_setting('max_connections')::bigint, \
               (SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user))";
    let allowed = tx.fetch_one(Statement::new(sql, Vec::new())).and_then(|row| row.int(0));
    let allowed = allowed.map_err(|source| server.failed(source))?;
    // One more hears of other processes.
    let needed = i64::try_from(pool.max(2)).unwrap_or(i64::MAX).saturating_add(1);
    if allowed < needed {
        return Err(server.fault(ServerFault::TooFew { allowed, needed }));
    }
    Ok(())
}

/// Whether the schema has the product's tables. One that has others is refused, and so is one where
/// none can be made.
pub(super) fn is_ours(tx: &mut Tx, server: &Server) -> Result<bool, OpenError> {
    let failed = |source| server.failed(source);
    let sql = "SELECT current_schema()::text, \
               has_schema_privilege(current_schema(), 'CREATE'), \
               (SELECT min(c.relname)::text FROM pg_class c \
                WHERE c.relnamespace = current_schema()::regnamespace \
                AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS \
                (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')), \
               (SELECT count(*) FROM pg_class c \
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' \
                AND c.relname IN ('_migrations', '_revision', '_collections')) = 3";
    let row = tx.fetch_one(Statement::new(sql, Vec::new())).map_err(failed)?;
    if row.bool(3).map_err(failed)? {
        return Ok(true);
    }
    let schema = row.text(0).map_err(failed)?.to_owned();
    if !row.is_null(2).map_err(failed)? {
        let table = row.text(2).map_err(failed)?.to_owned();
        return Err(server.fault(ServerFault::Foreign { schema, table }));
    }
    if !row.bool(1).map_err(failed)? {
        return Err(server.fault(ServerFault::NoRights { user: server.user().to_owned(), schema }));
    }
    Ok(false)
}

/// Applies what is missing. Processes that start at once come here one after the other, and the
/// later ones find nothing to do.
fn migrate(tx: &mut Tx, server: &Server) -> Result<(), OpenError> {
    let path = PathBuf::from(server.address());
    let failed = |source| server.failed(source);
    let begin = format!("BEGIN; SET LOCAL statement_timeout = {}", MIGRATION.as_millis());
    session(tx).start(begin).map_err(failed)?;
    let mut work = || {
        let lock =
            format!("SELECT pg_advisory_xact_lock({MIGRATING}, hashtext(current_schema()))::text");
        tx.fetch_one(Statement::new(lock, Vec::new())).map_err(failed)?;
        migrate::refuse_newer(tx, Home::Main, &path)?;
        migrate::run(tx, Home::Main).map_err(failed)
    };
    let done = work();
    tx.end();
    match done {
        Ok(()) => session(tx).commit(String::new()).map(|_| ()).map_err(failed),
        Err(error) => {
            session(tx).abandon();
            Err(error)
        }
    }
}
