//! Coming back after the connection broke: what was missed is told, once, to who may still know of it.

use std::time::Duration;

use serde_json::json;

use super::{Events, listen, note, record, start};
use crate::harness::{Client, TestApp};

/// Closes a connection, which is subscribed to `topics`, and waits until the server has seen it. Until
/// then it stays subscribed.
async fn break_off(app: &TestApp, events: Events, topics: &[&str]) -> String {
    let id = events.id().to_owned();
    drop(events);
    let body = json!({ "clientId": id, "subscriptions": topics });
    while app.guest().post("/api/realtime", body.clone()).await.status != 404 {}
    id
}

async fn come_back(client: &Client, last: &str, topics: &[&str]) -> Events {
    let events = Events::reconnect(client, last).await;
    assert_ne!(events.id(), last);
    events.subscribe(client, topics).await.expect(204);
    events
}

#[actix_web::test]
async fn what_was_missed_comes_first_and_once() {
    let app = start().await;
    let guest = app.guest();
    let mut events = listen(&guest, &["notes/*"]).await;
    let seen = note(&guest, "seen").await;
    assert_eq!(events.told("text").await, "notes/* create seen");
    let last = break_off(&app, events, &["notes/*"]).await;
    note(&guest, "missed").await;
    guest.delete(&record("notes", &seen.id())).await.expect(204);
    let mut events = come_back(&guest, &last, &["notes/*", "notes"]).await;
    note(&guest, "new").await;
    assert_eq!(events.told("text").await, "notes/* create missed");
    assert_eq!(events.told("text").await, "notes/* delete seen");
    let mut told = [events.told("text").await, events.told("text").await];
    told.sort();
    assert_eq!(told, ["notes create new", "notes/* create new"]);
    // Who comes back a second time under the same id is somebody new.
    let mut again = come_back(&guest, &last, &["notes/*"]).await;
    note(&guest, "newer").await;
    assert_eq!(again.told("text").await, "notes/* create newer");
}

#[actix_web::test]
async fn who_comes_back_before_they_were_missed_takes_their_own_place() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let mut events = listen(&ann, &["notes/*"]).await;
    let last = events.id().to_owned();
    let mut back = Events::reconnect(&ann, &last).await;
    note(&ann, "before").await;
    // Nobody has said yet that they are the same.
    assert_eq!(events.told("text").await, "notes/* create before");
    back.subscribe(&ann, &["notes/*"]).await.expect(204);
    events.ended().await;
    note(&ann, "after").await;
    assert_eq!(back.told("text").await, "notes/* create after");
}

#[actix_web::test]
async fn an_id_that_was_picked_up_ends_nobodys_connection() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let mut events = listen(&ann, &["notes/*"]).await;
    for thief in [app.guest(), bob] {
        let stolen = Events::reconnect(&thief, events.id()).await;
        stolen.subscribe(&thief, &["notes/*"]).await.expect(204);
    }
    note(&ann, "still here").await;
    assert_eq!(events.told("text").await, "notes/* create still here");
}

#[actix_web::test]
async fn only_topics_of_both_and_by_the_rules_of_who_came_back() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let topics = &["diary/*", "notes/*"];
    let last = break_off(&app, listen(&ann, topics).await, topics).await;
    ann.create("diary", json!({ "text": "private" })).await.expect(200);
    ann.create("teams", json!({ "name": "team" })).await.expect(200);
    note(&ann, "public").await;
    let mut bobs = come_back(&bob, &last, &["diary/*", "notes/*", "teams/*"]).await;
    assert_eq!(bobs.told("text").await, "notes/* create public");
    note(&ann, "marker").await;
    assert_eq!(bobs.told("text").await, "notes/* create marker");
}

#[actix_web::test]
async fn after_a_minute_it_is_forgotten() {
    let app = start().await;
    let guest = app.guest();
    let mut other = listen(&guest, &["notes"]).await;
    let topics = &["notes/*"];
    let last = break_off(&app, listen(&guest, topics).await, topics).await;
    note(&guest, "missed").await;
    assert_eq!(other.told("text").await, "notes create missed");
    app.advance(Duration::from_secs(61));
    // The time has passed when the other one is shown that the server is there.
    assert_eq!(other.block().await.as_deref(), Some(":"));
    let mut events = come_back(&guest, &last, &["notes/*"]).await;
    note(&guest, "new").await;
    assert_eq!(events.told("text").await, "notes/* create new");
}

#[actix_web::test]
async fn strangers_get_nothing_by_an_id() {
    let app = start().await;
    let guest = app.guest();
    let topics = &["notes/*"];
    let last = break_off(&app, listen(&guest, topics).await, topics).await;
    note(&guest, "missed").await;
    // The same server from another address of this machine.
    let elsewhere = guest.at_address("127.0.0.2");
    let mut stranger = come_back(&elsewhere, &last, &["notes/*"]).await;
    for made_up in ["", "x", &"y".repeat(5_000)] {
        Events::reconnect(&guest, made_up).await;
    }
    let mut owner = come_back(&guest, &last, &["notes/*"]).await;
    note(&guest, "new").await;
    assert_eq!(stranger.told("text").await, "notes/* create new");
    assert_eq!(owner.told("text").await, "notes/* create missed");
    assert_eq!(owner.told("text").await, "notes/* create new");
}
