//! Sends a queued message, to where the configuration says by now.

use std::time::Duration;

use crate::config::{Call, Secret, Webhook};
use crate::domain::webhooks::SigningKey;
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
    send(app, &endpoint, message).await
}

/// Sends a message to an address of the config file.
///
/// # Errors
/// Why it was not taken.
pub async fn send(app: &App, endpoint: &Endpoint, message: Message<'_>) -> Result<(), Failure> {
    let sent = app.webhooks.send(endpoint, message, app.clock.now()).await;
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

impl From<&Call> for Endpoint {
    fn from(call: &Call) -> Self {
        Self::new(&call.url, call.key.as_ref(), call.allow_private, call.timeout)
    }
}

impl From<&Webhook> for Endpoint {
    fn from(webhook: &Webhook) -> Self {
        Self::new(&webhook.url, webhook.key.as_ref(), webhook.allow_private, webhook.timeout)
    }
}

impl Endpoint {
    fn new(
        url: &Secret,
        key: Option<&SigningKey>,
        allow_private: bool,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            url: url.clone(),
            key: key.cloned(),
            reach: if allow_private { Reach::Anywhere } else { Reach::Public },
            timeout: timeout.unwrap_or(Self::PATIENCE),
        }
    }
}
