//! Who is asking.

use std::sync::Arc;

use crate::domain::collection::SUPERUSERS;
use crate::domain::record::Record;

/// The identity behind a request: nobody, or a record of an auth collection.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    auth: Option<Arc<Record>>,
}

impl Caller {
    /// A request without a valid token.
    pub const fn guest() -> Self {
        Self { auth: None }
    }

    /// A request signed in as `record`, which belongs to an auth collection.
    pub const fn signed_in(record: Arc<Record>) -> Self {
        Self { auth: Some(record) }
    }

    /// The auth record, unless the caller is a guest.
    pub const fn record(&self) -> Option<&Arc<Record>> {
        self.auth.as_ref()
    }

    /// Whether the caller is a record of `_superusers`, who skips every rule (contract A 3.17).
    pub fn is_superuser(&self) -> bool {
        self.auth.as_ref().is_some_and(|record| record.collection().name == SUPERUSERS)
    }
}
