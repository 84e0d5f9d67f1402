//! What must stop a start: exit code 1, words that help, and a database that was not touched.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::harness::{Database, Process, QUICK};
use super::only::sqlite_only;

const GOOD: &str = r#"
[collections.users]
type = "auth"
fields = { name = "text" }

[collections.notes]
fields = { text = "text!", owner = "-> users" }
rules  = { read = "public", create = "public" }
"#;

/// A folder whose database holds one note, and nothing is running.
async fn folder_with_data() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), GOOD);
    let process = Process::serve(folder.path(), &[]);
    process.guest().create("notes", json!({ "text": "here" })).await.expect(200);
    assert_eq!(process.terminate().code, Some(0));
    folder
}

fn write_config(folder: &Path, config: &str) {
    fs::write(folder.join("config.toml"), format!("{config}\n{QUICK}")).unwrap();
}

fn digest(folder: &Path) -> String {
    Database::of(folder).digest()
}

/// Starts the server, which must refuse and say each of `words` on standard error.
#[track_caller]
fn assert_refuses(folder: &Path, arguments: &[&str], words: &[&str]) -> String {
    let mut all = vec!["serve", "--http", "127.0.0.1:0"];
    all.extend(arguments);
    let finished = Process::run(folder, &all);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word:?} is not in:\n{}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished.stderr
}

#[tokio::test]
async fn a_config_that_is_wrong_changes_nothing() {
    let folder = folder_with_data().await;
    let before = digest(folder.path());
    let cases: [(&str, &[&str]); 9] = [
        ("[collections.notes\n", &["config.toml:1", "^"]),
        ("[collection.notes]\nfields = {}\n", &["config.toml:1", "collection", "collections"]),
        ("[collections.notes]\nfields = { text = \"txt!\" }\n", &["config.toml:2", "txt", "text"]),
        (
            "[collections.notes]\nfields = { text = \"text\" }\nrules = { read = \"txet = 1\" }\n",
            &["config.toml:3", "txet", "text"],
        ),
        (
            "[collections.notes]\nfields = { owner = \"-> user\" }\n[collections.users]\ntype = \"auth\"\n",
            &["config.toml:2", "user", "users"],
        ),
        (
            "[policies]\na = \"$b || $b\"\nb = \"$a || $a\"\n[collections.notes]\nfields = { text = \"text\" }\nrules = { read = \"a\" }\n",
            &["config.toml:2", "a", "b"],
        ),
        (
            "[collections.notes.fields]\ntext = \"text\"\ntext = \"int\"\n",
            &["config.toml:3", "text"],
        ),
        (
            "[collections.notes.fields]\ntext = \"text\"\nText = \"int\"\n",
            &["config.toml:3", "Text"],
        ),
        ("[app]\nname = \"${NOBODY_SET_THIS}\"\n", &["config.toml:2", "NOBODY_SET_THIS"]),
    ];
    for (config, words) in cases {
        write_config(folder.path(), config);
        assert_refuses(folder.path(), &[], words);
        assert_eq!(digest(folder.path()), before, "{config}");
    }
}

#[tokio::test]
async fn all_faults_of_a_config_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "[app]\nnmae = 1\n[collections.a]\nfields = { b = \"blob\" }\n");
    assert_refuses(folder.path(), &[], &["config.toml:2", "config.toml:4", "nmae", "blob"]);
    assert!(!folder.path().join("data").exists(), "a wrong config made a data folder");
}

#[tokio::test]
async fn a_config_that_was_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    assert_refuses(folder.path(), &["--config", "nowhere.toml"], &["nowhere.toml"]);
}

#[tokio::test]
async fn a_new_data_folder_is_for_its_owner_alone() {
    let folder = folder_with_data().await;
    let mode = fs::metadata(folder.path().join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_read_only_database_is_refused() {
    if sqlite_only("a file that may not be written") {
        return;
    }
    let folder = folder_with_data().await;
    let file = Database::file(folder.path());
    let mut bytes = fs::read(&file).unwrap();
    // The write version of the file format: SQLite may read the file and must not write it. The
    // permission alone would not stop a tester who is root.
    bytes[18] = 9;
    fs::write(&file, &bytes).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    assert_refuses(
        folder.path(),
        &[],
        &["cannot be written", file.file_name().unwrap().to_str().unwrap()],
    );
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[tokio::test]
async fn a_database_in_use_names_who_uses_it() {
    let folder = folder_with_data().await;
    let first = Process::serve(folder.path(), &[]);
    let id = first.id().to_string();
    assert_refuses(folder.path(), &[], &["data", &id]);
    first.guest().create("notes", json!({ "text": "still served" })).await.expect(200);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    if sqlite_only("a file that is something else") {
        return;
    }
    let folder = folder_with_data().await;
    let file = Database::file(folder.path());
    let text = "This is a letter, not a database.\n".repeat(200);
    fs::write(&file, &text).unwrap();
    assert_refuses(folder.path(), &[], &["is not a SQLite database"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = folder_with_data().await;
    let future = "INSERT INTO _migrations (name) VALUES ('9999_from_the_future')";
    Database::of(folder.path()).change(future);
    let before = digest(folder.path());
    assert_refuses(folder.path(), &[], &["newer version", "9999_from_the_future"]);
    assert_eq!(digest(folder.path()), before);
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    if sqlite_only("a file that another program made") {
        return;
    }
    let folder = folder_with_data().await;
    let file = Database::file(folder.path());
    fs::remove_file(&file).unwrap();
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)").unwrap();
    drop(connection);
    let bytes = fs::read(&file).unwrap();
    assert_refuses(folder.path(), &[], &["another program"]);
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = folder_with_data().await;
    let before = digest(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let finished = Process::run(folder.path(), &["serve", "--http", &address]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(&address), "{}", finished.stderr);
    assert_eq!(digest(folder.path()), before);
}

#[tokio::test]
async fn bad_usage_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [["serve", "--no-such-option"], ["no-such-command", ""]] {
        let finished = Process::run(folder.path(), &arguments);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(!finished.stderr.is_empty());
    }
    let finished = Process::run(folder.path(), &["serve", "--hooksDir", "hooks"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("--hooksDir"), "{}", finished.stderr);
    assert!(finished.stdout.is_empty(), "{finished:?}");
}
