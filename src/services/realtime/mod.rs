//! Realtime (contract A 5): clients that stay connected are told of committed changes of records.
//!
//! [`Realtime`] is the handle: it knows who is connected and takes what the store tells, and asks
//! nobody anything. [`Service`] are the tasks that ask who may know, and tell them; the writer waits
//! for none of it. Knows no HTTP: a [`Connection`] is a row of bytes.

mod audience;
mod backlog;
mod client;
mod connection;
mod deliver;
mod identity;
mod message;
mod outbox;
mod pace;
mod past;
mod progress;
mod roster;
mod service;
mod subscribe;
#[cfg(test)]
mod tests;
mod topic;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use connection::Connection;
pub use service::Service;
pub use subscribe::{Subscription, subscribe};

use crate::domain::event::Event;
use crate::domain::random::{ALPHANUMERIC, Random};
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::store::Feed;
use backlog::{Backlog, NUMBERED};
use bytes::Bytes;
use client::{Client, Predecessor};
use pace::Pace;
use progress::Progress;
use roster::Roster;

/// Characters of a client's id, and how many of them name the process that it was connected to.
const ID_LENGTH: usize = 40;
const NODE_LENGTH: usize = 12;

/// Milliseconds after which a connection ends: without a message, and in any case (contract A 5.1).
const IDLE: i64 = 5 * 60 * 1_000;
const LONGEST: i64 = 30 * 60 * 1_000;

/// Milliseconds without anything after which there is a heartbeat.
const HEARTBEAT: i64 = 30 * 1_000;

/// The clients that are connected, and what they are still to be told.
pub struct Realtime {
    /// What this process is told apart by.
    node: String,
    roster: Mutex<Roster>,
    backlog: Backlog,
    pace: Pace,
    progress: Progress,
    /// Whether somebody might have to be told anything.
    is_needed: AtomicBool,
}

impl Default for Realtime {
    fn default() -> Self {
        Self {
            node: Random::system().text(NODE_LENGTH, ALPHANUMERIC),
            roster: Mutex::default(),
            backlog: Backlog::default(),
            pace: Pace::default(),
            progress: Progress::default(),
            is_needed: AtomicBool::default(),
        }
    }
}

impl Feed for Realtime {
    fn is_wanted(&self) -> bool {
        self.is_needed.load(Ordering::SeqCst)
    }

    fn committed(&self, number: u64, events: &[Event]) {
        self.backlog.push_commit(number, events);
    }

    fn passed(&self, number: u64) {
        self.progress.tell(number * NUMBERED);
    }

    fn answered(&self, number: u64) {
        self.progress.answer(number);
    }

    fn interrupted(&self) {
        self.backlog.push_overrun();
    }
}

impl Realtime {
    /// Connects a client at `address`, which is `now`. Once it says who it is, it takes the place of the client `last`
    /// if that one was there a short while ago.
    ///
    /// # Errors
    /// `TooManyRequests` and `Unavailable` when there are too many.
    pub fn connect(
        self: &Arc<Self>,
        address: IpAddr,
        last: Option<&str>,
        now: Timestamp,
    ) -> Result<Connection, Error> {
        let rest = Random::system().text(ID_LENGTH - NODE_LENGTH, ALPHANUMERIC);
        let id: Arc<str> = format!("{}{rest}", self.node).into();
        let client = Arc::new(Client::new(id, address, self.pace.read(now)));
        let mut roster = self.roster();
        roster.admit(&client)?;
        client.state().predecessor = last.and_then(|last| self.predecessor(&roster, last, address));
        if !self.is_needed.swap(true, Ordering::SeqCst) {
            self.progress.skip();
        }
        drop(roster);
        Ok(Connection::new(Arc::clone(self), client))
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.roster().connections()
    }

    /// What this process is told apart by, among those that serve the same database.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The number of the last event that nobody who is connected, or was when the server stopped, has still to
    /// be told of.
    pub fn told_to_all(&self) -> u64 {
        let told = self.progress.told();
        self.roster().first_untold().map_or(told, |untold| told.min(untold.saturating_sub(1)))
    }

    /// Ends all connections and takes no more: the server stops.
    pub fn close(&self) {
        self.roster().close();
        self.end_all();
    }

    /// Ends connections whose time is over, and lets the others know that the server is there.
    fn sweep(&self, now: Timestamp) {
        let now = self.pace.read(now);
        self.roster().forget(now);
        for client in self.clients() {
            if now - client.opened >= LONGEST || now - client.last_message() >= IDLE {
                self.end(&client);
            } else {
                client.beat(now, HEARTBEAT);
            }
        }
        let roster = self.roster();
        if roster.is_empty() {
            self.is_needed.store(false, Ordering::SeqCst);
        }
    }

    /// Sends a message about the event of this number. Who does not keep up is cut off.
    fn tell(&self, client: &Client, body: Bytes, event: Option<u64>) {
        if client.tell(body, event, self.pace.now()).is_err() {
            tracing::debug!(client = %client.address, "a realtime client does not keep up");
            self.end(client);
        }
    }

    /// Ends one connection and remembers what it was not told.
    fn end(&self, client: &Client) {
        let unsent = client.outbox.end();
        let told = self.progress.told();
        let mut roster = self.roster();
        let topics = client.state().topics.clone();
        if roster.remove(client) {
            let seen = unsent.map_or(told, |unsent| unsent.saturating_sub(1));
            roster.remember(client, topics, seen, self.pace.now());
        }
    }

    fn end_all(&self) {
        for client in self.clients() {
            self.end(&client);
        }
    }

    /// Ends the connection whose place `client` is to take, if nobody saw it leave yet and both act for
    /// the same account. An id alone proves nothing: providers are told it, for one.
    fn replace_predecessor(&self, client: &Client) {
        let Some(Predecessor::Here(id)) = client.state().predecessor.clone() else { return };
        let former = self.roster().find(&id).cloned();
        if let Some(former) = former.filter(|former| former.is_of_same_holder(client)) {
            self.end(&former);
        }
    }

    /// Whose place a client at `address` takes that had the id `last` before.
    fn predecessor(&self, roster: &Roster, last: &str, address: IpAddr) -> Option<Predecessor> {
        if roster.is_known(last, address) {
            return Some(Predecessor::Here(last.into()));
        }
        let is_id =
            last.len() == ID_LENGTH && last.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let node = last.get(..NODE_LENGTH).filter(|node| is_id && *node != self.node)?;
        Some(Predecessor::At(node.to_owned()))
    }

    fn clients(&self) -> Vec<Arc<Client>> {
        self.roster().clients()
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
