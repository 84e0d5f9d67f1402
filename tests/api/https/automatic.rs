//! Certificates that an authority hands out: obtained, kept, renewed, and what happens when there is none.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ferrobase::cli::HttpsOptions;
use ferrobase::cli::serve::Server;
use ferrobase::domain::host_name::HostName;
use tempfile::TempDir;

use super::directory::{Directory, Offers};
use super::{https_of, start};
use crate::harness::{Process, RUNS_OUT};

const DOMAINS: [&str; 2] = ["a.example", "www.a.example"];

fn options(directory: &Directory, folder: &TempDir) -> HttpsOptions {
    let root = folder.path().join("root.pem");
    fs::write(&root, directory.root.pem()).unwrap();
    HttpsOptions {
        domains: DOMAINS.map(|name| HostName::parse(name).unwrap()).into(),
        email: Some("me@example.com".to_owned()),
        directory: Some(directory.url("/directory")),
        root: Some(root),
        ..HttpsOptions::default()
    }
}

/// A server that the names of the authority lead to.
async fn serve(directory: &Directory, folder: &TempDir) -> Server {
    let server = start(folder.path(), options(directory, folder)).await;
    directory.leads_to(server.address(), https_of(&server));
    server
}

/// Asks until there is a certificate, which follows at once on the authority's part of it.
async fn answered(directory: &Directory, server: &Server, name: &str) -> reqwest::Response {
    let client = directory.root.client(name, https_of(server)).build().unwrap();
    let url = format!("https://{name}:{}/api/health", https_of(server).port());
    let asked = async {
        loop {
            if let Ok(response) = client.get(&url).send().await {
                return response;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(RUNS_OUT, asked).await.unwrap()
}

async fn gets_and_keeps(offers: Offers) {
    let (directory, folder) =
        (Directory::start(offers, (1, 89)).await, tempfile::tempdir().unwrap());
    let server = serve(&directory, &folder).await;
    for name in DOMAINS {
        let response = answered(&directory, &server, name).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
    }
    assert_eq!(directory.counts(), (1, 1));
    // Another name is not answered for, whatever is shown.
    let other = directory.root.client("b.example", https_of(&server)).build().unwrap();
    let url = format!("https://b.example:{}/", https_of(&server).port());
    assert!(other.get(url).send().await.is_err());
    // Nor is a host that a client makes up led to.
    let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let url = format!("http://{}/x", server.address());
    let led = plain.build().unwrap().get(url).header("Host", "evil.example").send().await.unwrap();
    let location = format!("https://a.example:{}/x", https_of(&server).port());
    assert_eq!(led.headers()["location"], location);
    server.stop().await;

    let server = serve(&directory, &folder).await;
    assert_eq!(answered(&directory, &server, "a.example").await.status(), 200);
    server.stop().await;
    assert_eq!(directory.counts(), (1, 1), "what was kept is shown, and none is asked for");
    assert_private(&folder.path().join("data/certificates"));
}

#[actix_web::test]
async fn a_certificate_is_proved_by_tls_and_kept() {
    gets_and_keeps(Offers::TlsAlpn01).await;
}

#[actix_web::test]
async fn a_certificate_is_proved_by_http_and_kept() {
    gets_and_keeps(Offers::Http01).await;
}

/// All below is for its owner alone, and some of it is there.
#[track_caller]
fn assert_private(folder: &Path) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_private(&path);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[actix_web::test]
async fn a_certificate_near_its_end_is_renewed_while_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::start(Offers::TlsAlpn01, (61, 29)).await;
    let server = serve(&directory, &folder).await;
    assert_eq!(answered(&directory, &server, "a.example").await.status(), 200);
    server.stop().await;
    assert_eq!(directory.counts(), (1, 1), "however near its end, it is new");
    // It is past two thirds of its time already, so the next start renews it.
    let server = serve(&directory, &folder).await;
    assert_eq!(answered(&directory, &server, "a.example").await.status(), 200);
    directory.issued(2).await;
    server.stop().await;
    assert_eq!(directory.counts(), (2, 1), "the account is kept");
}

/// The arguments of a process that asks `directory`.
fn arguments(directory: &Directory, path: &str) -> Vec<String> {
    let url = directory.url(path).to_string();
    let all = [
        "a.example",
        "--https",
        "127.0.0.1:0",
        "--acme-root",
        "root.pem",
        "--acme-directory",
        &url,
    ];
    all.map(str::to_owned).into()
}

fn process(directory: &Directory, folder: &TempDir, path: &str) -> Process {
    fs::write(folder.path().join("root.pem"), directory.root.pem()).unwrap();
    let arguments = arguments(directory, path);
    Process::serve(folder.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The address of plain HTTP.
fn plain(process: &Process) -> String {
    let said = process.wait_for_output("leads there");
    said.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_elsewhere_is_told_and_the_server_stays() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::start(Offers::TlsAlpn01, (1, 89)).await;
    let process = process(&directory, &folder, "/directory");
    let plain = plain(&process);
    // Where nothing listens any more.
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    directory.leads_to(elsewhere, elsewhere);
    let said = process.wait_for_error("cannot get a certificate");
    for word in ["a.example was not found to lead here", "in vain", "refused", "next_try"] {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    let health = reqwest::get(format!("http://{plain}/api/health")).await.unwrap();
    assert_eq!(health.status(), 200);
    let finished = process.terminate();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(directory.counts(), (0, 1));
    // Failures are written down, so that restarts do not lead to more of them than an authority bears.
    let kept = walk(&folder.path().join("data/certificates"));
    assert!(kept.iter().any(|path| path.ends_with(".failures.json")), "{kept:?}");
}

fn walk(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => walk(&path),
            false => vec![path.display().to_string()],
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_none_is_told_and_the_server_stays() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::start(Offers::TlsAlpn01, (1, 89)).await;
    let process = process(&directory, &folder, "/elsewhere");
    let plain = plain(&process);
    let said = process.wait_for_error("cannot get a certificate");
    for word in ["cannot have an account at", "/elsewhere", "does not speak ACME"] {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    let health = reqwest::get(format!("http://{plain}/api/health")).await.unwrap();
    assert_eq!(health.status(), 200);
    let finished = process.terminate();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_not_trusted_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::start(Offers::TlsAlpn01, (1, 89)).await;
    let process = process(&directory, &folder, "/directory");
    plain(&process);
    directory.leads_to(process.socket().parse().unwrap(), process.socket().parse().unwrap());
    directory.issued(1).await;
    drop(process);
    fs::remove_dir_all(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("root.pem"), super::Root::new().pem()).unwrap();
    let arguments = arguments(&directory, "/directory");
    let process =
        Process::serve(folder.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let said = process.wait_for_error("cannot get a certificate");
    for word in ["cannot have an account at", "invalid peer certificate"] {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn a_root_that_is_none_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("root.pem"), "none").unwrap();
    let arguments = ["a.example", "--acme-root", "root.pem", "--https", "127.0.0.1:0"];
    let all = [&["serve", "--http", "127.0.0.1:0"], &arguments[..]].concat();
    let finished = Process::run(folder.path(), &all);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stderr.contains("cannot read a root certificate from root.pem"),
        "{finished:?}"
    );
}
