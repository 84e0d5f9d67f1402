//! Entries in memory, up to a bound. Whoever adds one waits for nothing but the others who do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::services::logs::entry::Entry;

/// Entries after which they are written without waiting for the clock.
pub(super) const BATCH: usize = 200;

/// Most bytes that entries take in memory.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    waiting: Mutex<Waiting>,
    full: Notify,
}

/// Some entries in their order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) entries: Vec<Entry>,
    /// Entries for which there was no room.
    pub(super) dropped: u64,
    bytes: usize,
}

impl Buffer {
    /// Adds an entry; false when there is no room.
    pub(super) fn push(&self, entry: Entry) -> bool {
        let bytes = entry.bytes();
        let mut waiting = self.lock();
        if waiting.bytes + bytes > MOST_BYTES {
            waiting.dropped += 1;
            return false;
        }
        waiting.bytes += bytes;
        waiting.entries.push(entry);
        let is_full = waiting.entries.len().is_multiple_of(BATCH);
        drop(waiting);
        if is_full {
            self.full.notify_one();
        }
        true
    }

    /// Takes all that is there.
    pub(super) fn take(&self) -> Waiting {
        std::mem::take(&mut *self.lock())
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Waits until there are enough for a batch.
    pub(super) async fn full(&self) {
        self.full.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
