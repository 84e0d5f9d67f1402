//! Telling other servers of changes (config.md 1.7): the transaction that makes a change queues what is
//! to be sent, and [`Sender`] sends it.

mod sender;
#[cfg(test)]
mod tests;

pub use sender::{Endpoint, Message, SendError, Sender};
