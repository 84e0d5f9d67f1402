//! What went wrong, in the logs and on standard error.

use std::path::Path;

use serde_json::{Value, json};

use super::super::harness::{Database, PASSWORD, Process};
use super::{CONFIG, NOTES, find};

/// Loses the table of notes, asks for it, and answers the id of the request that failed.
fn fail(server: &Process, folder: &Path) -> (String, Vec<Value>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    Database::of(folder).change("ALTER TABLE notes RENAME TO elsewhere");
    runtime.block_on(async {
        let answer = server.guest().get(NOTES).await.expect(500);
        let root = server.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
        let items = find(&root, "level = 8").await.expect(200).at("/items");
        let id = answer.header("x-request-id").unwrap().to_owned();
        (id, items.as_array().unwrap().clone())
    })
}

fn with_notes(folder: &Path) {
    std::fs::write(folder.join("config.toml"), CONFIG).unwrap();
    let made = ["superuser", "create", "root@example.com", PASSWORD];
    assert_eq!(Process::run(folder, &made).code, Some(0));
}

#[test]
fn a_failure_is_found_by_the_id_that_its_answer_names() {
    let folder = tempfile::tempdir().unwrap();
    with_notes(folder.path());
    let server = Process::serve(folder.path(), &[]);
    let (id, items) = fail(&server, folder.path());
    let line = server.wait_for_error(&id);
    assert!(line.contains("ERROR"), "{line}");
    let own = items.iter().find(|item| item["data"]["request_id"] == id.as_str()).unwrap();
    assert_eq!(own["message"], format!("GET {NOTES}"));
    assert_eq!(own["data"]["type"], "server");
    assert!(own["data"]["cause"].as_str().unwrap().contains("notes"), "{own}");
    let request = items.iter().find(|item| item["data"]["type"] == "request").unwrap();
    assert_eq!(request["data"]["status"], 500);
    assert!(request["data"]["details"].as_str().unwrap().contains("notes"), "{request}");
}

#[test]
fn lines_for_programs_are_json_with_the_id_of_the_request() {
    for (arguments, variables) in [
        (&["--log-format", "json"][..], &[][..]),
        (&[][..], &[("FERROBASE_LOG_FORMAT", "json")][..]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        with_notes(folder.path());
        let server = match variables {
            [] => Process::serve(folder.path(), arguments),
            variables => Process::serve_with(folder.path(), variables),
        };
        let (id, _) = fail(&server, folder.path());
        let mut said = server.wait_for_error(&id);
        said.push_str(&server.terminate().stderr);
        let lines: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let failed = lines.iter().find(|line| line["request_id"] == id.as_str()).unwrap();
        assert_eq!((&failed["level"], &failed["status"]), (&json!("ERROR"), &json!(500)));
        assert!(failed["timestamp"].is_string());
        let last = lines.last().unwrap()["message"].as_str().unwrap();
        assert!(last.starts_with("Stopping"), "{last}");
    }
}

#[test]
fn a_format_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let finished = Process::run(folder.path(), &["serve", "--log-format", "xml"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("xml") && finished.stderr.contains("json"), "{finished:?}");
}
