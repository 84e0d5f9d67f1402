//! `ferrobase dev`: the file is watched, safe changes are applied as it is saved, everything else
//! leaves the server as it was and says why.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::harness::{PASSWORD, Process, QUICK};

const NOTES: &str = "/api/collections/notes/records";

fn write_config(folder: &Path, fields: &str) {
    let rules = "rules = { read = \"public\", create = \"public\" }";
    let config = format!("[collections.notes]\n{rules}\nfields = {{ {fields} }}\n{QUICK}");
    fs::write(folder.join("config.toml"), config).unwrap();
}

#[tokio::test]
async fn a_safe_change_is_applied_as_the_file_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\"");
    let process = Process::dev(folder.path(), &[]);
    let guest = process.guest();
    let note = guest.create("notes", json!({ "text": "a", "rank": 3 })).await.expect(200);
    assert_eq!(note.json().get("rank"), None);

    write_config(folder.path(), "text = \"text!\", rank = \"int\"");
    assert!(process.wait_for_output("Applied.").contains("rank"));
    let note = guest.create("notes", json!({ "text": "b", "rank": 3 })).await.expect(200);
    assert_eq!(note.at("/rank"), json!(3));
    assert_eq!(guest.get(NOTES).await.at("/items/0/rank"), json!(0));
}

#[tokio::test]
async fn a_save_right_after_the_start_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\"");
    let process = Process::dev(folder.path(), &[]);
    write_config(folder.path(), "text = \"text!\", rank = \"int\"");
    assert!(process.wait_for_output("Applied.").contains("rank"));
}

#[tokio::test]
async fn limits_act_as_the_file_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\"");
    let process = Process::dev(folder.path(), &[]);
    let guest = process.guest();
    guest.get(NOTES).await.expect(200);
    let path = folder.path().join("config.toml");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{config}\n[limits]\n\"notes:list\" = \"1/day\"\n")).unwrap();
    process.wait_for_output("changed");
    guest.get(NOTES).await.expect(200);
    guest.get(NOTES).await.expect(429);
}

#[tokio::test]
async fn a_database_that_is_left_alone_is_not_said_to_be_as_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\"");
    let process = Process::dev(folder.path(), &[]);
    write_config(folder.path(), "text = \"text!\", rank = \"int\"");
    process.wait_for_output("Applied.");
    write_config(folder.path(), "text = \"text!\"");
    let config = fs::read_to_string(folder.path().join("config.toml")).unwrap();
    fs::write(folder.path().join("config.toml"), format!("on_boot = \"off\"\n{config}")).unwrap();
    assert!(!process.wait_for_output("on_boot = \"off\"").contains("as it says"));
}

#[tokio::test]
async fn a_broken_file_leaves_the_old_one_serving() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\"");
    let made = Process::run(folder.path(), &["superuser", "upsert", "root@example.com", PASSWORD]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let process = Process::dev(folder.path(), &[]);
    let guest = process.guest();
    guest.create("notes", json!({ "text": "a" })).await.expect(200);

    write_config(folder.path(), "text = \"txt!\"");
    assert!(process.wait_for_error("1 error").contains("did you mean `text`"));
    guest.create("notes", json!({ "text": "b" })).await.expect(200);
    assert_eq!(guest.get(NOTES).await.at("/totalItems"), json!(2));
    let root = guest.sign_in("_superusers", "root@example.com", PASSWORD).await;
    let report = root.get("/api/config").await.expect(200);
    assert_eq!(report.at("/problem/kind"), json!("invalid"));
    assert!(report.at("/problem/text").as_str().unwrap().contains("did you mean `text`"));
    assert_eq!(report.at("/collections/notes/fields"), json!({ "text": "text!" }));

    write_config(folder.path(), "text = \"text!\", mended = \"bool\"");
    process.wait_for_output("Applied.");
    assert_eq!(guest.get(NOTES).await.at("/items/1/mended"), json!(false));
    let report = root.get("/api/config").await.expect(200);
    assert_eq!(report.at("/problem"), json!(null));
    assert_eq!(report.at("/collections/notes/fields/mended"), json!("bool"));

    write_config(folder.path(), "text = \"text!\"");
    process.wait_for_output("parked");
    let report = root.get("/api/config").await.expect(200);
    assert_eq!(report.at("/parked"), json!({ "collections": [], "fields": ["notes.mended"] }));
}

#[tokio::test]
async fn a_change_that_rows_do_not_meet_is_told_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\"");
    let process = Process::dev(folder.path(), &[]);
    let guest = process.guest();
    for _ in 0..2 {
        guest.create("notes", json!({ "text": "twice" })).await.expect(200);
    }
    write_config(folder.path(), "text = \"text! unique\"");
    assert!(process.wait_for_error("1 blocked").contains("text"));
    guest.create("notes", json!({ "text": "twice" })).await.expect(200);
    assert_eq!(guest.get(NOTES).await.at("/totalItems"), json!(3));
}

#[tokio::test]
async fn a_field_that_left_the_file_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\", rank = \"int\"");
    let process = Process::dev(folder.path(), &[]);
    let guest = process.guest();
    guest.create("notes", json!({ "text": "a", "rank": 3 })).await.expect(200);

    write_config(folder.path(), "text = \"text!\"");
    process.wait_for_output("Applied.");
    assert_eq!(guest.get(NOTES).await.at("/items/0").get("rank"), None);

    write_config(folder.path(), "text = \"text!\", rank = \"int\"");
    process.wait_for_output("Applied.");
    assert_eq!(guest.get(NOTES).await.at("/items/0/rank"), json!(3));
}

#[tokio::test]
async fn reset_starts_from_an_empty_database() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "text = \"text!\"");
    let process = Process::dev(folder.path(), &[]);
    process.guest().create("notes", json!({ "text": "a" })).await.expect(200);
    assert_eq!(process.terminate().code, Some(0));

    let process = Process::dev(folder.path(), &["--reset"]);
    assert_eq!(process.guest().get(NOTES).await.at("/totalItems"), json!(0));
}
