//! Whether an id_token is what it says (contract B 4.4).

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};

use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::oauth2::answer::ProviderError;
use crate::services::oauth2::keys::Keys;

/// What the times in a token are measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checks {
    /// The moment of the sign-in.
    pub now: Timestamp,
    /// Seconds by which the issuer's clock may be off.
    pub leeway: i64,
}

/// What a token must say of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    /// Whom it is for.
    pub audience: &'a str,
    /// Who may have issued it; empty is anybody.
    pub issuers: &'a [String],
    /// What it must bring back, if people were sent off with something.
    pub nonce: Option<&'a str>,
}

/// The claims of `token`, which must be signed with one of `keys`. Without keys its signature is not
/// looked at: the token came from the issuer's own address.
pub(super) fn claims(
    token: &str,
    keys: Option<&Keys>,
    expected: &Expected<'_>,
    checks: Checks,
) -> Result<JsonMap, ProviderError> {
    let claims = match keys {
        Some(keys) => signed(token, keys)?,
        None => insecure_decode_claims::<JsonMap>(token).map_err(|_| fault("it is no token"))?,
    };
    check_times(&claims, checks)?;
    if !names(claims.get("aud"), expected.audience) {
        return Err(fault("it is for somebody else"));
    }
    let issuer = claims.get("iss").and_then(Json::as_str).unwrap_or_default();
    if !expected.issuers.is_empty() && !expected.issuers.iter().any(|known| known == issuer) {
        return Err(fault("somebody else issued it"));
    }
    let nonce = claims.get("nonce").and_then(Json::as_str);
    if expected.nonce.is_some() && nonce != expected.nonce {
        return Err(fault("it does not bring back the nonce"));
    }
    Ok(claims)
}

const fn fault(what: &'static str) -> ProviderError {
    ProviderError::IdToken(what)
}

fn signed(token: &str, keys: &Keys) -> Result<JsonMap, ProviderError> {
    let header = decode_header(token).map_err(|_| fault("it is no token"))?;
    let key: DecodingKey = keys
        .find(header.kid.as_deref(), header.alg)
        .ok_or_else(|| fault("the issuer has no such key"))?;
    // The library would measure times by the machine's clock; that is done below.
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let data = decode::<JsonMap>(token, &key, &validation);
    data.map(|data| data.claims).map_err(|_| fault("its signature is wrong"))
}

fn check_times(claims: &JsonMap, checks: Checks) -> Result<(), ProviderError> {
    let now = checks.now.millis().div_euclid(1000);
    let time = |name: &str| match claims.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(time) => match time.as_f64() {
            Some(seconds) => Ok(Some(seconds as i64)),
            None => Err(fault("its times are no numbers")),
        },
    };
    let expiry = time("exp")?.ok_or_else(|| fault("it never ends"))?;
    if expiry.saturating_add(checks.leeway) <= now {
        return Err(fault("it has ended"));
    }
    let latest = now.saturating_add(checks.leeway);
    if time("nbf")?.is_some_and(|start| start > latest) {
        return Err(fault("it does not hold yet"));
    }
    if time("iat")?.is_some_and(|issued| issued > latest) {
        return Err(fault("it comes from the future"));
    }
    Ok(())
}

fn names(audience: Option<&Json>, wanted: &str) -> bool {
    match audience {
        Some(Json::String(one)) => one == wanted,
        Some(Json::Array(several)) => several.iter().any(|one| one == wanted),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
