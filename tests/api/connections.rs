//! Connections that hold the server up: slow ones, idle ones, and too many of them.
//!
//! How long it takes until one is cut off is the server's business. A test waits for the end of the
//! connection and for nothing else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::harness::{Events, Process, RUNS_OUT, TestApp};

const NOTES: &str = "/api/collections/notes/records";

const HEALTH: &[u8] = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server that is in a hurry.
async fn start(limits: &str) -> TestApp {
    let config = format!(
        "[server]\n{limits}\n[collections.notes]\nfields = {{ text = \"text\" }}\n\
         rules = {{ read = \"public\", create = \"public\" }}\n"
    );
    TestApp::with_config(&config).await
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(RUNS_OUT)).unwrap();
    stream
}

/// Everything up to the end of the connection; a reset is an end, and a wait that runs out is none.
fn to_the_end(stream: &mut TcpStream) -> String {
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => said.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the connection does not end: {error}"),
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Asks for something on a connection and reads the answer, which ends with the object of its JSON.
fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"}\n") {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Runs what waits for a socket where it holds up nobody.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    actix_web::web::block(work).await.unwrap()
}

/// A connection on which one request was answered and the next one never ends.
fn stall(address: SocketAddr) -> String {
    let mut stream = connect(address);
    assert!(ask(&mut stream, HEALTH).starts_with("HTTP/1.1 200"));
    stream.write_all(b"GET /api/hea").unwrap();
    to_the_end(&mut stream)
}

#[actix_web::test]
async fn a_head_that_does_not_end_is_cut_off() {
    let app = start("head_timeout = \"1s\"\nkeep_alive = \"1s\"").await;
    let address = app.address();
    let answer = aside(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET /api/health HTTP/1.1\r\nHost: local").unwrap();
        to_the_end(&mut stream)
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(
        aside(move || to_the_end(&mut connect(address))).await.split(' ').nth(1),
        Some("408")
    );
    // The second request of a connection is as well.
    assert_eq!(aside(move || stall(address)).await, "");
    // So is a connection on which nothing comes any more.
    let silent = aside(move || {
        let mut stream = connect(address);
        ask(&mut stream, HEALTH);
        to_the_end(&mut stream)
    })
    .await;
    assert_eq!(silent, "");
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_cut_off() {
    let app = start("body_timeout = \"1s\"\nhead_timeout = \"1s\"\nkeep_alive = \"1s\"").await;
    let address = app.address();
    for (framing, begun) in [
        ("Content-Length: 100", "{\"text\":"),
        ("Content-Length: 100", ""),
        ("Transfer-Encoding: chunked", "8\r\n{\"text\":\r\n"),
    ] {
        let request = format!(
            "POST {NOTES} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Connection: close\r\n{framing}\r\n\r\n{begun}"
        );
        let answer = aside(move || {
            let mut stream = connect(address);
            stream.write_all(request.as_bytes()).unwrap();
            to_the_end(&mut stream)
        })
        .await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{framing}: {answer}");
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(body["message"], "The request body did not arrive in time.");
    }
    assert_eq!(app.count("notes"), 0);
}

#[actix_web::test]
async fn a_realtime_connection_is_not_cut_off() {
    let app = start("head_timeout = \"1s\"\nkeep_alive = \"1s\"\nbody_timeout = \"1s\"").await;
    let mut events = Events::connect(&app.guest()).await;
    events.subscribe(&app.guest(), &["notes/*"]).await.expect(204);
    // Two connections were too slow meanwhile, one after the other.
    let address = app.address();
    for _ in 0..2 {
        assert_eq!(aside(move || stall(address)).await, "");
    }
    app.guest().create("notes", json!({ "text": "still here" })).await.expect(200);
    let message = events.next().await.expect("a message");
    assert_eq!(message.data["record"]["text"], "still here");
}

#[actix_web::test]
async fn there_may_be_so_many_connections_and_no_more() {
    let app = start("max_connections = 2").await;
    let address = app.address();
    let (first, second) = aside(move || {
        let mut streams = [connect(address), connect(address)];
        for stream in &mut streams {
            assert!(ask(stream, HEALTH).starts_with("HTTP/1.1 200"));
        }
        let [first, second] = streams;
        (first, second)
    })
    .await;
    let refused = aside(move || {
        let mut stream = connect(address);
        stream.write_all(HEALTH).unwrap();
        to_the_end(&mut stream)
    })
    .await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("x-content-type-options: nosniff\r\n"), "{refused}");
    // One that says nothing does not stay either, and those that were there before do.
    assert_eq!(aside(move || to_the_end(&mut connect(address))).await, "");
    drop(second);
    aside(move || wait_for_room(address)).await;
    let mut first = first;
    assert!(aside(move || ask(&mut first, HEALTH)).await.starts_with("HTTP/1.1 200"));
}

/// Comes back until there is room.
fn wait_for_room(address: SocketAddr) {
    let request = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let deadline = std::time::Instant::now() + RUNS_OUT;
    while std::time::Instant::now() < deadline {
        let mut stream = connect(address);
        // Far too many are cut off without an answer.
        let _ = stream.write_all(request);
        if to_the_end(&mut stream).starts_with("HTTP/1.1 200") {
            return;
        }
    }
    panic!("there is no room");
}

#[actix_web::test]
async fn one_address_may_have_so_many_of_them() {
    let app = start("max_connections_per_address = 1").await;
    let address = app.address();
    let _held = aside(move || {
        let mut stream = connect(address);
        assert!(ask(&mut stream, HEALTH).starts_with("HTTP/1.1 200"));
        stream
    })
    .await;
    app.guest().get("/api/health").await.expect(503);
    app.guest().at_address("127.0.0.2").get("/api/health").await.expect(200);
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("large.bin")).unwrap();
    file.set_len(64 << 20).unwrap();
    let app = start(&format!(
        "write_timeout = \"1s\"\nmax_connections = 1\npublic = {:?}",
        folder.path()
    ))
    .await;
    let address = app.address();
    let deaf = aside(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        // It has begun to be answered.
        stream.read_exact(&mut [0; 12]).unwrap();
        stream
    })
    .await;
    aside(move || wait_for_room(address)).await;
    drop(deaf);
}

#[test]
fn limits_that_are_none_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[server]\nhead_timeout = \"0s\"\nkeep_alive = 5\nmax_connections = 0\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let finished = Process::run(folder.path(), &["check"]);
    assert_eq!(finished.code, Some(1));
    for line in ["config.toml:2:", "config.toml:3:", "config.toml:4:"] {
        assert!(finished.stderr.contains(line), "{line}: {}", finished.stderr);
    }
}
