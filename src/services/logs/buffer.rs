//! Entries in memory, up to a bound. Whoever adds one waits for nothing but the others who do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::services::logs::entry::Head;
use crate::store::logs::NewLog;

/// Entries after which they are written without waiting for the clock.
pub(super) const BATCH: usize = 2_000;

/// Most bytes that entries take in memory.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    waiting: Mutex<Waiting>,
    full: Notify,
}

/// Some entries in their order: their texts stand one behind the other.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    heads: Vec<Head>,
    text: Vec<u8>,
    /// Entries for which there was no room.
    pub(super) dropped: u64,
}

impl Waiting {
    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.heads.len()
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, head: Head, text: &[u8]) {
        self.heads.push(head);
        self.text.extend_from_slice(text);
    }

    /// The entries as they are stored; `number` tells those of one moment apart.
    pub(super) fn entries(
        &self,
        mut number: impl FnMut() -> u32,
    ) -> impl Iterator<Item = NewLog<'_>> {
        let mut rest = self.text.as_slice();
        self.heads.iter().map(move |head| {
            let (text, after) = rest.split_at(head.length().min(rest.len()));
            rest = after;
            head.entry(text, number())
        })
    }

    fn bytes(&self) -> usize {
        self.text.len() + size_of_val(self.heads.as_slice())
    }
}

impl Buffer {
    /// Adds an entry; false when there is no room.
    pub(super) fn push(&self, head: Head, text: &[u8]) -> bool {
        let mut waiting = self.lock();
        if waiting.bytes() + text.len() > MOST_BYTES {
            waiting.dropped += 1;
            return false;
        }
        waiting.push(head, text);
        let is_full = waiting.len().is_multiple_of(BATCH);
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
        self.lock().len()
    }

    /// Waits until there are enough for a batch.
    pub(super) async fn full(&self) {
        self.full.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
