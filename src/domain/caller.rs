//! Who is asking.

use std::sync::Arc;

use crate::domain::collection::SUPERUSERS;
use crate::domain::record::Record;

/// The identity behind a request: nobody, a record of an auth collection, or the server itself.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    identity: Identity,
}

#[derive(Debug, Clone, Default)]
enum Identity {
    #[default]
    Guest,
    Record(Arc<Record>),
    Server,
}

impl Caller {
    /// A request without a valid token.
    pub const fn guest() -> Self {
        Self { identity: Identity::Guest }
    }

    /// A request signed in as `record`, which belongs to an auth collection.
    pub const fn signed_in(record: Arc<Record>) -> Self {
        Self { identity: Identity::Record(record) }
    }

    /// The server itself: seeds, jobs and the command line. Passes as a superuser without being one
    /// of the records, so `@request.auth` is empty.
    pub const fn server() -> Self {
        Self { identity: Identity::Server }
    }

    /// The auth record, unless the caller is a guest or the server.
    pub const fn record(&self) -> Option<&Arc<Record>> {
        match &self.identity {
            Identity::Record(record) => Some(record),
            Identity::Guest | Identity::Server => None,
        }
    }

    /// Whether the caller skips every rule (contract A 3.17): a record of `_superusers`, or the
    /// server.
    pub fn is_superuser(&self) -> bool {
        match &self.identity {
            Identity::Guest => false,
            Identity::Record(record) => record.collection().name == SUPERUSERS,
            Identity::Server => true,
        }
    }
}
