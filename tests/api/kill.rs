//! `kill -9` while 64 writers write: every answered write is there after the restart.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::harness::{Client, Process};

const ROUNDS: usize = 20;
const WRITERS: usize = 64;

/// Half of the writers create entries, half raise one counter.
const CONFIG: &str = r#"
[database]
durability = "full"

[collections.entries]
fields = { text = "text!" }
rules  = { read = "public", create = "public" }

[collections.counters]
fields = { value = "int" }
rules  = { read = "public", create = "public", update = "public" }
"#;

/// What the writers were told, over all rounds.
#[derive(Default)]
struct Told {
    /// Ids of created entries with their texts.
    entries: HashSet<(String, String)>,
    /// Answered raises of the counter.
    raised: usize,
    /// Raises that were sent, answered or not.
    tried: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answered_write_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), CONFIG).unwrap();
    let counter = first_start(folder.path()).await;
    let mut told = Told::default();
    for round in 0..ROUNDS {
        // Another number of answers each round, so that the kill meets other moments of a commit.
        let answers = 150 + 37 * round;
        write_until_killed(folder.path(), &counter, round, answers, &mut told).await;
        check(folder.path(), &counter, &told).await;
    }
    assert!(told.entries.len() > ROUNDS && told.raised > ROUNDS, "the writers wrote too little");
}

async fn first_start(folder: &Path) -> String {
    let process = Process::serve(folder, &[]);
    let counter = process.guest().create("counters", json!({ "value": 0 })).await.expect(200).id();
    assert_eq!(process.terminate().code, Some(0));
    counter
}

async fn write_until_killed(
    folder: &Path,
    counter: &str,
    round: usize,
    answers: usize,
    told: &mut Told,
) {
    let process = Process::serve(folder, &[]);
    let enough = Arc::new((AtomicUsize::new(answers), Notify::new()));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (client, enough) = (process.guest(), enough.clone());
        if writer % 2 == 0 {
            writers.spawn(create_entries(client, enough, format!("{round}.{writer}")));
        } else {
            writers.spawn(raise(client, enough, counter.to_owned()));
        }
    }
    enough.1.notified().await;
    process.kill();
    while let Some(one) = writers.join_next().await {
        let one = one.unwrap();
        told.entries.extend(one.entries);
        told.raised += one.raised;
        told.tried += one.tried;
    }
}

/// Creates entries until the server is gone, and answers those that were confirmed.
async fn create_entries(client: Client, enough: Arc<(AtomicUsize, Notify)>, name: String) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        let text = format!("{name}.{number}");
        let body = json!({ "text": text });
        let Some(answer) = client.try_post("/api/collections/entries/records", body).await else {
            break;
        };
        told.entries.insert((answer.expect(200).id(), text));
        count_down(&enough);
    }
    told
}

/// Raises the counter until the server is gone.
async fn raise(client: Client, enough: Arc<(AtomicUsize, Notify)>, counter: String) -> Told {
    let path = format!("/api/collections/counters/records/{counter}");
    let mut told = Told::default();
    loop {
        told.tried += 1;
        let Some(answer) = client.try_patch(&path, json!({ "value+": 1 })).await else {
            return told;
        };
        answer.expect(200);
        told.raised += 1;
        count_down(&enough);
    }
}

fn count_down(enough: &(AtomicUsize, Notify)) {
    if enough.0.fetch_sub(1, Ordering::SeqCst) == 1 {
        enough.1.notify_one();
    }
}

async fn check(folder: &Path, counter: &str, told: &Told) {
    let process = Process::serve(folder, &[]);
    let client = process.guest();
    let mut stored = HashSet::new();
    for page in 1.. {
        let path = format!("/api/collections/entries/records?perPage=1000&page={page}");
        let items = client.get(&path).await.expect(200).at("/items");
        let items = items.as_array().unwrap();
        let text = |item: &serde_json::Value, key| item[key].as_str().unwrap().to_owned();
        stored.extend(items.iter().map(|item| (text(item, "id"), text(item, "text"))));
        if items.len() < 1000 {
            break;
        }
    }
    let lost: Vec<_> = told.entries.difference(&stored).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");

    let path = format!("/api/collections/counters/records/{counter}");
    let value = client.get(&path).await.expect(200).at("/value").as_u64().unwrap() as usize;
    assert!(value >= told.raised, "{} raises were answered, {value} are there", told.raised);
    assert!(value <= told.tried, "{} raises were sent, {value} are there", told.tried);
    assert_eq!(process.terminate().code, Some(0));
}
