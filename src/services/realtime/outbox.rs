//! What waits to be sent to one client. It is bounded, so that a client that does not read costs no
//! more than this: then the client is cut off.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// Most messages that wait, and most bytes of them. A single message may be larger.
const MOST_MESSAGES: usize = 8_192;
const MOST_BYTES: usize = 8 << 20;

/// A queue with one reader.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug)]
struct Waiting {
    items: VecDeque<Item>,
    bytes: usize,
    is_open: bool,
}

/// Something to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A message, and the number of the event that it tells of, if it tells of one.
    Message { body: Bytes, event: Option<u64> },
    /// A line that is no message.
    Heartbeat,
}

/// There is no room for another message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Waiting {
    fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.size();
        Some(item)
    }
}

impl Item {
    /// Bytes that count towards the bound.
    const fn size(&self) -> usize {
        match self {
            Self::Message { body, .. } => body.len(),
            Self::Heartbeat => 0,
        }
    }

    const fn event(&self) -> Option<u64> {
        match self {
            Self::Message { event, .. } => *event,
            Self::Heartbeat => None,
        }
    }
}

impl Default for Outbox {
    fn default() -> Self {
        let waiting = Waiting { items: VecDeque::new(), bytes: 0, is_open: true };
        Self { waiting: Mutex::new(waiting), changed: Notify::new() }
    }
}

impl Outbox {
    /// Adds a message; nothing happens once the end has come.
    ///
    /// # Errors
    /// [`Full`] when too much waits already.
    pub(super) fn push(&self, body: Bytes, event: Option<u64>) -> Result<(), Full> {
        let mut waiting = self.lock();
        if !waiting.is_open {
            return Ok(());
        }
        let bytes = waiting.bytes + body.len();
        let has_room = waiting.items.len() < MOST_MESSAGES && bytes <= MOST_BYTES;
        if !has_room && !waiting.items.is_empty() {
            return Err(Full);
        }
        waiting.bytes = bytes;
        waiting.items.push_back(Item::Message { body, event });
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// Adds a heartbeat, unless something waits: that shows as well that somebody is there.
    pub(super) fn beat(&self) {
        let mut waiting = self.lock();
        if waiting.is_open && waiting.items.is_empty() {
            waiting.items.push_back(Item::Heartbeat);
            drop(waiting);
            self.changed.notify_one();
        }
    }

    /// The number of the first event that waits.
    pub(super) fn first_unsent(&self) -> Option<u64> {
        self.lock().items.iter().find_map(Item::event)
    }

    /// Ends it: what still waits is not sent. The number of the first event that was not.
    pub(super) fn end(&self) -> Option<u64> {
        let mut waiting = self.lock();
        waiting.is_open = false;
        waiting.bytes = 0;
        let unsent = std::mem::take(&mut waiting.items);
        drop(waiting);
        self.changed.notify_one();
        unsent.iter().find_map(Item::event)
    }

    /// The next thing to send; nothing when the end has come.
    pub(super) async fn next(&self) -> Option<Item> {
        loop {
            {
                let mut waiting = self.lock();
                if let Some(item) = waiting.pop() {
                    return Some(item);
                }
                if !waiting.is_open {
                    return None;
                }
            }
            // A notice that came since is kept, so none is missed.
            self.changed.notified().await;
        }
    }

    /// The next thing to send, if it is there already and no larger than `room`.
    pub(super) fn next_within(&self, room: usize) -> Option<Item> {
        let mut waiting = self.lock();
        waiting.items.front().filter(|item| item.size() <= room)?;
        waiting.pop()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &'static str, event: u64) -> Item {
        Item::Message { body: Bytes::from_static(text.as_bytes()), event: Some(event) }
    }

    #[actix_web::test]
    async fn messages_come_in_order_and_the_end_drops_the_rest() {
        let outbox = Outbox::default();
        for (text, event) in [("a", 1), ("b", 2), ("c", 3)] {
            outbox.push(Bytes::from_static(text.as_bytes()), Some(event)).unwrap();
        }
        assert_eq!(outbox.next().await, Some(message("a", 1)));
        assert_eq!(outbox.next_within(0), None, "it is larger");
        assert_eq!(outbox.end(), Some(2));
        assert_eq!(outbox.next_within(9), None);
        assert_eq!(outbox.next().await, None);
        outbox.push(Bytes::from_static(b"d"), Some(4)).unwrap();
        assert_eq!(outbox.next().await, None);
        assert_eq!(outbox.end(), None);
    }

    #[actix_web::test]
    async fn it_takes_so_many_messages_and_so_many_bytes() {
        let outbox = Outbox::default();
        for _ in 0..MOST_MESSAGES {
            outbox.push(Bytes::from_static(b"x"), None).unwrap();
        }
        assert_eq!(outbox.push(Bytes::new(), None), Err(Full));
        let outbox = Outbox::default();
        let large = Bytes::from(vec![b'x'; MOST_BYTES + 1]);
        outbox.push(large.clone(), Some(1)).unwrap();
        assert_eq!(outbox.push(Bytes::from_static(b"x"), Some(2)), Err(Full));
        assert!(outbox.next().await.is_some());
        outbox.push(Bytes::from_static(b"x"), Some(2)).unwrap();
        assert_eq!(outbox.push(large, Some(3)), Err(Full));
    }

    #[actix_web::test]
    async fn a_heartbeat_is_for_those_who_have_nothing_else() {
        let outbox = Outbox::default();
        outbox.beat();
        outbox.beat();
        assert_eq!(outbox.next().await, Some(Item::Heartbeat));
        outbox.push(Bytes::from_static(b"a"), Some(1)).unwrap();
        outbox.beat();
        assert_eq!(outbox.next().await, Some(message("a", 1)));
        assert_eq!(outbox.end(), None);
    }
}
