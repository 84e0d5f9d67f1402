//! Talking to other providers: exchanging a code for tokens, finding out whose they are, fetching a
//! picture. What an operator wrote down about a provider is trusted, what a provider says about an
//! account is not. Knows no records and no HTTP of our own.

mod answer;
pub mod apple_secret;
mod avatar;
mod discovery;
mod exchange;
mod id_token;
mod identify;
mod keys;
pub mod popup;

use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::redirect::Policy;

pub use answer::ProviderError;
pub use avatar::Picture;
pub use exchange::{CodeGrant, Tokens};
pub use identify::Identified;

use crate::domain::collection::OAuth2Provider;
use crate::domain::oauth2::{Application, Authorization};
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::services::oauth2::discovery::Discoveries;
use crate::services::oauth2::popup::Popups;
use crate::services::public_addresses::{Outbound, Reach, Redirects, made_once};

/// Redirects of a provider to itself that are followed.
const MOST_REDIRECTS: usize = 3;

/// How far the conversations with providers may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long all questions of one sign-in may take together (contract B 3.4).
    pub conversation: Duration,
    /// How long an issuer may take to say where people are sent.
    pub discovery: Duration,
    /// How long a picture may take.
    pub picture: Duration,
    /// Whom a picture may be fetched from.
    pub pictures_from: Reach,
    /// Seconds by which the clocks of providers may be off (contract B 4.4).
    pub leeway: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            conversation: Duration::from_secs(30),
            discovery: Duration::from_secs(5),
            picture: Duration::from_secs(10),
            pictures_from: Reach::Public,
            leeway: 300,
        }
    }
}

/// What conversations with providers need and leave behind.
#[derive(Default)]
pub struct OAuth2 {
    limits: Limits,
    /// Made on first use: most servers never ask a provider anything.
    client: OnceLock<reqwest::Client>,
    pictures: OnceLock<Outbound>,
    discoveries: Discoveries,
    /// Windows that wait for somebody to come back from a provider.
    pub popups: Popups,
}

/// A provider that people may sign in with, and the invitation to do so.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The provider as the collection uses it.
    pub application: Application,
    /// Where to go, and what to bring back.
    pub authorization: Authorization,
}

impl OAuth2 {
    /// Conversations within `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// An invitation for each of `providers` that can be used; why one cannot is logged.
    pub async fn invite(&self, providers: &[OAuth2Provider], now: Timestamp) -> Vec<Invitation> {
        let mut random = Random::system();
        let asked = providers.iter().map(|configured| self.application(configured, now));
        let applications = join_all(asked).await;
        let mut invitations = Vec::with_capacity(providers.len());
        for (configured, application) in providers.iter().zip(applications) {
            match application {
                Ok(application) => invitations.push(Invitation {
                    authorization: Authorization::new(&application, &mut random),
                    application,
                }),
                Err(error) => {
                    let provider = configured.name.as_str();
                    tracing::warn!(provider, %error, "nobody can sign in with this provider");
                }
            }
        }
        invitations
    }

    /// Finds out who signed in at `configured` and got the code of `grant` for it.
    ///
    /// # Errors
    /// Why that cannot be found out, or is nobody who can sign in.
    pub async fn identify(
        &self,
        configured: &OAuth2Provider,
        grant: &CodeGrant,
        now: Timestamp,
    ) -> Result<Identified, ProviderError> {
        let conversation = async {
            let application = self.application(configured, now).await?;
            let client = self.client()?;
            let tokens = exchange::exchange(client, &application, grant, now).await?;
            let checks = id_token::Checks { now, leeway: self.limits.leeway };
            identify::identify(client, &application, tokens, &grant.code_verifier, checks).await
        };
        answer::within(self.limits.conversation, conversation).await
    }

    /// The application that `configured` describes, with what only its issuer knows.
    async fn application(
        &self,
        configured: &OAuth2Provider,
        now: Timestamp,
    ) -> Result<Application, ProviderError> {
        let mut application = Application::new(configured)
            .ok_or(ProviderError::NotSetUp("there is no such provider"))?;
        if let Some(issuer) = application.undiscovered().map(str::to_owned) {
            let patience = self.limits.discovery;
            let discovery = self.discoveries.of(self.client()?, &issuer, now, patience).await?;
            application = application.discovered(&discovery);
        }
        match application.lack() {
            Some(lack) => Err(ProviderError::NotSetUp(lack)),
            None => Ok(application),
        }
    }

    /// The client for what operators wrote down. It follows a redirect only within one origin: tokens
    /// and secrets go where they were meant to.
    fn client(&self) -> Result<&reqwest::Client, ProviderError> {
        let made = made_once(&self.client, || {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let follow = Policy::custom(|attempt| {
                let first = attempt.previous().first();
                let is_home = first.is_some_and(|url| url.origin() == attempt.url().origin());
                if is_home && attempt.previous().len() <= MOST_REDIRECTS {
                    attempt.follow()
                } else {
                    attempt.stop()
                }
            });
            let agent = concat!("Ferrobase/", env!("CARGO_PKG_VERSION"));
            reqwest::Client::builder().redirect(follow).no_proxy().user_agent(agent).build()
        });
        made.map_err(ProviderError::NoClient)
    }

    fn pictures(&self) -> Result<&Outbound, ProviderError> {
        let made = made_once(&self.pictures, || {
            Outbound::new(self.limits.pictures_from, self.limits.picture, Redirects::Followed)
        });
        made.map_err(ProviderError::NoClient)
    }
}
