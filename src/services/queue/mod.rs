//! What is to be done after a commit and must not be forgotten (design §7): jobs are rows, written by
//! the transaction that they belong to and done by workers of any process that uses the database.
//!
//! A job is done at least once: who does it may be gone before it could say so. So every kind does no
//! harm when it is done twice.

pub mod backlog;
mod carry_out;
mod job;
#[cfg(test)]
mod tests;
mod workers;

pub use job::Job;
pub use workers::Workers;
#[cfg(test)]
pub(crate) use workers::work_off;

use tokio::sync::Notify;

use crate::domain::event::Event;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Tx, queue};

/// Tells the workers of this process that there is something to do.
#[derive(Debug, Default)]
pub struct Queue {
    pushed: Notify,
}

impl Queue {
    /// To be called with the events of a commit.
    pub fn on_events(&self, events: &[Event]) {
        if events.iter().any(|event| matches!(event, Event::Queued)) {
            self.wake();
        }
    }

    /// Lets a worker look for jobs.
    pub fn wake(&self) {
        self.pushed.notify_one();
    }

    async fn pushed(&self) {
        self.pushed.notified().await;
    }
}

/// Queues `job`, to be done as soon as the transaction is committed; never when it is not.
///
/// # Errors
/// What the database says.
pub fn push(tx: &mut Tx, job: Job, now: Timestamp) -> Result<(), StoreError> {
    queue::push(tx, &job.into_row(now), now)?;
    tx.emit(Event::Queued);
    Ok(())
}
