//! The log of the database, shipped to a folder or a bucket and restored to a moment.

mod kill;
mod place;

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::harness::{Client, Finished, PASSWORD, Process, RUNS_OUT, done, refused};

const CONFIG: &str = r#"
[auth]
argon2 = { memory = "8kB", passes = 1, lanes = 1 }

[collections.notes]
fields = { text = "text" }
rules  = { read = "public", write = "public" }
"#;

const TO_FOLDER: &str = "\n[backups.replica]\nfolder = \"replica\"\n";

/// The text of notes that are only there to be shipped.
const MARK: &str = "~";

/// A server on another data folder that ships nothing.
fn serve_plain(folder: &Path, dir: &str) -> Process {
    Process::serve(folder, &["--dir", dir, "--config", "plain.toml"])
}

/// A folder with a config whose replica is at `place`.
fn prepare(folder: &Path, place: &str) {
    fs::write(folder.join("config.toml"), format!("{CONFIG}{place}")).unwrap();
    fs::write(folder.join("plain.toml"), CONFIG).unwrap();
    fs::create_dir_all(folder.join("replica")).unwrap();
}

async fn write(client: &Client, text: &str) -> String {
    let answer = client.create("notes", json!({ "text": text })).await.expect(200);
    answer.at("/created").as_str().unwrap().to_owned()
}

/// The texts of all notes but marks, in order.
async fn texts(client: &Client) -> Vec<String> {
    let path = "/api/collections/notes/records?sort=text&perPage=1000&skipTotal=true&page=";
    let mut texts = Vec::new();
    for page in 1.. {
        let items = client.get(&format!("{path}{page}")).await.expect(200).at("/items");
        let items = items.as_array().unwrap().clone();
        texts.extend(items.iter().map(|item| item["text"].as_str().unwrap().to_owned()));
        if items.len() < 1000 {
            break;
        }
    }
    texts.retain(|text| text != MARK);
    texts
}

/// Waits until `is_so`.
async fn until<T>(mut is_so: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = is_so() {
            return found;
        }
        assert!(began.elapsed() < RUNS_OUT, "it never was so");
        tokio::task::yield_now().await;
    }
}

/// The files of a kind in a replica: their numbers and times, in order, of all generations.
fn files(replica: &Path, kind: &str) -> Vec<(u64, i64)> {
    let mut found = Vec::new();
    for generation in generations(replica) {
        let folder = replica.join("generations").join(generation).join(kind);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let (number, rest) = name.split_once('-').unwrap();
            let time = rest.split_once('.').unwrap().0;
            found.push((number.parse().unwrap(), time.parse().unwrap()));
        }
    }
    found.sort_unstable_by_key(|(number, time)| (*time, *number));
    found
}

fn generations(replica: &Path) -> Vec<String> {
    let entries = fs::read_dir(replica.join("generations")).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits until a segment has everything that was answered; when that was, in milliseconds.
async fn shipped(client: &Client, replica: &Path) -> i64 {
    write(client, MARK).await;
    // Made after the first one was answered, so a segment as young as this one has the first.
    let created = millis(&write(client, MARK).await);
    until(|| {
        files(replica, "segments").last().map(|(_, time)| *time).filter(|time| *time >= created)
    })
    .await
}

fn millis(text: &str) -> i64 {
    ferrobase::domain::time::Timestamp::parse(text).unwrap().millis()
}

/// Waits for a snapshot.
async fn snapshot(replica: &Path) {
    until(|| (!files(replica, "snapshots").is_empty()).then_some(())).await;
}

/// A moment as the command line takes it.
fn moment(millis: i64) -> String {
    ferrobase::domain::time::Timestamp::from_millis(millis).to_rfc3339()
}

fn restore(folder: &Path, arguments: &[&str]) -> Finished {
    Process::run(folder, &[&["restore"], arguments].concat())
}

fn make_superuser(folder: &Path) {
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    done(&Process::run(folder, &upsert), "");
}
