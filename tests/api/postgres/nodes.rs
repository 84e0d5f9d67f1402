//! Realtime and files over several processes of one database.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{Place, QUICK};
use crate::harness::{Events, Process};

const CONFIG: &str = r#"
[collections.counters]
fields = { value = "int" }
rules  = { read = "public", write = "public" }
"#;

const FILES: &str = r#"
[collections.docs]
fields = { file = "file" }
"#;

/// Another folder with the config of `place`.
fn twin(place: &Place) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = "config.toml";
    std::fs::copy(place.folder().join(config), folder.path().join(config)).unwrap();
    folder
}

fn serve(folder: &Path, place: &Place) -> Process {
    Process::serve_with(folder, &[("DATABASE_URL", place.url.as_str())])
}

async fn listen(process: &Process) -> Events {
    let events = Events::connect(&process.guest()).await;
    events.subscribe(&process.guest(), &["counters/*"]).await.expect(204);
    events
}

async fn set(process: &Process, id: &str, value: u32) {
    let path = format!("/api/collections/counters/records/{id}");
    process.guest().patch(&path, json!({ "value": value })).await.expect(200);
}

async fn value_told(events: &mut Events) -> u64 {
    let message = events.next().await.expect("a message");
    message.data["record"]["value"].as_u64().unwrap()
}

#[tokio::test]
async fn changes_of_two_processes_are_told_in_one_order() {
    const RAISES: u64 = 60;
    let Some(place) = Place::with_config(&format!("{CONFIG}\n{QUICK}")) else { return };
    let folder = twin(&place);
    let processes = [serve(place.folder(), &place), serve(folder.path(), &place)];
    let [first, second] = &processes;
    let id = first.guest().create("counters", json!({ "value": 0 })).await.expect(200).id();
    let mut listeners = vec![listen(first).await, listen(second).await];
    let path = format!("/api/collections/counters/records/{id}");
    for number in 0..RAISES {
        let process = &processes[usize::from(number % 2 == 0)];
        process.guest().patch(&path, json!({ "value+": 1 })).await.expect(200);
    }
    for events in &mut listeners {
        let mut told = vec![value_told(events).await];
        while told.last() != Some(&RAISES) {
            told.push(value_told(events).await);
        }
        // What was done before it subscribed may still come.
        told.retain(|value| *value > 0);
        assert_eq!(told, (1..=RAISES).collect::<Vec<_>>());
    }
}

/// What a client is told at `second` after `leave` has ended the process that it was connected to.
async fn goes_on(leave: impl FnOnce(Process)) {
    let Some(place) = Place::with_config(&format!("{CONFIG}\n{QUICK}")) else { return };
    let folder = twin(&place);
    let (first, second) = (serve(place.folder(), &place), serve(folder.path(), &place));
    let id = first.guest().create("counters", json!({ "value": 0 })).await.expect(200).id();
    let mut events = listen(&first).await;
    set(&first, &id, 1).await;
    while value_told(&mut events).await != 1 {}
    leave(first);
    let last = events.id().to_owned();
    events.ended().await;
    set(&second, &id, 2).await;
    set(&second, &id, 3).await;
    let client = second.guest();
    let mut events = Events::reconnect(&client, &last).await;
    events.subscribe(&client, &["counters/*"]).await.expect(204);
    set(&second, &id, 4).await;
    let mut told = vec![value_told(&mut events).await];
    while told.last() != Some(&4) {
        told.push(value_told(&mut events).await);
    }
    // What came just before the end may be told again.
    told.retain(|value| *value > 1);
    assert_eq!(told, [2, 3, 4]);
    // An id that was made up is nobody's.
    for made_up in [format!("{}x", &last[..39]), "z".repeat(40), "z".repeat(41)] {
        let stranger = Events::reconnect(&client, &made_up).await;
        stranger.subscribe(&client, &["counters/*"]).await.expect(204);
    }
}

#[tokio::test]
async fn who_was_connected_to_a_process_that_was_killed_goes_on_at_another() {
    goes_on(|process| assert!(!process.kill().success())).await;
}

#[tokio::test]
async fn who_was_connected_to_a_process_that_has_stopped_goes_on_at_another() {
    goes_on(|process| assert_eq!(process.terminate().code, Some(0))).await;
}

#[tokio::test]
async fn files_in_a_folder_are_for_one_process() {
    let Some(place) = Place::with_config(&format!("{CONFIG}{FILES}\n{QUICK}")) else { return };
    let folder = twin(&place);
    let first = serve(place.folder(), &place);
    let address = [("DATABASE_URL", place.url.as_str())];
    let arguments = ["serve", "--http", "127.0.0.1:0"];
    let refused = Process::run_with(folder.path(), &arguments, &address);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("another process serves this database"), "{}", refused.stderr);
    assert!(refused.stderr.contains("s3"), "{}", refused.stderr);
    first.guest().create("counters", json!({ "value": 1 })).await.expect(200);
    // Whoever comes back to their own folder is not in their own way, nor is one who has left.
    first.kill();
    let first = serve(place.folder(), &place);
    assert_eq!(first.terminate().code, Some(0));
    let second = serve(folder.path(), &place);
    second.guest().create("counters", json!({ "value": 2 })).await.expect(200);
}

#[tokio::test]
async fn without_files_folders_do_not_matter() {
    let Some(place) = Place::with_config(&format!("{CONFIG}\n{QUICK}")) else { return };
    let folder = twin(&place);
    let (first, second) = (serve(place.folder(), &place), serve(folder.path(), &place));
    let made = first.guest().create("counters", json!({ "value": 1 })).await.expect(200);
    let path = format!("/api/collections/counters/records/{}", made.id());
    let read = second.guest().get(&path).await.expect(200);
    assert_eq!(read.json(), made.json());
}
