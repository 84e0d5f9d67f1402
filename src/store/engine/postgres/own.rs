//! What this process committed, under the numbers that it has in `_events`. A row of its own that is not here
//! is one of a commit whose answer was lost: nobody was told of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::event::Event;

/// Most transactions whose events are kept until they are told in order; the others are read again.
const MOST_KEPT: usize = 4_096;

/// Most transactions that are known; the others are told twice.
const MOST_KNOWN: usize = 100_000;

/// What is known of a transaction.
#[derive(Debug)]
pub(super) enum Own {
    /// Its events, which are still to be told in order.
    Events(Vec<Event>),
    /// They are still to be told in order, and there was no room for them.
    NotKept,
    /// Nobody wanted them.
    Unwanted,
}

/// What is known, by number.
#[derive(Debug, Default)]
pub(super) struct OwnEvents(Mutex<BTreeMap<i64, Own>>);

impl OwnEvents {
    /// Remembers what was committed and told under `number`.
    pub(super) fn add(&self, number: i64, own: Own) {
        let mut known = self.lock();
        let has_room = known.len() < MOST_KEPT;
        if known.len() < MOST_KNOWN {
            let own = if has_room || matches!(own, Own::Unwanted) { own } else { Own::NotKept };
            known.insert(number, own);
        }
    }

    /// Takes out what is known of `number`.
    pub(super) fn take(&self, number: i64) -> Option<Own> {
        self.lock().remove(&number)
    }

    /// Forgets all up to `number` but those that are still `missing`.
    pub(super) fn forget(&self, number: i64, missing: &[i64]) {
        self.lock().retain(|known, _| *known > number || missing.contains(known));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, Own>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
