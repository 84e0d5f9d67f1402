//! Each route: allowed, refused, invalid, and that nothing happened then.

use reqwest::Method;
use serde_json::json;

use super::super::engine::is_postgres;
use super::super::files::bucket_server;
use super::super::harness::{Client, TestApp};
use super::{
    BACKUPS, all_contents, archive, code, contents, create, download, file_token, keys, upload,
};

const CONFIG: &str = super::CONFIG;

async fn start() -> (TestApp, Client) {
    let app = TestApp::with_config(CONFIG).await;
    let root = app.superuser().await;
    (app, root)
}

#[actix_web::test]
async fn only_superusers_may() {
    let users = "[collections.users]\ntype = \"auth\"\nrules = { create = \"public\" }\n";
    let app = TestApp::with_config(&format!("{CONFIG}\n{users}")).await;
    let root = app.superuser().await;
    root.post(BACKUPS, json!({ "name": "a.zip" })).await.expect(204);
    let user = app.user("ann@example.com").await;
    for (client, status) in [(app.guest(), 401), (user.clone(), 403)] {
        client.get(BACKUPS).await.expect(status);
        client.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(status);
        upload(&client, "b.zip", archive(&[])).await.expect(status);
        client.delete("/api/backups/a.zip").await.expect(status);
        client.post("/api/backups/a.zip/restore", json!({})).await.expect(status);
        let test = json!({ "filesystem": "backups" });
        client.post("/api/settings/test/s3", test).await.expect(status);
    }
    // The token of a file counts, and nothing else.
    root.get("/api/backups/a.zip").await.expect(403);
    root.get(&format!("/api/backups/a.zip?token={}", root.token())).await.expect(403);
    let users = file_token(&user).await;
    root.get(&format!("/api/backups/a.zip?token={users}")).await.expect(403);
    let token = file_token(&root).await;
    app.guest().get(&format!("/api/backups/none.zip?token={token}")).await.expect(404);
    assert_eq!(keys(&root).await, ["a.zip"]);
    for path in ["/api/backups/upload", "/api/backups/a.zip/restore"] {
        root.get(path).await.expect(404);
    }
}

#[actix_web::test]
async fn a_backup_is_made_listed_downloaded_and_deleted() {
    let (app, root) = start().await;
    assert_eq!(root.get(BACKUPS).await.expect(200).text, "[]\n");
    let doc = create(&app.guest(), "first").await.expect(200);
    root.post(BACKUPS, json!({ "name": "b_2-x.zip" })).await.expect(204);
    root.post(BACKUPS, json!({})).await.expect(204);
    root.post(BACKUPS, json!({ "name": "" })).await.expect(204);
    let names = ["b_2-x.zip", "pb_backup_acme_20260101000000.zip"];
    assert_eq!(keys(&root).await, names, "two without a name within one second share it");
    let listed = root.get(BACKUPS).await.expect(200).json();
    let bytes = download(&root, names[0]).await;
    assert_eq!(listed[0]["size"], bytes.len());
    assert!(listed[0]["modified"].as_str().unwrap().ends_with('Z'), "{listed}");
    assert_eq!(root.get("/api/backups?fields=key").await.json()[0], json!({ "key": names[0] }));

    let has_logs = all_contents(&bytes).iter().any(|(name, _)| name == "auxiliary.db");
    assert_eq!(has_logs, !is_postgres(), "on PostgreSQL they are in the database");
    let files = contents(&bytes);
    let stored = doc.at("/file").as_str().unwrap().to_owned();
    let path = format!("storage/docs/{}/{stored}", doc.id());
    let found: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert!(found[0] == "data.db" && found.len() == 2, "{found:?}");
    assert!(found[1].ends_with(&path[path.len() - 20..]), "{found:?}");
    assert!(files[0].1.starts_with(b"SQLite format 3") && files[1].1 == b"first");

    let token = file_token(&root).await;
    let guest = app.guest();
    let head = guest.get(&format!("/api/backups/%62_2-x.zip?token={token}")).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("application/zip"));
    assert_eq!(head.header("content-disposition"), Some("attachment; filename=\"b_2-x.zip\""));
    let part = guest.request(Method::GET, &format!("/api/backups/b_2-x.zip?token={token}"));
    assert_eq!(guest.send(part.header("Range", "bytes=0-1")).await.expect(206).text, "PK");

    root.delete("/api/backups/b_2-x.zip").await.expect(204);
    for key in ["b_2-x.zip", "none.zip", "..%2Fdata.db", ".lock", "%2e%2e"] {
        let path = format!("/api/backups/{key}");
        let status = root.delete(&path).await.status;
        assert!(status == 400 || (status == 404 && key == "%2e%2e"), "{key}: {status}");
        let status = root.post(&format!("{path}/restore"), json!({})).await.status;
        assert!(status == 400 || (status == 404 && key == "%2e%2e"), "{key}: {status}");
    }
    let data = format!("/api/backups/..%2Fdata.db?token={token}");
    assert_eq!(guest.get(&data).await.status, 404);
    assert_eq!(keys(&root).await, names[1..]);
    assert!(app.data().join("storage").is_dir());
}

#[actix_web::test]
async fn names_are_checked() {
    let (_app, root) = start().await;
    root.post(BACKUPS, json!({ "name": "a.zip" })).await.expect(204);
    for (name, expected) in [
        ("a.zip", "validation_backup_name_exists"),
        ("A.zip", "validation_match_invalid"),
        ("a", "validation_match_invalid"),
        ("../a.zip", "validation_match_invalid"),
        ("@auto_pb_backup_x.zip", "validation_match_invalid"),
    ] {
        let refused = root.post(BACKUPS, json!({ "name": name })).await.expect(400);
        assert_eq!(code(&refused, "name"), expected, "{name}");
    }
    let long = format!("{}.zip", "x".repeat(147));
    let refused = root.post(BACKUPS, json!({ "name": long })).await.expect(400);
    assert_eq!(code(&refused, "name"), "validation_length_out_of_range");
    root.post(BACKUPS, json!({ "name": 7 })).await.expect(400);
    root.raw("POST", BACKUPS, "application/json", b"{".to_vec()).await.expect(400);
    assert_eq!(keys(&root).await, ["a.zip"]);
    assert!(root.get("/api/health").await.at("/data/canBackup").as_bool().unwrap());
}

#[actix_web::test]
async fn archives_are_uploaded_under_their_names() {
    let (app, root) = start().await;
    let zip = archive(&[("data.db", b"x")]);
    for name in ["@Auto Kopie.zip", "b.zip", "no extension"] {
        upload(&root, name, zip.clone()).await.expect(204);
    }
    assert_eq!(keys(&root).await, ["@Auto Kopie.zip", "b.zip", "no extension"]);
    assert_eq!(download(&root, "%40Auto%20Kopie.zip").await, zip);

    let refused = upload(&root, "b.zip", zip.clone()).await.expect(400);
    assert_eq!(code(&refused, "file"), "validation_backup_name_exists");
    let refused = upload(&root, "c.zip", b"no archive".to_vec()).await.expect(400);
    assert_eq!(code(&refused, "file"), "validation_invalid_mime_type");
    for name in ["../c.zip", "/c.zip", "..", ".c.zip", "a\\c.zip", "a/../../c.zip"] {
        upload(&root, name, zip.clone()).await.expect(400);
    }
    let other = reqwest::multipart::Form::new().text("file", "no file").text("x", "y");
    let request = root.request(Method::POST, "/api/backups/upload").multipart(other);
    assert_eq!(code(&root.send(request).await.expect(400), "file"), "validation_required");
    let refused = root.post("/api/backups/upload", json!({ "file": "x" })).await.expect(400);
    assert_eq!(code(&refused, "file"), "validation_required");
    assert_eq!(keys(&root).await.len(), 3);
    let left = std::fs::read_dir(app.data().join("backups/.uploads")).unwrap();
    assert_eq!(left.count(), 0, "nothing is left of what was refused");
    assert!(!app.data().join("c.zip").exists());
}

#[actix_web::test]
async fn archives_that_cannot_be_restored_are_refused_at_once() {
    let (app, root) = start().await;
    create(&app.guest(), "stays").await.expect(200);
    let before = app.state_digest();
    for (name, zip) in [
        ("empty.zip", archive(&[])),
        ("without.zip", archive(&[("storage/a/b/c", b"x")])),
        ("text.zip", archive(&[("data.db", b"this is no database, whatever it is called")])),
        ("out.zip", archive(&[("data.db", b"x"), ("../out", b"x")])),
        ("half.zip", archive(&[("data.db", b"x")])[..40].to_vec()),
    ] {
        upload(&root, name, zip).await.expect(204);
        let refused =
            root.post(&format!("/api/backups/{name}/restore"), json!({})).await.expect(400);
        let message = refused.at("/message");
        assert!(message.as_str().unwrap().contains("cannot be restored"), "{name}: {message}");
    }
    root.post("/api/backups/none.zip/restore", json!({})).await.expect(400);
    assert!(!app.data().join(".restore").exists());
    assert_eq!(std::fs::read_dir(app.data().join(".scratch")).unwrap().count(), 0);
    assert_eq!(app.state_digest(), before);
    assert_eq!(root.get("/api/health").await.at("/data/canBackup"), json!(true));
}

/// The lock that every process on the folder goes by.
#[actix_web::test]
async fn one_at_a_time() {
    let (app, root) = start().await;
    root.post(BACKUPS, json!({ "name": "a.zip" })).await.expect(204);
    let lock = std::fs::File::open(app.data().join("backups/.lock")).unwrap();
    lock.lock().unwrap();
    for path in [BACKUPS, "/api/backups/a.zip/restore"] {
        let busy = root.post(path, json!({})).await.expect(400);
        assert!(busy.at("/message").as_str().unwrap().contains("under way"), "{path}");
    }
    drop(lock);
    root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(204);
    // All that begin at one moment, one of which is first.
    let names: Vec<String> = (0..6).map(|number| format!("c{number}.zip")).collect();
    let all = names.iter().map(|name| root.post(BACKUPS, json!({ "name": name })));
    let answers = futures_util::future::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status == 204).count();
    assert!(made >= 1 && answers.iter().all(|answer| [204, 400].contains(&answer.status)));
    assert_eq!(keys(&root).await.len(), 2 + made);
}

#[actix_web::test]
async fn backups_in_a_bucket() {
    let (app, root) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let address = bucket_server(folder.path()).await;
    let test = |filesystem: &str| json!({ "filesystem": filesystem });
    let path = "/api/settings/test/s3";
    root.post(path, test("backups")).await.expect(400);
    let refused = root.post(path, test("elsewhere")).await.expect(400);
    assert_eq!(code(&refused, "filesystem"), "validation_in_invalid");
    assert_eq!(
        code(&root.post(path, json!({})).await.expect(400), "filesystem"),
        "validation_required"
    );
    let settings = |secret: &str| {
        json!({ "backups": { "s3": {
            "enabled": true, "bucket": "files", "region": "us-east-1", "accessKey": "key",
            "endpoint": format!("http://{address}"), "secret": secret, "forcePathStyle": true,
        } } })
    };
    root.patch("/api/settings", settings("secret")).await.expect(200);
    root.post(path, test("backups")).await.expect(204);
    root.post(path, test("storage")).await.expect(400);

    create(&app.guest(), "in a bucket").await.expect(200);
    root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(204);
    upload(&root, "@c.zip", archive(&[("a", b"b")])).await.expect(204);
    assert_eq!(keys(&root).await, ["@c.zip", "b.zip"]);
    assert!(folder.path().join("s3/files/b.zip").is_file());
    assert!(!app.data().join("backups/b.zip").exists());
    let files = contents(&download(&root, "b.zip").await);
    assert_eq!(files[1].1, b"in a bucket");
    let taken = root.post(BACKUPS, json!({ "name": "b.zip" })).await.expect(400);
    assert_eq!(code(&taken, "name"), "validation_backup_name_exists");
    root.post("/api/backups/@c.zip/restore", json!({})).await.expect(400);
    root.delete("/api/backups/b.zip").await.expect(204);
    root.delete("/api/backups/b.zip").await.expect(400);
    assert_eq!(keys(&root).await, ["@c.zip"]);
    let left = std::fs::read_dir(app.data().join("backups")).unwrap();
    let left = left.filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(left.count(), 1, "nothing but the lock");
    root.patch("/api/settings", settings("wrong")).await.expect(200);
    let refused = root.post(path, test("backups")).await.expect(400);
    assert!(
        !refused.text.contains("wrong") && refused.text.contains("Raw error"),
        "{}",
        refused.text
    );
    // A bucket that cannot be reached is no mistake of who asks.
    root.post(BACKUPS, json!({ "name": "d.zip" })).await.expect(503);
    assert_eq!(root.get("/api/health").await.at("/data/canBackup"), json!(true));
}
