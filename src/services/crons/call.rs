//! Telling another server that it is time: a message as webhooks send it.

use serde_json::json;

use crate::config::Call;
use crate::services::app::App;
use crate::services::failure::Failure;
use crate::services::webhooks::{self, Endpoint, Message};
use crate::store::crons::Run;

/// Sends the message of `run`, which is the same however often it is tried.
///
/// # Errors
/// Why it was not taken.
pub(super) async fn run(app: &App, to: &Call, run: &Run) -> Result<(), Failure> {
    let body = json!({
        "type": "job.run",
        "timestamp": run.tick.to_rfc3339(),
        "data": { "id": run.id, "job": run.job, "cause": run.cause.word(), "tick": run.tick.to_string() },
    });
    let (id, body) = (format!("msg_{}", run.id), body.to_string());
    let message = Message { id: &id, body: &body };
    webhooks::send(app, &Endpoint::from(to), message).await
}
