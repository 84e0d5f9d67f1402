//! How messages to webhooks are signed: Standard Webhooks, <https://www.standardwebhooks.com>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What secrets begin with whose rest is base64.
const PREFIX: &str = "whsec_";

/// What messages are signed with. Never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

/// A text that begins as a secret in base64 and goes on as something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what follows `whsec_` is not base64")]
pub struct NotBase64;

impl SigningKey {
    /// The key that `text` writes down: `whsec_` and base64, or else the bytes of the text itself.
    ///
    /// # Errors
    /// [`NotBase64`]; nothing at all is no base64 either.
    pub fn parse(text: &str) -> Result<Self, NotBase64> {
        let Some(encoded) = text.strip_prefix(PREFIX) else {
            return Ok(Self(text.as_bytes().to_vec()));
        };
        match STANDARD.decode(encoded) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(NotBase64),
        }
    }

    /// The header `webhook-signature` of the message `id` that leaves `seconds` after 1970-01-01 UTC.
    pub fn signature(&self, id: &str, seconds: i64, body: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;

    /// The example that the specification gives.
    #[test]
    fn messages_are_signed_as_the_standard_says() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(key.signature(ID, 1_614_265_330, BODY), expected);
    }

    #[test]
    fn other_texts_are_keys_as_they_stand() {
        let plain = SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let encoded = SigningKey::parse("whsec_TWZLUTlyOEdLWXFyVHdqVVBEOElMUFpJbzJMYUxhU3c=");
        assert_eq!(encoded, Ok(plain.clone()));
        let other = SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx").unwrap();
        assert_ne!(plain.signature(ID, 1, BODY), other.signature(ID, 1, BODY));
    }

    #[test]
    fn what_is_signed_is_everything() {
        let key = SigningKey::parse("k").unwrap();
        let signatures = [("a", 1, "x"), ("b", 1, "x"), ("a", 2, "x"), ("a", 1, "y")]
            .map(|(id, seconds, body)| key.signature(id, seconds, body));
        let different: std::collections::HashSet<_> = signatures.iter().collect();
        assert_eq!(different.len(), 4);
    }

    #[test]
    fn half_a_secret_is_none() {
        for text in ["whsec_", "whsec_%", "whsec_abc", "whsec_YWJj YWJj"] {
            assert_eq!(SigningKey::parse(text), Err(NotBase64), "{text}");
        }
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", SigningKey::parse("hush").unwrap()), "***");
    }
}
