//! What a provider is asked about an account: the profile, and for some a list of addresses beside it
//! (contract B 4.3). Who sends it is not known here.

use serde_json::json;

use crate::domain::fields::is_email;
use crate::domain::oauth2::Application;
use crate::domain::{Json, JsonMap};

/// How the profile is asked for. The access token goes with it in any case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProfileRequest {
    /// Headers that this provider wants.
    pub headers: Vec<(&'static str, String)>,
    /// What to post; nothing is posted when there is none.
    pub body: Option<Json>,
}

/// Where else the addresses of an account are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailLookup {
    /// The place to ask.
    pub url: String,
    /// Answers that mean that there is no address.
    pub no_address: NoAddress,
}

/// Answers to an [`EmailLookup`] that do not end the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAddress {
    /// That it must not be seen, or is not there.
    Refused,
    /// The same, and what cannot be read.
    RefusedOrUnreadable,
    /// Anything that is no success.
    Failed,
}

impl NoAddress {
    /// Whether an answer of this status means that there is no address.
    pub const fn covers(self, status: u16) -> bool {
        match self {
            Self::Refused | Self::RefusedOrUnreadable => matches!(status, 401 | 403 | 404),
            Self::Failed => status >= 400,
        }
    }
}

/// How the profile of whoever signed in is asked for.
pub fn profile_request(application: &Application) -> ProfileRequest {
    let query = |text: &str| Some(json!({ "query": text }));
    let client_id = || application.client_id.clone();
    let (headers, body) = match application.provider.name {
        "linear" => {
            (vec![], query("query { viewer { id displayName name email avatarUrl active } }"))
        }
        "monday" => {
            (vec![], query("query { me { id enabled name email is_verified photo_small } }"))
        }
        "notion" => (vec![("Notion-Version", "2022-06-28".to_owned())], None),
        "twitch" => (vec![("Client-Id", client_id())], None),
        "trakt" => (
            vec![
                ("Content-type", "application/json".to_owned()),
                ("trakt-api-key", client_id()),
                ("trakt-api-version", "2".to_owned()),
            ],
            None,
        ),
        _ => (vec![], None),
    };
    ProfileRequest { headers, body }
}

/// Where the addresses of this account are, for a provider that leaves them out of the profile.
pub fn email_lookup(application: &Application, profile: &JsonMap) -> Option<EmailLookup> {
    let beside = || format!("{}/emails", application.user_info_url);
    match application.provider.name {
        "github" | "gitea" => Some(EmailLookup { url: beside(), no_address: NoAddress::Refused }),
        "bitbucket" => Some(EmailLookup { url: beside(), no_address: NoAddress::Failed }),
        "gitee" => {
            let shown = profile.get("email").and_then(Json::as_str).unwrap_or_default();
            let url = "https://gitee.com/api/v5/emails".to_owned();
            let no_address = NoAddress::RefusedOrUnreadable;
            (!is_email(shown)).then_some(EmailLookup { url, no_address })
        }
        _ => None,
    }
}
