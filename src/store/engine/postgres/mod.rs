//! PostgreSQL: threads with a connection each, some that only write, so that slow lists stand in
//! front of no write. A function runs on one of them from its first statement to its last.

mod announcer;
mod connect;
mod erase;
mod error;
mod jobs;
mod load;
mod numeric;
mod open;
mod order;
mod own;
mod session;
mod snapshot;
mod tail;
mod value;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::mpsc;

use crate::domain::event::Event;
use crate::domain::schema::Schema;
use crate::store::engine::call::Call;
use crate::store::engine::figures::{Figures, Tally};
use crate::store::engine::postgres::announcer::Announcements;
use crate::store::engine::postgres::connect::Server;
use crate::store::engine::postgres::jobs::Jobs;
use crate::store::engine::postgres::own::{Own, OwnEvents};
use crate::store::engine::postgres::worker::Job;
use crate::store::engine::{REVISION, Snapshot};
use crate::store::error::{OpenError, ServerFault, Source, StoreError};
use crate::store::events;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::{EventSink, Feed, Follower, PostgresOptions, StoreOptions};
pub(in crate::store) use session::Session;

/// A PostgreSQL database in use. Clones share it.
#[derive(Clone)]
pub struct PostgresEngine {
    shared: Arc<Shared>,
    server: Arc<Server>,
    threads: Arc<Threads>,
    read_timeout: Duration,
    write_timeout: Duration,
}

/// The queues of the threads. When the last clone of the engine goes, they end.
struct Threads {
    shared: Arc<Shared>,
    reads: Arc<Jobs<Job>>,
    slow_reads: Arc<Jobs<Job>>,
    writes: Arc<Jobs<Job>>,
    /// Answers when the last thread has ended.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

/// What threads publish and everybody reads.
struct Shared {
    schema: ArcSwap<Schema>,
    /// The revision that `schema` and all caches stand for.
    revision: AtomicI64,
    /// Held while the two are replaced.
    publishing: Mutex<()>,
    events: EventSink,
    feed: Option<Arc<dyn Feed>>,
    /// What this process did and the feed was not told yet.
    own: OwnEvents,
    follower: Follower,
    /// The name of this process among those that use the database.
    node: String,
    announcements: Announcements,
    /// Held while events are told, so that listeners hear one transaction after the other.
    telling: Mutex<()>,
    writes: Tally,
}

impl PostgresEngine {
    pub(in crate::store) fn open(
        postgres: &PostgresOptions,
        options: StoreOptions,
    ) -> Result<Self, OpenError> {
        let postgres = postgres.clone();
        elsewhere(move || open::open(&postgres, &options))
    }

    pub(in crate::store) fn erase(
        postgres: &PostgresOptions,
        options: &StoreOptions,
    ) -> Result<(), OpenError> {
        let (postgres, options) = (postgres.clone(), options.clone());
        elsewhere(move || erase::erase(&postgres, &options))
    }

    pub(in crate::store) fn schema(&self) -> Arc<Schema> {
        self.shared.schema.load_full()
    }

    pub(in crate::store) const fn write_timeout(&self) -> Duration {
        self.write_timeout
    }

    pub(in crate::store) async fn read<T, E>(
        &self,
        work: impl Fn(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let work = move |tx: &mut Tx| work(tx);
        self.call(&self.threads.reads, self.read_timeout, work).await
    }

    pub(in crate::store) async fn write<T, E>(
        &self,
        timeout: Duration,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.call(&self.threads.writes, timeout, work).await
    }

    pub(in crate::store) fn figures(&self) -> Figures {
        self.shared.writes.figures(self.threads.writes.len())
    }

    async fn call<T, E>(
        &self,
        jobs: &Jobs<Job>,
        timeout: Duration,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (call, answer) = Call::new(work, Instant::now() + timeout);
        let pushed = jobs.push(Box::new(call)).await;
        if matches!(pushed, Err(StoreError::Busy)) && std::ptr::eq(jobs, &*self.threads.writes) {
            self.shared.writes.refuse();
        }
        pushed?;
        answer.wait().await
    }

    pub(in crate::store) async fn poll_revision(&self) -> Result<bool, StoreError> {
        let known = self.shared.revision.load(Ordering::Acquire);
        let stored = self.read(|db| db.fetch_one(Statement::new(REVISION, Vec::new()))?.int(0));
        if stored.await? <= known {
            return Ok(false);
        }
        // A transaction looks at the revision when it begins; an empty function makes it begin.
        self.write(self.write_timeout, |_| Ok::<(), StoreError>(())).await?;
        Ok(true)
    }

    pub(in crate::store) async fn past(
        &self,
        from: u64,
        before: u64,
    ) -> Result<Vec<(u64, Vec<Event>)>, StoreError> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (from, before) = (number(from), number(before));
        let rows = self.read(move |db| events::between(db, from, before)).await?;
        let schema = self.schema();
        let decode = |row: events::Entry| {
            let number = u64::try_from(row.number).unwrap_or_default();
            (number, events::decode(&schema, &row.events.unwrap_or_default()))
        };
        Ok(rows.into_iter().map(decode).collect())
    }

    pub(in crate::store) async fn copy(&self, _to: PathBuf) -> Result<(), StoreError> {
        let why = "a PostgreSQL database is copied by pg_dump, not by this program";
        Err(StoreError::Other(Source::new(std::io::Error::other(why))))
    }

    pub(in crate::store) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let server = Arc::clone(&self.server);
        let opened = tokio::task::spawn_blocking(move || snapshot::open(&server));
        opened.await.unwrap_or(Err(StoreError::Panicked))
    }

    pub(in crate::store) async fn hold(&self) -> Result<Option<Snapshot>, StoreError> {
        let server = Arc::clone(&self.server);
        let held = tokio::task::spawn_blocking(move || snapshot::hold(&server));
        held.await.unwrap_or(Err(StoreError::Panicked))
    }

    pub(in crate::store) async fn close(&self) {
        self.threads.close();
        // Nothing is ever sent: the answer comes when the last thread drops its end.
        let _ = self.threads.ended.lock().await.recv().await;
    }
}

/// Runs `work` on a thread that may block; the caller's may be one that drives a runtime.
fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    std::thread::spawn(work).join().unwrap_or_else(|_| {
        let fault = ServerFault::Unreachable("the start panicked".to_owned());
        Err(OpenError::Server { address: "PostgreSQL".to_owned(), fault })
    })
}

impl Threads {
    fn close(&self) {
        self.reads.close();
        self.slow_reads.close();
        self.writes.close();
        self.shared.announcements.end();
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// Makes `schema` the one of `revision`, unless a newer one is there; whether it did.
    fn publish(&self, schema: Arc<Schema>, revision: i64) -> bool {
        let _alone = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        if revision <= self.revision.load(Ordering::Acquire) {
            return false;
        }
        self.schema.store(schema);
        self.revision.store(revision, Ordering::Release);
        true
    }

    /// A listener that panics must not stop a thread.
    fn send(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let _alone = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if catch_unwind(AssertUnwindSafe(|| (self.events)(events))).is_err() {
            tracing::error!("a listener to database events panicked");
        }
    }

    /// Keeps what this process has just committed until it is told in order.
    fn keep(&self, number: i64, events: Vec<Event>) {
        let own = if self.is_fed() { Own::Events(events) } else { Own::Unwanted };
        self.own.add(number, own);
        self.feed(|feed| feed.answered(u64::try_from(number).unwrap_or_default()));
    }

    /// Whether somebody wants to know in which order things happened.
    fn is_fed(&self) -> bool {
        self.feed.as_ref().is_some_and(|feed| feed.is_wanted())
    }

    /// Tells who takes things in order. One that panics must not stop a thread.
    fn feed(&self, tell: impl FnOnce(&dyn Feed)) {
        let Some(feed) = &self.feed else { return };
        if catch_unwind(AssertUnwindSafe(|| tell(feed.as_ref()))).is_err() {
            tracing::error!("a feed of database events panicked");
        }
    }
}
