//! A queue with a bound that is waited for, but not for ever: overload makes callers wait and then
//! refuses them, and memory never grows with it.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel, error::SendTimeoutError};

use crate::store::error::StoreError;

/// The end of a queue that work is put into.
#[derive(Debug)]
pub(super) struct Queue<J> {
    sender: Sender<J>,
    wait: Duration,
}

impl<J> Clone for Queue<J> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), wait: self.wait }
    }
}

impl<J> Queue<J> {
    /// A queue of at most `bound` entries, and the end they are taken from.
    pub(super) fn new(bound: usize, wait: Duration) -> (Self, Receiver<J>) {
        let (sender, receiver) = channel(bound.max(1));
        (Self { sender, wait }, receiver)
    }

    /// How many entries wait.
    pub(super) fn len(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    /// Puts `job` in, waiting for a place in order of arrival.
    pub(super) async fn push(&self, job: J) -> Result<(), StoreError> {
        self.sender.send_timeout(job, self.wait).await.map_err(|error| match error {
            SendTimeoutError::Timeout(_) => StoreError::Busy,
            SendTimeoutError::Closed(_) => StoreError::Closed,
        })
    }
}
