//! Secrets at rest: texts are sealed with AES-256-GCM before they are stored, and opened when they
//! are read. A sealed text names the key that sealed it and is bound to what it is, so that it opens
//! in no other place. Knows neither where keys come from nor where texts are kept.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, Payload};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::random::Random;

/// Begins every sealed text. No provider and no generator of passwords makes secrets that begin so.
const PREFIX: &str = "ferrobase-sealed:";

/// The only form of sealed texts so far: the key's name, a colon, and in Base64 the nonce, what is
/// encrypted, and the tag.
const VERSION: &str = "1:";

/// Bytes of a nonce.
const NONCE: usize = 12;

/// A key, 32 bytes long.
#[derive(Clone)]
pub struct Key {
    cipher: Arc<Aes256Gcm>,
    name: Arc<str>,
}

/// The length of a text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("32 bytes, not {0}")]
pub struct WrongLength(pub usize);

/// What stored secrets are sealed and opened with. Clones share the keys.
#[derive(Clone)]
pub enum Keyring {
    /// Seals with `key` and opens with both, so that a key can be replaced: texts of the previous
    /// one are sealed anew. Without `key` texts are stored as they are.
    Keys {
        /// The key.
        key: Option<Key>,
        /// The one before it, which never seals.
        previous: Option<Key>,
    },
    /// Leaves every text as it is, sealed ones too: for work that needs no secret and has no key.
    Blind,
}

/// Why a secret cannot be sealed or opened. Names its place and never the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is sealed and there is no key at all.
    #[error("{place} is encrypted with the key {key}, and there is no key")]
    NoKey {
        /// What it is.
        place: String,
        /// Name of the key that sealed it.
        key: String,
    },
    /// It is sealed with a key that is not there.
    #[error("{place} is encrypted with the key {key}, and what is there is {known}")]
    OtherKey {
        /// What it is.
        place: String,
        /// Name of the key that sealed it.
        key: String,
        /// Names of the keys that are there.
        known: String,
    },
    /// The key is there and does not open it.
    #[error("{place} is encrypted and damaged, or it was encrypted for another place")]
    Damaged {
        /// What it is.
        place: String,
    },
    /// A newer version sealed it.
    #[error("{place} is encrypted in a way that this version does not know")]
    Unknown {
        /// What it is.
        place: String,
    },
    /// It is plain, there is no key, and once stored it would be taken for a sealed one.
    #[error("{place} begins like an encrypted text and cannot be stored without a key")]
    Disguised {
        /// What it is.
        place: String,
    },
}

impl Key {
    /// The key that `text` is.
    ///
    /// # Errors
    /// [`WrongLength`] unless it has 32 bytes.
    pub fn parse(text: &str) -> Result<Self, WrongLength> {
        let secret: &[u8; 32] = text.as_bytes().try_into().map_err(|_| WrongLength(text.len()))?;
        let cipher = Aes256Gcm::new(&derive(secret, "encryption").into());
        let digest = derive(secret, "name");
        let name: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { cipher: Arc::new(cipher), name: name.into() })
    }

    /// Eight digits that tell keys apart and say nothing about them.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn seal(&self, place: &str, text: &str) -> String {
        let nonce: [u8; NONCE] = Random::system().bytes();
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&nonce.into(), payload);
        let sealed = sealed.expect("AES-GCM takes texts of up to 64 GiB");
        let encoded = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        format!("{PREFIX}{VERSION}{}:{encoded}", self.name)
    }

    fn open(&self, place: &str, encoded: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let opened = self.cipher.decrypt(&(*nonce).into(), payload).ok()?;
        String::from_utf8(opened).ok()
    }
}

/// A key for one use only, so that the name of a key tells nothing about what encrypts.
fn derive(secret: &[u8; 32], usage: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(b"ferrobase secrets at rest: ");
    mac.update(usage.as_bytes());
    mac.finalize().into_bytes().into()
}

impl Default for Keyring {
    /// No keys: texts are stored as they are, and sealed ones cannot be opened.
    fn default() -> Self {
        Self::Keys { key: None, previous: None }
    }
}

impl Keyring {
    /// The form in which `text` is stored as the secret called `place`, such as
    /// `settings.smtp.password`. An empty text hides nothing and stays empty.
    ///
    /// # Errors
    /// [`SealError::Disguised`].
    pub fn seal(&self, place: &str, text: &str) -> Result<String, SealError> {
        match self {
            Self::Keys { key: Some(key), .. } if !text.is_empty() => Ok(key.seal(place, text)),
            Self::Keys { key: None, .. } if text.starts_with(PREFIX) => {
                Err(SealError::Disguised { place: place.to_owned() })
            }
            _ => Ok(text.to_owned()),
        }
    }

    /// The secret that is stored as `text` in `place`. What is not sealed is the secret itself.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(&self, place: &str, text: &str) -> Result<String, SealError> {
        let (Self::Keys { .. }, Some(sealed)) = (self, text.strip_prefix(PREFIX)) else {
            return Ok(text.to_owned());
        };
        let parts = sealed.strip_prefix(VERSION).and_then(|rest| rest.split_once(':'));
        let Some((name, encoded)) = parts else {
            return Err(SealError::Unknown { place: place.to_owned() });
        };
        match self.key_called(name) {
            Some(key) => {
                let opened = key.open(place, encoded);
                opened.ok_or_else(|| SealError::Damaged { place: place.to_owned() })
            }
            None => Err(self.lacks(place, name)),
        }
    }

    /// Whether `text` has the form that [`Keyring::seal`] gives to secrets.
    pub fn is_current(&self, text: &str) -> bool {
        let Self::Keys { key, .. } = self else { return true };
        match (key, text.strip_prefix(PREFIX)) {
            (_, None) if text.is_empty() => true,
            (None, sealed) => sealed.is_none(),
            (Some(_), None) => false,
            (Some(key), Some(sealed)) => {
                let rest = sealed.strip_prefix(VERSION);
                rest.and_then(|rest| rest.split_once(':'))
                    .is_some_and(|(name, _)| name == key.name())
            }
        }
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        let (key, previous) = match self {
            Self::Keys { key, previous } => (key.as_ref(), previous.as_ref()),
            Self::Blind => (None, None),
        };
        key.into_iter().chain(previous)
    }

    fn key_called(&self, name: &str) -> Option<&Key> {
        self.keys().find(|key| key.name() == name)
    }

    fn lacks(&self, place: &str, key: &str) -> SealError {
        let (place, key) = (place.to_owned(), key.to_owned());
        let known: Vec<&str> = self.keys().map(Key::name).collect();
        if known.is_empty() {
            SealError::NoKey { place, key }
        } else {
            SealError::OtherKey { place, key, known: known.join(" and ") }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.name)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys()).finish()
    }
}
