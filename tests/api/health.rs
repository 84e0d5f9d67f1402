//! `ferrobase health`: the exit code tells a container whether its server answers.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::harness::{Finished, Process};

/// Runs `ferrobase health` with these arguments.
fn health(arguments: &[&str]) -> Finished {
    health_with(arguments, &[])
}

fn health_with(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let finished = Process::run_with(folder.path(), &[&["health"], arguments].concat(), variables);
    let left = folder.path().read_dir().unwrap().count();
    assert_eq!(left, 0, "health made files");
    finished
}

#[track_caller]
fn healthy(finished: Finished) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("answered 200"), "{finished:?}");
    assert_eq!(finished.stderr, "");
}

/// Exit code 1 and one sentence on standard error that holds each of `words`.
#[track_caller]
fn unhealthy(finished: Finished, words: &[&str]) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr.trim_end().lines().count(), 1, "{}", finished.stderr);
    for word in words {
        assert!(finished.stderr.contains(word), "{word:?} is not in: {}", finished.stderr);
    }
}

/// Listens on a free port and hands the first connection to `answer`. Answers the address.
fn listen(answer: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || answer(listener.accept().unwrap().0));
    format!("http://{address}")
}

/// A server that reads a request's head, checks its first line, and answers with these bytes.
fn answers(bytes: &'static [u8]) -> String {
    listen(move |stream| {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        assert_eq!(lines.next().as_deref(), Some("GET /api/health HTTP/1.1"));
        assert!(lines.any(|line| line.is_empty()), "the head has no end");
        // What asks may be gone already, having read enough.
        let _ = (&stream).write_all(bytes);
    })
}

/// A port on which nothing listens.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_server_that_answers_is_healthy() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::serve(folder.path(), &[]);
    let socket = server.socket();
    healthy(health(&[&format!("http://{socket}")]));
    healthy(health(&[&format!("http://{socket}/")]));
    healthy(health(&["--http", socket]));
    healthy(health_with(&[], &[("FERROBASE_HTTP", socket)]));
    healthy(health(&["--live", "--http", socket]));
    let (_, port) = socket.split_once(':').unwrap();
    healthy(health(&[&format!("http://localhost:{port}")]));
    healthy(health_with(&[], &[("FERROBASE_HTTP", &format!("0.0.0.0:{port}"))]));
}

#[test]
fn life_is_asked_for_where_that_is_wanted() {
    let url = listen(|stream| {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        assert_eq!(lines.next().as_deref(), Some("GET /api/health?live=true HTTP/1.1"));
        assert!(lines.any(|line| line.is_empty()), "the head has no end");
        let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    });
    healthy(health(&[&url, "--live"]));
}

#[test]
fn the_url_counts_more_than_the_address_in_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::serve(folder.path(), &[]);
    let elsewhere = format!("127.0.0.1:{}", free_port());
    let url = format!("http://{}", server.socket());
    healthy(health_with(&[&url], &[("FERROBASE_HTTP", &elsewhere)]));
}

#[test]
fn a_server_that_has_stopped_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::serve(folder.path(), &[]);
    let url = format!("http://{}", server.socket());
    assert_eq!(server.terminate().code, Some(0));
    unhealthy(health(&[&url]), &[&url, "cannot be reached", "refused"]);
}

#[test]
fn nothing_listens() {
    let port = free_port().to_string();
    unhealthy(
        health(&[&format!("http://127.0.0.1:{port}")]),
        &[&port, "cannot be reached", "refused"],
    );
    unhealthy(health(&["--http", &format!("0.0.0.0:{port}")]), &[&format!("127.0.0.1:{port}")]);
    unhealthy(health(&["--http", &format!("[::]:{port}")]), &[&format!("[::1]:{port}")]);
}

#[test]
fn another_status_is_told() {
    let busy = answers(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    unhealthy(health(&[&busy]), &[&busy, "answered 503 Service Unavailable"]);
    let other = answers(b"HTTP/1.1 404 Not Found\r\n\r\n<p>nothing here</p>");
    unhealthy(health(&[&other]), &[&other, "answered 404 Not Found"]);
    let bare = answers(b"HTTP/1.0 301\r\n\r\n");
    unhealthy(health(&[&bare]), &["answered 301, not 200"]);
}

#[test]
fn a_status_that_only_begins_with_200_is_not_one() {
    unhealthy(health(&[&answers(b"HTTP/1.1 2000 Fine\r\n\r\n")]), &["did not answer in HTTP"]);
}

#[test]
fn what_is_no_http_is_told() {
    unhealthy(health(&[&answers(b"SSH-2.0-OpenSSH_9.2\r\n")]), &["did not answer in HTTP"]);
    unhealthy(health(&[&answers(&[b'x'; 100_000])]), &["did not answer in HTTP"]);
    unhealthy(health(&[&answers(b"")]), &["did not answer in HTTP"]);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    unhealthy(health(&[&url, "--timeout", "0.05"]), &[&url, "did not answer within 0.05 s"]);
    unhealthy(
        health_with(&[&url], &[("FERROBASE_TIMEOUT", "0.05")]),
        &["did not answer within 0.05 s"],
    );
    drop(silent);
}

#[test]
fn an_answer_that_stops_in_its_first_line_is_given_up() {
    let url = listen(|stream| {
        (&stream).write_all(b"HTTP/1.1 20").unwrap();
        // Until the other end is closed.
        let _ = BufReader::new(&stream).lines().map_while(Result::ok).count();
    });
    unhealthy(health(&[&url, "--timeout", "0.2"]), &["did not answer within 0.2 s"]);
}

#[test]
fn what_is_no_address_is_refused() {
    for url in [
        "127.0.0.1:8090",
        "localhost:8090",
        "ftp://localhost",
        "http://",
        "http://localhost:99999",
        "http://me:secret@localhost",
        "http://localhost/?a=b",
        "",
    ] {
        unhealthy(health(&[url]), &["is not the address of a server", "http://127.0.0.1:8090"]);
    }
}

#[test]
fn options_that_are_wrong_exit_with_1() {
    for arguments in [["--timeout", "0"], ["--timeout", "soon"], ["--http", "localhost"]] {
        let finished = health(&arguments);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains(arguments[0]), "{}", finished.stderr);
    }
}
