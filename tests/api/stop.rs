//! Stopping: what is in flight is finished, what is written stays, the exit code is 0.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use tempfile::TempDir;

use serde_json::json;

use super::harness::{Database, Process, QUICK, RUNS_OUT};
use super::only::sqlite_only;

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

#[test]
fn new_connections_are_refused_while_others_are_finished() {
    let folder = folder();
    let server = Process::serve(folder.path(), &[]);
    let mut stream = half_a_create(&server);
    server.signal("TERM");
    server.wait_for_error("Stopping");
    // The line comes a moment before the listener goes. Ends with the process at the latest.
    while TcpStream::connect(server.socket()).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(&BODY.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let finished = server.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn a_request_that_never_ends_is_cut_off_and_changes_nothing() {
    let folder = folder();
    let server = Process::serve(folder.path(), &[]);
    let stream = half_a_create(&server);
    // Ten seconds, which nothing here can shorten: the limit is what is tested.
    let finished = server.terminate();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    drop(stream);
    assert_eq!(Database::of(folder.path()).count("notes"), 0);
}

#[tokio::test]
async fn the_log_of_the_database_is_emptied_into_it() {
    if sqlite_only("a log that is a file beside the database") {
        return;
    }
    let folder = folder();
    let server = Process::serve(folder.path(), &[]);
    server.guest().create("notes", json!({ "text": "in the log first" })).await.expect(200);
    let data = folder.path().join("data");
    assert!(fs::metadata(data.join("data.db-wal")).unwrap().len() > 0);
    assert_eq!(server.terminate().code, Some(0));
    for log in ["data.db-wal", "data.db-shm", "auxiliary.db-wal", "auxiliary.db-shm"] {
        assert!(!data.join(log).exists(), "{log} was left");
    }
    // The file alone is everything.
    let alone = tempfile::tempdir().unwrap();
    fs::create_dir(alone.path().join("data")).unwrap();
    fs::copy(data.join("data.db"), alone.path().join("data/data.db")).unwrap();
    assert_eq!(notes(alone.path()), ["in the log first"]);
}
