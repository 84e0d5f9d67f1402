//! Signing in through another provider (contract B 3.4). Who it is, is found out first; then one
//! transaction finds or makes the account and ties it to the provider's.

mod account;
mod arrival;
mod sign_up;

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use crate::domain::collection::{AuthOptions, Collection, OAuth2Provider};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::{self, Entry, SignedIn, Way};
use crate::services::auth::{Method, options};
use crate::services::oauth2::{CodeGrant, Identified, ProviderError};

/// Most bytes of the name of a provider.
const LONGEST_NAME: usize = 100;

/// What somebody brings back from a provider.
#[derive(Clone)]
pub struct Attempt {
    /// Name of the provider.
    pub provider: String,
    /// What is to be exchanged.
    pub grant: CodeGrant,
    /// The record that is to be made when there is none.
    pub create_data: JsonMap,
    /// Where the attempt comes from.
    pub address: IpAddr,
}

/// Refuses when `collection` lets nobody in this way. Asked before the body is read.
///
/// # Errors
/// `Forbidden` when this way in is closed.
pub fn require_open(collection: &Collection) -> Result<(), Error> {
    if options(collection)?.oauth2.enabled { Ok(()) } else { Err(Error::Forbidden) }
}

/// Signs in, or up. `request` is what the caller was before, with the body as it was sent: a caller
/// of this collection ties the provider's account to their own.
///
/// # Errors
/// `Forbidden` when this way in is closed, the `authRule` says no, or nobody may sign up; `Invalid`
/// for fields that are missing or that the new record must not have; `BadRequest` when the provider
/// does not vouch for anybody.
pub async fn sign_in(
    app: &App,
    collection: &Arc<Collection>,
    attempt: Attempt,
    request: RequestInfo,
) -> Result<Entry, Error> {
    require_open(collection)?;
    let provider = check(&attempt, options(collection)?)?;
    let identified = identify(app, provider, &attempt.grant).await?;
    let request = RequestInfo { context: RequestContext::OAuth2, ..request };
    let way = Way { method: Method::OAuth2, address: attempt.address };
    let arrived = arrival::arrive(app, collection, &identified, attempt, &request).await?;
    let entry = answer::conclude(app, arrived.record, way, request).await?;
    Ok(match entry {
        Entry::SignedIn(signed_in) => {
            let meta = Some(meta(&identified, arrived.is_new));
            Entry::SignedIn(SignedIn { meta, ..signed_in })
        }
        entry => entry,
    })
}

fn check<'a>(attempt: &Attempt, auth: &'a AuthOptions) -> Result<&'a OAuth2Provider, FieldErrors> {
    let name = &attempt.provider;
    let provider = auth.oauth2.providers.iter().find(|provider| provider.name == *name);
    let mut errors = FieldErrors::new();
    if name.is_empty() {
        errors.add("provider", Fault::required());
    } else if name.len() > LONGEST_NAME {
        errors.add("provider", Fault::length(0, LONGEST_NAME));
    } else if provider.is_none() {
        let message = format!("Nobody can sign in with a provider called `{name}`.");
        let fault = Fault::new("validation_invalid_provider", message);
        errors.add("provider", fault.with("name", name.as_str()));
    }
    if attempt.grant.code.is_empty() {
        errors.add("code", Fault::required());
    }
    match provider {
        Some(provider) if errors.is_empty() => Ok(provider),
        _ => Err(errors),
    }
}

async fn identify(
    app: &App,
    provider: &OAuth2Provider,
    grant: &CodeGrant,
) -> Result<Identified, Error> {
    let now = app.clock.now();
    let mut identified = app.oauth2.identify(provider, grant, now).await.map_err(|error| {
        // What a provider answered is for the operator, not for whoever tries codes.
        tracing::info!(provider = provider.name, %error, "a sign-in through a provider failed");
        refusal(&error)
    })?;
    let profile = &mut identified.profile;
    if identified.provider == "apple"
        && profile.name.is_empty()
        && let Some(name) = app.oauth2.popups.take_name(&grant.code, now)
    {
        profile.name = name;
    }
    Ok(identified)
}

fn refusal(error: &ProviderError) -> Error {
    Error::bad_request(match error {
        ProviderError::NotSetUp(_) => "Nobody can sign in with this provider: it is not set up.",
        ProviderError::TooSlow(_) => "The provider did not answer in time.",
        ProviderError::Unfit(_) => "Nobody can sign in with this account of the provider.",
        ProviderError::NoClient(_)
        | ProviderError::Unreachable { .. }
        | ProviderError::Refused { .. }
        | ProviderError::Unreadable { .. }
        | ProviderError::IdToken(_) => "The provider does not say who signed in.",
    })
}

/// What the client is told of the provider's account. Two keys are there twice, for clients of old.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    access_token: &'a str,
    #[serde(rename = "avatarURL")]
    avatar_url: &'a str,
    #[serde(rename = "avatarUrl")]
    old_avatar_url: &'a str,
    email: &'a str,
    expiry: String,
    id: &'a str,
    is_new: bool,
    name: &'a str,
    raw_user: &'a JsonMap,
    refresh_token: &'a str,
    username: &'a str,
}

fn meta(identified: &Identified, is_new: bool) -> Json {
    let Identified { profile, tokens, .. } = identified;
    json!(Meta {
        access_token: &tokens.access_token,
        avatar_url: &profile.avatar_url,
        old_avatar_url: &profile.avatar_url,
        email: &profile.email,
        expiry: tokens.expiry.map(|expiry| expiry.to_string()).unwrap_or_default(),
        id: &profile.id,
        is_new,
        name: &profile.name,
        raw_user: &profile.raw,
        refresh_token: &tokens.refresh_token,
        username: &profile.username,
    })
}
