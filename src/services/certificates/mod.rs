//! What HTTPS shows its clients: a certificate of one's own, read from files, or one that an authority
//! hands out by itself (ACME, RFC 8555). Knows no listener and no HTTP server.
//!
//! [`Certificates`] is asked at each handshake. [`files`] and [`automatic`] put something new there while
//! the server works: connections that are open go on with what they began with.

pub mod automatic;
mod challenges;
pub mod files;
mod kept;
mod order;
mod pair;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

pub use challenges::Challenges;
pub use pair::{Pair, PairError};

/// The protocol in which an authority looks at a certificate that answers a challenge (RFC 8737).
pub const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// The certificate of the moment, and the answers to challenges.
#[derive(Debug, Default)]
pub struct Certificates {
    current: ArcSwapOption<CertifiedKey>,
    /// Answers to what an authority asks while an order is under way.
    pub challenges: Challenges,
}

impl Certificates {
    /// From now on handshakes get `pair`.
    pub fn show(&self, pair: &Pair) {
        self.current.store(Some(pair.certified()));
    }

    /// What TLS is configured with: TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1.
    ///
    /// # Errors
    /// Never with the provider that is compiled in.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let resolver: Arc<Self> = Arc::clone(self);
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = [&b"h2"[..], b"http/1.1", CHALLENGE_PROTOCOL].map(Vec::from).into();
        Ok(config)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.alpn().is_some_and(|protocols| protocols.eq([CHALLENGE_PROTOCOL])) {
            return self.challenges.certificate(hello.server_name()?);
        }
        self.current.load_full()
    }
}

/// The one provider of cryptography.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
