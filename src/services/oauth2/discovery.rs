//! What issuers say about themselves, kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::oauth2::Discovery;
use crate::domain::time::Timestamp;
use crate::services::oauth2::answer::{ProviderError, ask, within};

/// Milliseconds for which a document is believed.
const LASTS: i64 = 60 * 60 * 1000;
/// Milliseconds for which an issuer that failed is left alone: everybody who wants to sign in by any
/// way waits for it.
const REST: i64 = 10 * 1000;

/// Documents of issuers that config files and collections name, so there are few.
#[derive(Default)]
pub(super) struct Discoveries {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    /// When the issuer is to be asked again.
    until: Timestamp,
    /// What it said last.
    document: Option<Arc<Discovery>>,
}

impl Discoveries {
    /// The document of `issuer`, asked for within `patience`. One that cannot be fetched anew is
    /// believed a little longer.
    pub(super) async fn of(
        &self,
        client: &reqwest::Client,
        issuer: &str,
        now: Timestamp,
        patience: Duration,
    ) -> Result<Arc<Discovery>, ProviderError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned();
        if let Some(Known { until, document }) = &known
            && now < *until
        {
            return document.clone().ok_or(ProviderError::NotSetUp("its issuer did not answer"));
        }
        let old = known.and_then(|known| known.document);
        let (answer, lasts) = match within(patience, fetch(client, issuer)).await {
            Ok(document) => (Ok(Arc::new(document)), LASTS),
            Err(error) => (old.ok_or(error), REST),
        };
        let document = answer.as_ref().ok().cloned();
        let known = Known { until: now.plus_millis(lasts), document };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.to_owned(), known);
        answer
    }
}

async fn fetch(client: &reqwest::Client, issuer: &str) -> Result<Discovery, ProviderError> {
    let answer = ask(client.get(Discovery::address(issuer))).await?.require_success()?;
    Discovery::read(&answer.json()?, issuer)
        .ok_or_else(|| answer.unreadable("the configuration of the issuer"))
}
