//! Places that go away, belong to somebody else, or are buckets.

use std::fs;

use super::super::files::bucket_server;
use super::super::harness::{PASSWORD, Process};
use super::super::only::{postgres_only, sqlite_only};
use super::{
    TO_FOLDER, done, files, generations, make_superuser, moment, prepare, refused, restore,
    serve_plain, shipped, snapshot, texts, until, write,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_goes_away_is_waited_for() {
    if sqlite_only("PostgreSQL ships its log by itself") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (replica, away) = (folder.path().join("replica"), folder.path().join("away"));
    prepare(folder.path(), TO_FOLDER);
    fs::remove_dir(&replica).unwrap();
    make_superuser(folder.path());
    let process = Process::serve(folder.path(), &[]);
    process.wait_for_error("make it if it is new");
    fs::create_dir(&replica).unwrap();
    let guest = process.guest();
    snapshot(&replica).await;
    shipped(&guest, &replica).await;
    fs::rename(&replica, &away).unwrap();
    write(&guest, "while it is away").await;
    process.wait_for_error("is not shipped now");
    let root = guest.sign_in("_superusers", "root@example.com", PASSWORD).await;
    let page = root.get("/metrics").await.expect(200).text;
    let figure = |name: &str| {
        let line = page.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    assert!(figure("ferrobase_replica_failures_total ") >= 1.0);
    assert!(figure("ferrobase_replica_bytes_total ") > 1000.0);
    assert!(figure("ferrobase_replica_behind_seconds ") >= 0.0);
    fs::rename(&away, &replica).unwrap();
    process.wait_for_error("is shipped again");
    let last = shipped(&guest, &replica).await;
    assert_eq!(generations(&replica).len(), 1);
    let before = texts(&guest).await;
    assert!(before.contains(&"while it is away".to_owned()));
    drop(process);
    done(&restore(folder.path(), &["--at", &moment(last), "--dir", "other"]), "Restored");
    let server = serve_plain(folder.path(), "other");
    assert_eq!(texts(&server.guest()).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_do_not_ship_to_one_place() {
    if sqlite_only("PostgreSQL ships its log by itself") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let replica = folder.path().join("replica");
    prepare(folder.path(), TO_FOLDER);
    let process = Process::serve(folder.path(), &[]);
    snapshot(&replica).await;
    let second = Process::serve(folder.path(), &["--dir", "second"]);
    second.wait_for_error("another server ships to");
    write(&second.guest(), "elsewhere").await;
    shipped(&process.guest(), &replica).await;
    assert_eq!(generations(&replica).len(), 1);
    // When the first one has gone in order, nobody keeps the second one off.
    assert_eq!(process.terminate().code, Some(0));
    second.wait_for_error("is shipped again");
    until(|| (files(&replica, "snapshots").len() == 2).then_some(())).await;
    assert_eq!(generations(&replica).len(), 2);
    assert_eq!(second.terminate().code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_takes_it_as_a_folder_does() {
    if sqlite_only("PostgreSQL ships its log by itself") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let address = bucket_server(folder.path()).await;
    let replica = folder.path().join("s3/files/some/app");
    let address =
        format!("http://key:secret@{address}/files?region=r&path_style=true&prefix=some/app");
    prepare(folder.path(), "\n[backups.replica]\ns3 = \"${REPLICA}\"\n");
    let variables = [("REPLICA", address.as_str())];
    let process = Process::serve_with(folder.path(), &variables);
    snapshot(&replica).await;
    let last = shipped(&process.guest(), &replica).await;
    let before = texts(&process.guest()).await;
    assert_eq!(process.terminate().code, Some(0));
    let at = moment(last);
    let command = ["restore", "--at", &at, "--dir", "other"];
    done(&Process::run_with(folder.path(), &command, &variables), "Restored");
    let named = [("FERROBASE_FROM", address.as_str())];
    let list = ["restore", "--list", "--config", "plain.toml"];
    done(&Process::run_with(folder.path(), &list, &named), "snapshots: 1");
    let server = serve_plain(folder.path(), "other");
    assert_eq!(texts(&server.guest()).await, before);
}

#[test]
fn postgres_has_its_own_way() {
    if postgres_only("it is SQLite's log that is shipped") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path(), TO_FOLDER);
    refused(&Process::run(folder.path(), &["serve", "--http", "127.0.0.1:0"]), "archived logs");
    let at = ["--at", "2026-01-01T00:00:00Z"];
    refused(&restore(folder.path(), &at), "archived logs");
    refused(&restore(folder.path(), &["--list", "--from", "replica"]), "archived logs");
}
