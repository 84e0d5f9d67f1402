//! What happened, for superusers to read (contract B 7.1): one entry for each request, and the server's own
//! warnings and errors.
//!
//! [`Logs`] is the handle: it takes entries into memory, as cheaply as can be, and makes nobody wait. The
//! [`Service`] writes them out in batches, which become rows when there is time, or when somebody reads: most are
//! never read, and a row costs ten times as much. What does not fit into memory is dropped and counted.

mod buffer;
mod entry;
mod policy;
mod read;
mod service;
#[cfg(test)]
mod tests;
mod write;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

pub use entry::{Failure, LineLog, RequestLog};
pub use policy::{Policy, policy};
pub use read::{HourView, LogView, clear, list, stats, view};
pub use service::Service;
pub use write::{forget, forget_before, unfold, write_out};

use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::services::clock::Clock;
use buffer::Buffer;
use policy::Known;
use write::Pending;

/// The entries that are still to be written.
#[derive(Debug)]
pub struct Logs {
    clock: Clock,
    buffer: Buffer,
    policy: ArcSwapOption<Known>,
    pending: tokio::sync::Mutex<Pending>,
    /// What tells entries of one moment apart.
    number: u32,
    dropped: AtomicU64,
    /// Whether there may be batches of this process that are no rows yet.
    has_batches: AtomicBool,
}

impl Logs {
    /// Nothing is to be written yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            buffer: Buffer::default(),
            policy: ArcSwapOption::empty(),
            pending: tokio::sync::Mutex::default(),
            number: Random::system().below(crate::domain::logs::NUMBERS),
            dropped: AtomicU64::new(0),
            has_batches: AtomicBool::new(true),
        }
    }

    /// Takes the entry of a request that was answered now.
    pub fn request(&self, policy: Policy, log: &RequestLog<'_>) {
        if policy.takes(log.level()) {
            let push = |head, text: &[u8]| self.buffer.push(head, text);
            self.count(log.put_together(policy, self.clock.now(), push));
        }
    }

    /// Takes a line of the server itself.
    pub fn line(&self, log: LineLog) {
        let policy = self.policy.load().as_ref().map_or_else(Policy::default, |known| known.policy);
        if policy.takes(log.level) {
            let (head, text) = log.put_together(policy, self.clock.now());
            self.count(self.buffer.push(head, &text));
        }
    }

    /// Entries that wait to be written, and those that there was no room for since the start.
    pub fn figures(&self) -> (u64, u64) {
        (self.buffer.len() as u64, self.dropped.load(Ordering::Relaxed))
    }

    fn count(&self, was_taken: bool) {
        if !was_taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
