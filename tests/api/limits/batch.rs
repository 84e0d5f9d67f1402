//! The items of a batch count as they would alone.

use serde_json::{Value, json};

use super::{limit, rule, start};
use crate::harness::{Answer, Client, TestApp};

const NOTES: &str = "/api/collections/notes/records";

async fn with_notes() -> (TestApp, Client) {
    let (app, root) = start().await;
    let notes = json!({
        "name": "notes", "type": "base", "createRule": "", "updateRule": "", "deleteRule": "",
        "fields": [{ "name": "text", "type": "text" }],
    });
    root.post("/api/collections", notes).await.expect(200);
    root.patch("/api/settings", json!({ "batch": { "enabled": true } })).await.expect(200);
    (app, root)
}

fn item(method: &str, url: &str, body: Value) -> Value {
    json!({ "method": method, "url": url, "body": body })
}

async fn send(client: &Client, items: &[Value]) -> Answer {
    client.post("/api/batch", json!({ "requests": items })).await
}

/// The item that failed, and the status it would have been answered with.
#[track_caller]
fn failed(answer: Answer) -> (String, Value) {
    let answer = answer.expect(400).at("/data/requests");
    let (index, item) = answer.as_object().unwrap().iter().next().unwrap();
    (index.clone(), item["response"]["status"].clone())
}

#[actix_web::test]
async fn the_first_item_too_many_fails_and_nothing_is_done() {
    let (app, root) = with_notes().await;
    let guest = app.guest();
    limit(&root, &[rule("notes:create", 2)]).await;
    let create = item("POST", NOTES, json!({ "text": "a" }));
    let before = app.state_digest();
    let three = vec![create.clone(); 3];
    assert_eq!(failed(send(&guest, &three).await), ("2".to_owned(), json!(429)));
    assert_eq!(app.state_digest(), before);
    // They were counted together with what comes alone.
    guest.create("notes", json!({})).await.expect(429);
    assert_eq!(failed(send(&guest, &three[..1]).await), ("0".to_owned(), json!(429)));
    send(&root, &three).await.expect(200);

    limit(&root, &[rule("*:create", 2)]).await;
    send(&guest, &three[..2]).await.expect(200);
    guest.create("notes", json!({})).await.expect(429);
}

#[actix_web::test]
async fn an_upsert_counts_as_what_it_comes_to() {
    let (app, root) = with_notes().await;
    let guest = app.guest();
    let id = root.create("notes", json!({ "text": "a" })).await.id();
    limit(&root, &[rule("notes:create", 1), rule("notes:update", 1)]).await;
    let change = item("PUT", NOTES, json!({ "id": id, "text": "b" }));
    let make = item("PUT", NOTES, json!({ "text": "c" }));
    send(&guest, &[change.clone(), make.clone()]).await.expect(200);
    assert_eq!(failed(send(&guest, &[change]).await), ("0".to_owned(), json!(429)));
    assert_eq!(failed(send(&guest, &[make]).await), ("0".to_owned(), json!(429)));
    let delete = item("DELETE", &format!("{NOTES}/{id}"), Value::Null);
    send(&guest, &[delete]).await.expect(200);
}

#[actix_web::test]
async fn the_batch_itself_is_a_path_and_an_item_that_is_none_fails_as_ever() {
    let (app, root) = with_notes().await;
    let guest = app.guest();
    limit(&root, &[rule("/api/batch", 2), rule("*:create", 1)]).await;
    guest.create("notes", json!({})).await.expect(200);
    let items = [
        item("GET", NOTES, Value::Null),
        item("POST", "/api/collections/nothing/records", json!({})),
        item("POST", NOTES, json!({})),
    ];
    assert_eq!(failed(send(&guest, &items).await), ("0".to_owned(), json!(400)));
    assert_eq!(failed(send(&guest, &items[1..]).await), ("0".to_owned(), json!(404)));
    send(&guest, &items).await.expect(429);
}
