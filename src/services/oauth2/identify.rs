//! From tokens to whose they are (contract B 3.4 step 2, 4.3, 4.4).

use reqwest::header::{ACCEPT, AUTHORIZATION};

use crate::domain::oauth2::profile::{self, Answers};
use crate::domain::oauth2::{
    Application, EmailClaim, NoAddress, Profile, ProfileSource, email_lookup, nonce,
    profile_request,
};
use crate::domain::{Json, JsonMap};
use crate::services::oauth2::answer::{ProviderError, ask};
use crate::services::oauth2::exchange::Tokens;
use crate::services::oauth2::id_token::{self, Checks, Expected};
use crate::services::oauth2::keys::Keys;

/// Somebody whom a provider vouches for.
#[derive(Clone)]
pub struct Identified {
    /// Name of the provider.
    pub provider: &'static str,
    /// Who it is.
    pub profile: Profile,
    /// What the provider gave with it.
    pub tokens: Tokens,
}

/// Asks whose `tokens` are.
pub(super) async fn identify(
    client: &reqwest::Client,
    application: &Application,
    tokens: Tokens,
    verifier: &str,
    checks: Checks,
) -> Result<Identified, ProviderError> {
    let conversation = Conversation { client, application, tokens: &tokens, verifier, checks };
    let (account, claims) = match application.source() {
        ProfileSource::IdToken => (conversation.signed_profile().await?, None),
        ProfileSource::UserInfo => {
            let claims = conversation.claims_beside()?;
            (conversation.user_info().await?, claims)
        }
    };
    let emails = conversation.emails(&account).await?;
    let answers = Answers {
        profile: &account,
        emails: emails.as_ref(),
        tokens: &tokens.answer,
        claims: claims.as_ref(),
        email_claim: application.email_claim,
    };
    let profile = profile::read(application.provider.name, &answers)?;
    Ok(Identified { provider: application.provider.name, profile, tokens })
}

struct Conversation<'a> {
    client: &'a reqwest::Client,
    application: &'a Application,
    tokens: &'a Tokens,
    verifier: &'a str,
    checks: Checks,
}

impl Conversation<'_> {
    /// The claims of the id_token. Some issuers keep the address out of them and tell it to whoever
    /// asks; what they tell then is about the same account or worth nothing.
    async fn signed_profile(&self) -> Result<JsonMap, ProviderError> {
        let application = self.application;
        let keys = match application.keys_url.as_str() {
            "" => None,
            url => Some(Keys::fetch(self.client, url).await?),
        };
        let nonce = application.uses_nonce().then(|| nonce(self.verifier));
        let mut claims = self.claims(keys.as_ref(), nonce.as_deref())?;
        let can_ask = application.is_discovered && !application.user_info_url.is_empty();
        if can_ask && !claims.contains_key("email") {
            let told = self.user_info().await?;
            if told.get("sub").is_none_or(|subject| Some(subject) != claims.get("sub")) {
                return Err(ProviderError::IdToken("the profile is somebody else's"));
            }
            for (key, value) in told {
                claims.entry(key).or_insert(value);
            }
        }
        Ok(claims)
    }

    fn claims(&self, keys: Option<&Keys>, nonce: Option<&str>) -> Result<JsonMap, ProviderError> {
        let token = self.tokens.answer.get("id_token").and_then(Json::as_str);
        let token = token.ok_or(ProviderError::IdToken("there is none"))?;
        let application = self.application;
        let expected =
            Expected { audience: &application.client_id, issuers: &application.issuers, nonce };
        id_token::claims(token, keys, &expected, self.checks)
    }

    /// The claims that have to be known beside a profile.
    fn claims_beside(&self) -> Result<Option<JsonMap>, ProviderError> {
        if self.application.email_claim == EmailClaim::Mail {
            return Ok(None);
        }
        self.claims(None, None).map(Some)
    }

    async fn user_info(&self) -> Result<JsonMap, ProviderError> {
        let wanted = profile_request(self.application);
        let url = &self.application.user_info_url;
        let mut request = match wanted.body {
            None => self.client.get(url),
            Some(body) => self
                .client
                .post(url)
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.to_string()),
        };
        for (name, value) in wanted.headers {
            request = request.header(name, value);
        }
        ask(self.authorized(request)).await?.require_success()?.object()
    }

    /// The list of addresses, where this provider has one and shows it.
    async fn emails(&self, account: &JsonMap) -> Result<Option<Json>, ProviderError> {
        let Some(lookup) = email_lookup(self.application, account) else { return Ok(None) };
        let answer = ask(self.authorized(self.client.get(&lookup.url))).await?;
        if lookup.no_address.covers(answer.status) {
            return Ok(None);
        }
        match answer.require_success()?.json() {
            Err(_) if lookup.no_address == NoAddress::RefusedOrUnreadable => Ok(None),
            emails => emails.map(Some),
        }
    }

    fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let authorization = format!("{} {}", self.tokens.scheme, self.tokens.access_token);
        request.header(AUTHORIZATION, authorization).header(ACCEPT, "application/json")
    }
}
