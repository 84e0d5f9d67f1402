//! Answers to the questions by which an authority finds out whether a name leads to this server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;

use super::provider;
use crate::services::BoxError;

/// What is answered at the moment. Empty unless an order is under way.
#[derive(Debug, Default)]
pub struct Challenges {
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    /// By the last part of the path (http-01, RFC 8555 8.3).
    texts: HashMap<String, String>,
    /// By the name of the host (tls-alpn-01, RFC 8737).
    certificates: HashMap<String, Arc<CertifiedKey>>,
}

/// An answer that is given until this is dropped.
pub(super) struct Given<'a> {
    challenges: &'a Challenges,
    key: Key,
}

enum Key {
    Token(String),
    Name(String),
}

impl Challenges {
    /// What a request for `/.well-known/acme-challenge/TOKEN` is answered with.
    pub fn text(&self, token: &str) -> Option<String> {
        self.with(|answers| answers.texts.get(token).cloned())
    }

    /// The certificate that answers for `name`.
    pub(super) fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.with(|answers| answers.certificates.get(name).cloned())
    }

    /// Answers a request for `token` with `text`.
    pub(super) fn give_text(&self, token: &str, text: &str) -> Given<'_> {
        self.with(|answers| answers.texts.insert(token.to_owned(), text.to_owned()));
        Given { challenges: self, key: Key::Token(token.to_owned()) }
    }

    /// Answers a handshake for `name` with a certificate that holds `digest`.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub(super) fn give_certificate(
        &self,
        name: &str,
        digest: &[u8],
    ) -> Result<Given<'_>, BoxError> {
        let certified = certificate(name, digest)?;
        self.with(|answers| answers.certificates.insert(name.to_owned(), certified));
        Ok(Given { challenges: self, key: Key::Name(name.to_owned()) })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Answers) -> T) -> T {
        // Whoever panicked has left whole maps.
        work(&mut self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        self.challenges.with(|answers| match &self.key {
            Key::Token(token) => drop(answers.texts.remove(token)),
            Key::Name(name) => drop(answers.certificates.remove(name)),
        });
    }
}

/// A certificate for `name` that nobody but the authority looks at.
fn certificate(name: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, BoxError> {
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.der().clone();
    // Not checked as others are: its critical extension means nothing to anybody else.
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let signing = provider().key_provider.load_private_key(key)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate], signing)))
}
