//! Signed tokens (contract B 2): issuing, reading and checking them, and who is behind one. Knows
//! no HTTP and stores nothing: a token is as good as its record's `tokenKey`, the secret of its kind
//! and the session that it names, if it names one.

mod callers;
mod claims;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde::de::IgnoredAny;

pub use callers::{Callers, Session};
pub use claims::Claims;

use crate::domain::collection::{AuthOptions, TokenOptions};
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::Error;

/// The header of every token; only this algorithm is ever accepted.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// What a token is for. Each kind is signed with a secret of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Signed-in requests.
    Auth,
    /// Links of verification mails.
    Verification,
    /// Links of password-reset mails.
    PasswordReset,
    /// Links of e-mail-change mails.
    EmailChange,
    /// Protected files and backups.
    File,
}

/// What a new token lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant<'a> {
    /// Sign requests; `refreshable` tokens can be exchanged for new ones.
    Auth {
        /// True for sign-ins and refreshes, false for impersonation and the installer.
        refreshable: bool,
    },
    /// Confirm that the record's e-mail address is its own.
    Verification,
    /// Set a new password.
    PasswordReset,
    /// Take over another e-mail address.
    EmailChange {
        /// The address to change to.
        new_email: &'a str,
    },
    /// Read protected files.
    File,
}

/// How long a new token lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// As the collection's options say.
    Usual,
    /// This long.
    Of(Duration),
}

impl TokenKind {
    /// The `type` claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Verification => "verification",
            Self::PasswordReset => "passwordReset",
            Self::EmailChange => "emailChange",
            Self::File => "file",
        }
    }

    /// The kind that the `type` claim names.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Auth, Self::Verification, Self::PasswordReset, Self::EmailChange, Self::File]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }

    /// Secret and lifetime of this kind in a collection.
    pub const fn options(self, auth: &AuthOptions) -> &TokenOptions {
        match self {
            Self::Auth => &auth.auth_token,
            Self::Verification => &auth.verification_token,
            Self::PasswordReset => &auth.password_reset_token,
            Self::EmailChange => &auth.email_change_token,
            Self::File => &auth.file_token,
        }
    }
}

impl Grant<'_> {
    /// The kind of token that carries this.
    pub const fn kind(&self) -> TokenKind {
        match self {
            Self::Auth { .. } => TokenKind::Auth,
            Self::Verification => TokenKind::Verification,
            Self::PasswordReset => TokenKind::PasswordReset,
            Self::EmailChange { .. } => TokenKind::EmailChange,
            Self::File => TokenKind::File,
        }
    }
}

/// A new token for `record`. Whoever changed the record signs after the save: the token must be
/// signed with the `tokenKey` that is stored.
///
/// # Errors
/// `Internal` when the record is not of an auth collection or has no `tokenKey`.
pub fn issue(
    record: &Record,
    grant: Grant<'_>,
    lifetime: Lifetime,
    now: Timestamp,
) -> Result<String, Error> {
    issue_within("", record, grant, lifetime, now)
}

/// The same within a session: the token is worth nothing once the session has ended.
///
/// # Errors
/// As [`issue`].
pub fn issue_within(
    session: &str,
    record: &Record,
    grant: Grant<'_>,
    lifetime: Lifetime,
    now: Timestamp,
) -> Result<String, Error> {
    let key = signing_key(record, grant.kind())
        .ok_or_else(|| Error::internal("a token can only be signed for an auth record"))?;
    let claims = claims_of(session, record, grant, lifetime, now);
    let payload = URL_SAFE_NO_PAD.encode(ascii_json(&claims));
    let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(HEADER));
    let key = EncodingKey::from_secret(key.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    Ok(format!("{message}.{}", signature.map_err(Error::internal)?))
}

/// The claims of `token`, whatever its kind and whoever made it; nothing when it is no token.
pub fn claims_of_any(token: &str) -> Option<JsonMap> {
    insecure_decode_claims(token).ok()
}

/// Whether `token` was signed for `record` as this kind. Says nothing about its times.
pub fn is_signed_by(token: &str, record: &Record, kind: TokenKind) -> bool {
    let Some(key) = signing_key(record, kind) else { return false };
    // The library would measure times by the machine's clock and its own leeway, and refuse tokens
    // without `exp`; `Claims` measures them by the app's clock and the contract's rules.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_secret(key.as_bytes());
    jsonwebtoken::decode::<IgnoredAny>(token, &key, &validation).is_ok()
}

/// `tokenKey` and the secret of the kind, one after the other. None without both: a key that
/// anybody can work out would sign anything.
fn signing_key(record: &Record, kind: TokenKind) -> Option<String> {
    let secret = &kind.options(record.collection().auth()?).secret;
    let token_key = record.text("tokenKey");
    (!token_key.is_empty() && !secret.is_empty()).then(|| format!("{token_key}{secret}"))
}

/// When a token of this kind for `record` expires that is issued at `now`, in seconds.
pub fn expiry(record: &Record, kind: TokenKind, lifetime: Lifetime, now: Timestamp) -> i64 {
    let seconds = match (lifetime, record.collection().auth()) {
        (Lifetime::Of(duration), _) => i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        (Lifetime::Usual, Some(auth)) => kind.options(auth).duration,
        (Lifetime::Usual, None) => 0,
    };
    now.millis().div_euclid(1_000).saturating_add(seconds)
}

fn claims_of(
    session: &str,
    record: &Record,
    grant: Grant<'_>,
    lifetime: Lifetime,
    now: Timestamp,
) -> JsonMap {
    let expiry = expiry(record, grant.kind(), lifetime, now);
    let mut claims = JsonMap::new();
    let mut claim = |name: &str, value: Json| claims.insert(name.to_owned(), value);
    claim("collectionId", record.collection().id.as_str().into());
    match grant {
        Grant::EmailChange { .. } | Grant::Verification | Grant::PasswordReset => {
            claim("email", record.text("email").into());
        }
        Grant::Auth { .. } | Grant::File => {}
    }
    claim("exp", expiry.into());
    claim("id", record.id().into());
    match grant {
        Grant::Auth { refreshable } => claim("refreshable", refreshable.into()),
        Grant::EmailChange { new_email } => claim("newEmail", new_email.into()),
        Grant::Verification | Grant::PasswordReset | Grant::File => None,
    };
    if !session.is_empty() {
        claim("sid", session.into());
    }
    claim("type", grant.kind().as_str().into());
    claims
}

/// `claims` as JSON whose base64url form has neither `-` nor `_`: clients decode it as plain base64
/// and take the token for expired otherwise. In ASCII only `>`, `?`, `~` and DEL can make those.
fn ascii_json(claims: &JsonMap) -> String {
    let text = serde_json::to_string(claims).expect("claims always serialise");
    let mut ascii = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() && !matches!(character, '>' | '?' | '~' | '\x7f') {
            ascii.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii
}
