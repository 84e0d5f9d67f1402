//! A server with a config file changes no collections (config.md §5).

use serde_json::{Value, json};

use super::codes;
use crate::harness::TestApp;

const CONFIG: &str = r#"
[collections.notes]
fields = { title = "text!" }
rules = { read = "public" }

[collections.drafts]
managed = false
fields = { title = "text" }

[collections.seen]
type  = "view"
query = "SELECT id, title FROM notes"
"#;

#[actix_web::test]
async fn changes_are_refused_with_the_reason_and_everything_else_works() {
    let app = TestApp::with_config(CONFIG).await;
    let root = app.superuser().await;
    root.create("notes", json!({ "title": "a" })).await.expect(200);
    let before = app.state_digest();
    let all = json!({ "collections": [{ "name": "x" }] });
    let view = json!({ "name": "v", "type": "view", "viewQuery": "select 1 as id" });
    let sql = |query: &str| json!({ "query": query });
    for (method, path, body) in [
        ("POST", "/api/collections", json!({ "name": "x" })),
        ("POST", "/api/collections", view),
        ("POST", "/api/collections", json!("nonsense")),
        ("PATCH", "/api/collections/notes", json!({ "name": "x" })),
        ("PATCH", "/api/collections/users", json!({})),
        ("PATCH", "/api/collections/nothing", json!({})),
        ("DELETE", "/api/collections/notes", json!({})),
        ("DELETE", "/api/collections/drafts", json!({})),
        ("PUT", "/api/collections/import", all),
        ("POST", "/api/sql", sql("delete from notes")),
        ("POST", "/api/sql", sql("drop table notes")),
    ] {
        let body = body.to_string().into_bytes();
        let answer = root.raw(method, path, "application/json", body).await;
        assert_eq!(codes(&answer), "403", "{method} {path}");
        let message = answer.at("/message");
        assert!(message.as_str().unwrap().contains("config.toml"), "{message}");
        assert_eq!(app.state_digest(), before);
    }
    root.get("/api/collections?filter=name%3D'notes'").await.expect(200);
    root.get("/api/collections/meta/scaffolds").await.expect(200);
    let tried =
        root.post("/api/collections/meta/dry-run-view", sql("select id, title from notes")).await;
    assert_eq!(tried.expect(200).at("/sample/0/title"), json!("a"));
    let asked = root.post("/api/sql", sql("select title from notes")).await.expect(200);
    assert_eq!(asked.at("/rows"), json!([["a"]]));
    assert_eq!(app.state_digest(), before);
    root.delete("/api/collections/notes/truncate").await.expect(204);
    assert_eq!(app.count("notes"), 0);
    app.guest().get("/api/collections/notes/records").await.expect(200);
}

#[actix_web::test]
async fn what_the_file_does_not_manage_is_free_but_for_its_name() {
    let app = TestApp::with_config(CONFIG).await;
    let root = app.superuser().await;
    let path = "/api/collections/drafts";
    let changed = root
        .patch(path, json!({ "listRule": "", "fields": [{ "name": "body", "type": "text" }] }))
        .await;
    assert_eq!(changed.expect(200).at("/listRule"), json!(""));
    root.create("drafts", json!({ "body": "x" })).await.expect(200);
    assert_eq!(app.guest().list("drafts", "").await.at("/items/0/body"), json!("x"));
    let renamed = root.patch(path, json!({ "name": "other" })).await;
    assert_eq!(codes(&renamed), "403");
    assert_eq!(root.get(path).await.at("/updateRule"), Value::Null);
}
