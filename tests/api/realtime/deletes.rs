//! Removals: whoever could know of a record the moment before is told that it is gone, although rules
//! can no longer be asked about rows that are not there.

use serde_json::json;

use super::{Events, TestApp, listen, note, record, start};
use crate::harness::Client;

async fn team(client: &Client, members: &[&Client]) -> String {
    let members: Vec<&str> = members.iter().map(|member| member.id()).collect();
    let team = json!({ "name": "one", "members": members });
    client.create("teams", team).await.expect(200).id()
}

async fn post(client: &Client, text: &str, team: &str) -> String {
    let post = json!({ "text": text, "team": team, "size": 1.5, "done": true, "meta": { "a": [1] },
        "at": "2026-01-02 03:04:05.678Z" });
    client.create("posts", post).await.expect(200).id()
}

/// All of `listeners` hear of `text` next.
async fn hear(listeners: &mut [&mut Events], text: &str) {
    for events in listeners {
        assert_eq!(events.told("text").await, text);
    }
}

#[actix_web::test]
async fn owners_are_told_that_their_record_is_gone() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let id = ann.create("diary", json!({ "text": "mine" })).await.expect(200).id();
    let topics = ["diary/*", "notes/*"];
    let mut anns = listen(&ann, &topics).await;
    let mut bobs = listen(&bob, &topics).await;
    let mut roots = listen(&app.superuser().await, &topics).await;
    ann.delete(&record("diary", &id)).await.expect(204);
    note(&ann, "marker").await;
    hear(&mut [&mut anns, &mut roots], "diary/* delete mine").await;
    hear(&mut [&mut anns, &mut bobs, &mut roots], "notes/* create marker").await;
}

#[actix_web::test]
async fn members_of_a_team_are_told_and_others_are_not() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let team = team(&ann, &[&ann]).await;
    let id = post(&ann, "hello", &team).await;
    let topics = ["posts/*", "notes/*"];
    let mut anns = listen(&ann, &topics).await;
    let mut bobs = listen(&bob, &topics).await;
    ann.delete(&record("posts", &id)).await.expect(204);
    note(&ann, "marker").await;
    hear(&mut [&mut anns], "posts/* delete hello").await;
    hear(&mut [&mut anns, &mut bobs], "notes/* create marker").await;
}

#[actix_web::test]
async fn what_goes_with_a_record_is_told_by_the_rules_of_before() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let team = team(&ann, &[&ann]).await;
    for text in ["one", "two"] {
        post(&ann, text, &team).await;
    }
    let topics = ["posts/*", "notes/*"];
    let mut anns = listen(&ann, &topics).await;
    let mut bobs = listen(&bob, &topics).await;
    // The posts go with their team, and the rule asks the team.
    ann.delete(&record("teams", &team)).await.expect(204);
    note(&ann, "marker").await;
    hear(&mut [&mut anns], "posts/* delete one").await;
    hear(&mut [&mut anns], "posts/* delete two").await;
    hear(&mut [&mut anns, &mut bobs], "notes/* create marker").await;
}

#[actix_web::test]
async fn a_transaction_that_opens_and_removes_tells_nobody_more() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let team = team(&ann, &[&ann]).await;
    let id = post(&ann, "hello", &team).await;
    let topics = ["posts/*", "notes/*"];
    let mut anns = listen(&ann, &topics).await;
    let mut bobs = listen(&bob, &topics).await;
    // Bob becomes a member in the transaction that removes the post: before it he was none.
    let join = json!({ "method": "PATCH", "url": record("teams", &team),
        "body": { "members": [bob.id()] } });
    let remove = json!({ "method": "DELETE", "url": record("posts", &id) });
    ann.post("/api/batch", json!({ "requests": [join, remove] })).await.expect(200);
    note(&ann, "marker").await;
    hear(&mut [&mut anns], "posts/* delete hello").await;
    hear(&mut [&mut anns, &mut bobs], "notes/* create marker").await;
}

#[actix_web::test]
async fn rules_that_read_the_collection_itself_find_what_was_there() {
    let app = TestApp::with_config(
        r#"
        [collections.nodes]
        fields = { text = "text", parent = "-> nodes on_delete=cascade", size = "number", at = "date",
                   tags = "select(a, b)[]", place = "geo", data = "json", on = "bool" }
        rules  = { create = "public", delete = "public", list = "@collection.nodes.text ?= 'key' && (parent = '' || parent.text = 'root') && nodes_via_parent.text != 'x'" }

        [collections.notes]
        fields = { text = "text" }
        rules  = { read = "public", create = "public" }
        "#,
    )
    .await;
    let guest = app.guest();
    let node = async |text: &str, parent: &str| {
        let body = json!({ "text": text, "parent": parent, "size": -2.25, "at": "2026-01-02 03:04:05Z",
            "tags": ["b"], "place": { "lon": 1, "lat": 2 }, "data": [1, "a"], "on": true });
        guest.create("nodes", body).await.expect(200).id()
    };
    let root = node("root", "").await;
    node("child", &root).await;
    let key = node("key", "").await;
    let mut events = listen(&guest, &["nodes/*", "notes/*"]).await;
    guest.delete(&record("nodes", &root)).await.expect(204);
    let mut told = [events.told("text").await, events.told("text").await];
    told.sort();
    assert_eq!(told, ["nodes/* delete child", "nodes/* delete root"]);
    // The record that is removed is the one that the rule asks for.
    guest.delete(&record("nodes", &key)).await.expect(204);
    assert_eq!(events.told("text").await, "nodes/* delete key");
    // From now on nothing has the key.
    let last = node("last", "").await;
    guest.delete(&record("nodes", &last)).await.expect(204);
    guest.create("notes", json!({ "text": "marker" })).await.expect(200);
    assert_eq!(events.told("text").await, "notes/* create marker");
}

#[actix_web::test]
async fn references_that_were_cut_are_told_as_changes() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let body = json!({ "text": "by ann", "author": ann.id() });
    ann.create("notes", body).await.expect(200);
    let mut events = listen(&app.guest(), &["notes/*", "users/*"]).await;
    ann.delete(&record("users", ann.id())).await.expect(204);
    let mut told = [events.next().await.unwrap(), events.next().await.unwrap()];
    told.sort_by(|one, other| one.event.cmp(&other.event));
    let [note, account] = told;
    assert_eq!((note.event.as_str(), &note.data["action"]), ("notes/*", &json!("update")));
    assert_eq!(
        (&note.data["record"]["author"], &account.data["action"]),
        (&json!(""), &json!("delete"))
    );
}

#[actix_web::test]
async fn a_collection_that_is_emptied_tells_of_each_record() {
    let app = start().await;
    let root = app.superuser().await;
    for text in ["one", "two", "three"] {
        note(&root, text).await;
    }
    let mut events = listen(&app.guest(), &["notes/*"]).await;
    root.delete("/api/collections/notes/truncate").await.expect(204);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(events.told("text").await);
    }
    told.sort();
    assert_eq!(told, ["notes/* delete one", "notes/* delete three", "notes/* delete two"]);
}
