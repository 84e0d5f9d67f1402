//! What a request says about one record.

use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::random::Random;
use crate::services::files::uploads::{Received, Uploads};

/// The body of a request about one record.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// Its values by key, as they were sent.
    pub body: Arc<JsonMap>,
    /// The files beside them.
    pub uploads: Uploads,
}

impl Submission {
    /// Values and files as they came.
    pub fn new(body: JsonMap, files: Vec<Received>) -> Self {
        Self { body: Arc::new(body), uploads: Uploads::new(files, &mut Random::system()) }
    }
}

impl From<JsonMap> for Submission {
    fn from(body: JsonMap) -> Self {
        Self { body: Arc::new(body), uploads: Uploads::default() }
    }
}
