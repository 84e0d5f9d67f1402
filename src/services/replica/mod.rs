//! The log of a SQLite database, shipped to another place as it grows, so that the database can be restored to
//! a moment (docs/backups.md).
//!
//! A replica is made of generations. Each has snapshots of the whole database, and numbered segments of pages
//! that go on from one to the next without a gap (`format`, `names`). The store says which pages were
//! committed (`WalSource`); `ship` takes them away, off the path of all requests, and begins a new generation
//! whenever it cannot be sure that nothing is missing. `moments` says what can be restored, and `rebuild` does
//! it. `owner` keeps two servers from one place.

mod error;
mod format;
mod local;
mod moments;
mod names;
mod owner;
mod place;
mod prune;
mod rebuild;
mod ship;
mod snapshots;
#[cfg(test)]
mod tests;
mod trouble;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use error::ReplicaError;
pub use moments::{Range, Ranges, list};
pub use rebuild::{Rebuilt, rebuild};
pub use ship::Service;

use crate::config;
use crate::domain::time::Timestamp;

/// What shipping of this process has come to.
#[derive(Debug, Default)]
pub struct Replica {
    /// Where to and how often, when anything is shipped.
    options: Option<config::Replica>,
    /// When everything that had been committed was there, last.
    synced: Mutex<Option<Timestamp>>,
    bytes: AtomicU64,
    files: AtomicU64,
    generations: AtomicU64,
    failures: AtomicU64,
}

/// Figures of [`Replica`] since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// When everything that had been committed was there, last; the start, when it never was.
    pub synced: Timestamp,
    /// Bytes that were shipped.
    pub bytes: u64,
    /// Files that were shipped.
    pub files: u64,
    /// Generations that were begun.
    pub generations: u64,
    /// Rounds that failed.
    pub failures: u64,
}

impl Replica {
    /// Ships as `options` say, from `now` on.
    pub fn new(options: Option<config::Replica>, now: Timestamp) -> Self {
        Self { options, synced: Mutex::new(Some(now)), ..Self::default() }
    }

    /// What was done so far, when anything is shipped.
    pub fn figures(&self) -> Option<Figures> {
        self.options.as_ref()?;
        let synced = *self.synced.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Some(Figures {
            synced: synced?,
            bytes: self.bytes.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            generations: self.generations.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        })
    }

    fn synced(&self, now: Timestamp) {
        *self.synced.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(now);
    }

    fn shipped(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.files.fetch_add(1, Ordering::Relaxed);
    }
}
