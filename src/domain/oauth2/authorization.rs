//! The address that people are sent to, with what proves later that the answer is theirs (contract
//! B 3.2). Nothing of it is remembered: the client brings the verifier back.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use crate::domain::oauth2::Application;
use crate::domain::random::{ALPHANUMERIC, Random};

/// The one way to make a challenge from a verifier.
const METHOD: &str = "S256";

/// What sets the nonce apart from the challenge, which is made of the same verifier and public.
const NONCE: &[u8] = b"nonce:";

/// One invitation to sign in with a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// What the provider hands back unchanged.
    pub state: String,
    /// The address, which ends where the client has to say where to come back to.
    pub url: String,
    /// What the client keeps to itself until it has a code; empty without PKCE, as are the next two.
    pub code_verifier: String,
    /// What the provider is told of the verifier.
    pub code_challenge: String,
    /// How the one was made from the other.
    pub code_challenge_method: &'static str,
}

impl Authorization {
    /// A new invitation; `random` makes what nobody must guess.
    pub fn new(application: &Application, random: &mut Random) -> Self {
        let state = random.text(30, ALPHANUMERIC);
        let mut parameters = BTreeMap::from([
            ("client_id", application.client_id.clone()),
            ("response_type", "code".to_owned()),
            ("state", state.clone()),
        ]);
        if !application.scopes.is_empty() {
            parameters.insert("scope", application.scopes.clone());
        }
        if application.provider.name == "apple" {
            parameters.insert("response_mode", "form_post".to_owned());
        }
        let (mut code_verifier, mut code_challenge, mut code_challenge_method) =
            (String::new(), String::new(), "");
        if application.pkce {
            code_verifier = random.text(43, ALPHANUMERIC);
            code_challenge = challenge(&code_verifier);
            code_challenge_method = METHOD;
            parameters.insert("code_challenge", code_challenge.clone());
            parameters.insert("code_challenge_method", METHOD.to_owned());
        }
        if application.uses_nonce() {
            parameters.insert("nonce", nonce(&code_verifier));
        }
        let url = address(&application.auth_url, &parameters);
        Self { state, url, code_verifier, code_challenge, code_challenge_method }
    }
}

/// The nonce that belongs to a verifier.
pub fn nonce(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(NONCE).chain_update(verifier).finalize())
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The parameters come sorted, and last the one that clients complete.
fn address(auth_url: &str, parameters: &BTreeMap<&str, String>) -> String {
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if auth_url.contains('?') { '&' } else { '?' };
    format!("{auth_url}{separator}{query}&redirect_uri=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_that_of_the_standard_and_tells_no_nonce() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_ne!(nonce(verifier), challenge(verifier));
        assert_ne!(nonce(verifier), nonce("another"));
    }

    #[test]
    fn parameters_are_sorted_and_go_behind_those_that_are_there() {
        let parameters = BTreeMap::from([("state", "s t".to_owned()), ("client_id", "a&b".into())]);
        assert_eq!(
            address("https://a.example/x", &parameters),
            "https://a.example/x?client_id=a%26b&state=s+t&redirect_uri="
        );
        assert_eq!(
            address("https://a.example/x?owner=user", &parameters),
            "https://a.example/x?owner=user&client_id=a%26b&state=s+t&redirect_uri="
        );
    }
}
