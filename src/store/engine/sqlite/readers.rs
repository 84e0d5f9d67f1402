//! Reads: at once on the calling thread with a small budget, and when that is not enough from the
//! start again in a small pool, so that a slow list stands in front of no fast read and no write.
//! What is too slow even there starts once more on a thread of its own: filters that somebody made
//! up to be endless wait for each other, and the lists of everybody else do not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::domain::keyring::Keyring;
use crate::store::StoreOptions;
use crate::store::engine::Session as AnySession;
use crate::store::engine::slow::SlowStatements;
use crate::store::engine::sqlite::queue::Queue;
use crate::store::engine::sqlite::{Shared, open};
use crate::store::error::StoreError;
use crate::store::tx::Db;

/// How often a read starts again because the schema moved under it.
const ATTEMPTS: usize = 3;

type Job = Box<dyn FnOnce() + Send>;

/// Read-only connections and the pool of slow reads.
pub(super) struct Readers {
    shared: Arc<Shared>,
    path: PathBuf,
    keyring: Keyring,
    budget: Duration,
    pool_budget: Duration,
    timeout: Duration,
    /// Connections that nobody uses, the warmest last. A read holds one only while it runs, so
    /// there are never more than threads that read.
    idle: Mutex<Vec<Db>>,
    pool: Queue<Job>,
    endless: Queue<Job>,
    slow: Arc<SlowStatements>,
    slower: Arc<SlowStatements>,
    closed: AtomicBool,
}

/// Where a read runs, which says how long it may take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    Pool,
    Last,
}

/// A read that ran elsewhere: the function, to run it again, and what came of it.
type Ran<F, T, E> = (F, Result<Result<T, E>, StoreError>);

impl Readers {
    /// Starts the pool.
    pub(super) fn start(
        options: &StoreOptions,
        path: PathBuf,
        shared: Arc<Shared>,
    ) -> std::io::Result<Self> {
        let pool = start_threads("reader", options.readers.max(1), options)?;
        let endless = start_threads("slow-reader", 1, options)?;
        Ok(Self {
            shared,
            path,
            keyring: options.keyring.clone(),
            budget: options.read_budget,
            pool_budget: options.pool_budget,
            timeout: options.read_timeout,
            idle: Mutex::new(Vec::new()),
            pool,
            endless,
            slow: Arc::default(),
            slower: Arc::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// Runs `work` here, or elsewhere when the budget is used up.
    pub(super) async fn read<T, E>(
        self: &Arc<Self>,
        work: impl Fn(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let mut work = work;
        let mut result = self.run(&work, Place::Here);
        for &place in self.elsewheres() {
            match result {
                Err(StoreError::Deadline) => (work, result) = self.elsewhere(work, place).await?,
                _ => break,
            }
        }
        result.unwrap_or_else(|error| Err(error.into()))
    }

    /// Where a read goes that is too slow for its caller's thread, one after the other.
    const fn elsewheres(&self) -> &'static [Place] {
        if self.pool_budget.as_nanos() < self.timeout.as_nanos() {
            &[Place::Pool, Place::Last]
        } else {
            &[Place::Pool]
        }
    }

    /// Runs `work` on a thread of `place`.
    async fn elsewhere<F, T, E>(
        self: &Arc<Self>,
        work: F,
        place: Place,
    ) -> Result<Ran<F, T, E>, StoreError>
    where
        F: Fn(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let readers = Arc::clone(self);
        let waiting = Instant::now();
        let job = move || {
            if !reply.is_closed() {
                let late = waiting.elapsed() >= readers.timeout;
                let result = if late { Err(StoreError::Busy) } else { readers.run(&work, place) };
                // The caller may have gone meanwhile.
                let _ = reply.send((work, result));
            }
        };
        let queue = if place == Place::Last { &self.endless } else { &self.pool };
        queue.push(Box::new(job)).await?;
        answer.await.map_err(|_| StoreError::Closed)
    }

    /// Refuses reads from now on and lets go of the idle connections.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.idle().clear();
    }

    /// Runs `work` on a connection. The outer error is the store's: no time left, closed, a panic.
    fn run<T, E>(
        &self,
        work: &impl Fn(&mut Db) -> Result<T, E>,
        place: Place,
    ) -> Result<Result<T, E>, StoreError> {
        let _passage = match place {
            Place::Here => None,
            Place::Pool => Some(self.shared.gate.pass()),
            Place::Last => Some(self.shared.gate.pass_endless()),
        };
        let mut db = self.take()?;
        let (limit, known) = match place {
            Place::Here => (self.budget, Some(Arc::clone(&self.slow))),
            Place::Pool if self.elsewheres().contains(&Place::Last) => {
                (self.pool_budget, Some(Arc::clone(&self.slower)))
            }
            Place::Pool | Place::Last => (self.timeout, None),
        };
        db.session().sqlite().hurry(known);
        let mut attempt = 1;
        let result = loop {
            let schema = self.shared.schema.load_full();
            db.begin(Arc::clone(&schema), Instant::now() + limit);
            let (result, failure) = run_once(&mut db, work);
            let refused = matches!(failure, Some(StoreError::Statement { .. }));
            let moved = refused && !Arc::ptr_eq(&schema, &self.shared.settled_schema());
            if moved && attempt < ATTEMPTS {
                attempt += 1;
                continue;
            }
            break match (result, failure) {
                (Ok(Err(_)), Some(StoreError::Deadline)) => Err(StoreError::Deadline),
                (Ok(Ok(_)), Some(failure)) => Err(failure),
                (result, _) => result,
            };
        };
        if !self.closed.load(Ordering::Acquire) {
            self.idle().push(db);
        }
        result
    }

    fn take(&self) -> Result<Db, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        if let Some(db) = self.idle().pop() {
            return Ok(db);
        }
        let session = open::reader(&self.path)?;
        let schema = self.shared.schema.load_full();
        Ok(Db::new(AnySession::Sqlite(session), schema, self.keyring.clone()))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Db>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work` in a transaction that sees one state of the database; its result, and the first
/// statement that failed in it.
fn run_once<T, E>(
    db: &mut Db,
    work: &impl Fn(&mut Db) -> Result<T, E>,
) -> (Result<Result<T, E>, StoreError>, Option<StoreError>) {
    let result = match db.session().sqlite().begin_read() {
        Ok(()) => catch_unwind(AssertUnwindSafe(|| work(db))).map_err(|_| StoreError::Panicked),
        Err(error) => Err(error),
    };
    let failure = db.end();
    db.session().sqlite().abandon();
    (result, failure)
}

/// Threads that take what is put into a queue.
fn start_threads(
    name: &str,
    threads: usize,
    options: &StoreOptions,
) -> std::io::Result<Queue<Job>> {
    let (queue, jobs) = Queue::new(options.queue, options.queue_wait);
    let jobs = Arc::new(Mutex::new(jobs));
    for number in 0..threads {
        let jobs = Arc::clone(&jobs);
        std::thread::Builder::new().name(format!("{name}-{number}")).spawn(move || serve(&jobs))?;
    }
    Ok(queue)
}

/// One thread of a queue: works until the store is gone.
fn serve(jobs: &Mutex<Receiver<Job>>) {
    loop {
        // Whoever holds the lock waits for the next job; the others wait for the lock.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match job {
            Some(job) => job(),
            None => return,
        }
    }
}
