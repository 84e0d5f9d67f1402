//! A provider as one collection uses it: the table under the collection's own words (contract B 1.4,
//! 4.4).

use crate::domain::collection::OAuth2Provider;
use crate::domain::providers::Provider;
use crate::domain::{Json, JsonMap};

/// Who signs the id_tokens of Apple.
const APPLE: &str = "https://appleid.apple.com";

/// An application registered with a provider.
#[derive(Clone, PartialEq)]
pub struct Application {
    /// The provider.
    pub provider: &'static Provider,
    /// Public id of the application.
    pub client_id: String,
    /// Secret of the application.
    pub client_secret: String,
    /// What people call the provider here.
    pub display_name: String,
    /// Where people are sent to sign in.
    pub auth_url: String,
    /// Where a code is exchanged for tokens.
    pub token_url: String,
    /// Where the profile is asked for; empty when the id_token says all.
    pub user_info_url: String,
    /// What is asked for, separated by spaces.
    pub scopes: String,
    /// Whether PKCE is used.
    pub pkce: bool,
    /// Who may have issued an id_token; empty is anybody who answers under `token_url`.
    pub issuers: Vec<String>,
    /// Where the keys are that sign id_tokens; empty when signatures are not looked at.
    pub keys_url: String,
    /// Whether the addresses come from the issuer itself.
    pub is_discovered: bool,
    /// Which address of a Microsoft account counts.
    pub email_claim: EmailClaim,
}

/// Where a profile comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileSource {
    /// The user-info address.
    UserInfo,
    /// The id_token.
    IdToken,
}

/// Which address of a Microsoft account counts (contract B 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmailClaim {
    /// `mail` of the profile.
    #[default]
    Mail,
    /// `email` of the id_token.
    Email,
    /// The same, only where `xms_edov` says that its domain was proved.
    EmailOfProvedDomain,
    /// `verified_primary_email` of the id_token.
    VerifiedPrimary,
    /// The first of the last two that there is.
    AnyVerified,
}

/// What an issuer says about itself under `.well-known/openid-configuration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// The name that its id_tokens have.
    pub issuer: String,
    auth_url: String,
    token_url: String,
    user_info_url: String,
    keys_url: String,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application")
            .field("provider", &self.provider.name)
            .field("client_id", &self.client_id)
            .field("client_secret", &"***")
            .finish_non_exhaustive()
    }
}

impl Application {
    /// The application that `configured` describes; `None` when there is no such provider.
    pub fn new(configured: &OAuth2Provider) -> Option<Self> {
        let provider = Provider::find(&configured.name)?;
        let or = |own: &str, usual: &str| if own.is_empty() { usual } else { own }.to_owned();
        let extra = configured.extra.as_ref();
        let user_info_url = or(&configured.user_info_url, provider.user_info_url);
        let mut application = Self {
            provider,
            client_id: configured.client_id.clone(),
            client_secret: configured.client_secret.clone(),
            display_name: or(&configured.display_name, provider.display_name),
            auth_url: or(&configured.auth_url, provider.auth_url),
            token_url: or(&configured.token_url, provider.token_url),
            user_info_url,
            scopes: provider.scopes.to_owned(),
            pkce: configured.pkce.unwrap_or(provider.pkce),
            issuers: Vec::new(),
            keys_url: String::new(),
            is_discovered: false,
            email_claim: EmailClaim::default(),
        };
        match provider.name {
            "apple" => {
                application.issuers = vec![APPLE.to_owned()];
                application.keys_url = std::mem::take(&mut application.user_info_url);
            }
            "microsoft" => {
                application.email_claim = EmailClaim::read(text(extra, "idTokenEmailClaim"));
                if application.email_claim != EmailClaim::Mail {
                    application.scopes.push_str(" openid");
                }
            }
            _ if provider.is_oidc() => {
                application.issuers = texts(extra, "issuers");
                application.keys_url = text(extra, "jwksURL").to_owned();
            }
            _ => {}
        }
        Some(application)
    }

    /// The issuer to ask for the addresses that nobody wrote down.
    pub fn undiscovered(&self) -> Option<&str> {
        let is_complete = !self.auth_url.is_empty() && !self.token_url.is_empty();
        let issuer = self.issuers.first().filter(|_| self.provider.is_oidc() && !is_complete);
        issuer.map(String::as_str)
    }

    /// With what its issuer says where the collection says nothing.
    #[must_use]
    pub fn discovered(mut self, discovery: &Discovery) -> Self {
        for (own, found) in [
            (&mut self.auth_url, &discovery.auth_url),
            (&mut self.token_url, &discovery.token_url),
            (&mut self.user_info_url, &discovery.user_info_url),
            (&mut self.keys_url, &discovery.keys_url),
        ] {
            if own.is_empty() {
                own.clone_from(found);
            }
        }
        if !self.issuers.contains(&discovery.issuer) {
            self.issuers.push(discovery.issuer.clone());
        }
        self.is_discovered = true;
        self
    }

    /// What keeps it from being used, for whoever set it up.
    pub fn lack(&self) -> Option<&'static str> {
        if self.auth_url.is_empty() || self.token_url.is_empty() {
            return Some("it needs an issuer, or the addresses for authorisation and tokens");
        }
        if self.source() == ProfileSource::UserInfo && self.user_info_url.is_empty() {
            return Some("it needs the address of the profile");
        }
        if self.is_discovered && self.keys_url.is_empty() {
            return Some("the issuer names no keys");
        }
        None
    }

    /// Where the profile comes from. What an issuer says by itself is signed, and so believed first.
    pub fn source(&self) -> ProfileSource {
        let is_signed =
            self.provider.is_oidc() && (self.is_discovered || self.user_info_url.is_empty());
        if is_signed || self.provider.name == "apple" {
            ProfileSource::IdToken
        } else {
            ProfileSource::UserInfo
        }
    }

    /// Whether people are sent to the provider with a nonce that the id_token has to bring back. It
    /// follows from the verifier, for nothing is remembered in between; so there is none without one.
    pub const fn uses_nonce(&self) -> bool {
        self.is_discovered && self.pkce
    }
}

impl EmailClaim {
    /// The options of `extra.idTokenEmailClaim`; an unknown one counts as none.
    pub const NAMES: [&str; 4] =
        ["email", "email_and_xms_edov", "verified_primary_email", "any_verified"];

    fn read(name: &str) -> Self {
        match name {
            "email" => Self::Email,
            "email_and_xms_edov" => Self::EmailOfProvedDomain,
            "verified_primary_email" => Self::VerifiedPrimary,
            "any_verified" => Self::AnyVerified,
            _ => Self::Mail,
        }
    }
}

impl Discovery {
    /// Reads the document that was found for `issuer`; `None` when it is somebody else's or names no
    /// place to sign in. A slash at the end of the issuer makes no difference, as people leave it out.
    pub fn read(document: &Json, issuer: &str) -> Option<Self> {
        let text = |key: &str| document.get(key).and_then(Json::as_str).unwrap_or_default();
        let named = text("issuer");
        if named.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return None;
        }
        let discovery = Self {
            issuer: named.to_owned(),
            auth_url: text("authorization_endpoint").to_owned(),
            token_url: text("token_endpoint").to_owned(),
            user_info_url: text("userinfo_endpoint").to_owned(),
            keys_url: text("jwks_uri").to_owned(),
        };
        let is_usable = !discovery.auth_url.is_empty() && !discovery.token_url.is_empty();
        is_usable.then_some(discovery)
    }

    /// Where the document of `issuer` is.
    pub fn address(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }
}

fn text<'a>(extra: Option<&'a JsonMap>, key: &str) -> &'a str {
    extra.and_then(|extra| extra.get(key)).and_then(Json::as_str).unwrap_or_default()
}

fn texts(extra: Option<&JsonMap>, key: &str) -> Vec<String> {
    let list = extra.and_then(|extra| extra.get(key)).and_then(Json::as_array);
    let texts = list.into_iter().flatten().filter_map(Json::as_str);
    texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}
