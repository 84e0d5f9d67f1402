//! A thread with one connection. It runs functions one after the other: writes as transactions,
//! again when they stood in each other's way; reads as single statements, which move to a thread
//! with more time when they are slow.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::domain::event::Event;
use crate::store::engine::REVISION;
use crate::store::engine::call::Function;
use crate::store::engine::postgres::Shared;
use crate::store::engine::postgres::connect::Role;
use crate::store::engine::postgres::jobs::Jobs;
use crate::store::engine::postgres::session::Session;
use crate::store::error::StoreError;
use crate::store::events;
use crate::store::sql::Statement;
use crate::store::tx::Tx;

/// How often a function runs before its caller is told that it cannot be done.
const ATTEMPTS: u32 = 12;

/// The longest pause between two attempts, and the first one.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// What waits for a thread.
pub(super) type Job = Box<dyn Function>;

/// A thread's side of the database.
pub(super) struct Worker {
    pub(super) tx: Tx,
    pub(super) role: Role,
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: Arc<Jobs<Job>>,
    /// Where functions go that are too slow for this thread.
    pub(super) elsewhere: Option<Arc<Jobs<Job>>>,
    /// Dropped at the end, which tells who waits for it.
    pub(super) ended: mpsc::Sender<()>,
}

/// How a run of a function ended that was not undone by a failure.
enum Run {
    /// It has its own answer.
    Done,
    /// It failed in a way that may not happen again.
    Again(StoreError),
    /// It needs more time than this thread has.
    Elsewhere,
}

impl Worker {
    /// Takes functions until the store is closed. What was accepted before is still run.
    pub(super) fn work(mut self) {
        while let Some(function) = self.jobs.take() {
            if function.take() {
                self.serve(function);
            }
        }
        session(&mut self.tx).disconnect();
        drop(self.ended);
    }

    fn serve(&mut self, function: Job) {
        let started = Instant::now();
        self.attempt(function);
        if matches!(self.role, Role::Writes) {
            self.shared.writes.group(1, started.elapsed());
        }
    }

    fn attempt(&mut self, mut function: Job) {
        if Instant::now() >= function.deadline() {
            function.fail(StoreError::Busy);
            return function.answer();
        }
        for attempt in 1.. {
            let run = match self.role {
                Role::Writes => self.write(&mut *function),
                Role::Reads | Role::SlowReads => self.read(&mut *function),
            };
            match run {
                Ok(Run::Done) => break,
                Ok(Run::Elsewhere) => match self.hand_over(function) {
                    Ok(()) => return,
                    Err(mut refused) => {
                        refused.fail(StoreError::Busy);
                        return refused.answer();
                    }
                },
                Ok(Run::Again(_)) if attempt < ATTEMPTS && Instant::now() < function.deadline() => {
                    std::thread::sleep(pause(attempt));
                }
                Ok(Run::Again(error)) | Err(error) => {
                    if matches!(error, StoreError::ReadOnly) {
                        // Another server may be the primary by now.
                        session(&mut self.tx).disconnect();
                    }
                    function.fail(error);
                    break;
                }
            }
        }
        function.answer();
    }

    /// Leaves a function to the threads that have time; it comes back if too much waits there.
    fn hand_over(&self, function: Job) -> Result<(), Job> {
        match &self.elsewhere {
            Some(jobs) => jobs.try_push(function),
            None => Err(function),
        }
    }

    /// Runs `function` in a transaction.
    fn write(&mut self, function: &mut dyn Function) -> Result<Run, StoreError> {
        let begun = match self.begin(function.deadline()) {
            Ok(begun) => begun,
            Err(error) => {
                // The transaction may have begun before something else failed.
                session(&mut self.tx).abandon();
                return Err(error);
            }
        };
        self.tx.begin(self.shared.schema.load_full(), function.deadline());
        let succeeded = catch_unwind(AssertUnwindSafe(|| {
            let succeeded = function.run(&mut self.tx);
            if succeeded {
                self.tx.follow(&self.shared.follower);
            }
            succeeded
        }));
        let failure = self.tx.end();
        let (events, revision) = self.tx.take_effects();
        if let (Ok(true), None) = (&succeeded, &failure) {
            return self.commit(events, revision);
        }
        session(&mut self.tx).abandon();
        match (succeeded, failure) {
            (Err(_), _) => Err(StoreError::Panicked),
            (_, Some(error)) if self.may_run_again(&error, begun) => Ok(Run::Again(error)),
            (Ok(true), Some(error)) => Err(error),
            (Ok(_), _) => Ok(Run::Done),
        }
    }

    /// Begins a transaction with the collections as they are then; the revision that they have.
    fn begin(&mut self, deadline: Instant) -> Result<i64, StoreError> {
        let begun = session(&mut self.tx).begin(deadline)?;
        self.notice(begun)?;
        Ok(begun)
    }

    /// Commits, publishes and tells, in this order.
    fn commit(&mut self, events: Vec<Event>, revision: Option<i64>) -> Result<Run, StoreError> {
        let last = events::insert(&self.shared.node, &events);
        let number = match session(&mut self.tx).commit(last) {
            Ok(number) => number,
            Err(error @ StoreError::Conflict(_)) => return Ok(Run::Again(error)),
            Err(error) => return Err(error),
        };
        if let Some(revision) = revision {
            self.shared.publish(self.tx.schema(), revision);
        }
        if !events.is_empty() {
            self.shared.send(&events);
            if let Some(number) = number {
                self.shared.keep(number, events);
            }
            self.shared.announcements.tell();
        }
        Ok(Run::Done)
    }

    /// Runs `function`, whose statements are transactions of their own.
    fn read(&mut self, function: &mut dyn Function) -> Result<Run, StoreError> {
        let known = self.shared.revision.load(Ordering::Acquire);
        let schema = self.shared.schema.load_full();
        session(&mut self.tx).ready(known)?;
        self.tx.begin(schema, function.deadline());
        let succeeded = catch_unwind(AssertUnwindSafe(|| function.run(&mut self.tx)));
        let failure = self.tx.end();
        match (succeeded, failure) {
            (Err(_), _) => Err(StoreError::Panicked),
            (_, Some(StoreError::Deadline))
                if self.elsewhere.is_some() && Instant::now() < function.deadline() =>
            {
                Ok(Run::Elsewhere)
            }
            (_, Some(error)) if self.may_run_again(&error, known) => Ok(Run::Again(error)),
            (Ok(true), Some(error)) => Err(error),
            (Ok(_), _) => Ok(Run::Done),
        }
    }

    /// Whether the function that failed so may succeed the next time, after it was undone: others
    /// were in the way, the connection was lost before anything was committed, or the tables are no
    /// longer what they were at the revision `known`.
    fn may_run_again(&mut self, error: &StoreError, known: i64) -> bool {
        match error {
            StoreError::Away(_) => true,
            StoreError::Conflict(_) => {
                // What the function knew may be what it failed of; if this fails, so will the next run.
                let _ = self.has_moved(known);
                true
            }
            // Another process may have made the same collection.
            StoreError::Statement { .. } | StoreError::Unique(_) => {
                self.has_moved(known).unwrap_or(false)
            }
            _ => false,
        }
    }

    /// Whether the revision is beyond `known`; what is newer is taken in.
    fn has_moved(&mut self, known: i64) -> Result<bool, StoreError> {
        self.tx.begin(self.shared.schema.load_full(), Instant::now() + LONGEST_PAUSE * 100);
        let stored = self.tx.fetch_one(Statement::new(REVISION, Vec::new()));
        let stored = stored.and_then(|row| row.int(0));
        self.tx.end();
        let stored = stored?;
        self.notice(stored)?;
        Ok(stored > known)
    }

    /// Takes in what other processes changed in collections and settings.
    fn notice(&mut self, stored: i64) -> Result<(), StoreError> {
        if stored <= self.shared.revision.load(Ordering::Acquire) {
            return Ok(());
        }
        let until = Instant::now() + Duration::from_secs(10);
        self.tx.begin(self.shared.schema.load_full(), until);
        let schema = crate::store::collections::load(&mut self.tx, stored);
        self.tx.end();
        if self.shared.publish(Arc::new(schema?), stored) {
            self.shared.send(&[Event::SchemaChanged]);
        }
        Ok(())
    }
}

/// The connection of `tx`.
pub(super) fn session(tx: &mut Tx) -> &mut Session {
    tx.session().postgres()
}

/// Longer with every attempt, and never the same for two functions that meet again and again.
fn pause(attempt: u32) -> Duration {
    let most = LONGEST_PAUSE.min(SHORTEST_PAUSE.saturating_mul(1 << attempt.min(10)));
    // Without a random number they meet once more.
    let random = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
    most.mul_f64(random)
}
