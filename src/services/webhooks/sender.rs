//! Sends a message to an address that an operator wrote down: one POST, signed as Standard Webhooks
//! says. The status is the whole answer; what follows it is not read, so it may be endless, and is
//! repeated nowhere, for servers like to repeat the address they were asked for. Knows no records and
//! no queue.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::config::Secret;
use crate::domain::time::Timestamp;
use crate::domain::webhooks::SigningKey;
use crate::services::failure::Failure;
use crate::services::public_addresses::{NotPublic, Outbound, Reach, Redirects, made_once};

/// What asks: a connection that was good is kept for the next message.
#[derive(Default)]
pub struct Sender {
    public: OnceLock<Outbound>,
    anywhere: OnceLock<Outbound>,
}

/// Where messages go.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address. It may hold a password or a token, so only its scheme and host are shown.
    pub url: Secret,
    /// What messages are signed with; without one they are not.
    pub key: Option<SigningKey>,
    /// Whether it may be a private address.
    pub reach: Reach,
    /// How long all of it may take, from the question for the address of the name on.
    pub timeout: Duration,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// What the receiver knows the message by: it is the same each time it is tried.
    pub id: &'a str,
    /// The body, which is JSON.
    pub body: &'a str,
}

/// Why a message was not taken. The texts show no more of the address than its host.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The address is none.
    #[error("the address is none that can be called")]
    NoAddress,
    /// The machine lets nobody ask.
    #[error("no client can be made: {0}")]
    NoClient(#[source] reqwest::Error),
    /// The host is a private one, and that is not allowed.
    #[error("{place} was not called: {source}")]
    OutOfReach {
        /// Who should have been asked.
        place: String,
        /// The host.
        #[source]
        source: NotPublic,
    },
    /// Nobody answered.
    #[error("{place} does not answer: {source}")]
    Unreachable {
        /// Who was asked.
        place: String,
        /// What the client says.
        #[source]
        source: reqwest::Error,
    },
    /// It took too long.
    #[error("{place} took longer than {timeout:?}")]
    TooSlow {
        /// Who was asked.
        place: String,
        /// What it had.
        timeout: Duration,
    },
    /// The message should go elsewhere.
    #[error(
        "{place} answered {status}, which sends on to another address; that is not followed, write \
         the other address down"
    )]
    Redirected {
        /// Who was asked.
        place: String,
        /// The status.
        status: StatusCode,
    },
    /// There is nobody any more who takes messages.
    #[error("{place} answered {}: it wants no more messages", StatusCode::GONE)]
    Gone {
        /// Who was asked.
        place: String,
    },
    /// Any other answer that is no success.
    #[error("{place} answered {status}")]
    Refused {
        /// Who was asked.
        place: String,
        /// The status.
        status: StatusCode,
    },
}

impl Endpoint {
    /// How long an endpoint has unless something else is written down.
    pub const PATIENCE: Duration = Duration::from_secs(15);
}

/// Of an address what may be shown: `https://example.com`.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Sender {
    /// Sends `message` to `endpoint`, once.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        message: Message<'_>,
        now: Timestamp,
    ) -> Result<(), SendError> {
        let url = Url::parse(endpoint.url.expose()).map_err(|_| SendError::NoAddress)?;
        let place = place(&url);
        let client = self.client(endpoint.reach).map_err(SendError::NoClient)?;
        let request = match client.request(Method::POST, url) {
            Ok(request) => request,
            Err(source) => return Err(SendError::OutOfReach { place, source }),
        };
        // Receivers take a message only for some minutes, so it is signed anew for each attempt.
        let seconds = now.millis().div_euclid(1_000);
        let mut request = request
            .timeout(endpoint.timeout)
            .header(USER_AGENT, concat!("Ferrobase/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", seconds);
        if let Some(key) = &endpoint.key {
            let signature = key.signature(message.id, seconds, message.body);
            request = request.header("webhook-signature", signature);
        }
        match request.body(message.body.to_owned()).send().await {
            Ok(response) => judge(response.status(), place),
            Err(error) if error.is_timeout() => {
                Err(SendError::TooSlow { place, timeout: endpoint.timeout })
            }
            Err(error) => Err(unreachable(error.without_url(), place)),
        }
    }

    fn client(&self, reach: Reach) -> Result<&Outbound, reqwest::Error> {
        let client = match reach {
            Reach::Public => &self.public,
            Reach::Anywhere => &self.anywhere,
        };
        made_once(client, || Outbound::new(reach, Endpoint::PATIENCE, Redirects::Answered))
    }
}

fn judge(status: StatusCode, place: String) -> Result<(), SendError> {
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::GONE => Err(SendError::Gone { place }),
        status if status.is_redirection() => Err(SendError::Redirected { place, status }),
        status => Err(SendError::Refused { place, status }),
    }
}

/// Names are looked at when they are resolved, so a private host may show that late.
fn unreachable(source: reqwest::Error, place: String) -> SendError {
    let mut cause = source.source();
    while let Some(error) = cause {
        if let Some(not_public) = error.downcast_ref::<NotPublic>() {
            return SendError::OutOfReach { place, source: not_public.clone() };
        }
        cause = error.source();
    }
    SendError::Unreachable { place, source }
}

/// Only who says so wants no more messages: all else a person can put right, here or there.
impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Gone { .. } => Self::for_good(error),
            _ => Self::for_now(error),
        }
    }
}
