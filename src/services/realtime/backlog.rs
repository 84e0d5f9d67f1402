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

/// What one transaction did, its events numbered from `first` on.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) first: u64,
    pub(super) events: Vec<Event>,
    pub(super) bytes: usize,
    before: OnceLock<Arc<Before>>,
}

/// A client that wants what its predecessor was not told.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) client: Arc<Client>,
    /// What the predecessor had subscribed to.
    pub(super) topics: Vec<Arc<Topic>>,
    /// The last event that the predecessor was told of, if it was to be.
    pub(super) seen: u64,
    /// The last event before the client subscribed by itself.
    pub(super) since: u64,
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
    /// The number of the last event.
    last: u64,
}

impl Commit {
    /// The state before the transaction.
    pub(super) fn before(&self) -> Arc<Before> {
        Arc::clone(self.before.get_or_init(|| Arc::new(Before::of(&self.events))))
    }
}

impl Backlog {
    /// Adds what a transaction did.
    pub(super) fn push_commit(&self, events: &[Event]) {
        let bytes = events.iter().map(bytes_of).sum();
        let mut waiting = self.lock();
        let first = waiting.last + 1;
        waiting.last += events.len() as u64;
        let is_full =
            waiting.events + events.len() > MOST_EVENTS || waiting.bytes + bytes > MOST_BYTES;
        if is_full && waiting.events > 0 {
            waiting.clear();
            waiting.tasks.push_back(Task::Overrun);
        } else {
            let before = OnceLock::new();
            let commit = Commit { first, events: events.to_vec(), bytes, before };
            waiting.events += events.len();
            waiting.bytes += bytes;
            waiting.tasks.push_back(Task::Commit(Arc::new(commit)));
        }
        drop(waiting);
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
    fn clear(&mut self) {
        self.tasks.clear();
        (self.events, self.bytes) = (0, 0);
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
        backlog.push_commit(&[Event::Queued, Event::Queued]);
        backlog.push_commit(&[Event::SchemaChanged]);
        let mut firsts = Vec::new();
        for _ in 0..2 {
            let Task::Commit(commit) = backlog.next().await else { panic!("another task") };
            firsts.push((commit.first, commit.events.len()));
        }
        assert_eq!(firsts, [(1, 2), (3, 1)]);
    }

    #[actix_web::test]
    async fn what_nobody_takes_out_is_dropped_and_said_to_be() {
        let backlog = Backlog::default();
        let large = vec![Event::Queued; MOST_EVENTS + 1];
        backlog.push_commit(&large);
        backlog.push_commit(&[Event::Queued]);
        backlog.push_commit(&[Event::Queued]);
        assert!(matches!(backlog.next().await, Task::Overrun));
        let Task::Commit(commit) = backlog.next().await else { panic!("another task") };
        assert_eq!(commit.first, large.len() as u64 + 2);
    }
}
