//! A certificate of one's own: both protocols over TLS, plain HTTP that leads there, files that change.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use ferrobase::cli::HttpsOptions;
use ferrobase::cli::serve::Server;
use ferrobase::services::superusers;
use h2::client;
use reqwest::{Client, Method, Version};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Root, https_of, start};
use crate::harness::{PASSWORD, Process, RUNS_OUT};

struct Own {
    server: Server,
    root: Root,
    _folder: TempDir,
}

impl Own {
    async fn start() -> Self {
        Self::start_with("").await
    }

    /// One whose file says this, besides.
    async fn start_with(config: &str) -> Self {
        let (folder, root) = (tempfile::tempdir().unwrap(), Root::new());
        root.write(folder.path());
        if !config.is_empty() {
            fs::write(folder.path().join("config.toml"), config).unwrap();
        }
        let path = |name: &str| folder.path().join(name);
        let certificate = Some((path("cert.pem"), path("key.pem")));
        let https = HttpsOptions { certificate, ..HttpsOptions::default() };
        Self { server: start(folder.path(), https).await, root, _folder: folder }
    }

    fn address(&self) -> SocketAddr {
        https_of(&self.server)
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address().port())
    }

    /// One client for each protocol.
    fn clients(&self) -> [(Client, Version); 2] {
        let builder = || self.root.client("localhost", self.address());
        [
            (builder().http1_only().build().unwrap(), Version::HTTP_11),
            (builder().build().unwrap(), Version::HTTP_2),
        ]
    }
}

#[actix_web::test]
async fn both_protocols_answer_alike() {
    let own = Own::start().await;
    for (client, version) in own.clients() {
        let response = client.get(own.url("/api/health")).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        let headers = response.headers().clone();
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(headers.contains_key("date") && headers.contains_key("content-length"));
        assert!(!headers.contains_key("strict-transport-security"), "nobody asked for it");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], 200);

        let head = client.head(own.url("/api/health")).send().await.unwrap();
        assert_eq!(head.headers()["content-length"], headers["content-length"]);
        assert_eq!(head.bytes().await.unwrap().len(), 0);

        let refused = client.get(own.url("/api/collections")).send().await.unwrap();
        assert_eq!((refused.status().as_u16(), refused.version()), (401, version));
        let missing = client.get(own.url("/api/nothing?a=b")).send().await.unwrap();
        assert_eq!(missing.status(), 404);
        let preflight = client
            .request(Method::OPTIONS, own.url("/api/health"))
            .header("Origin", "https://a.example")
            .header("Access-Control-Request-Method", "GET");
        assert_eq!(preflight.send().await.unwrap().status(), 204);
    }
    own.server.stop().await;
}

#[actix_web::test]
async fn bodies_pass_whole_in_both_directions() {
    let own = Own::start().await;
    superusers::create(&own.server.app(), "root@example.com", PASSWORD).await.unwrap();
    for (number, (client, _)) in own.clients().into_iter().enumerate() {
        let signed_in = client
            .post(own.url("/api/collections/_superusers/auth-with-password"))
            .json(&json!({ "identity": "root@example.com", "password": PASSWORD }));
        let signed_in = signed_in.send().await.unwrap().json::<Value>().await.unwrap();
        let token = signed_in["token"].as_str().unwrap();
        // Longer than the windows of HTTP/2, in both directions.
        let text = "\u{e4}b".repeat(700_000);
        let name = format!("notes{number}");
        let made = client.post(own.url("/api/collections")).header("Authorization", token).json(
            &json!({ "name": name, "type": "base", "listRule": "", "createRule": "", "fields":
                [{ "name": "text", "type": "text", "max": 2_000_000 }] }),
        );
        assert_eq!(made.send().await.unwrap().status(), 200);
        let url = own.url(&format!("/api/collections/{name}/records"));
        let made = client.post(&url).json(&json!({ "text": text })).send().await.unwrap();
        assert_eq!(made.status(), 200, "{}", made.text().await.unwrap());
        let listed = client.get(&url).send().await.unwrap().json::<Value>().await.unwrap();
        assert_eq!(listed["items"][0]["text"].as_str(), Some(text.as_str()));

        let refused = client.post(&url).json(&json!({ "text": text.repeat(2) })).send().await;
        assert_eq!(refused.unwrap().status(), 400);
        let none = client.post(&url).body("{").header("Content-Type", "application/json");
        assert_eq!(none.send().await.unwrap().status(), 400);
    }
    own.server.stop().await;
}

#[actix_web::test]
async fn realtime_works_over_both_and_ends_with_the_server() {
    let own = Own::start().await;
    let mut open = Vec::new();
    for (client, version) in own.clients() {
        let mut response = client.get(own.url("/api/realtime")).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        let mut text = String::new();
        while !text.contains("\n\n") {
            let chunk = response.chunk().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        assert!(text.contains("PB_CONNECT"), "{text}");
        open.push(response);
    }
    own.server.stop().await;
    for response in open {
        assert_ends(response).await;
    }
}

/// Nothing more comes, and then the end: the connection was not cut off.
async fn assert_ends(mut response: reqwest::Response) {
    while let Some(chunk) = response.chunk().await.unwrap() {
        assert!(chunk.is_empty(), "{chunk:?}");
    }
}

#[actix_web::test]
async fn one_connection_has_bounds_and_ends_in_order() {
    let own = Own::start().await;
    let stream = own.root.connect(own.address(), &[b"h2"], rustls::ALL_VERSIONS).await.unwrap();
    let (send, connection) = client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut send = send.ready().await.unwrap();
    let get = |path: &str| http::Request::get(format!("https://localhost{path}")).body(()).unwrap();
    let (first, _) = send.send_request(get("/api/health"), true).unwrap();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(send.current_max_send_streams(), 100);

    // No path, so no route: refused for itself, and the connection goes on.
    let connect = http::Request::connect("localhost:443").body(()).unwrap();
    let (refused, _) = send.send_request(connect, true).unwrap();
    assert!(refused.await.unwrap_err().is_reset());
    let mut large = get("/api/health");
    let value = "a".repeat(100_000).parse().unwrap();
    large.headers_mut().insert("x-large", value);
    let (large, _) = send.send_request(large, true).unwrap();
    assert!(large.await.map_or_else(|error| error.is_reset(), |answer| answer.status() == 431));
    let (last, _) = send.send_request(get("/api/health"), true).unwrap();
    assert_eq!(last.await.unwrap().status(), 200);

    // The connection is idle, and open: the server says goodbye. It may be gone when the client says it too.
    own.server.stop().await;
    if let Err(error) = connection.await.unwrap() {
        let kind = error.get_io().map(std::io::Error::kind);
        assert_eq!(kind, Some(std::io::ErrorKind::BrokenPipe), "{error}");
    }
}

#[actix_web::test]
async fn connections_are_counted_over_tls_too() {
    let own = Own::start_with("[server]\nmax_connections = 1\n").await;
    let address = own.address();
    let held = own.root.connect(address, &[b"h2"], rustls::ALL_VERSIONS).await.unwrap();
    let more = own.root.connect(address, &[b"h2"], rustls::ALL_VERSIONS).await;
    assert!(more.is_err(), "there is one already");
    drop(held);
    // The server sees that in its own time.
    let deadline = std::time::Instant::now() + RUNS_OUT;
    let [(client, _), _] = own.clients();
    while client.get(own.url("/api/health")).send().await.is_err() {
        assert!(std::time::Instant::now() < deadline, "there is no room");
    }
    // That one stays open for the next request, and HTTP/1.1 is counted as well.
    client.get(own.url("/api/health")).send().await.unwrap();
    let more = own.root.connect(address, &[b"h2"], rustls::ALL_VERSIONS).await;
    assert!(more.is_err(), "there is one already");
    own.server.stop().await;
}

#[actix_web::test]
async fn who_leaves_a_stream_is_gone() {
    let own = Own::start().await;
    let app = own.server.app();
    let [_, (client, _)] = own.clients();
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut response = client.get(own.url("/api/realtime")).send().await.unwrap();
        response.chunk().await.unwrap().unwrap();
        open.push(response);
    }
    assert_eq!(app.realtime.connections(), 2);
    open.pop();
    // Nothing is sent to the one who left, and the connection stays: the server hears of it by itself.
    let heard = async {
        while app.realtime.connections() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(RUNS_OUT, heard).await.unwrap();
    drop(app);
    own.server.stop().await;
}

#[actix_web::test]
async fn old_versions_of_tls_are_refused() {
    let own = Own::start().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = own.root.connect(own.address(), &[], &[version]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    }
    assert!(own.root.connect(own.address(), &[b"acme-tls/1"], rustls::ALL_VERSIONS).await.is_err());
    // A hello of TLS 1.1 with one cipher suite of its time.
    let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let mut stream = TcpStream::connect(own.address()).unwrap();
    stream.set_read_timeout(Some(RUNS_OUT)).unwrap();
    stream.write_all(&hello).unwrap();
    let mut answer = [0; 1];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x15], "an alert");
    own.server.stop().await;
}

#[actix_web::test]
async fn plain_http_leads_to_https_but_for_who_asks_for_life() {
    let own = Own::start().await;
    let (plain, port) = (own.server.address(), own.address().port());
    let client = own.root.client("localhost", plain).build().unwrap();
    let url = |path: &str| format!("http://localhost:{}{path}", plain.port());
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let asked = client.request(method, url("/api/collections/a/records?filter=b%20c"));
        let answer = asked.body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 308);
        let location = format!("https://localhost:{port}/api/collections/a/records?filter=b%20c");
        assert_eq!(answer.headers()["location"], location);
        assert!(!answer.headers().contains_key("strict-transport-security"));
    }
    assert_eq!(client.get(url("/api/health")).send().await.unwrap().status(), 200);
    assert_eq!(client.get(url("/api/health?live=true")).send().await.unwrap().status(), 200);
    let challenge = client.get(url("/.well-known/acme-challenge/x")).send().await.unwrap();
    assert_eq!(challenge.status(), 404, "none is under way");
    own.server.stop().await;
}

/// A server as a process, on the certificate of `folder`.
fn process(folder: &Path) -> (Process, SocketAddr, SocketAddr) {
    let files = ["--certificate", "cert.pem", "--certificate-key", "key.pem"];
    let process = Process::serve(folder, &[&["--https", "127.0.0.1:0"], &files[..]].concat());
    let said = process.wait_for_output("leads there");
    let http = said.split("http://").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let https = process.socket().parse().unwrap();
    (process, https, http)
}

#[actix_web::test]
async fn a_certificate_that_changes_is_shown_without_an_end_to_connections() {
    let (folder, root) = (tempfile::tempdir().unwrap(), Root::new());
    let first = root.write(folder.path());
    let (process, https, http) = process(folder.path());
    let client = root.client("localhost", https).build().unwrap();
    let url = format!("https://localhost:{}/api/health", https.port());
    let mut open = client.get(url.replace("health", "realtime")).send().await.unwrap();
    open.chunk().await.unwrap().unwrap();
    assert_eq!(root.shown(https).await, first);

    // Put in place of the other as those do who renew: each file at once.
    let elsewhere = tempfile::tempdir_in(folder.path()).unwrap();
    let second = root.write(elsewhere.path());
    for name in ["key.pem", "cert.pem"] {
        fs::rename(elsewhere.path().join(name), folder.path().join(name)).unwrap();
    }
    process.signal("HUP");
    process.wait_for_output("the new certificate is shown");
    assert_eq!(root.shown(https).await, second);

    fs::write(folder.path().join("cert.pem"), "").unwrap();
    process.signal("HUP");
    let said = process.wait_for_error("the old one stays");
    assert!(said.contains("cert.pem holds no certificate"), "{said}");
    assert_eq!(root.shown(https).await, second);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    assert_eq!(reqwest::get(format!("http://{http}/api/health")).await.unwrap().status(), 200);

    let healthy = Process::run(folder.path(), &["health", "--http", &http.to_string()]);
    assert_eq!(healthy.code, Some(0), "{healthy:?}");
    let unknown = Process::run(folder.path(), &["health", &url]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.stderr.contains("certificate"), "{unknown:?}");

    let stopped = process.terminate();
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    // It was there all the time.
    assert_ends(open).await;
}

#[test]
fn a_start_says_what_is_wrong_with_a_certificate() {
    let (folder, root) = (tempfile::tempdir().unwrap(), Root::new());
    root.write(folder.path());
    fs::write(folder.path().join("other.pem"), root.localhost().1).unwrap();
    let refusal = |arguments: &[&str]| {
        let all = ["serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"];
        let finished = Process::run(folder.path(), &[&all[..], arguments].concat());
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(!folder.path().join("data").exists(), "something was written");
        finished.stderr
    };
    let files = |certificate: &str, key: &str| {
        refusal(&["--certificate", certificate, "--certificate-key", key])
    };
    let assert_words = |text: String, words: &[&str]| {
        for word in words {
            assert!(text.contains(word), "{word:?} is not in:\n{text}");
        }
    };
    assert_words(files("nowhere.pem", "key.pem"), &["nowhere.pem", "No such file"]);
    assert_words(files("cert.pem", "other.pem"), &["other.pem is not the key of", "cert.pem"]);
    assert_words(files("cert.pem", "cert.pem"), &["cert.pem holds no private key"]);
    assert_words(refusal(&[]), &["HTTPS on 127.0.0.1:0 needs a certificate", "domains"]);
    assert_words(refusal(&["--certificate", "cert.pem"]), &["--certificate-key"]);
    assert_words(refusal(&["*.a.example"]), &["list each name by itself"]);
    assert_words(
        refusal(&["a.example", "--certificate", "cert.pem", "--certificate-key", "key.pem"]),
        &["cannot be used with"],
    );
    assert_words(
        refusal(&["a.example", "--acme-directory", "http://a.example"]),
        &["letsencrypt-staging"],
    );
}
