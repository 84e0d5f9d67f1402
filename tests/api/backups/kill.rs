//! `kill -9` during backups and restores: there is never half an archive or half of any data.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::super::engine::is_postgres;
use super::super::harness::{Client, Process, RUNS_OUT};
use super::{BACKUPS, create, keys, serve, sign_in, titles};

const ROUNDS: usize = 6;

/// Waits until `is_so`, as long as `process` answers for it.
async fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < RUNS_OUT, "it never was so");
        tokio::task::yield_now().await;
    }
}

fn has(folder: &Path, prefix: &str) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
}

/// Documents of which a file takes a while to pack.
async fn fill(client: &Client, count: usize) {
    for number in 0..count {
        create(client, &format!("doc {number:03}")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (process, root) = serve(folder.path()).await;
    fill(&root, 40).await;
    let data = folder.path().join("data");
    let mut process = Some(process);
    for round in 0..ROUNDS {
        let running = process.take().unwrap();
        let root = sign_in(&running).await;
        let name = json!({ "name": format!("b{round}.zip") });
        let asked = tokio::spawn(async move { root.try_post(BACKUPS, name).await });
        // As early as possible, or a little later each time.
        let stage = round % 3;
        until(|| match stage {
            0 => has(&data.join(".scratch"), ".tmp"),
            1 => has(&data.join("backups"), ".part-"),
            _ => has(&data.join("backups"), "b"),
        })
        .await;
        running.kill();
        let answered = asked.await.unwrap().is_some_and(|answer| answer.status == 204);
        let again = Process::serve(folder.path(), &[]);
        let root = sign_in(&again).await;
        let whole = keys(&root).await;
        assert!(!answered || whole.contains(&format!("b{round}.zip")), "answered and lost");
        for key in whole {
            let bytes = super::download(&root, &key).await;
            assert_eq!(super::contents(&bytes).len(), 41, "{key}");
        }
        assert!(!has(&data.join("backups"), ".part-"));
        assert_eq!(fs::read_dir(data.join(".scratch")).unwrap().count(), 0);
        root.post(BACKUPS, json!({})).await.expect(204);
        process = Some(again);
    }
    assert_eq!(process.unwrap().terminate().code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_killed_leaves_the_old_data_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let (process, root) = serve(folder.path()).await;
    fill(&root, 20).await;
    root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(204);
    create(&root, "later").await.expect(200);
    let data = folder.path().join("data");
    let mut process = Some(process);
    let mut seen = [false, false];
    for round in 0..ROUNDS {
        let running = process.take().unwrap();
        let root = sign_in(&running).await;
        let before = titles(&root).await.len();
        let asked =
            tokio::spawn(
                async move { root.try_post("/api/backups/b.zip/restore", json!({})).await },
            );
        match round % 3 {
            // What is restored on PostgreSQL is a transaction, which shows nowhere.
            1 if !is_postgres() => until(|| has(&data, ".restore")).await,
            0 | 1 => until(|| has(&data.join(".scratch"), ".tmp") || has(&data, ".restore")).await,
            _ => drop(running.wait_for_error("Starting again")),
        }
        running.kill();
        asked.await.unwrap();
        let again = Process::serve(folder.path(), &[]);
        let after = titles(&again.guest()).await.len();
        assert!(after == before || after == 20, "{before} before, {after} after");
        seen[usize::from(after == 20)] = true;
        assert!(!has(&data, ".restore"));
        assert_eq!(fs::read_dir(data.join(".scratch")).unwrap().count(), 0);
        if after == 20 {
            create(&sign_in(&again).await, "later").await.expect(200);
        }
        process = Some(again);
    }
    assert!(seen[1], "no restore came to its end");
    assert_eq!(process.unwrap().terminate().code, Some(0));
}
