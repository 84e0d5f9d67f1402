//! Whether this server can do its work: whether its database answers. Asked at most once a second, however
//! many ask.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::services::Error;
use crate::services::app::App;

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(1);

/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the database said last, and when.
#[derive(Debug, Default)]
pub struct Health(Mutex<Option<(Instant, bool)>>);

/// Whether the database answers.
///
/// # Errors
/// `Unavailable` when it does not.
pub async fn check(app: &App) -> Result<(), Error> {
    // Whoever comes while somebody asks waits for that answer.
    let mut last = app.health.0.lock().await;
    if let Some((at, answers)) = *last
        && at.elapsed() < FRESH
    {
        return outcome(answers);
    }
    let asked = timeout(PATIENCE, app.store.ask()).await;
    let answers = matches!(asked, Ok(Ok(())));
    if let Ok(Err(error)) = asked {
        tracing::warn!(%error, "the database does not answer");
    }
    *last = Some((Instant::now(), answers));
    outcome(answers)
}

fn outcome(answers: bool) -> Result<(), Error> {
    if answers { Ok(()) } else { Err(Error::unavailable("the database does not answer")) }
}
