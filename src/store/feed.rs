//! Who hears what transactions did, one after the other.

use crate::domain::event::Event;

/// Takes the events of committed functions in the order in which they were committed. Processes that use
/// the same database agree on that order and on its numbers; to a function of their own they come a moment
/// after its answer. Called on a thread of the store, so it must only pass them on.
pub trait Feed: Send + Sync {
    /// Whether the events are wanted now. They cost something where several processes have to agree.
    fn is_wanted(&self) -> bool;

    /// What was committed under `number`, by one function or by several at once.
    fn committed(&self, number: u64, events: &[Event]);

    /// A function of this process was committed under `number`, and is about to be answered.
    fn answered(&self, number: u64);

    /// Whatever was committed up to `number` while nothing was wanted.
    fn passed(&self, number: u64);

    /// Events may have been missed.
    fn interrupted(&self);
}
