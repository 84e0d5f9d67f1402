//! What a server that nobody sits in front of is told by variables: its first superuser, and secrets
//! that lie in files.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::engine::is_postgres;
use super::harness::{Database, PASSWORD, Process, QUICK, database_url};

const CONFIG: &str = "[collections.notes]\nfields = { text = \"text\" }\n";

const EMAIL: &str = "FERROBASE_ADMIN_EMAIL";
const SECRET: &str = "FERROBASE_ADMIN_PASSWORD";
const SECRET_FILE: &str = "FERROBASE_ADMIN_PASSWORD_FILE";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), format!("{CONFIG}\n{QUICK}")).unwrap();
    folder
}

fn superusers(folder: &Path) -> Vec<String> {
    Database::of(folder).column("_superusers", "email")
}

/// Starts the server, which must refuse and say each of `words`, and none of `secrets`.
#[track_caller]
fn assert_refuses(folder: &Path, variables: &[(&str, &str)], words: &[&str], secrets: &[&str]) {
    let finished = Process::run_with(folder, &["serve", "--http", "127.0.0.1:0"], variables);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word:?} is not in:\n{}", finished.stderr);
    }
    for secret in secrets {
        assert!(!finished.stderr.contains(secret), "{finished:?}");
    }
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
}

#[actix_web::test]
async fn variables_make_the_first_superuser_and_no_other() {
    let folder = folder();
    let folder = folder.path();
    let server = Process::serve_with(folder, &[(EMAIL, "root@example.com"), (SECRET, PASSWORD)]);
    server.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    let finished = server.terminate();
    assert!(finished.stdout.contains("Created the superuser root@example.com"), "{finished:?}");
    assert!(!finished.stdout.contains("pbinstall"), "{finished:?}");
    assert!(!finished.stdout.contains(PASSWORD) && !finished.stderr.contains(PASSWORD));
    assert_eq!(superusers(folder), ["root@example.com"]);

    // Whoever changed the password since is not overruled by the next start.
    let before = Database::of(folder).digest();
    for (email, password) in [("root@example.com", "another one"), ("two@example.com", "short")] {
        let again = Process::serve_with(folder, &[(EMAIL, email), (SECRET, password)]).terminate();
        assert_eq!(again.code, Some(0), "{again:?}");
        assert!(!again.stdout.contains("superuser"), "{again:?}");
        assert_eq!(Database::of(folder).digest(), before);
    }
}

#[actix_web::test]
async fn variables_take_the_place_of_a_set_up_link() {
    let folder = folder();
    let folder = folder.path();
    assert_eq!(Process::serve(folder, &[]).terminate().code, Some(0));
    assert_eq!(superusers(folder), ["__pbinstaller@example.com"]);
    let named = [(EMAIL, "root@example.com"), (SECRET, PASSWORD)];
    assert_eq!(Process::serve_with(folder, &named).terminate().code, Some(0));
    assert_eq!(superusers(folder), ["root@example.com"]);
}

#[test]
fn a_superuser_named_by_half_stops_the_start() {
    let folder = folder();
    let folder = folder.path();
    let email = [(EMAIL, "root@example.com")];
    assert_refuses(folder, &email, &[EMAIL, SECRET, "is not"], &[]);
    let password = [(EMAIL, ""), (SECRET, "a secret of mine")];
    assert_refuses(folder, &password, &[EMAIL, SECRET, "is not"], &["a secret of mine"]);
    assert!(!folder.join("data").exists(), "a start that was refused made a data folder");
}

#[test]
fn an_account_that_cannot_be_is_not_made() {
    let folder = folder();
    let folder = folder.path();
    let cases = [
        ("root@example.com", "hunter2", "password"),
        ("no address", PASSWORD, "email"),
        ("__pbinstaller@example.com", PASSWORD, "set-up link"),
    ];
    for (email, password, word) in cases {
        let named = [(EMAIL, email), (SECRET, password)];
        assert_refuses(folder, &named, &[EMAIL, word], &[password]);
        assert_eq!(Database::of(folder).count("_superusers"), 0, "{email}");
    }
    let unnamed = Process::serve(folder, &[]).terminate();
    assert!(unnamed.stdout.contains("pbinstall"), "{unnamed:?}");
}

#[actix_web::test]
async fn secrets_can_lie_in_files() {
    let folder = folder();
    let folder = folder.path();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let password = file("password", &format!("{PASSWORD}\n"));
    let token = file("token", "a token of the operator\n");
    let key = file("key", "0123456789abcdef0123456789abcdef\n");
    let mut variables = vec![
        (EMAIL, "root@example.com"),
        (SECRET_FILE, password.as_str()),
        ("FERROBASE_METRICS_TOKEN_FILE", token.as_str()),
        ("FERROBASE_AUTH_KEY_FILE", key.as_str()),
    ];
    let url = database_url(folder).map(|url| file("url", &url));
    if let Some(url) = &url {
        // Empty is as good as not set.
        variables.extend([("DATABASE_URL", ""), ("DATABASE_URL_FILE", url.as_str())]);
    }
    let server = Process::serve_with(folder, &variables);
    server.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    let reader = server.guest().with_token("Bearer a token of the operator");
    reader.get("/metrics").await.expect(200);
    assert_eq!(server.terminate().code, Some(0));
    assert_eq!(folder.join("data/data.db").exists(), !is_postgres());
    assert!(Database::of(folder).holds("ferrobase-sealed:1:"), "the key was not used");
    assert!(!Database::of(folder).holds("0123456789abcdef"), "the key is no content");

    // Commands find them as the server does.
    let command = ["superuser", "upsert", "two@example.com", PASSWORD];
    let done = Process::run_with(folder, &command, &variables);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(superusers(folder), ["root@example.com", "two@example.com"]);
}

#[test]
fn secrets_that_cannot_be_read_stop_every_command() {
    let folder = folder();
    let folder = folder.path();
    let unreadable = [(SECRET_FILE, "/nowhere/password"), (EMAIL, "root@example.com")];
    let words = [SECRET_FILE, "/nowhere/password", "No such file"];
    assert_refuses(folder, &unreadable, &words, &[]);
    let both = [("FERROBASE_AUTH_KEY", "the key itself"), ("FERROBASE_AUTH_KEY_FILE", "/a/file")];
    let words = ["FERROBASE_AUTH_KEY and FERROBASE_AUTH_KEY_FILE are both set", "Unset one"];
    assert_refuses(folder, &both, &words, &["the key itself"]);
    let commands: [&[&str]; 4] = [
        &["superuser", "upsert", "root@example.com", PASSWORD],
        &["backup"],
        &["restore", "some.zip"],
        &["copy", "--to", "postgres://localhost/nothing"],
    ];
    for command in commands {
        let finished = Process::run_with(folder, command, &both);
        assert_eq!(finished.code, Some(1), "{command:?}: {finished:?}");
        assert!(finished.stderr.contains("are both set"), "{command:?}: {finished:?}");
    }
    assert!(!folder.join("data").exists(), "something was made all the same");
}

#[actix_web::test]
async fn whoever_makes_the_first_superuser_can_sign_in_again_after_a_restart() {
    let folder = folder();
    let folder = folder.path();
    let named = [(EMAIL, "root@example.com"), (SECRET, PASSWORD)];
    assert_eq!(Process::serve_with(folder, &named).terminate().code, Some(0));
    let server = Process::serve(folder, &[]);
    let root = server.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    root.create("notes", json!({ "text": "a" })).await.expect(200);
}
