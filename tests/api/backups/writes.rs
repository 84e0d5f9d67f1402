//! A backup while others write and delete: what was answered before it began is in it, and no record in
//! it misses its file.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tokio::task::JoinSet;

use super::super::files::{peak_memory, variable};
use super::super::harness::{Answer, Client, RUNS_OUT};
use super::{BACKUPS, create, keys, serve, sign_in, titles};

const WRITERS: usize = 6;

/// Creates documents and deletes every third of them until it is told to stop. Titles of those that
/// stay, as far as that was answered.
async fn write(client: Client, name: usize, stop: Arc<AtomicBool>, told: Arc<Told>) {
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let title = format!("{name}.{number}");
        let id = create(&client, &title).await.expect(200).id();
        if number % 3 == 2 {
            let path = format!("/api/collections/docs/records/{id}");
            client.delete(&path).await.expect(204);
        } else {
            told.titles.lock().unwrap().insert(title);
            told.more.notify_waiters();
        }
    }
}

#[derive(Default)]
struct Told {
    titles: std::sync::Mutex<BTreeSet<String>>,
    more: tokio::sync::Notify,
}

impl Told {
    /// Waits until so many were told of, and answers them.
    async fn at_least(&self, count: usize) -> BTreeSet<String> {
        loop {
            let more = self.more.notified();
            let titles = self.titles.lock().unwrap().clone();
            if titles.len() >= count {
                return titles;
            }
            more.await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_is_in_it_and_no_record_misses_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, root) = serve(folder.path()).await;
    let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Told::default()));
    let mut writers = JoinSet::new();
    for name in 0..WRITERS {
        writers.spawn(write(process.guest(), name, Arc::clone(&stop), Arc::clone(&told)));
    }
    let mut before = Vec::new();
    for round in 0..3 {
        before.push(told.at_least(30 * (round + 1)).await);
        let name = json!({ "name": format!("b{round}.zip") });
        root.post(BACKUPS, name).await.expect(204);
    }
    stop.store(true, Ordering::SeqCst);
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    let all = titles(&root).await.len();
    for (round, before) in before.iter().enumerate() {
        let root = sign_in(&process).await;
        root.post(&format!("/api/backups/b{round}.zip/restore"), json!({})).await.expect(204);
        process.started_again();
        // Each is looked at, with its file.
        let restored: BTreeSet<String> = titles(&process.guest()).await.into_iter().collect();
        let lost: Vec<&String> = before.difference(&restored).collect();
        assert!(lost.is_empty(), "answered before backup {round} and not in it: {lost:?}");
        assert!(restored.len() <= all + WRITERS);
    }
    assert_eq!(process.terminate().code, Some(0));
}

/// One file of `BACKUP_MEGABYTES`, and a writer beside the backup of it: 64 unless `make stress` says
/// more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_backup_needs_little_memory_and_holds_up_no_writer() {
    let megabytes: usize = variable("BACKUP_MEGABYTES").map_or(64, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (mut process, root) = serve(folder.path()).await;
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..megabytes.div_ceil(64) {
        upload_noise(&root, 64 << 20, &mut seed).await.expect(200);
    }
    let memory = peak_memory(process.id());
    let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Told::default()));
    let writer = tokio::spawn(write(process.guest(), 0, Arc::clone(&stop), Arc::clone(&told)));
    told.at_least(1).await;
    let known = told.titles.lock().unwrap().len();
    root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(204);
    told.at_least(known + 1).await;
    stop.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    let grown = peak_memory(process.id()).saturating_sub(memory);
    assert!(grown < 48 << 20, "{grown} bytes more than before");
    root.post("/api/backups/b.zip/restore", json!({})).await.expect(204);
    process.started_again();
    let found = process.guest().list("docs", "title = 'large'").await.expect(200);
    assert_eq!(found.at("/totalItems"), megabytes.div_ceil(64));
    assert_eq!(process.terminate().code, Some(0));
}

/// In a data folder on a file system of its own, which `scripts/stress.sh` mounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a small file system: make stress"]
async fn a_full_disk_ends_a_backup_and_nothing_else() {
    let disk = variable("SMALL_DISK").expect("SMALL_DISK names a small file system");
    let data = Path::new(&disk).join("data");
    std::fs::create_dir(&data).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&data, folder.path().join("data")).unwrap();
    let (process, root) = serve(folder.path()).await;
    // Two thirds of the disk, so a second copy has no room.
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let large = upload_noise(&root, 14 << 20, &mut seed).await.expect(200).id();
    create(&root, "small").await.expect(200);
    let refused = root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(400);
    assert!(refused.text.contains("no room left on the disk"), "{}", refused.text);
    assert!(keys(&root).await.is_empty(), "a part of a backup is listed");
    for folder in ["backups", ".scratch"] {
        let left = std::fs::read_dir(data.join(folder)).into_iter().flatten();
        let left = left.map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name != ".lock" && name != ".uploads").collect();
        assert!(left.is_empty(), "the backup left {left:?} in {folder}");
    }
    // The service goes on, and once there is room, so do backups.
    create(&root, "after").await.expect(200);
    root.delete(&format!("/api/collections/docs/records/{large}")).await.expect(204);
    let began = Instant::now();
    loop {
        let answer = root.post(BACKUPS, json!({ "name": "b.zip" })).await;
        if answer.status == 204 {
            break;
        }
        assert!(began.elapsed() < RUNS_OUT, "no room after a delete: {}", answer.text);
    }
    assert_eq!(keys(&root).await, ["b.zip"]);
    assert_eq!(titles(&root).await, ["after", "small"]);
    assert_eq!(process.terminate().code, Some(0));
}

/// Uploads a file of `size` bytes that no packing makes smaller.
async fn upload_noise(root: &Client, size: usize, seed: &mut u64) -> Answer {
    let byte = |_| {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        (*seed >> 32) as u8
    };
    let bytes: Vec<u8> = (0..size).map(byte).collect();
    let file = Part::bytes(bytes).file_name("large.bin");
    let form = Form::new().text("title", "large").part("file", file);
    let request = root.request(Method::POST, "/api/collections/docs/records").multipart(form);
    root.send(request).await
}
