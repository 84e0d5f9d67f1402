//! Sends a queued message, to where the configuration says by now.

use crate::config::Webhook;
use crate::services::app::App;
use crate::services::failure::Failure;
use crate::services::public_addresses::Reach;
use crate::services::webhooks::{Endpoint, Message, SendError};

/// Attempts for which a message waits for its webhook to be known: another process on the database may
/// have a newer file.
const UNKNOWN_ATTEMPTS: i64 = 6;

/// Sends the message to the webhook called `name`; it is its attempt number `attempts`.
///
/// # Errors
/// Why it was not taken.
pub async fn deliver(
    app: &App,
    name: &str,
    message: Message<'_>,
    attempts: i64,
) -> Result<(), Failure> {
    let Some(endpoint) = endpoint(app, name) else {
        let text = format!(
            "the config file has no webhook `{name}` with a `url`: it was removed, renamed or \
             switched off"
        );
        return Err(match attempts {
            ..UNKNOWN_ATTEMPTS => Failure::ForNow(text),
            _ => Failure::ForGood(text),
        });
    };
    let sent = app.webhooks.send(&endpoint, message, app.clock.now()).await;
    sent.map_err(|error| match error {
        SendError::OutOfReach { .. } => Failure::ForNow(format!(
            "{error}; where that is meant, `allow_private = true` in the webhook's section allows it"
        )),
        error => error.into(),
    })
}

fn endpoint(app: &App, name: &str) -> Option<Endpoint> {
    let config = app.configuration.config()?;
    let webhook = config.webhooks.iter().find(|webhook| webhook.name == name)?;
    Some(Endpoint::from(webhook))
}

impl From<&Webhook> for Endpoint {
    fn from(webhook: &Webhook) -> Self {
        Self {
            url: webhook.url.clone(),
            key: webhook.key.clone(),
            reach: if webhook.allow_private { Reach::Anywhere } else { Reach::Public },
            timeout: webhook.timeout.unwrap_or(Self::PATIENCE),
        }
    }
}
