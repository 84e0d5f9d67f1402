//! What a rule can know of the request it runs in (contract A 3.8, 3.10).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::caller::Caller;
use crate::domain::time::Timestamp;

/// Where a rule runs: `@request.context`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestContext {
    /// An ordinary request.
    #[default]
    Default,
    /// Records shown through `expand`.
    Expand,
    /// A realtime message.
    Realtime,
    /// Reading a protected file.
    ProtectedFile,
    /// An operation of a batch.
    Batch,
    /// A sign-in through another provider.
    OAuth2,
    /// A sign-in by a one-time code.
    Otp,
    /// A sign-in by password.
    Password,
    /// A sign-in whose second factor is an authenticator.
    Totp,
}

impl RequestContext {
    /// The text that `@request.context` compares with.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Expand => "expand",
            Self::Realtime => "realtime",
            Self::ProtectedFile => "protectedFile",
            Self::Batch => "batch",
            Self::OAuth2 => "oauth2",
            Self::Otp => "otp",
            Self::Password => "password",
            Self::Totp => "totp",
        }
    }
}

/// The `@request.*` values of one request.
#[derive(Debug, Clone, Default)]
pub struct RequestInfo {
    /// Upper-case HTTP method.
    pub method: String,
    /// Where the rule runs.
    pub context: RequestContext,
    /// Who asks: `@request.auth`.
    pub caller: Caller,
    /// First value of each query parameter.
    pub query: BTreeMap<String, String>,
    /// First value of each header, keys in lower case with `-` as `_`.
    pub headers: BTreeMap<String, String>,
    /// The submitted keys after modifiers, each value normalised to its field's type.
    pub body: Arc<JsonMap>,
    /// The moment that `@now` and its kin mean.
    pub now: Timestamp,
}

impl RequestInfo {
    /// What the server itself asks for, which no rule stands against.
    pub fn of_server(method: &str, now: Timestamp) -> Self {
        Self { method: method.to_owned(), caller: Caller::server(), now, ..Self::default() }
    }
}
