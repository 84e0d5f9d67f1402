//! What the store told and nobody was told of yet. The store's writer only adds here; a task takes out.
//! It is bounded: who is that far behind does better to start anew than to keep all of it in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::domain::Json;
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::services::realtime::client::Client;
use crate::services::realtime::topic::Topic;
use crate::store::filter::Before;

/// Most events that wait, and about how many bytes of them. A single commit may be larger.
const MOST_EVENTS: usize = 20_000;
const MOST_BYTES: usize = 64 << 20;

/// Events of one commit that have numbers of their own; those behind share the last one.
pub(super) const NUMBERED: u64 = 1 << 20;

/// What one transaction did, or several at once.
#[derive(Debug)]
pub(super) struct Commit {
    /// Greater than those of the commits before.
    number: u64,
    pub(super) events: Vec<Event>,
    pub(super) bytes: usize,
    before: OnceLock<Arc<Before>>,
}

/// A client that wants what its predecessor was not told.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) client: Arc<Client>,
    pub(super) former: Former,
    /// The last event before the client subscribed by itself.
    pub(super) since: u64,
}

/// Whose place a client takes.
#[derive(Debug)]
pub(super) enum Former {
    /// One that was connected here: what it had subscribed to, and the last event that it was told of, if it
    /// was to be.
    Here { topics: Vec<Arc<Topic>>, seen: u64 },
    /// One that was connected to this process.
    At { node: String },
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Task {
    Commit(Arc<Commit>),
    CatchUp(CatchUp),
    /// So much was waiting that it was dropped.
    Overrun,
}

/// Tasks in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: Mutex<Waiting>,
    pushed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    events: usize,
    bytes: usize,
}

impl Commit {
    /// What was committed under `number`.
    pub(super) fn new(number: u64, events: Vec<Event>) -> Self {
        let bytes = events.iter().map(bytes_of).sum();
        Self { number, events, bytes, before: OnceLock::new() }
    }

    /// The number under which it was committed.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The number of the event at `position`, greater than those before.
    pub(super) const fn number_of(&self, position: usize) -> u64 {
        let position = position as u64;
        self.number * NUMBERED + if position < NUMBERED { position } else { NUMBERED - 1 }
    }

    /// The number of the last event.
    pub(super) const fn last_number(&self) -> u64 {
        self.number_of(self.events.len().saturating_sub(1))
    }

    /// The state before the transaction.
    pub(super) fn before(&self) -> Arc<Before> {
        Arc::clone(self.before.get_or_init(|| Arc::new(Before::of(&self.events))))
    }
}

impl Backlog {
    /// Adds what was committed under `number`.
    pub(super) fn push_commit(&self, number: u64, events: &[Event]) {
        let commit = Commit::new(number, events.to_vec());
        let mut waiting = self.lock();
        let is_full = waiting.events + events.len() > MOST_EVENTS
            || waiting.bytes + commit.bytes > MOST_BYTES;
        if is_full && waiting.events > 0 {
            waiting.give_up();
        } else {
            waiting.events += events.len();
            waiting.bytes += commit.bytes;
            waiting.tasks.push_back(Task::Commit(Arc::new(commit)));
        }
        drop(waiting);
        self.pushed.notify_one();
    }

    /// Drops everything that waits: what came before it is not known.
    pub(super) fn push_overrun(&self) {
        self.lock().give_up();
        self.pushed.notify_one();
    }

    /// Adds a client that is to be told of the past, after everything that waits.
    pub(super) fn push_catch_up(&self, catch_up: CatchUp) {
        self.lock().tasks.push_back(Task::CatchUp(catch_up));
        self.pushed.notify_one();
    }

    /// Waits for the next task and takes it.
    pub(super) async fn next(&self) -> Task {
        loop {
            {
                let mut waiting = self.lock();
                if let Some(task) = waiting.tasks.pop_front() {
                    if let Task::Commit(commit) = &task {
                        waiting.events -= commit.events.len();
                        waiting.bytes -= commit.bytes;
                    }
                    return task;
                }
            }
            // A notice that came since is kept, so none is missed.
            self.pushed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn give_up(&mut self) {
        self.tasks.clear();
        (self.events, self.bytes) = (0, 0);
        self.tasks.push_back(Task::Overrun);
    }
}

/// About how much memory an event takes.
fn bytes_of(event: &Event) -> usize {
    let of = |record: &Record| record.values().iter().map(size).sum::<usize>();
    match event {
        Event::Created(record) | Event::Deleted(record) => of(record),
        Event::Updated { old, new } => of(old) + of(new),
        Event::SchemaChanged | Event::SignedOut { .. } | Event::Queued => 0,
    }
}

fn size(value: &Json) -> usize {
    let inside = match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(size).sum(),
        Json::Object(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum(),
    };
    size_of::<Json>() + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn events_are_numbered_and_come_in_order() {
        let backlog = Backlog::default();
        backlog.push_commit(7, &[Event::Queued, Event::Queued]);
        backlog.push_commit(8, &[Event::SchemaChanged]);
        let mut numbers = Vec::new();
        for _ in 0..2 {
            let Task::Commit(commit) = backlog.next().await else { panic!("another task") };
            numbers.extend((0..commit.events.len()).map(|position| commit.number_of(position)));
            assert_eq!(numbers.last(), Some(&commit.last_number()));
        }
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        assert_eq!(numbers.len(), 3);
    }

    #[actix_web::test]
    async fn what_nobody_takes_out_is_dropped_and_said_to_be() {
        let backlog = Backlog::default();
        let large = vec![Event::Queued; MOST_EVENTS + 1];
        backlog.push_commit(1, &large);
        backlog.push_commit(2, &[Event::Queued]);
        backlog.push_commit(3, &[Event::Queued]);
        assert!(matches!(backlog.next().await, Task::Overrun));
        let Task::Commit(commit) = backlog.next().await else { panic!("another task") };
        assert_eq!(commit.number, 3);
    }
}
