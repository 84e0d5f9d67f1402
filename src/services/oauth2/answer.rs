//! Answers of providers: read up to a size, and what can be wrong with them.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};

use crate::domain::oauth2::profile::Unfit;
use crate::domain::{Json, JsonMap};

/// Most bytes of an answer. Profiles and key sets have some thousands.
const LONGEST: usize = 1 << 20;

/// Bytes of a refusal that are repeated in the log.
const EXCERPT: usize = 300;

/// Why nobody was signed in. The texts are for the log; none of them has a secret or a token in it.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// What is written down about the provider does not do.
    #[error("the provider is not set up: {0}")]
    NotSetUp(&'static str),
    /// The machine lets nobody ask.
    #[error("no client can be made: {0}")]
    NoClient(#[source] reqwest::Error),
    /// Nobody answered, or not to the end.
    #[error("{place} does not answer: {source}")]
    Unreachable {
        /// The host that was asked.
        place: String,
        /// What the client says.
        #[source]
        source: reqwest::Error,
    },
    /// It took too long, all together.
    #[error("the provider took longer than {0:?}")]
    TooSlow(Duration),
    /// The provider says no.
    #[error("{place} answered {status}: {excerpt}")]
    Refused {
        /// The host that was asked.
        place: String,
        /// The status.
        status: u16,
        /// How the answer begins.
        excerpt: String,
    },
    /// The answer is not what it should be.
    #[error("{place} answered something else than {expected}")]
    Unreadable {
        /// The host that was asked.
        place: String,
        /// What should have come.
        expected: &'static str,
    },
    /// The id_token is somebody else's, for somebody else, or too old.
    #[error("the id_token does not hold: {0}")]
    IdToken(&'static str),
    /// The account will not do.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// What becomes of a conversation that may take as long as `patience`.
pub(super) async fn within<T>(
    patience: Duration,
    conversation: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let in_time = tokio::time::timeout(patience, conversation).await;
    in_time.unwrap_or(Err(ProviderError::TooSlow(patience)))
}

/// A whole answer.
pub(super) struct Answer {
    /// The host that gave it.
    pub place: String,
    /// Its status.
    pub status: u16,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Sends `request` and reads the answer to its end.
pub(super) async fn ask(request: RequestBuilder) -> Result<Answer, ProviderError> {
    let (client, request) = request.build_split();
    let request = request.map_err(|source| unreachable(String::new(), source))?;
    let place = request.url().host_str().unwrap_or_default().to_owned();
    let answered = client.execute(request).await;
    let response = answered.map_err(|source| unreachable(place.clone(), source))?;
    let status = response.status().as_u16();
    let bytes = read(response, &place).await?;
    Ok(Answer { place, status, bytes })
}

async fn read(mut response: Response, place: &str) -> Result<Vec<u8>, ProviderError> {
    let mut bytes = Vec::new();
    let failed = |source| unreachable(place.to_owned(), source);
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > LONGEST {
            let place = place.to_owned();
            return Err(ProviderError::Unreadable { place, expected: "up to a megabyte" });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The address may have a query, and that may be anything.
fn unreachable(place: String, source: reqwest::Error) -> ProviderError {
    ProviderError::Unreachable { place, source: source.without_url() }
}

impl Answer {
    /// The answer, if it is a success. A redirect that was not followed is none.
    pub(super) fn require_success(self) -> Result<Self, ProviderError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let start = &self.bytes[..self.bytes.len().min(EXCERPT)];
        Err(self.refusal(&String::from_utf8_lossy(start)))
    }

    /// That the provider says no, for this reason.
    pub(super) fn refusal(&self, reason: &str) -> ProviderError {
        let excerpt = reason.chars().take(EXCERPT).collect();
        ProviderError::Refused { place: self.place.clone(), status: self.status, excerpt }
    }

    pub(super) fn json(&self) -> Result<Json, ProviderError> {
        serde_json::from_slice(&self.bytes).map_err(|_| self.unreadable("JSON"))
    }

    pub(super) fn object(&self) -> Result<JsonMap, ProviderError> {
        match self.json()? {
            Json::Object(map) => Ok(map),
            _ => Err(self.unreadable("a JSON object")),
        }
    }

    pub(super) fn unreadable(&self, expected: &'static str) -> ProviderError {
        ProviderError::Unreadable { place: self.place.clone(), expected }
    }
}
