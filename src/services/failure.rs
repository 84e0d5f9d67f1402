//! Why something that is done after a commit was not done: a mail that did not leave, an endpoint that
//! did not take a message.

use crate::services::BoxError;

/// Why it was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// It may be later: a server is away or busy, or somebody can change the settings.
    #[error("{0}")]
    ForNow(String),
    /// It never will be: the server does not take this.
    #[error("{0}")]
    ForGood(String),
}

impl Failure {
    /// It may be later, and `error` says why not now.
    pub(super) fn for_now(error: impl Into<BoxError>) -> Self {
        Self::ForNow(in_full(error))
    }

    /// It never will be, and `error` says why.
    pub(super) fn for_good(error: impl Into<BoxError>) -> Self {
        Self::ForGood(in_full(error))
    }
}

/// An error with its causes on one line, for people to read.
fn in_full(error: impl Into<BoxError>) -> String {
    let error = error.into();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
