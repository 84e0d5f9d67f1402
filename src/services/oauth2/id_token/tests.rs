use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::*;
use crate::domain::random::Random;

const NOW: i64 = 1_700_000_000;
const CHECKS: Checks = Checks { now: Timestamp::from_millis(NOW * 1000), leeway: 300 };

/// A pair of keys of the kind of `algorithm`, made for one test.
struct Signer {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    fn new(algorithm: Algorithm) -> Self {
        let hex = |text: &str| -> Vec<u8> {
            let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            (0..text.len()).step_by(2).map(digits).collect()
        };
        let secret: [u8; 32] = Random::system().bytes();
        let key = match algorithm {
            Algorithm::EdDSA => {
                let der = [hex("302e020100300506032b657004220420"), secret.to_vec()].concat();
                EncodingKey::from_ed_der(&der)
            }
            Algorithm::ES256 => {
                let head = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
                EncodingKey::from_ec_der(&[hex(head), secret.to_vec()].concat())
            }
            _ => EncodingKey::from_secret(&secret),
        };
        Self { algorithm, key }
    }

    fn jwk(&self, id: &str) -> Json {
        let mut jwk = json!(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap());
        jwk["kid"] = json!(id);
        jwk
    }

    fn sign(&self, id: Option<&str>, claims: &Json) -> String {
        let header = Header { kid: id.map(str::to_owned), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }
}

fn keys(keys: Vec<Json>) -> Keys {
    Keys::read(&json!({ "keys": keys })).unwrap()
}

fn good() -> Json {
    json!({ "sub": "a", "aud": "me", "iss": "https://id.example", "exp": NOW + 60, "nonce": "n" })
}

fn check(token: &str, keys: Option<&Keys>) -> Result<JsonMap, String> {
    let issuers = ["https://id.example".to_owned()];
    let expected = Expected { audience: "me", issuers: &issuers, nonce: Some("n") };
    claims(token, keys, &expected, CHECKS).map_err(|error| error.to_string())
}

fn is_good(token: &str, keys: &Keys) -> bool {
    check(token, Some(keys)).is_ok()
}

#[test]
fn a_token_of_a_known_key_holds() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256] {
        let (signer, other) = (Signer::new(algorithm), Signer::new(algorithm));
        let set = keys(vec![other.jwk("old"), signer.jwk("new")]);
        assert!(is_good(&signer.sign(Some("new"), &good()), &set), "{algorithm:?}");
        assert!(!is_good(&signer.sign(Some("old"), &good()), &set), "another key");
        assert!(!is_good(&signer.sign(Some("gone"), &good()), &set), "no such key");
        assert!(!is_good(&signer.sign(None, &good()), &set), "which of the two");
        let only = keys(vec![signer.jwk("new")]);
        assert!(is_good(&signer.sign(None, &good()), &only));
        let mut undeclared = signer.jwk("new");
        undeclared.as_object_mut().unwrap().remove("alg");
        assert!(is_good(&signer.sign(Some("new"), &good()), &keys(vec![undeclared])));
    }
}

#[test]
fn a_key_signs_by_its_own_algorithm_only() {
    let (signer, curve) = (Signer::new(Algorithm::EdDSA), Signer::new(Algorithm::ES256));
    let mut mislabelled = curve.jwk("a");
    mislabelled["alg"] = json!("ES384");
    assert!(!is_good(&curve.sign(Some("a"), &good()), &keys(vec![mislabelled])));
    assert!(!is_good(&curve.sign(Some("a"), &good()), &keys(vec![signer.jwk("a")])));
    // A shared secret, or the public key taken for one, is no key of an issuer.
    let shared = Signer::new(Algorithm::HS256);
    assert!(!is_good(&shared.sign(Some("a"), &good()), &keys(vec![shared.jwk("a")])));
    let public = signer.jwk("a");
    let taken = EncodingKey::from_secret(public["x"].as_str().unwrap().as_bytes());
    let forged = Signer { algorithm: Algorithm::HS256, key: taken };
    assert!(!is_good(&forged.sign(Some("a"), &good()), &keys(vec![public])));
}

#[test]
fn what_is_tampered_with_or_no_token_is_refused() {
    let signer = Signer::new(Algorithm::EdDSA);
    let set = keys(vec![signer.jwk("a")]);
    let token = signer.sign(Some("a"), &good());
    let parts: Vec<&str> = token.split('.').collect();
    let other = signer.sign(Some("a"), &json!({ "sub": "b", "aud": "me" }));
    let payload = other.split('.').nth(1).unwrap();
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    for text in [
        format!("{}.{payload}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        unsigned,
        String::new(),
        "a.b.c".to_owned(),
        "a".repeat(100_000),
    ] {
        assert!(!is_good(&text, &set), "{text}");
    }
    assert!(Keys::read(&json!({})).is_none() && Keys::read(&json!([1])).is_none());
    assert!(!is_good(&token, &keys(vec![json!(1), json!({ "kty": "??", "kid": "a" })])));
}

#[test]
fn claims_are_for_us_from_them_and_now() {
    let signer = Signer::new(Algorithm::EdDSA);
    let set = keys(vec![signer.jwk("a")]);
    let with = |key: &str, value: Json| {
        let mut claims = good();
        claims[key] = value;
        signer.sign(Some("a"), &claims)
    };
    let fault = |key: &str, value: Json| check(&with(key, value), Some(&set)).err();
    assert_eq!(fault("aud", json!(["x", "me"])), None);
    assert_eq!(fault("exp", json!(NOW - 299)), None);
    assert_eq!(fault("iat", json!(NOW + 300)), None);
    assert_eq!(fault("exp", json!(NOW as f64 + 0.5)), None);
    for (key, value, expected) in [
        ("aud", json!("you"), "it is for somebody else"),
        ("aud", json!([]), "it is for somebody else"),
        ("aud", json!(null), "it is for somebody else"),
        ("iss", json!("https://id.example/"), "somebody else issued it"),
        ("iss", json!(null), "somebody else issued it"),
        ("nonce", json!("m"), "it does not bring back the nonce"),
        ("nonce", json!(null), "it does not bring back the nonce"),
        ("exp", json!(NOW - 300), "it has ended"),
        ("exp", json!(null), "it never ends"),
        ("exp", json!("later"), "its times are no numbers"),
        ("nbf", json!(NOW + 301), "it does not hold yet"),
        ("iat", json!(NOW + 301), "it comes from the future"),
    ] {
        let told = fault(key, value.clone()).unwrap();
        assert!(told.ends_with(expected), "{key} {value}: {told}");
    }
}

#[test]
fn without_keys_the_claims_still_have_to_be_right() {
    let signer = Signer::new(Algorithm::EdDSA);
    assert!(check(&signer.sign(None, &good()), None).is_ok());
    let mut old = good();
    old["exp"] = json!(NOW - 301);
    assert!(check(&signer.sign(None, &old), None).is_err());
    assert!(check("x.y.z", None).is_err());
}
