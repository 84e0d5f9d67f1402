//! What an engine counts of its work, for whoever watches over it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the writes of this process came to, and what waits now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Functions that wait for a thread that writes.
    pub waiting: u64,
    /// Functions that were run.
    pub functions: u64,
    /// Commits that they were made to last by: one for several functions on SQLite.
    pub groups: u64,
    /// Functions that found no place in the queue in time.
    pub refused: u64,
    /// How long all threads that write were at it.
    pub busy: Duration,
}

/// The counts behind [`Figures`]. They only grow.
#[derive(Debug, Default)]
pub(in crate::store) struct Tally {
    functions: AtomicU64,
    groups: AtomicU64,
    refused: AtomicU64,
    busy: AtomicU64,
}

impl Tally {
    /// Counts a group of `functions` that took so long.
    pub(in crate::store) fn group(&self, functions: usize, took: Duration) {
        self.functions.fetch_add(functions as u64, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.busy.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Counts a function that was refused.
    pub(in crate::store) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts, while so many functions wait.
    pub(in crate::store) fn figures(&self, waiting: usize) -> Figures {
        Figures {
            waiting: waiting as u64,
            functions: self.functions.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            busy: Duration::from_nanos(self.busy.load(Ordering::Relaxed)),
        }
    }
}
