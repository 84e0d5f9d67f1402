//! Restores of a running server and by the command, undone ones, and archives of the other engine.

use std::fs;

use serde_json::json;

use super::super::engine::is_postgres;
use super::super::harness::{PASSWORD, Process, done, refused};
use super::super::only::{postgres_only, sqlite_only};
use super::{
    BACKUPS, SECRET, archive, contents, create, download, keys, serve, sign_in, titles, upload,
};

#[tokio::test]
async fn a_running_server_goes_back_to_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, root) = serve(folder.path()).await;
    let id = process.id();
    create(&root, "one").await.expect(200);
    let two = create(&root, "two").await.expect(200).id();
    let settings = json!({ "smtp": { "password": SECRET } });
    root.patch("/api/settings", settings).await.expect(200);
    root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(204);
    root.delete(&format!("/api/collections/docs/records/{two}")).await.expect(204);
    create(&root, "three").await.expect(200);
    root.post("/api/backups/b.zip/restore", json!({})).await.expect(204);
    process.started_again();
    assert_eq!(process.id(), id);
    let root = process.guest().with_token(root.token());
    assert_eq!(titles(&root).await, ["one", "two"]);
    assert_eq!(keys(&root).await, ["b.zip"]);
    assert_eq!(root.get("/api/health").await.at("/data/canBackup"), json!(true));
    // Everything works on.
    create(&root, "four").await.expect(200);
    assert_eq!(root.get("/api/collections/docs/records?search=four").await.at("/totalItems"), 1);
    root.post(BACKUPS, json!({ "name": "c.zip" })).await.expect(204);
    root.post("/api/backups/b.zip/restore", json!({})).await.expect(204);
    process.started_again();
    assert_eq!(titles(&process.guest()).await, ["one", "two"]);
    assert_eq!(process.terminate().code, Some(0));
    let data = folder.path().join("data");
    assert!(!data.join(".restore").exists());
    assert_eq!(fs::read_dir(data.join(".scratch")).unwrap().count(), 0);
}

#[tokio::test]
async fn the_command_backs_up_beside_a_server_and_restores_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let (process, root) = serve(folder.path()).await;
    create(&root, "one").await.expect(200);
    done(&Process::run(folder.path(), &["backup", "b.zip"]), "b.zip");
    done(&Process::run(folder.path(), &["backup", "--output", "out.zip"]), "out.zip");
    refused(&Process::run(folder.path(), &["backup", "b.zip"]), "already");
    refused(&Process::run(folder.path(), &["backup", "--output", "out.zip"]), "there already");
    refused(&Process::run(folder.path(), &["backup", "B.ZIP"]), "name");
    if !is_postgres() {
        refused(&Process::run(folder.path(), &["backup", "--dir", "nowhere"]), "--dir");
    }
    assert_eq!(keys(&root).await, ["b.zip"]);
    create(&root, "two").await.expect(200);
    refused(&Process::run(folder.path(), &["restore", "b.zip"]), "in use by process");
    assert_eq!(titles(&root).await, ["one", "two"]);
    assert_eq!(process.terminate().code, Some(0));

    refused(&Process::run(folder.path(), &["restore", "none.zip"]), "no backup of this name");
    fs::write(folder.path().join("bad.zip"), archive(&[("data.db", b"x"), ("../y", b"")])).unwrap();
    refused(&Process::run(folder.path(), &["restore", "bad.zip"]), "may lead elsewhere");
    for name in ["b.zip", "out.zip"] {
        done(&Process::run(folder.path(), &["restore", name]), "Restored");
        let process = Process::serve(folder.path(), &[]);
        assert_eq!(titles(&process.guest()).await, ["one"]);
        create(&sign_in(&process).await, "after").await.expect(200);
        assert_eq!(process.terminate().code, Some(0));
    }
}

#[tokio::test]
async fn a_restore_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let (process, root) = serve(folder.path()).await;
    create(&root, "one").await.expect(200);
    root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(204);
    create(&root, "two").await.expect(200);
    assert_eq!(process.terminate().code, Some(0));
    let undo = ["restore", "--undo"];
    if is_postgres() {
        refused(&Process::run(folder.path(), &undo), "is not kept");
        return;
    }
    refused(&Process::run(folder.path(), &undo), "nothing to undo");
    done(&Process::run(folder.path(), &["restore", "b.zip"]), "--undo");
    for expected in [&["one", "two"][..], &["one"], &["one", "two"]] {
        done(&Process::run(folder.path(), &undo), "is back");
        let process = Process::serve(folder.path(), &[]);
        assert_eq!(titles(&process.guest()).await, expected);
        assert_eq!(process.terminate().code, Some(0));
    }
}

/// What opens but cannot be served: the data of before comes back, and the server goes on.
#[tokio::test]
async fn data_that_cannot_be_served_goes_away_again() {
    if sqlite_only("a folder is swapped there") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut process, root) = serve(folder.path()).await;
    create(&root, "one").await.expect(200);
    root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(204);
    // A definition that no server can read.
    let mut files = contents(&download(&root, "b.zip").await);
    let path = folder.path().join("other.db");
    fs::write(&path, &files[0].1).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    let broken = "PRAGMA journal_mode = DELETE; UPDATE _collections SET definition = '[]' WHERE name = 'docs'";
    other.execute_batch(broken).unwrap();
    drop(other);
    files[0].1 = fs::read(&path).unwrap();
    let zip: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    upload(&root, "bad.zip", archive(&zip)).await.expect(204);
    root.post("/api/backups/bad.zip/restore", json!({})).await.expect(204);
    process.started_again();
    assert_eq!(titles(&process.guest()).await, ["one"]);
    process.wait_for_error("the data of before is back");
    assert_eq!(process.terminate().code, Some(0));
    assert!(!folder.path().join("data/.before-restore").exists());
}

#[tokio::test]
async fn an_archive_of_one_engine_is_restored_on_the_other() {
    if postgres_only("both are at hand there") {
        return;
    }
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (process, root) = serve(here.path()).await;
    create(&root, "from PostgreSQL").await.expect(200);
    done(&Process::run(here.path(), &["backup", "--output", "out.zip"]), "out.zip");
    assert_eq!(process.terminate().code, Some(0));
    for file in ["config.toml", "out.zip"] {
        fs::copy(here.path().join(file), there.path().join(file)).unwrap();
    }
    let sqlite = [("DATABASE_URL", "")];
    done(&Process::run_with(there.path(), &["restore", "out.zip"], &sqlite), "Restored");
    let process = Process::serve_with(there.path(), &sqlite);
    let root = process.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    assert_eq!(titles(&root).await, ["from PostgreSQL"]);
    create(&root, "from SQLite").await.expect(200);
    root.post(BACKUPS, json!({ "name": "back.zip" })).await.expect(204);
    assert_eq!(process.terminate().code, Some(0));

    let back = there.path().join("data/backups/back.zip");
    done(&Process::run(here.path(), &["restore", back.to_str().unwrap()]), "Restored");
    let process = Process::serve(here.path(), &[]);
    assert_eq!(titles(&process.guest()).await, ["from PostgreSQL", "from SQLite"]);
    create(&sign_in(&process).await, "new").await.expect(200);
    assert_eq!(process.terminate().code, Some(0));
}
