//! HTTPS by the server itself: with a certificate of one's own, and with one that an authority hands out.

mod automatic;
mod directory;
mod own;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ferrobase::cli::serve::{self, ServeOptions, Server};
use ferrobase::cli::{Environment, HttpsOptions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::harness::database_url;

/// Who signs the certificates of the tests.
struct Root {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Root {
    fn new() -> Self {
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "root of the tests");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    fn pem(&self) -> String {
        self.issuer.as_ref().pem()
    }

    /// A certificate for `localhost` and its key, in PEM.
    fn localhost(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Puts a certificate for `localhost` and its key into `folder`. Answers the certificate.
    fn write(&self, folder: &Path) -> CertificateDer<'static> {
        let (certificate, key) = self.localhost();
        std::fs::write(folder.join("cert.pem"), &certificate).unwrap();
        std::fs::write(folder.join("key.pem"), key).unwrap();
        rustls::pki_types::pem::PemObject::from_pem_slice(certificate.as_bytes()).unwrap()
    }

    fn store(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        store.add(self.issuer.as_ref().der().clone()).unwrap();
        store
    }

    /// A client that trusts this root, and finds `name` at `address`.
    fn client(&self, name: &str, address: SocketAddr) -> reqwest::ClientBuilder {
        let root = reqwest::Certificate::from_pem(self.pem().as_bytes()).unwrap();
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([root])
            .resolve(name, address)
    }

    /// TLS without HTTP on it.
    async fn connect(
        &self,
        address: SocketAddr,
        protocols: &[&[u8]],
        versions: &[&'static SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut config = ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(self.store())
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// The certificate that a handshake shows.
    async fn shown(&self, address: SocketAddr) -> CertificateDer<'static> {
        let stream = self.connect(address, &[], rustls::ALL_VERSIONS).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    }
}

/// A server in this process over `folder/data`, with the file that is in `folder`, if there is one.
async fn start(folder: &Path, https: HttpsOptions) -> Server {
    let database = database_url(folder).map(|url| ("DATABASE_URL".to_owned(), url));
    let options = ServeOptions {
        https: HttpsOptions { address: "127.0.0.1:0".parse().ok(), ..https },
        config: Some(folder.join("config.toml")).filter(|file| file.exists()),
        variables: Environment::of(database),
        ..ServeOptions::new(folder.join("data"))
    };
    serve::start(options).await.unwrap_or_else(|error| panic!("{error}"))
}

fn https_of(server: &Server) -> SocketAddr {
    server.https_address().unwrap()
}
