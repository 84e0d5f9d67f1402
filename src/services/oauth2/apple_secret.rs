//! The client secret that Apple wants: a token that its owner signs (contract B 6.5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::time::Timestamp;
use crate::services::Error;

/// The longest that Apple takes a secret for, in seconds: half a year.
const LONGEST: i64 = 15_777_000;
/// Characters of the ids of teams and keys.
const ID: usize = 10;

/// What a secret is made from.
#[derive(Clone, Default)]
pub struct Request {
    /// The id of the service at Apple.
    pub client_id: String,
    /// The id of the team.
    pub team_id: String,
    /// The id of the key.
    pub key_id: String,
    /// The key itself, as the file that Apple hands out.
    pub private_key: String,
    /// Seconds for which the secret is to hold.
    pub duration: i64,
}

/// Makes the secret.
///
/// # Errors
/// `Invalid` for fields that are missing or wrong, `BadRequest` when the key signs nothing.
pub fn generate(request: &Request, now: Timestamp) -> Result<String, Error> {
    check(request).into_result()?;
    let der = der(&request.private_key).unwrap_or_default();
    let header = Header { kid: Some(request.key_id.clone()), ..Header::new(Algorithm::ES256) };
    let issued = now.millis().div_euclid(1000);
    let claims = json!({
        "aud": ["https://appleid.apple.com"],
        "exp": issued + request.duration,
        "iat": issued,
        "iss": request.team_id,
        "sub": request.client_id,
    });
    encode(&header, &claims, &EncodingKey::from_ec_der(&der))
        .map_err(|_| Error::bad_request("The private key cannot sign: it is none of Apple's."))
}

fn check(request: &Request) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (name, value) in [
        ("clientId", &request.client_id),
        ("teamId", &request.team_id),
        ("keyId", &request.key_id),
        ("privateKey", &request.private_key),
    ] {
        if value.is_empty() {
            errors.add(name, Fault::required());
        }
    }
    for (name, value) in [("teamId", &request.team_id), ("keyId", &request.key_id)] {
        if value.len() != ID {
            errors.add(name, Fault::length(ID, ID));
        }
    }
    if der(&request.private_key).is_none() {
        let message = "Must be a key as Apple hands it out, from BEGIN to END PRIVATE KEY.";
        errors.add("privateKey", Fault::new("validation_match_invalid", message));
    }
    match request.duration {
        0 => errors.add("duration", Fault::required()),
        duration if duration < 1 => errors.add("duration", Fault::below(1)),
        duration if duration > LONGEST => errors.add("duration", Fault::above(LONGEST)),
        _ => {}
    }
    errors
}

/// The bytes between the two lines of a PEM file.
fn der(pem: &str) -> Option<Vec<u8>> {
    let inner = pem.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?;
    let inner = inner.strip_suffix("-----END PRIVATE KEY-----")?;
    let text: String = inner.split_whitespace().collect();
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}
