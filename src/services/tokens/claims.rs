//! What a token says of itself, before anybody looks at its signature.

use jsonwebtoken::dangerous::insecure_decode_claims;

use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::tokens::TokenKind;

/// The claims of a token that is well formed. They are worth nothing until
/// [`crate::services::tokens::is_signed_by`] says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// What the token is for.
    pub kind: TokenKind,
    /// The record it was made for.
    pub id: String,
    /// The record's collection, by id or name.
    pub collection: String,
    /// Whether it can be exchanged for a new one.
    pub refreshable: bool,
    /// The session that it belongs to, empty when to none.
    pub session: String,
    /// All claims as they came.
    pub all: JsonMap,
    expires: Option<i64>,
    valid_from: Option<i64>,
}

impl Claims {
    /// Reads a token. None unless it has an id, a collection and a known kind, and every time in it
    /// is a number.
    pub fn read(token: &str) -> Option<Self> {
        let all: JsonMap = insecure_decode_claims(token).ok()?;
        let text = |name| all.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let not_before = time(&all, "nbf").ok()?;
        let issued = time(&all, "iat").ok()?;
        Some(Self {
            kind: TokenKind::parse(text("type")?)?,
            id: text("id")?.to_owned(),
            collection: text("collectionId")?.to_owned(),
            refreshable: all.get("refreshable") == Some(&Json::Bool(true)),
            session: text("sid").unwrap_or_default().to_owned(),
            expires: time(&all, "exp").ok()?,
            valid_from: not_before.max(issued),
            all,
        })
    }

    /// The text claim called `name`, empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.all.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// Whether the token holds at `now`. It expires in the second that `exp` names.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        let second = now.millis().div_euclid(1_000);
        self.expires.is_none_or(|expires| second < expires)
            && self.valid_from.is_none_or(|from| second >= from)
    }
}

/// A time in whole seconds; absent and 0 are no time at all.
fn time(claims: &JsonMap, name: &str) -> Result<Option<i64>, NotANumber> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().ok_or(NotANumber)?;
    // A number that large or small saturates, which means never or always here too.
    Ok((seconds != 0.0).then_some(seconds as i64))
}

struct NotANumber;
