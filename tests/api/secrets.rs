//! Secrets at rest, from outside: what the files or rows of a database hold with a key and without,
//! and what a start does with another one.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::harness::{Client, Database, Finished, PASSWORD, Process, QUICK};

const KEY: &str = "FERROBASE_AUTH_KEY";
const PREVIOUS: &str = "FERROBASE_AUTH_PREVIOUS_KEY";

const FIRST: &str = "the first key of thirty-two byte";
const SECOND: &str = "another key, as long as it is to";

/// What superusers set, each of them in one place only.
const SECRETS: [&str; 3] = ["hush-hush-mail", "hush-hush-bucket", "hush-hush-provider"];

const FILE: &str = r#"
[auth]
key          = "${KEY_OF_FILE:-}"
previous_key = "${PREVIOUS_KEY_OF_FILE:-}"

[oauth.github]
client_id     = "client"
client_secret = "${GITHUB_SECRET}"

[collections.users]
type  = "auth"
login = ["password", "github"]
"#;

/// A folder with a superuser, and no config file.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    superuser(folder.path(), "root@example.com");
    folder
}

fn superuser(folder: &Path, email: &str) {
    let made = Process::run(folder, &["superuser", "upsert", email, PASSWORD]);
    assert_eq!(made.code, Some(0), "{made:?}");
}

/// A folder with [`FILE`].
fn folder_with_file() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), FILE).unwrap();
    fs::write(folder.path().join("config.test.toml"), QUICK).unwrap();
    folder
}

async fn root(process: &Process) -> Client {
    process.guest().sign_in("_superusers", "root@example.com", PASSWORD).await
}

/// Sets [`SECRETS`].
async fn set_secrets(root: &Client) {
    let [mail, bucket, provider] = SECRETS;
    let settings = json!({ "smtp": { "host": "mail.example", "password": mail },
        "s3": { "secret": bucket } });
    root.patch("/api/settings", settings).await.expect(200);
    let providers = json!([{ "name": "github", "clientId": "x", "clientSecret": provider }]);
    let oauth2 = json!({ "oauth2": { "enabled": true, "providers": providers } });
    root.patch("/api/collections/users", oauth2).await.expect(200);
}

/// How many of [`SECRETS`] can be read in the database.
fn readable(folder: &Path) -> usize {
    let database = Database::of(folder);
    SECRETS.iter().filter(|secret| database.holds(secret)).count()
}

#[track_caller]
fn refuses(folder: &Path, variables: &[(&str, &str)], words: &[&str]) -> Finished {
    let before = Database::of(folder).digest();
    let finished = Process::run_with(folder, &["serve", "--http", "127.0.0.1:0"], variables);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word:?} is not in:\n{}", finished.stderr);
    }
    assert_eq!(Database::of(folder).digest(), before, "{finished:?}");
    finished
}

#[track_caller]
fn stops(process: Process) -> Finished {
    let finished = process.terminate();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished
}

#[tokio::test]
async fn with_a_key_neither_file_nor_log_holds_a_secret() {
    let folder = folder();
    let process = Process::serve_with(folder.path(), &[(KEY, FIRST)]);
    set_secrets(&root(&process).await).await;
    assert_eq!(readable(folder.path()), 0);
    stops(process);
    assert_eq!(readable(folder.path()), 0);
    let again = Process::serve_with(folder.path(), &[(KEY, FIRST)]);
    let users = root(&again).await.get("/api/collections/users").await.expect(200).json();
    assert_eq!(users["oauth2"]["providers"][0]["name"], "github");
    let said = stops(again).stdout;
    assert!(!said.contains("ncrypted"), "{said}");
}

#[tokio::test]
async fn plain_secrets_are_encrypted_at_the_first_start_with_a_key() {
    let folder = folder();
    let process = Process::serve_with(folder.path(), &[]);
    let session = root(&process).await;
    set_secrets(&session).await;
    assert_eq!(readable(folder.path()), SECRETS.len());
    stops(process);
    assert_eq!(readable(folder.path()), SECRETS.len());

    let process = Process::serve_with(folder.path(), &[(KEY, FIRST)]);
    process.wait_for_output("Encrypted");
    // Whoever takes a copy of the file from here on has none of them, also while the server runs.
    assert_eq!(readable(folder.path()), 0);
    let again = process.guest().with_token(session.token());
    again.get("/api/settings").await.expect(200);
    stops(process);
    assert_eq!(readable(folder.path()), 0);
}

#[tokio::test]
async fn a_key_is_replaced_in_one_start_with_both() {
    let folder = folder();
    let process = Process::serve_with(folder.path(), &[(KEY, FIRST)]);
    let session = root(&process).await;
    set_secrets(&session).await;
    stops(process);

    let process = Process::serve_with(folder.path(), &[(KEY, SECOND), (PREVIOUS, FIRST)]);
    process.wait_for_output("the previous key is not needed any more");
    stops(process);
    assert_eq!(readable(folder.path()), 0);
    refuses(folder.path(), &[(KEY, FIRST)], &[KEY, "Set"]);

    let process = Process::serve_with(folder.path(), &[(KEY, SECOND)]);
    process.guest().with_token(session.token()).get("/api/settings").await.expect(200);
    stops(process);
}

#[tokio::test]
async fn without_the_key_a_start_is_refused_and_changes_nothing() {
    let folder = folder();
    let process = Process::serve_with(folder.path(), &[(KEY, FIRST)]);
    set_secrets(&root(&process).await).await;
    stops(process);
    let plain = &["is encrypted with the key", KEY, "[auth] key", "nothing was changed"];
    refuses(folder.path(), &[], plain);
    refuses(folder.path(), &[(KEY, "")], plain);
    let other = &["is encrypted with the key", PREVIOUS, "nothing was changed"];
    refuses(folder.path(), &[(KEY, SECOND)], other);
    let finished = refuses(folder.path(), &[(KEY, "short")], &[KEY, "32 bytes, not 5"]);
    assert!(!finished.stderr.contains("short"), "{finished:?}");
    refuses(folder.path(), &[(KEY, FIRST), (PREVIOUS, "x")], &[PREVIOUS, "32 bytes, not 1"]);
    stops(Process::serve_with(folder.path(), &[(KEY, FIRST)]));
}

#[tokio::test]
async fn superusers_are_made_without_the_key() {
    let folder = folder();
    let process = Process::serve_with(folder.path(), &[(KEY, FIRST)]);
    set_secrets(&root(&process).await).await;
    stops(process);
    superuser(folder.path(), "second@example.com");
    assert_eq!(readable(folder.path()), 0);
    let process = Process::serve_with(folder.path(), &[(KEY, FIRST)]);
    process.guest().sign_in("_superusers", "second@example.com", PASSWORD).await;
    stops(process);
}

#[tokio::test]
async fn the_key_of_the_file_counts_and_the_plan_has_nothing_to_do() {
    let folder = folder_with_file();
    let serve = |key: &'static str, previous: &'static str| {
        let variables = [
            ("FERROBASE_ENV", "test"),
            ("GITHUB_SECRET", SECRETS[2]),
            ("KEY_OF_FILE", key),
            ("PREVIOUS_KEY_OF_FILE", previous),
        ];
        Process::serve_with(folder.path(), &variables)
    };
    let holds = || Database::of(folder.path()).holds(SECRETS[2]);
    let process = serve(FIRST, "");
    assert!(!holds());
    assert!(stops(process).stdout.contains("users"), "the first start made nothing");
    for (key, previous, words) in
        [(FIRST, "", ""), (SECOND, FIRST, "Encrypted"), (SECOND, "", ""), ("", SECOND, "Decrypted")]
    {
        let process = serve(key, previous);
        let said = stops(process).stdout;
        assert!(said.contains(words) && !said.contains("users"), "{key} {previous}: {said}");
        assert_eq!(holds(), key.is_empty());
    }
}

#[tokio::test]
async fn a_variable_goes_before_the_file() {
    let folder = folder_with_file();
    let file = [("FERROBASE_ENV", "test"), ("GITHUB_SECRET", "x"), ("KEY_OF_FILE", SECOND)];
    stops(Process::serve_with(folder.path(), &[&file[..], &[(KEY, FIRST)]].concat()));
    refuses(folder.path(), &file, &["is encrypted with the key"]);
    stops(Process::serve_with(folder.path(), &[&file[..], &[(KEY, FIRST)]].concat()));
}

#[test]
fn check_warns_of_secrets_without_a_key_outside_of_development() {
    let folder = folder_with_file();
    let check = |more: &[(&str, &str)]| {
        let variables = [&[("GITHUB_SECRET", "x")][..], more].concat();
        let finished = Process::run_with(folder.path(), &["check"], &variables);
        (finished.code, finished.stderr)
    };
    let (code, said) = check(&[]);
    assert_eq!((code, said.matches("not encrypted").count()), (Some(0), 1), "{said}");
    assert!(said.contains("config.toml:3:1") && said.contains(KEY), "{said}");
    for quiet in [[(KEY, FIRST)], [("KEY_OF_FILE", FIRST)], [("FERROBASE_ENV", "dev")]] {
        assert_eq!(check(&quiet), (Some(0), String::new()));
    }
    let (code, said) = check(&[(KEY, "short")]);
    assert!(code == Some(1) && said.contains("32 bytes, not 5"), "{said}");
}
