//! A small authority that hands out certificates (RFC 8555), for one client at a time. It really connects
//! back to whoever asks, and signs the key of the request; it does not check who signs what it is sent.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use rcgen::{CertificateParams, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use x509_cert::der::{Decode, Encode};
use x509_cert::request::CertReq;

use super::Root;

/// The ways to prove a name that it offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offers {
    TlsAlpn01,
    Http01,
}

/// The authority, at `https://localhost:PORT/directory`.
pub(super) struct Directory {
    shared: Arc<Shared>,
    /// Who signs both the certificates and the one of the directory itself.
    pub(super) root: Arc<Root>,
}

struct Shared {
    address: SocketAddr,
    offers: Offers,
    /// Days since a certificate's beginning, and until its end.
    days: (i64, i64),
    root: Arc<Root>,
    client: watch::Sender<Option<Client>>,
    state: Mutex<State>,
    issued: watch::Sender<usize>,
}

/// Where the names lead to.
#[derive(Debug, Clone, Copy)]
struct Client {
    http: SocketAddr,
    https: SocketAddr,
}

#[derive(Default)]
struct State {
    nonce: usize,
    accounts: usize,
    thumbprint: String,
    names: Vec<String>,
    /// By name: what came of looking.
    proofs: BTreeMap<String, Result<(), String>>,
    chain: Option<String>,
}

impl Directory {
    pub(super) async fn start(offers: Offers, days: (i64, i64)) -> Self {
        let root = Arc::new(Root::new());
        let (certificate, key) = root.localhost();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            offers,
            days,
            root: Arc::clone(&root),
            client: watch::Sender::new(None),
            state: Mutex::default(),
            issued: watch::Sender::new(0),
        });
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&serving));
                tokio::spawn(async move {
                    let stream = acceptor.accept(stream).await?;
                    serve(BufReader::new(stream), &shared).await
                });
            }
        });
        Self { shared, root }
    }

    pub(super) fn url(&self, path: &str) -> url::Url {
        format!("https://localhost:{}{path}", self.shared.address.port()).parse().unwrap()
    }

    /// From now on names lead there; the authority waits for this before it looks.
    pub(super) fn leads_to(&self, http: SocketAddr, https: SocketAddr) {
        self.shared.client.send_replace(Some(Client { http, https }));
    }

    /// Waits until so many certificates were handed out in all.
    pub(super) async fn issued(&self, wanted: usize) {
        let mut issued = self.shared.issued.subscribe();
        let wait = issued.wait_for(|issued| *issued >= wanted);
        tokio::time::timeout(crate::harness::RUNS_OUT, wait).await.unwrap().unwrap();
    }

    /// How many certificates were handed out, and how many accounts made.
    pub(super) fn counts(&self) -> (usize, usize) {
        (*self.shared.issued.borrow(), self.shared.state.lock().unwrap().accounts)
    }
}

/// Requests of one connection, one after the other.
async fn serve(
    mut stream: BufReader<tokio_rustls::server::TlsStream<TcpStream>>,
    shared: &Shared,
) -> io::Result<()> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap().to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await?;
            if header.trim().is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let (status, location, body) = answer(shared, &path, &body).await;
        let body = if line.starts_with("HEAD ") { String::new() } else { body };
        let nonce = {
            let mut state = shared.state.lock().unwrap();
            state.nonce += 1;
            format!("nonce{}", state.nonce)
        };
        let location = location.map(|path| format!("Location: {}\r\n", shared.url(path)));
        let head = format!(
            "HTTP/1.1 {status} Answer\r\nReplay-Nonce: {nonce}\r\nContent-Length: {}\r\n{}\r\n",
            body.len(),
            location.unwrap_or_default()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        stream.flush().await?;
    }
}

/// Status, path of what was made, body.
async fn answer(shared: &Shared, path: &str, body: &[u8]) -> (u16, Option<&'static str>, String) {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| -> Value {
        let text = BASE64.decode(sent[name].as_str().unwrap_or_default()).unwrap();
        serde_json::from_slice(&text).unwrap_or_default()
    };
    let (status, location, answer) = match path.split_once("/name/") {
        Some((_, name)) => (200, None, shared.authorization(name)),
        None => match path {
            "/directory" => (200, None, shared.directory()),
            "/nonce" => (200, None, Value::Null),
            "/account" => (201, Some("/account/1"), shared.account(&part("protected")["jwk"])),
            "/orders" => (201, Some("/order"), shared.begin(&part("payload"))),
            "/order" => (200, None, shared.order()),
            "/finalize" => (200, None, shared.finalize(&part("payload"))),
            "/certificate" => {
                let chain = shared.state.lock().unwrap().chain.clone();
                return (200, None, chain.unwrap());
            }
            _ => match path.split_once("/look/") {
                Some((_, name)) => (200, None, shared.look(name).await),
                None => (404, None, json!({ "detail": "there is nothing here" })),
            },
        },
    };
    (status, location, answer.to_string())
}

impl Shared {
    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    fn directory(&self) -> Value {
        json!({
            "newNonce": self.url("/nonce"), "newAccount": self.url("/account"),
            "newOrder": self.url("/orders"), "revokeCert": self.url("/revoke"),
            "keyChange": self.url("/key"),
        })
    }

    fn account(&self, key: &Value) -> Value {
        let mut state = self.state.lock().unwrap();
        let canonical = format!(
            r#"{{"crv":{},"kty":{},"x":{},"y":{}}}"#,
            key["crv"], key["kty"], key["x"], key["y"]
        );
        state.thumbprint = BASE64.encode(Sha256::digest(canonical));
        state.accounts += 1;
        json!({ "status": "valid" })
    }

    fn begin(&self, payload: &Value) -> Value {
        let names = payload["identifiers"].as_array().unwrap().iter();
        let names = names.map(|name| name["value"].as_str().unwrap().to_owned()).collect();
        {
            let mut state = self.state.lock().unwrap();
            state.names = names;
            state.proofs.clear();
            state.chain = None;
        }
        self.order()
    }

    fn order(&self) -> Value {
        let state = self.state.lock().unwrap();
        let is_refused = state.proofs.values().any(Result::is_err);
        let status = match state.names.iter().all(|name| state.proofs.contains_key(name)) {
            _ if is_refused => "invalid",
            _ if state.chain.is_some() => "valid",
            true => "ready",
            false => "pending",
        };
        let names = state.names.iter().map(|name| self.url(&format!("/name/{name}")));
        json!({
            "status": status, "authorizations": names.collect::<Vec<_>>(),
            "identifiers": state.names.iter().map(|name| json!({ "type": "dns", "value": name })).collect::<Vec<_>>(),
            "finalize": self.url("/finalize"), "certificate": self.url("/certificate"),
        })
    }

    fn authorization(&self, name: &str) -> Value {
        let state = self.state.lock().unwrap();
        let (status, error) = match state.proofs.get(name) {
            None => ("pending", Value::Null),
            Some(Ok(())) => ("valid", Value::Null),
            Some(Err(reason)) => (
                "invalid",
                json!({ "type": "urn:ietf:params:acme:error:connection", "detail": reason }),
            ),
        };
        let kind = match self.offers {
            Offers::TlsAlpn01 => "tls-alpn-01",
            Offers::Http01 => "http-01",
        };
        let challenge = json!({
            "type": kind, "url": self.url(&format!("/look/{name}")), "token": token(name),
            "status": status, "error": error,
        });
        let identifier = json!({ "type": "dns", "value": name });
        json!({ "status": status, "identifier": identifier, "challenges": [challenge] })
    }

    /// Connects to where the name leads.
    async fn look(&self, name: &str) -> Value {
        let mut client = self.client.subscribe();
        let client = client.wait_for(Option::is_some).await.unwrap().unwrap();
        let answer = format!("{}.{}", token(name), self.state.lock().unwrap().thumbprint);
        let proof = match self.offers {
            Offers::TlsAlpn01 => look_at_certificate(client.https, name, &answer).await,
            Offers::Http01 => look_at_text(client.http, name, &answer).await,
        };
        let proof = proof.map_err(|error| format!("looked at {name} in vain: {error}"));
        self.state.lock().unwrap().proofs.insert(name.to_owned(), proof);
        self.authorization(name)["challenges"][0].clone()
    }

    fn finalize(&self, payload: &Value) -> Value {
        let request = BASE64.decode(payload["csr"].as_str().unwrap()).unwrap();
        let request = CertReq::from_der(&request).unwrap();
        let key = request.info.public_key.subject_public_key.as_bytes().unwrap().to_vec();
        assert!(request.info.attributes.to_der().unwrap().len() > 20, "names are asked for");
        let names = self.state.lock().unwrap().names.clone();
        let mut params = CertificateParams::new(names).unwrap();
        let now = OffsetDateTime::now_utc();
        params.not_before = now - Duration::days(self.days.0);
        params.not_after = now + Duration::days(self.days.1);
        let certificate = params.signed_by(&Key(key), &self.root.issuer).unwrap();
        let chain = format!("{}{}", certificate.pem(), self.root.pem());
        self.state.lock().unwrap().chain = Some(chain);
        self.issued.send_modify(|issued| *issued += 1);
        self.order()
    }
}

fn token(name: &str) -> String {
    format!("token-{}", name.replace('.', "-"))
}

async fn look_at_text(address: SocketAddr, name: &str, answer: &str) -> io::Result<()> {
    let url = format!("http://{name}/.well-known/acme-challenge/{}", token(name));
    let client = reqwest::Client::builder().no_proxy().resolve(name, address).build().unwrap();
    let url = url.replace(&format!("http://{name}"), &format!("http://{name}:{}", address.port()));
    let text = client.get(url).send().await.map_err(io::Error::other)?.text().await;
    match text.map_err(io::Error::other)? {
        text if text == answer => Ok(()),
        text => Err(io::Error::other(format!("it answers {text:?}"))),
    }
}

async fn look_at_certificate(address: SocketAddr, name: &str, answer: &str) -> io::Result<()> {
    let mut config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    let server = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(server, stream).await?;
    let session = stream.get_ref().1;
    assert_eq!(session.alpn_protocol(), Some(&b"acme-tls/1"[..]));
    let certificate = session.peer_certificates().unwrap()[0].clone();
    let digest = Sha256::digest(answer);
    match certificate.windows(digest.len()).any(|bytes| bytes == digest.as_slice()) {
        true => Ok(()),
        false => Err(io::Error::other("another certificate")),
    }
}

/// The key of a request, to be signed.
struct Key(Vec<u8>);

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Takes any certificate: what is in it is looked at later.
#[derive(Debug)]
struct Anything;

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
