//! What a committed write tells the rest of the process.

use std::sync::Arc;

use crate::domain::record::Record;

/// One committed change. Events leave a transaction in the order in which they were emitted, after
/// the commit and before its answer, or never.
#[derive(Debug, Clone)]
pub enum Event {
    /// A record was inserted.
    Created(Arc<Record>),
    /// A record was changed.
    Updated {
        /// The record before the change.
        old: Arc<Record>,
        /// The record after the change.
        new: Arc<Record>,
    },
    /// A record was removed; it is as it was just before.
    Deleted(Arc<Record>),
    /// Collections, their options or settings changed: whatever is cached from them is stale.
    SchemaChanged,
    /// Sessions of an account ended: whoever remembers them must not.
    SignedOut {
        /// Id of the account's record.
        record: String,
    },
    /// A job was queued: whoever does jobs may look for it.
    Queued,
}
