//! Who is behind a token, kept so that a signed-in request costs neither a signature nor a query.
//! Knows no database: it is told what was read and what has changed.
//!
//! An entry counts only while nothing that it was made from has changed since *before it was read*:
//! who reads takes a ticket first, and a change makes all tickets of its record void. So a slow
//! reader cannot bring back what a faster writer has just changed, and a change is effective the
//! moment it is told, whatever is under way. There is nothing to remove and nothing to lock.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use moka::sync::Cache;

use crate::domain::caller::Caller;
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::tokens::Claims;

/// Tokens that are remembered at one time; beyond it, rarely used ones are read again.
const CAPACITY: u64 = 20_000;

/// Counters that the changes of all records are spread over. Two records that share one only cost
/// each other a read now and then.
const SLOTS: usize = 4_096;

/// How long after a use the next one is noted.
const USE_INTERVAL: i64 = 5 * 60 * 1_000;

/// A token that was found good, and its holder.
#[derive(Debug)]
pub struct Session {
    /// The holder, of an auth collection.
    pub record: Arc<Record>,
    /// What the token says.
    pub claims: Claims,
    /// When its use was noted last, in milliseconds; never, for a token of no session.
    used: AtomicI64,
}

impl Session {
    /// The session of a token with these claims, whose use was noted last at `used`; `None` for a
    /// token that belongs to no session.
    pub fn new(record: Arc<Record>, claims: Claims, used: Option<Timestamp>) -> Self {
        Self { record, claims, used: used.map_or(i64::MAX, Timestamp::millis).into() }
    }

    /// Whether this use is to be noted: for one caller, once every few minutes.
    pub fn takes_note(&self, now: Timestamp) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        let due = used.saturating_add(USE_INTERVAL) <= now.millis();
        let (order, new) = (Ordering::Relaxed, now.millis());
        due && self.used.compare_exchange(used, new, order, order).is_ok()
    }

    /// The holder as the one who asks.
    pub fn caller(&self) -> Caller {
        Caller::signed_in(Arc::clone(&self.record))
    }
}

/// What counted when a read began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    slot: usize,
    record_changes: u64,
    schema_changes: u64,
}

/// The sessions seen lately, by token.
#[derive(Debug)]
pub struct Callers {
    entries: Cache<Box<str>, Entry>,
    hasher: RandomState,
    record_changes: Box<[AtomicU64]>,
    schema_changes: AtomicU64,
}

#[derive(Debug, Clone)]
struct Entry {
    session: Arc<Session>,
    ticket: Ticket,
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            entries: Cache::new(CAPACITY),
            hasher: RandomState::new(),
            record_changes: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            schema_changes: AtomicU64::new(0),
        }
    }
}

impl Callers {
    /// The session of `token`, when it is known, still true and holds at `now`.
    pub fn find(&self, token: &str, now: Timestamp) -> Option<Arc<Session>> {
        let entry = self.entries.get(token)?;
        let current = self.current(entry.ticket.slot);
        (entry.ticket == current && entry.session.claims.holds_at(now)).then_some(entry.session)
    }

    /// Taken before the record `id` is read; what is read counts as long as the ticket does.
    pub fn ticket(&self, id: &str) -> Ticket {
        self.current(self.slot(id))
    }

    /// Remembers what was read under `ticket`.
    pub fn keep(&self, token: &str, session: Arc<Session>, ticket: Ticket) {
        self.entries.insert(token.into(), Entry { session, ticket });
    }

    /// To be called with the events of a commit before its write is answered: from then on no
    /// session stands on what these events changed.
    pub fn on_events(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::Updated { old: record, .. } | Event::Deleted(record) => {
                    if record.collection().is_auth() {
                        self.forget(record.id());
                    }
                }
                Event::SignedOut { record } => self.forget(record),
                Event::SchemaChanged => self.forget_all(),
                Event::Created(_) | Event::Queued => {}
            }
        }
    }

    /// Forgets who is behind the tokens of the record `id`.
    fn forget(&self, id: &str) {
        self.record_changes[self.slot(id)].fetch_add(1, Ordering::SeqCst);
    }

    /// Forgets everything: collections changed, or another process wrote to the database.
    pub fn forget_all(&self) {
        self.schema_changes.fetch_add(1, Ordering::SeqCst);
    }

    fn slot(&self, id: &str) -> usize {
        (self.hasher.hash_one(id) % SLOTS as u64) as usize
    }

    fn current(&self, slot: usize) -> Ticket {
        Ticket {
            slot,
            record_changes: self.record_changes[slot].load(Ordering::SeqCst),
            schema_changes: self.schema_changes.load(Ordering::SeqCst),
        }
    }
}
