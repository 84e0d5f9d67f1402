//! Telling other servers of changes (config.md 1.7): the transaction that makes a change queues what is
//! to be sent ([`follower`]), and a worker of the queue sends it ([`deliver`]).

mod change;
mod deliver;
mod follow;
mod sender;
#[cfg(test)]
mod tests;

pub use deliver::{deliver, send};
pub use follow::follower;
pub use sender::{Endpoint, Message, SendError, Sender};
