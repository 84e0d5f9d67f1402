//! SQLite: one thread writes, groups of functions under one COMMIT; reads run on the callers'
//! threads, and move to a small pool when they are slow.

mod auxiliary;
mod checkpoint;
pub(in crate::store) mod copy;
mod error;
pub(in crate::store) mod foreign;
mod gate;
mod open;
mod queue;
mod readers;
mod session;
pub(in crate::store) mod snapshot;
pub(in crate::store) mod wal;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::domain::schema::Schema;
use crate::store::engine::REVISION;
use crate::store::engine::call::Call;
use crate::store::engine::figures::{Figures, Tally};
use crate::store::engine::sqlite::auxiliary::Auxiliary;
use crate::store::engine::sqlite::gate::Gate;
use crate::store::engine::sqlite::queue::Queue;
use crate::store::engine::sqlite::readers::Readers;
use crate::store::engine::sqlite::wal::WalSource;
use crate::store::engine::sqlite::writer::Job;
use crate::store::error::{OpenError, Source, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::{CopyReport, EventSink, Feed, Follower, StoreOptions};
pub(in crate::store) use session::Session;

/// A SQLite database in use. Clones share it.
#[derive(Clone)]
pub struct SqliteEngine {
    shared: Arc<Shared>,
    writer: Queue<Job>,
    readers: Arc<Readers>,
    write_timeout: Duration,
    path: PathBuf,
    /// The file of the logs.
    logs: Arc<Auxiliary>,
    /// Its log, when that is shipped.
    wal: Option<Arc<WalSource>>,
}

/// What the writer publishes and everybody reads.
struct Shared {
    schema: ArcSwap<Schema>,
    /// The revision that `schema` and all caches stand for.
    revision: AtomicI64,
    /// Held for writing from the COMMIT of a schema change until the new schema is published, so
    /// that a read which failed over a missing column can wait for the schema that explains it.
    publishing: RwLock<()>,
    /// Passed by slow reads, closed by checkpoints.
    gate: Arc<Gate>,
    events: EventSink,
    feed: Option<Arc<dyn Feed>>,
    follower: Follower,
    writes: Tally,
}

impl SqliteEngine {
    pub(in crate::store) fn open(options: StoreOptions) -> Result<Self, OpenError> {
        open::open(options)
    }

    pub(in crate::store) fn erase(dir: &Path) -> Result<(), OpenError> {
        open::erase(dir)
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
        self.readers.read(work).await
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
        let deadline = Instant::now() + timeout;
        let (call, answer) = Call::new(work, deadline);
        let call = call.long(timeout > self.write_timeout);
        let pushed = self.writer.push(Job::Call(Box::new(call))).await;
        if matches!(pushed, Err(StoreError::Busy)) {
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
        // The writer looks at the revision whenever it begins; an empty function makes it begin.
        self.write(self.write_timeout, |_| Ok::<(), StoreError>(())).await?;
        Ok(true)
    }

    pub(in crate::store) async fn copy(
        &self,
        to: PathBuf,
        report: CopyReport,
    ) -> Result<(), StoreError> {
        let (path, gate) = (self.path.clone(), Arc::clone(&self.shared.gate));
        let (reply, answer) = tokio::sync::oneshot::channel();
        let work = move || {
            // Who waits for a shorter log waits for this as for any long read.
            let _passage = gate.pass_endless();
            // The caller may have gone meanwhile.
            let _ = reply.send(copy::copy(&path, &to, &report));
        };
        // A thread that the end of the process does not wait for.
        let spawned = std::thread::Builder::new().name("copy".to_owned()).spawn(work);
        spawned.map_err(|error| StoreError::Other(Source::new(error)))?;
        answer.await.unwrap_or(Err(StoreError::Panicked))
    }

    pub(in crate::store) async fn empty_log(&self) {
        if let Some(wal) = &self.wal {
            // It keeps the log, and what is to go from that is nothing to ship either.
            wal.stop();
        }
        let path = self.path.clone();
        // A panic was reported, and whoever comes next empties the log.
        let _ = tokio::task::spawn_blocking(move || checkpoint::empty(&path)).await;
    }

    pub(in crate::store) fn wal(&self) -> Option<Arc<WalSource>> {
        self.wal.clone()
    }

    pub(in crate::store) async fn find_fault(&self) -> Result<Option<String>, StoreError> {
        let path = self.path.clone();
        let looked = tokio::task::spawn_blocking(move || snapshot::find_fault(&path)).await;
        looked.unwrap_or(Err(StoreError::Panicked))
    }

    pub(in crate::store) async fn read_logs<T, E>(
        &self,
        work: impl Fn(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.logs.read(work).await
    }

    pub(in crate::store) async fn write_logs<T, E>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.logs.write(work).await
    }

    pub(in crate::store) async fn reclaim_logs(&self) -> Result<(), StoreError> {
        self.logs.reclaim().await
    }

    pub(in crate::store) fn figures(&self) -> Figures {
        self.shared.writes.figures(self.writer.len())
    }

    pub(in crate::store) async fn close(&self) {
        self.readers.close();
        self.logs.close().await;
        let (done, closed) = tokio::sync::oneshot::channel();
        if self.writer.push(Job::Close(done)).await.is_ok() {
            // An error says that the writer is gone, which is what was asked for.
            let _ = closed.await;
        }
    }
}

impl Shared {
    /// Waits until no schema is between its commit and its publication, and answers the newest.
    fn settled_schema(&self) -> Arc<Schema> {
        let settled = self.publishing.read().unwrap_or_else(PoisonError::into_inner);
        let schema = self.schema.load_full();
        drop(settled);
        schema
    }
}
