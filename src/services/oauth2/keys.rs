//! The keys that an issuer signs with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::domain::Json;
use crate::services::oauth2::answer::{ProviderError, ask};

/// The public keys of an issuer. Those of kinds that nobody here knows are left out.
pub(super) struct Keys(Vec<Jwk>);

impl Keys {
    /// The keys under `url`.
    pub(super) async fn fetch(client: &reqwest::Client, url: &str) -> Result<Self, ProviderError> {
        let answer = ask(client.get(url)).await?.require_success()?;
        Self::read(&answer.json()?).ok_or_else(|| answer.unreadable("keys"))
    }

    pub(super) fn read(set: &Json) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?.iter();
        Some(Self(keys.filter_map(|key| serde_json::from_value(key.clone()).ok()).collect()))
    }

    /// The key that signs with `algorithm` and is called `id`. A token that names none is signed with
    /// the only one.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let key = match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(id))?,
            (None, [only]) => only,
            (None, _) => return None,
        };
        if may_sign(key, algorithm) { DecodingKey::from_jwk(key).ok() } else { None }
    }
}

/// Whether `key` is one for `algorithm`: by its own word, or else by its kind. A shared secret never
/// is: whoever may check with it may sign as well.
fn may_sign(key: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let by_kind: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(_) => &[EdDSA],
        _ => &[],
    };
    let by_word = key.common.key_algorithm.is_none_or(|declared| {
        Algorithm::try_from(declared).is_ok_and(|declared| declared == algorithm)
    });
    by_word && by_kind.contains(&algorithm)
}
