//! What this process committed, under the numbers that it has in `_events`. A row of its own that is not here
//! is one of a commit whose answer was lost: nobody was told of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::event::Event;

/// Most transactions whose events are kept until they are told in order; the others are read again.
const MOST_KEPT: usize = 4_096;

/// Most transactions that are known; the others are told twice.
const MOST_KNOWN: usize = 100_000;

/// Numbers and their events, as far as they are kept.
#[derive(Debug, Default)]
pub(super) struct OwnEvents(Mutex<BTreeMap<i64, Option<Vec<Event>>>>);

impl OwnEvents {
    /// Remembers that `number` was committed and told, with its events if somebody wants them in order.
    pub(super) fn add(&self, number: i64, events: Option<Vec<Event>>) {
        let mut known = self.lock();
        if known.len() < MOST_KNOWN {
            let events = events.filter(|_| known.len() < MOST_KEPT);
            known.insert(number, events);
        }
    }

    /// Takes out what is remembered of `number`, if it is known.
    pub(super) fn take(&self, number: i64) -> Option<Option<Vec<Event>>> {
        self.lock().remove(&number)
    }

    /// Forgets all up to `number` but those that are still `missing`.
    pub(super) fn forget(&self, number: i64, missing: &[i64]) {
        self.lock().retain(|known, _| *known > number || missing.contains(known));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, Option<Vec<Event>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
