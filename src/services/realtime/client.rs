//! One connection: who holds it, what it wants, and what waits to be sent to it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::task::AbortHandle;

use crate::domain::caller::Caller;
use crate::domain::record::Record;
use crate::services::realtime::message;
use crate::services::realtime::outbox::{Full, Outbox};
use crate::services::realtime::topic::Topic;

/// Who a connection acts for, and the token that says so: it must not outlast what the token stands on.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) token: String,
    pub(super) record: Arc<Record>,
}

/// A connected client. Times are those of [`super::pace::Pace`].
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: Arc<str>,
    pub(super) address: IpAddr,
    pub(super) outbox: Outbox,
    pub(super) opened: i64,
    last_message: AtomicI64,
    last_sign: AtomicI64,
    state: Mutex<State>,
}

/// A client whose place another one takes.
#[derive(Debug, Clone)]
pub(super) enum Predecessor {
    /// It is or was connected here under this id.
    Here(Arc<str>),
    /// It was connected to this process.
    At(String),
}

/// What subscribing and changes of accounts change.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) identity: Option<Identity>,
    pub(super) topics: Vec<Arc<Topic>>,
    /// The client whose place it takes, until it says what it wants to hear.
    pub(super) predecessor: Option<Predecessor>,
    /// Whether it is told nothing until what its predecessor missed was told.
    pub(super) awaits_past: bool,
    /// The task that waits for what a provider leads back.
    pub(super) waits: Option<AbortHandle>,
}

impl Client {
    /// A client that was just connected; the message that says so waits for it.
    pub(super) fn new(id: Arc<str>, address: IpAddr, now: i64) -> Self {
        let client = Self {
            outbox: Outbox::default(),
            opened: now,
            last_message: AtomicI64::new(now),
            last_sign: AtomicI64::new(now),
            state: Mutex::default(),
            id,
            address,
        };
        // An empty outbox has room.
        let _ = client.outbox.push(message::connected(&client.id), None);
        client
    }

    /// Adds a message about the event of this number.
    ///
    /// # Errors
    /// [`Full`] when the client does not keep up.
    pub(super) fn tell(&self, body: Bytes, event: Option<u64>, now: i64) -> Result<(), Full> {
        self.last_message.store(now, Ordering::Relaxed);
        self.last_sign.store(now, Ordering::Relaxed);
        self.outbox.push(body, event)
    }

    /// Adds a heartbeat when nothing was sent for `pause`.
    pub(super) fn beat(&self, now: i64, pause: i64) {
        if now - self.last_sign.load(Ordering::Relaxed) >= pause {
            self.last_sign.store(now, Ordering::Relaxed);
            self.outbox.beat();
        }
    }

    /// When the last message was added.
    pub(super) fn last_message(&self) -> i64 {
        self.last_message.load(Ordering::Relaxed)
    }

    /// Who asks, for rules.
    pub(super) fn caller(&self) -> Caller {
        match &self.state().identity {
            Some(identity) => Caller::signed_in(Arc::clone(&identity.record)),
            None => Caller::guest(),
        }
    }

    /// Whether both act for the same account, or for nobody, at the same address.
    pub(super) fn is_of_same_holder(&self, other: &Self) -> bool {
        let (one, another) = (self.caller(), other.caller());
        let is_same = match (one.record(), another.record()) {
            (Some(one), Some(another)) => is_same_account(one, another),
            (one, another) => one.is_none() && another.is_none(),
        };
        is_same && self.address == other.address
    }

    /// Held for moments only, and after the roster's lock where both are.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Stops waiting for a provider.
    pub(super) fn stop_waiting(&mut self) {
        if let Some(task) = self.waits.take() {
            task.abort();
        }
    }
}

/// Whether both are the same account, whatever its values.
pub(super) fn is_same_account(one: &Record, other: &Record) -> bool {
    one.id() == other.id() && one.collection().id == other.collection().id
}
