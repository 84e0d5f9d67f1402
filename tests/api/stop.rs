//! Stopping: what is in flight is finished, what is written stays, the exit code is 0.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use tempfile::TempDir;

use super::harness::{Database, Process, QUICK, RUNS_OUT};

const CONFIG: &str = r#"
[collections.notes]
fields = { text = "text!" }
rules  = { read = "public", create = "public" }
"#;

const BODY: &str = r#"{"text":"sent while the server was stopping"}"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), format!("{CONFIG}\n{QUICK}")).unwrap();
    folder
}

fn notes(folder: &Path) -> Vec<String> {
    Database::of(folder).column("notes", "text")
}

/// A connection on which half of a create has been sent.
fn half_a_create(server: &Process) -> TcpStream {
    let mut stream = TcpStream::connect(server.socket()).unwrap();
    stream.set_read_timeout(Some(RUNS_OUT)).unwrap();
    let head = format!(
        "POST /api/collections/notes/records HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        BODY.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body, so the request is being answered from now on.
    let mut buffer = [0; 25];
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&BODY.as_bytes()[..10]).unwrap();
    stream
}

fn stops_by(signal: &str) {
    let folder = folder();
    let server = Process::serve(folder.path(), &[]);
    let mut stream = half_a_create(&server);
    server.signal(signal);
    server.wait_for_error("Stopping");
    stream.write_all(&BODY.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let finished = server.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(notes(folder.path()), ["sent while the server was stopping"]);
}

#[test]
fn sigterm_finishes_what_is_in_flight() {
    stops_by("TERM");
}

#[test]
fn ctrl_c_does_the_same() {
    stops_by("INT");
}

#[tokio::test]
async fn connections_that_are_idle_do_not_keep_the_server() {
    let folder = folder();
    let server = Process::serve(folder.path(), &[]);
    let guest = server.guest();
    guest.get("/api/health").await.expect(200);
    let silent = TcpStream::connect(server.socket()).unwrap();
    let finished = server.terminate();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    drop((guest, silent));
}
