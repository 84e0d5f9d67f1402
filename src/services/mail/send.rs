//! Where a mail goes: to the mail server of the settings, or into the inbox when there is none.

use crate::domain::mail::Message;
use crate::services::app::App;
use crate::services::mail::{inbox, smtp};
use crate::services::{BoxError, settings};

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may later: the server is away or busy, or somebody can change the settings.
    #[error("{0}")]
    ForNow(String),
    /// It never will: the server does not take this mail.
    #[error("{0}")]
    ForGood(String),
}

impl Failure {
    /// It may later, and `error` says why not now.
    pub(super) fn for_now(error: impl Into<BoxError>) -> Self {
        Self::ForNow(in_full(error))
    }

    /// It never will, and `error` says why.
    pub(super) fn for_good(error: impl Into<BoxError>) -> Self {
        Self::ForGood(in_full(error))
    }
}

/// Delivers a mail now.
///
/// # Errors
/// Why it did not leave.
pub async fn deliver(app: &App, message: &Message) -> Result<(), Failure> {
    let settings = settings::current(app).await.map_err(Failure::for_now)?;
    if settings.smtp.enabled {
        return smtp::send(&settings.smtp, message, app.clock.now()).await;
    }
    inbox::keep(app, message).await.map_err(Failure::for_now)
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
