//! `ferrobase superuser`, beside a running server and without one.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{record, records, refresh, sign_in, sign_up};
use crate::harness::{Client, Database, Finished, PASSWORD, Process, QUICK};
use crate::only::sqlite_only;

const CONFIG: &str = r#"
[collections.users]
type  = "auth"
rules = { read = "public", create = "public" }
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), format!("{CONFIG}\n{QUICK}")).unwrap();
    folder
}

fn superuser(folder: &Path, arguments: &[&str]) -> Finished {
    Process::run(folder, &[&["superuser"], arguments].concat())
}

#[track_caller]
fn succeeds(finished: Finished, words: &str) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(said.contains(words), "{words:?} is not in: {said}");
}

#[track_caller]
fn fails(finished: Finished, words: &str) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(words), "{words:?} is not in: {}", finished.stderr);
    assert_eq!(finished.stdout, "");
}

fn addresses(folder: &Path) -> Vec<String> {
    let mut addresses = Database::of(folder).column("_superusers", "email");
    addresses.sort();
    addresses
}

#[actix_web::test]
async fn who_locked_themselves_out_comes_in_by_the_command() {
    let folder = folder();
    let folder = folder.path();
    succeeds(superuser(folder, &["create", "a@example.com", PASSWORD]), "Created");
    succeeds(superuser(folder, &["ips", "10.0.0.0/8", "::1"]), "from 10.0.0.0/8, ::1 only");
    fails(superuser(folder, &["ips", "10.0.0.0/8", "everywhere"]), "superuserIPs");
    let server = Process::serve(folder, &[]);
    let path = "/api/collections/_superusers/auth-with-password";
    let known = json!({ "identity": "a@example.com", "password": PASSWORD });
    server.guest().post(path, known.clone()).await.expect(403);
    succeeds(superuser(folder, &["ips"]), "from everywhere");
    // A running server notices within a second.
    while server.guest().post(path, known.clone()).await.status == 403 {}
    server.guest().post(path, known).await.expect(200);
    assert_eq!(server.terminate().code, Some(0));
}

#[actix_web::test]
async fn accounts_are_made_changed_and_deleted_without_a_server() {
    let folder = folder();
    let folder = folder.path();
    succeeds(superuser(folder, &["upsert", "a@example.com", PASSWORD]), "Created");
    succeeds(
        superuser(folder, &["upsert", "a@example.com", "another password"]),
        "Set the password",
    );
    succeeds(superuser(folder, &["create", "b@example.com", PASSWORD]), "Created");
    succeeds(superuser(folder, &["update", "b@example.com", "third password"]), "Set the password");
    assert_eq!(addresses(folder), ["a@example.com", "b@example.com"]);
    let verified = Database::of(folder).column("_superusers", "verified");
    assert_eq!(verified, ["1", "1"]);

    let server = Process::serve(folder, &[]);
    let guest = server.guest();
    sign_in(&guest, "_superusers", "a@example.com", PASSWORD).await.expect(400);
    sign_in(&guest, "_superusers", "a@example.com", "another password").await.expect(200);
    sign_in(&guest, "_superusers", "b@example.com", "third password").await.expect(200);
    assert_eq!(server.terminate().code, Some(0));

    succeeds(superuser(folder, &["delete", "b@example.com"]), "Deleted");
    assert_eq!(addresses(folder), ["a@example.com"]);
}

#[actix_web::test]
async fn what_cannot_be_done_exits_with_1_and_changes_nothing() {
    let folder = folder();
    let folder = folder.path();
    succeeds(superuser(folder, &["create", "a@example.com", PASSWORD]), "Created");
    let digest = || Database::of(folder).digest();
    let before = digest();
    let long = "x".repeat(72);
    let cases: [(&[&str], &str); 11] = [
        (&["create", "a@example.com", PASSWORD], "email"),
        (&["create", "no address", PASSWORD], "email"),
        (&["upsert", "", PASSWORD], "email"),
        (&["upsert", "b@example.com", "short"], "password"),
        (&["upsert", "b@example.com", &long], "password"),
        (&["update", "a@example.com", "short"], "password"),
        (&["update", "nobody@example.com", PASSWORD], "There is no superuser nobody@example.com"),
        (&["delete", "a@example.com"], "last superuser"),
        (&["upsert"], "EMAIL"),
        (&["promote", "a@example.com"], "promote"),
        (&["create", "b@example.com", PASSWORD, "--no-such-option"], "--no-such-option"),
    ];
    for (arguments, words) in cases {
        fails(superuser(folder, arguments), words);
        assert_eq!(digest(), before, "{arguments:?}");
    }
    succeeds(superuser(folder, &["delete", "nobody@example.com"]), "There is no superuser");
    assert_eq!(digest(), before);
}

#[test]
fn only_who_adds_a_superuser_makes_a_database() {
    if sqlite_only("on a server a folder holds no database") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["update", "a@example.com", PASSWORD][..],
        &["delete", "a@example.com"],
        &["otp", "a@example.com"],
    ] {
        let mistyped = [arguments, &["--dir", "dta"]].concat();
        fails(superuser(folder.path(), &mistyped), "There is no database in dta");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    succeeds(superuser(folder.path(), &["create", "a@example.com", PASSWORD]), "Created");
}

/// The value behind `name:` in what a command printed.
#[track_caller]
fn printed(finished: &Finished, name: &str) -> String {
    let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned());
    finished.stdout.lines().find_map(value).unwrap_or_else(|| panic!("{finished:?}"))
}

#[actix_web::test]
async fn a_one_time_code_is_the_second_factor_where_superusers_may_use_codes() {
    let folder = folder();
    let folder = folder.path();
    succeeds(superuser(folder, &["create", "a@example.com", PASSWORD]), "Created");
    let digest = || Database::of(folder).digest();
    let before = digest();
    // A code that nobody takes is not made: it says what to do instead.
    fails(superuser(folder, &["otp", "a@example.com"]), "superuser update a@example.com");
    fails(superuser(folder, &["otp", "nobody@example.com"]), "There is no superuser");
    fails(superuser(folder, &["otp"]), "EMAIL");
    assert_eq!(digest(), before);

    let server = Process::serve(folder, &["--locked=false"]);
    let root = server.guest().sign_in("_superusers", "a@example.com", PASSWORD).await;
    let open = json!({ "otp": { "enabled": true, "duration": 300, "length": 9 } });
    root.patch("/api/collections/_superusers", open).await.expect(200);
    let made = superuser(folder, &["otp", "a@example.com"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stderr.contains("300 seconds"), "{}", made.stderr);
    let (id, code) = (printed(&made, "otpId"), printed(&made, "code"));
    assert!(code.len() == 9 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");

    let path = "/api/collections/_superusers/auth-with-otp";
    let enter = async |code: &str, factor: &Value| {
        let body = json!({ "otpId": id, "password": code, "mfaId": factor });
        server.guest().post(path, body).await
    };
    // Where superusers use codes they need the password too.
    assert!(made.stderr.contains("mfaId"), "{}", made.stderr);
    let first = sign_in(&server.guest(), "_superusers", "a@example.com", PASSWORD).await;
    let factor = first.expect(401).at("/mfaId");
    enter("000", &factor).await.expect(400);
    let answer = enter(&code, &factor).await.expect(200);
    assert_eq!(answer.at("/record/email"), json!("a@example.com"));
    enter(&code, &factor).await.expect(400);
    assert_eq!(server.terminate().code, Some(0));
    assert_eq!(Database::of(folder).count("_otps"), 0);
}

#[actix_web::test]
async fn a_password_may_come_from_standard_input() {
    let folder = folder();
    let folder = folder.path();
    let upsert = ["superuser", "upsert", "a@example.com"];
    for input in ["from stdin 1\n", "from stdin 1\r\n", "from stdin 1"] {
        assert_eq!(Process::run_with_input(folder, &upsert, input).code, Some(0));
    }
    fails(Process::run_with_input(folder, &upsert, ""), "password");
    fails(Process::run_with_input(folder, &upsert, "\n"), "password");
    let server = Process::serve(folder, &[]);
    sign_in(&server.guest(), "_superusers", "a@example.com", "from stdin 1").await.expect(200);
}

#[actix_web::test]
async fn a_config_that_is_broken_keeps_nobody_out() {
    let folder = folder();
    succeeds(superuser(folder.path(), &["upsert", "a@example.com", PASSWORD]), "Created");
    fs::write(folder.path().join("config.toml"), "[collections.").unwrap();
    succeeds(superuser(folder.path(), &["upsert", "b@example.com", PASSWORD]), "Created");
}

#[actix_web::test]
async fn a_config_that_is_broken_may_name_another_database() {
    if sqlite_only("DATABASE_URL names the database whatever the file says") {
        return;
    }
    let folder = folder();
    fs::write(folder.path().join("config.toml"), "[collections.").unwrap();
    let refused = superuser(folder.path(), &["upsert", "a@example.com", PASSWORD]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("config.toml"), "{}", refused.stderr);
    assert!(!folder.path().join("data/data.db").exists());
}

/// Until the server has written something it may take a second to notice; whoever writes sees the
/// change at once.
async fn write_something(guest: &Client, email: &str) {
    guest.create("users", sign_up(email)).await.expect(200);
}

#[actix_web::test]
async fn a_running_server_takes_part() {
    let folder = folder();
    let folder = folder.path();
    let server = Process::serve(folder, &[]);
    let guest = server.guest();
    let said = server.wait_for_output("pbinstall/");
    let installer = guest.with_token(said.split("pbinstall/").nth(1).unwrap().trim());
    installer.get(&records("_superusers")).await.expect(200);

    succeeds(superuser(folder, &["create", "a@example.com", PASSWORD]), "Created");
    write_something(&guest, "1@example.com").await;
    installer.get(&records("_superusers")).await.expect(403);
    assert_eq!(addresses(folder), ["a@example.com"]);
    let root = guest.sign_in("_superusers", "a@example.com", PASSWORD).await;
    root.get(&records("_superusers")).await.expect(200);

    succeeds(
        superuser(folder, &["update", "a@example.com", "another password"]),
        "Set the password",
    );
    write_something(&guest, "2@example.com").await;
    refresh(&root, "_superusers").await.expect(401);
    root.get(&records("_superusers")).await.expect(403);
    let root = guest.sign_in("_superusers", "a@example.com", "another password").await;

    succeeds(superuser(folder, &["create", "b@example.com", PASSWORD]), "Created");
    refresh(&root, "_superusers").await.expect(200);
    succeeds(superuser(folder, &["delete", "a@example.com"]), "Deleted");
    write_something(&guest, "3@example.com").await;
    refresh(&root, "_superusers").await.expect(401);
    let other = guest.sign_in("_superusers", "b@example.com", PASSWORD).await;
    fails(superuser(folder, &["delete", "b@example.com"]), "last superuser");
    let refused = other.delete(&record("_superusers", other.id())).await.expect(400);
    assert_eq!(refused.at("/data"), json!({}));
    assert_eq!(server.terminate().code, Some(0));
    assert_eq!(addresses(folder), ["b@example.com"]);
}
