//! A queue with a bound that several threads take from. Like that of the SQLite engine it is waited
//! for, but not for ever.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

use crate::store::error::StoreError;

/// What waits, and the threads that wait for it.
#[derive(Debug)]
pub(super) struct Jobs<J> {
    waiting: Mutex<Waiting<J>>,
    arrived: Condvar,
    places: Semaphore,
    wait: Duration,
}

#[derive(Debug)]
struct Waiting<J> {
    jobs: VecDeque<J>,
    closed: bool,
}

impl<J> Jobs<J> {
    /// A queue of at most `bound` entries, for whose places callers wait as long as `wait`.
    pub(super) fn new(bound: usize, wait: Duration) -> Self {
        Self {
            waiting: Mutex::new(Waiting { jobs: VecDeque::new(), closed: false }),
            arrived: Condvar::new(),
            places: Semaphore::new(bound.max(1)),
            wait,
        }
    }

    /// Puts `job` in, waiting for a place in order of arrival.
    pub(super) async fn push(&self, job: J) -> Result<(), StoreError> {
        let place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(TryAcquireError::Closed) => return Err(StoreError::Closed),
            Err(TryAcquireError::NoPermits) => {
                let place = tokio::time::timeout(self.wait, self.places.acquire()).await;
                place.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?
            }
        };
        self.put(place, job).map_err(|_| StoreError::Closed)
    }

    /// How many entries wait.
    pub(super) fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Puts `job` in if there is a place; else it comes back.
    pub(super) fn try_push(&self, job: J) -> Result<(), J> {
        match self.places.try_acquire() {
            Ok(place) => self.put(place, job),
            Err(_) => Err(job),
        }
    }

    fn put(&self, place: SemaphorePermit<'_>, job: J) -> Result<(), J> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(job);
        }
        place.forget();
        waiting.jobs.push_back(job);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for a job; `None` when the queue is closed and empty.
    pub(super) fn take(&self) -> Option<J> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                drop(waiting);
                self.places.add_permits(1);
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing in from now on. What waits is still handed out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.places.close();
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
