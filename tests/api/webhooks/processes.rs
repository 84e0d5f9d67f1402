//! Webhooks of servers that end, are killed, share a database, or follow their file.

use std::collections::HashSet;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{COLLECTIONS, SECRET, create_post, jobs, nothing_waits, webhook};
use crate::harness::{Client, PASSWORD, Process, QUICK, Receiver, database_url};
use crate::only::postgres_only;

const ON: &str = "\"posts:create\"";

/// A folder with a superuser and a config with these webhooks.
fn folder(webhooks: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run(folder.path(), &upsert).code, Some(0));
    write(folder.path(), webhooks);
    folder
}

fn write(folder: &Path, webhooks: &str) {
    let config = format!("{COLLECTIONS}\n{QUICK}\n{webhooks}");
    std::fs::write(folder.join("config.toml"), config).unwrap();
}

async fn root(process: &Process) -> Client {
    process.guest().sign_in("_superusers", "root@example.com", PASSWORD).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_is_told_after_a_kill() {
    let mut receiver = Receiver::start().await;
    let folder = folder(&webhook(ON, "timeout = \"10min\""));
    let url = receiver.url();
    let variables = [("HOOK", url.as_str()), ("HOOK_SECRET", SECRET)];
    let process = Process::serve_with(folder.path(), &variables);
    let guest = process.guest();
    let (mut tried, mut held) = (HashSet::new(), Vec::new());
    for number in 0..4 {
        create_post(&guest, &format!("tried {number}")).await;
        // It hangs, so what follows is committed and not tried once four of them do.
        let delivery = receiver.next().await;
        tried.insert(delivery.header("webhook-id").to_owned());
        held.push(delivery);
    }
    create_post(&guest, "not tried").await;
    process.kill();
    assert!(receiver.is_silent());
    drop(held);

    let process = Process::serve_with(folder.path(), &variables);
    let root = root(&process).await;
    let mut again = HashSet::new();
    let mut titles = HashSet::new();
    for _ in 0..5 {
        let delivery = receiver.next().await;
        again.insert(delivery.header("webhook-id").to_owned());
        titles.insert(delivery.body()["data"]["title"].as_str().unwrap().to_owned());
        delivery.answer("200 OK").await;
    }
    assert!(titles.contains("not tried") && titles.len() == 5, "{titles:?}");
    assert!(again.is_superset(&tried), "what was tried comes as what it was");
    nothing_waits(&root).await;
    assert!(receiver.is_silent());
    assert_eq!(process.terminate().code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_address_nor_secret_is_logged() {
    let mut receiver = Receiver::start().await;
    let folder = folder(&webhook(ON, ""));
    let url = receiver.url();
    let level = "info,ferrobase=trace";
    let variables = [("HOOK", url.as_str()), ("HOOK_SECRET", SECRET), ("FERROBASE_LOG", level)];
    let process = Process::serve_with(folder.path(), &variables);
    create_post(&process.guest(), "One").await;
    receiver.next().await.answer("410 Gone").await;
    let said = process.wait_for_error("a job failed");
    assert!(said.contains("answered 410 Gone"), "{said}");
    let root = root(&process).await;
    jobs(&root, "dead", |jobs| jobs.len() == 1).await;
    let finished = process.terminate();
    for text in [said, finished.stdout, finished.stderr] {
        assert!(!text.contains("hush") && !text.contains(&SECRET[6..]), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_acts_as_the_file_is_saved() {
    let mut receiver = Receiver::start().await;
    let folder = folder("");
    let process = Process::dev(folder.path(), &[]);
    let guest = process.guest();
    create_post(&guest, "before").await;
    let hook = webhook(ON, "").replace("${HOOK}", &receiver.url());
    write(folder.path(), &hook.replace("${HOOK_SECRET}", SECRET));
    process.wait_for_output("changed");
    create_post(&guest, "after").await;
    assert_eq!(receiver.accept().await["data"]["title"], "after");
    assert!(receiver.is_silent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_database_tell_everything_once() {
    const EACH: usize = 20;
    if postgres_only("a file belongs to one process") {
        return;
    }
    let mut receiver = Receiver::start().await;
    let (url, hook) = (receiver.url(), webhook(ON, ""));
    let folder = folder(&hook);
    let other = tempfile::tempdir().unwrap();
    write(other.path(), &hook);
    let database = database_url(folder.path()).unwrap();
    let variables = [("HOOK", url.as_str()), ("HOOK_SECRET", SECRET), ("DATABASE_URL", &database)];
    let first = Process::serve_with(folder.path(), &variables);
    let second = Process::serve_with(other.path(), &variables);
    let create = |client: Client, name: &'static str| async move {
        for number in 0..EACH {
            let body = json!({ "title": format!("{name} {number}") });
            client.create("posts", body).await.expect(200);
        }
    };
    let take = async {
        let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
        for _ in 0..2 * EACH {
            let delivery = receiver.next().await;
            assert!(ids.insert(delivery.header("webhook-id").to_owned()), "told twice");
            titles.insert(delivery.body()["data"]["title"].as_str().unwrap().to_owned());
            delivery.answer("200 OK").await;
        }
        titles.len()
    };
    let creating = [create(first.guest(), "first"), create(second.guest(), "second")];
    let (_, titles) = tokio::join!(futures_util::future::join_all(creating), take);
    assert_eq!(titles, 2 * EACH);
    nothing_waits(&root(&first).await).await;
    assert!(receiver.is_silent());
    for process in [first, second] {
        assert_eq!(process.terminate().code, Some(0));
    }
}
