//! The first start: its link, the page behind it, and the collections that are there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{codes, records, refresh, sign_in, sign_up};
use crate::harness::{Client, Database, PASSWORD, Process, QUICK, TestApp};

const NOTES: &str = "[collections.notes]\nfields = { text = \"text\" }\n";

async fn is_superuser(client: &Client) -> bool {
    client.get("/api/health").await.expect(200).at("/data") != json!({})
}

#[actix_web::test]
async fn the_link_makes_one_superuser_and_is_gone() {
    let app = TestApp::without_config().await;
    let installer = app.guest().with_token(app.set_up_token().unwrap());
    assert!(is_superuser(&installer).await);
    let same = refresh(&installer, "_superusers").await.expect(200);
    assert_eq!(same.at("/token"), json!(installer.token()), "it cannot be prolonged");

    let before = app.state_digest();
    let mut weak = sign_up("root@example.com");
    weak["password"] = json!("short");
    let answer = installer.create("_superusers", weak).await.expect(400);
    assert_eq!(codes(&answer), "passwordConfirm:values_mismatch");
    assert_eq!(app.state_digest(), before);

    let root = installer.create("_superusers", sign_up("root@example.com")).await.expect(200);
    assert_eq!(root.at("/verified"), json!(true));
    assert_eq!(app.database().column("_superusers", "email"), ["root@example.com"]);
    assert!(!is_superuser(&installer).await);
    refresh(&installer, "_superusers").await.expect(401);
    installer.create("_superusers", sign_up("second@example.com")).await.expect(403);
    assert_eq!(app.count("_superusers"), 1);
    sign_in(&app.guest(), "_superusers", "root@example.com", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn the_link_works_for_half_an_hour() {
    let app = TestApp::without_config().await;
    let installer = app.guest().with_token(app.set_up_token().unwrap());
    app.advance(Duration::from_secs(30 * 60 - 1));
    assert!(is_superuser(&installer).await);
    app.advance(Duration::from_secs(1));
    assert!(!is_superuser(&installer).await);
    installer.create("_superusers", sign_up("root@example.com")).await.expect(403);
    assert_eq!(app.database().column("_superusers", "email"), ["__pbinstaller@example.com"]);
}

/// Starts the server, stops it, and answers the token of the link it printed.
fn link_of_a_start(folder: &Path) -> Option<String> {
    let finished = Process::serve(folder, &[]).terminate();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let link = finished.stdout.lines().find(|line| line.contains("/_/#/pbinstall/"))?;
    Some(link.split("pbinstall/").nth(1).unwrap().to_owned())
}

#[actix_web::test]
async fn every_start_prints_a_link_until_there_is_a_superuser() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("config.toml"), format!("{NOTES}\n{QUICK}")).unwrap();
    let first = link_of_a_start(folder).unwrap();
    assert!(link_of_a_start(folder).is_some());

    let server = Process::serve(folder, &[]);
    let said = server.wait_for_output("superuser upsert");
    assert!(said.contains("no superuser yet"), "{said}");
    let installer = server.guest().with_token(first);
    installer.create("_superusers", sign_up("root@example.com")).await.expect(200);
    assert_eq!(server.terminate().code, Some(0));

    assert_eq!(link_of_a_start(folder), None);
    assert_eq!(Database::of(folder).column("_superusers", "email"), ["root@example.com"]);
}

#[actix_web::test]
async fn a_superuser_made_before_the_first_start_is_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run(folder, &upsert).code, Some(0));
    let server = Process::serve(folder, &[]);
    // Without a config file users are there all the same, and are the contract's.
    let guest = server.guest();
    assert_eq!(guest.get(&records("users")).await.expect(200).at("/totalItems"), json!(0));
    let made = guest.create("users", sign_up("ann@example.com")).await.expect(200);
    assert_eq!(made.at("/collectionId"), json!("_pb_users_auth_"));
    let finished = server.terminate();
    assert!(!finished.stdout.contains("pbinstall"), "{finished:?}");
}

#[actix_web::test]
async fn what_collections_there_are_is_decided_by_the_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let config = folder.join("config.toml");
    fs::write(&config, format!("{NOTES}\n{QUICK}")).unwrap();
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run(folder, &upsert).code, Some(0));
    assert_eq!(Process::serve(folder, &[]).terminate().code, Some(0));
    fs::remove_file(&config).unwrap();
    let server = Process::serve(folder, &[]);
    server.guest().get(&records("users")).await.expect(404);
    server.guest().get(&records("notes")).await.expect(403);
}
