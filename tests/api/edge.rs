//! What every request meets: routes, the envelope, headers, CORS, limits and broken HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{Answer, Process, RUNS_OUT, TestApp};

const CONFIG: &str = r#"
[collections.notes]
fields = { text = "text", meta = "json" }
rules  = { read = "public", create = "public" }
"#;

const NOTES: &str = "/api/collections/notes/records";

const SECURITY: [(&str, &str); 4] = [
    ("x-xss-protection", "1; mode=block"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("cross-origin-opener-policy", "same-origin"),
];

async fn start() -> TestApp {
    TestApp::with_config(CONFIG).await
}

async fn send(app: &TestApp, method: &str, path: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    app.guest().send(app.guest().request(method, path)).await
}

#[track_caller]
fn assert_envelope(answer: &Answer, name: &str) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
    let body = answer.json();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["data", "message", "status"], "{name}");
    assert_eq!(body["status"], answer.status, "{name}");
    assert!(body["data"].is_object(), "{name}");
    assert!(answer.text.ends_with('\n'), "{name}");
    for (header, value) in SECURITY {
        assert_eq!(answer.header(header), Some(value), "{name}: {header}");
    }
}

#[actix_web::test]
async fn unknown_routes_and_methods_are_404_in_the_envelope() {
    let app = start().await;
    let before = app.state_digest();
    let cases = [
        ("GET", "/"),
        ("GET", "/api"),
        ("GET", "/api/"),
        ("GET", "/api/nothing"),
        ("GET", "/API/health"),
        ("GET", "/api/health/"),
        ("GET", "//api/health"),
        ("GET", "/api//health"),
        ("PUT", "/api/collections/notes"),
        ("GET", "/api/collections/notes/records/"),
        ("GET", "/api/collections//records"),
        ("GET", "/api/collections/notes/records/a/b"),
        ("POST", "/api/health"),
        ("PUT", NOTES),
        ("PATCH", NOTES),
        ("DELETE", NOTES),
        ("POST", "/api/collections/notes/records/no_such_record1"),
        ("PUT", "/api/collections/notes/records/no_such_record1"),
        ("GET", "/api/collections/_superusers/auth-with-password"),
        ("DELETE", "/api/collections/_superusers/auth-refresh"),
        ("TRACE", "/api/health"),
        ("PROPFIND", "/api/health"),
        ("get", "/api/health"),
        ("POST", "/_/"),
    ];
    for (method, path) in cases {
        let answer = send(&app, method, path).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
        assert_envelope(&answer, &format!("{method} {path}"));
    }
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn head_answers_as_get_does_without_the_body() {
    let app = start().await;
    let made = app.guest().create("notes", json!({ "text": "here" })).await.expect(200).id();
    for path in
        ["/api/health", NOTES, &format!("{NOTES}/{made}"), &format!("{NOTES}/nothing"), "/nothing"]
    {
        let (get, head) = (send(&app, "GET", path).await, send(&app, "HEAD", path).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        for header in ["content-type", "content-length", "vary"] {
            assert_eq!(head.header(header), get.header(header), "{path}: {header}");
        }
    }
}

#[actix_web::test]
async fn every_answer_has_the_security_headers() {
    let app = start().await;
    let missing = format!("{NOTES}/no_such_record1");
    for (method, path, status) in [
        ("GET", "/api/health", 200),
        ("GET", NOTES, 200),
        ("GET", missing.as_str(), 404),
        ("DELETE", missing.as_str(), 403),
        ("GET", "/_/", 200),
        ("GET", "/_/nothing", 404),
    ] {
        let answer = send(&app, method, path).await.expect(status);
        for (header, value) in SECURITY {
            assert_eq!(answer.header(header), Some(value), "{method} {path}: {header}");
        }
        assert!(varies(&answer).contains(&"origin".to_owned()), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
        assert_eq!(answer.header("x-request-id"), None, "{path}");
    }
}

async fn from_origin(app: &TestApp, method: Method, path: &str, origin: &str) -> Answer {
    let request = app.guest().request(method, path).header("Origin", origin);
    app.guest().send(request.header("Access-Control-Request-Headers", "authorization,x-mine")).await
}

fn varies(answer: &Answer) -> Vec<String> {
    let vary = answer.headers.iter().filter(|(name, _)| name == "vary");
    vary.flat_map(|(_, value)| value.split(", ").map(str::to_ascii_lowercase)).collect()
}

#[actix_web::test]
async fn every_origin_may_read_unless_the_config_names_some() {
    let app = start().await;
    for path in ["/api/health", "/nothing", NOTES] {
        let answer = from_origin(&app, Method::GET, path, "https://a.example").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let config = format!("[server]\norigins = [\"https://*.example.com\"]\n{CONFIG}");
    let app = TestApp::with_config(&config).await;
    let allowed = "https://app.example.com";
    let answer = from_origin(&app, Method::GET, "/api/health", allowed).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(allowed));
    assert_eq!(varies(&answer), ["origin"]);
    for origin in ["https://example.com", "https://example.com.evil.com", "null"] {
        for (method, status) in [(Method::GET, 200), (Method::OPTIONS, 204)] {
            let answer = from_origin(&app, method, "/api/health", origin).await.expect(status);
            let cors = |(name, _): &&(String, String)| name.starts_with("access-control-");
            assert_eq!(answer.headers.iter().find(cors), None, "{origin}");
            assert_eq!(varies(&answer), ["origin"]);
        }
    }
}

#[actix_web::test]
async fn scripts_of_other_origins_may_read_why_they_were_refused() {
    let app = start().await;
    let exposed = "access-control-expose-headers";
    let answer = from_origin(&app, Method::GET, "/api/nothing", "https://a.example").await;
    assert_eq!(answer.expect(404).header(exposed), Some("Retry-After, X-Request-Id"));
    let answer = from_origin(&app, Method::GET, "/api/health", "https://a.example").await;
    assert_eq!(answer.expect(200).header(exposed), None);
    assert_eq!(send(&app, "GET", "/api/nothing").await.header(exposed), None);
}

#[test]
fn an_origin_that_could_never_match_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[server]\norigins = [\"https://a.example\", \"https://b.example/\"]\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let finished = Process::run(folder.path(), &["serve", "--http", "127.0.0.1:0"]);
    assert_eq!(finished.code, Some(1));
    for text in ["https://b.example/", "config.toml:2:", "the slash at the end"] {
        assert!(finished.stderr.contains(text), "{text}: {}", finished.stderr);
    }
    std::fs::remove_file(folder.path().join("config.toml")).unwrap();
    let finished = Process::run(
        folder.path(),
        &["serve", "--http", "127.0.0.1:0", "--origins", "https://a.example,b.example"],
    );
    assert_eq!(finished.code, Some(1));
    for text in ["--origins", "b.example", "begins with a scheme"] {
        assert!(finished.stderr.contains(text), "{text}: {}", finished.stderr);
    }
    assert!(!folder.path().join("data").exists());
}

#[actix_web::test]
async fn long_answers_are_packed_for_who_takes_them_so() {
    let app = start().await;
    for _ in 0..40 {
        app.guest().create("notes", json!({ "text": "a text that comes again" })).await.expect(200);
    }
    let get = async |method: Method, path: &str, accepted: Option<&str>| {
        let request = app.guest().request(method, path);
        let request = match accepted {
            Some(accepted) => request.header("Accept-Encoding", accepted),
            None => request,
        };
        request.send().await.unwrap()
    };
    let path = format!("{NOTES}?perPage=40");
    let plain = get(Method::GET, &path, None).await;
    assert_eq!(plain.headers().get("content-encoding"), None);
    let length = plain.content_length().unwrap();
    let vary = |answer: &reqwest::Response| {
        let vary = answer.headers().get_all("vary").iter();
        vary.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(vary(&plain), ["Accept-Encoding", "Origin"]);
    let plain = plain.bytes().await.unwrap();
    assert_eq!(plain.len() as u64, length);
    for coding in ["gzip", "br", "zstd"] {
        let answer = get(Method::GET, &path, Some(coding)).await;
        assert_eq!(answer.headers()["content-encoding"], coding);
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(vary(&answer), ["Accept-Encoding", "Origin"]);
        let said = answer.content_length().unwrap();
        let bytes = answer.bytes().await.unwrap();
        assert_eq!((bytes.len() as u64, bytes.len() * 2 < plain.len()), (said, true), "{coding}");
        let head = get(Method::HEAD, &path, Some(coding)).await;
        assert_eq!(head.headers()["content-encoding"], coding);
        assert_eq!(head.headers()["content-length"], said.to_string());
        assert!(head.bytes().await.unwrap().is_empty());
    }
    for (path, accepted) in [(&*path, "gzip;q=0"), (&*path, "identity"), ("/api/health", "gzip")] {
        let answer = get(Method::GET, path, Some(accepted)).await;
        assert_eq!(answer.headers().get("content-encoding"), None, "{path} {accepted}");
    }
}

#[actix_web::test]
async fn what_is_longer_than_anything_that_means_something_is_refused() {
    let app = start().await;
    let address = |length: usize| format!("GET /api/health?x={} HTTP/1.1", "x".repeat(length));
    let headers = |count: usize| {
        let headers: String = (0..count).map(|number| format!("\r\nX-{number}: x")).collect();
        format!("GET /api/health HTTP/1.1{headers}")
    };
    let large = |length: usize| format!("GET /api/health HTTP/1.1\r\nX: {}", "x".repeat(length));
    for (name, head, status) in [
        ("an address that is long", address(32_000), 200),
        ("an address that is too long", address(33_000), 414),
        ("many headers", headers(90), 200),
        ("too many headers", headers(100), 431),
        ("a large header", large(60_000), 200),
        ("headers that are too large", large(140_000), 431),
    ] {
        let socket = app.address();
        let answer = actix_web::web::block(move || talk(socket, &request(&head))).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        if status == 414 {
            let body: Value =
                serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            assert_eq!(body["status"], 414);
        }
    }
}

#[actix_web::test]
async fn options_always_ends_in_204() {
    let app = start().await;
    for path in ["/", "/api/health", "/nothing", NOTES, "/_/", "/api/collections/x/auth-refresh"] {
        let answer =
            from_origin(&app, Method::OPTIONS, path, "https://a.example").await.expect(204);
        assert_eq!(answer.text, "", "{path}");
        let expected = [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
            ("access-control-allow-headers", "authorization,x-mine"),
            ("access-control-max-age", "600"),
        ];
        for (header, value) in expected {
            assert_eq!(answer.header(header), Some(value), "{path}");
        }
        let vary = ["origin", "access-control-request-method", "access-control-request-headers"];
        assert_eq!(varies(&answer), vary, "{path}");
        for (header, _) in SECURITY {
            assert_eq!(answer.header(header), None, "{path}");
        }
    }
    let answer = send(&app, "OPTIONS", NOTES).await.expect(204);
    assert_eq!(varies(&answer), ["origin"]);
    assert_eq!(answer.header("access-control-allow-methods"), None);
}

#[actix_web::test]
async fn a_failure_of_the_server_has_an_id_and_keeps_its_cause() {
    let app = start().await;
    app.change("ALTER TABLE notes RENAME TO elsewhere");
    let answer = send(&app, "GET", NOTES).await.expect(500);
    assert_envelope(&answer, "500");
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(id.len(), 15, "{id}");
    assert_eq!(answer.at("/data"), json!({}));
    for word in ["SQL", "table", "notes", "elsewhere"] {
        assert!(!answer.text.contains(word), "{}", answer.text);
    }
    let again = send(&app, "GET", NOTES).await.expect(500);
    assert_ne!(again.header("x-request-id"), answer.header("x-request-id"));
    // The server lives, and finds its table again.
    send(&app, "GET", "/api/health").await.expect(200);
    app.change("ALTER TABLE elsewhere RENAME TO notes");
    send(&app, "GET", NOTES).await.expect(200);
}

#[actix_web::test]
async fn texts_leave_safe_for_html() {
    let app = start().await;
    let text = "</script><b a=\"1\">&amp;\u{2028}é😀\u{0001}";
    let answer = app.guest().create("notes", json!({ "text": text })).await.expect(200);
    assert!(!answer.text.contains(['<', '>', '&', '\u{2028}']), "{}", answer.text);
    assert!(answer.text.contains("\\u003c/script\\u003e"), "{}", answer.text);
    assert_eq!(answer.at("/text"), json!(text));
    let answer = app.guest().list("notes", "'<x>' = 1 && <").await.expect(400);
    assert!(!answer.text.contains(['<', '>', '&']), "{}", answer.text);
}

#[actix_web::test]
async fn json_may_nest_up_to_a_limit() {
    let app = start().await;
    let body = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!("{{\"meta\":{open}1{close}}}").into_bytes()
    };
    let post = |body| {
        let guest = app.guest();
        async move { guest.raw("POST", NOTES, "application/json", body).await }
    };
    post(body(127)).await.expect(200);
    let before = app.state_digest();
    for levels in [128, 129, 1_000, 100_000] {
        assert_envelope(&post(body(levels)).await.expect(400), &levels.to_string());
    }
    assert_eq!(app.state_digest(), before);
}

/// What the server says to bytes on a connection of their own, up to the end of its JSON or until it
/// closes the connection.
pub(super) fn talk(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(RUNS_OUT)).unwrap();
    // A server that has read enough may close before everything was sent.
    let _ = stream.write_all(bytes);
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"}\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(head: &str) -> Vec<u8> {
    format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes()
}

#[actix_web::test]
async fn broken_http_is_refused_and_hurts_nobody() {
    let app = start().await;
    let before = app.state_digest();
    let long = "x".repeat(200_000);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no HTTP", b"hello\r\n\r\n".to_vec()),
        ("binary", vec![0, 255, 22, 3, 1, 13, 10, 13, 10]),
        ("no version", b"GET /api/health\r\n\r\n".to_vec()),
        ("a header without a colon", request("GET /api/health HTTP/1.1\r\nno colon")),
        ("a length that is a word", request("POST /api/health HTTP/1.1\r\nContent-Length: many")),
        (
            "two lengths",
            request("POST /api/health HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2"),
        ),
        (
            "length and chunks",
            request("POST /api/health HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"),
        ),
        ("an endless header", request(&format!("GET /api/health HTTP/1.1\r\nX: {long}"))),
        ("an endless path", request(&format!("GET /{long} HTTP/1.1"))),
    ];
    for (name, bytes) in cases {
        let answer = actix_web::web::block({
            let address = app.address();
            move || talk(address, &bytes)
        })
        .await
        .unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{name}: {answer:?}");
        send(&app, "GET", "/api/health").await.expect(200);
    }
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused_by_its_first_word() {
    let app = start().await;
    let length = 64 << 20;
    for path in [NOTES, "/api/collections/_superusers/auth-with-password"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}"
        );
        let address = app.address();
        let answer = actix_web::web::block(move || talk(address, &request(&head))).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer}");
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(body["status"], 413);
    }
    assert_eq!(app.count("notes"), 0);
}

#[actix_web::test]
async fn a_body_that_grows_too_large_is_refused_too() {
    let app = start().await;
    let path = "/api/collections/_superusers/auth-with-password";
    let size: usize = (32 << 20) + 1;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n"
    );
    let mut bytes = head.into_bytes();
    bytes.resize(bytes.len() + size, b' ');
    let address = app.address();
    let answer = actix_web::web::block(move || talk(address, &bytes)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}
