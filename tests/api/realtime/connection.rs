//! The line itself: its headers, its messages byte for byte, and what ends it.

use std::time::Duration;

use serde_json::json;

use super::{Events, TestApp, listen, note, start, with_query};

#[actix_web::test]
async fn a_connection_begins_with_its_id() {
    let app = start().await;
    let mut events = Events::connect(&app.guest()).await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert_eq!(events.header("cache-control"), "no-store");
    assert_eq!(events.header("x-accel-buffering"), "no");
    assert_eq!(events.header("connection"), "close", "nothing comes after it");
    assert_eq!(events.header("x-content-type-options"), "nosniff");
    let id = events.id().to_owned();
    assert!(id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    let other = Events::connect(&app.guest()).await;
    assert_ne!(other.id(), id);

    let topic = with_query("notes/*", json!({ "fields": "text" }));
    events.subscribe(&app.guest(), &[&topic]).await.expect(204);
    note(&app.guest(), "a <b>\n\"c\"").await;
    assert_eq!(
        events.block().await.unwrap(),
        format!(
            "id:{id}\nevent:{topic}\ndata:{{\"record\":{{\"text\":\"a \\u003cb\\u003e\\n\\\"c\\\"\"}},\
             \"action\":\"create\"}}"
        )
    );
}

#[actix_web::test]
async fn heads_are_answered_without_a_connection() {
    let app = start().await;
    let head = app.guest().raw("HEAD", "/api/realtime", "text/plain", Vec::new()).await.expect(200);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    app.guest().raw("PUT", "/api/realtime", "text/plain", Vec::new()).await.expect(404);
}

#[actix_web::test]
async fn five_minutes_without_a_message_end_it() {
    let app = start().await;
    let idle = listen(&app.guest(), &[]).await;
    let mut busy = listen(&app.guest(), &["notes/*"]).await;
    app.advance(Duration::from_secs(4 * 60));
    // The server has looked at its clock.
    beaten(&mut busy).await;
    note(&app.guest(), "one").await;
    assert_eq!(busy.told("text").await, "notes/* create one");
    app.advance(Duration::from_secs(2 * 60));
    idle.ended().await;
    note(&app.guest(), "two").await;
    assert_eq!(busy.told("text").await, "notes/* create two");
}

#[actix_web::test]
async fn half_an_hour_ends_it_in_any_case() {
    let app = start().await;
    let mut events = listen(&app.guest(), &["notes/*"]).await;
    for minute in 0..7 {
        app.advance(Duration::from_secs(4 * 60));
        beaten(&mut events).await;
        note(&app.guest(), &minute.to_string()).await;
        assert_eq!(events.told("text").await, format!("notes/* create {minute}"));
    }
    app.advance(Duration::from_secs(2 * 60));
    events.ended().await;
}

#[actix_web::test]
async fn a_server_that_stops_ends_all_connections() {
    let app = start().await;
    let events = listen(&app.guest(), &["notes/*"]).await;
    app.stop().await;
    events.ended().await;
}

#[actix_web::test]
async fn one_connection_ends_and_the_others_go_on() {
    let app = start().await;
    let first = listen(&app.guest(), &["notes/*"]).await;
    let mut second = listen(&app.guest(), &["notes/*"]).await;
    let gone = first.id().to_owned();
    drop(first);
    // Seen as soon as the other side has closed.
    while app.guest().post("/api/realtime", json!({ "clientId": gone })).await.status != 404 {}
    note(&app.guest(), "one").await;
    assert_eq!(second.told("text").await, "notes/* create one");
}

/// Waits for a line that is no message.
async fn beaten(events: &mut Events) {
    assert_eq!(events.block().await.as_deref(), Some(":"));
}

#[actix_web::test]
async fn without_a_config_file_it_is_the_same() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let rules = json!({ "name": "things", "type": "base", "listRule": "", "viewRule": "",
        "createRule": "", "fields": [{ "name": "text", "type": "text" }] });
    root.post("/api/collections", rules).await.expect(200);
    let mut events = listen(&app.guest(), &["things"]).await;
    app.guest().create("things", json!({ "text": "one" })).await.expect(200);
    assert_eq!(events.told("text").await, "things create one");
}
