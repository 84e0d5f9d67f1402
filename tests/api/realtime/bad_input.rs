//! Clients that want too much or do not read.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Events, listen, note, start, with_query};

#[actix_web::test]
async fn who_does_not_read_is_cut_off_and_the_others_hear_everything() {
    let app = start().await;
    let guest = app.guest();
    let lazy = guest.request(Method::GET, "/api/realtime").send().await.unwrap();
    let mut lazy = lazy;
    let hello = lazy.chunk().await.unwrap().unwrap();
    let mut hello = String::from_utf8(hello.to_vec()).unwrap();
    while !hello.contains("\n\n") {
        hello += std::str::from_utf8(&lazy.chunk().await.unwrap().unwrap()).unwrap();
    }
    let id = hello.lines().next().unwrap().trim_start_matches("id:").to_owned();
    let subscription = json!({ "clientId": id, "subscriptions": ["notes/*"] });
    guest.post("/api/realtime", subscription.clone()).await.expect(204);
    let mut reader = listen(&guest, &["notes/*"]).await;
    // Far more than the system keeps for a socket and the server for a client.
    let text = "x".repeat(4_900);
    let mut sent = 0;
    while guest
        .post("/api/realtime", json!({ "clientId": id, "subscriptions": ["notes/*"] }))
        .await
        .status
        == 204
    {
        let creates: Vec<Value> = (0..50)
            .map(|number| {
                json!({ "method": "POST", "url": "/api/collections/notes/records",
                    "body": { "text": text, "mood": (sent + number).to_string() } })
            })
            .collect();
        guest.post("/api/batch", json!({ "requests": creates })).await.expect(200);
        for number in 0..50 {
            assert_eq!(reader.told("mood").await, format!("notes/* create {}", sent + number));
        }
        sent += 50;
        assert!(sent < 20_000, "it was never cut off");
    }
    note(&guest, "marker").await;
    assert_eq!(reader.told("text").await, "notes/* create marker");
    // What was on its way is whole, and then the line ends.
    let mut rest = Vec::new();
    while let Ok(Some(chunk)) = lazy.chunk().await {
        rest.extend_from_slice(&chunk);
    }
    assert!(rest.ends_with(b"\n\n"));
}

#[actix_web::test]
async fn a_topic_cannot_begin_another_line() {
    let app = start().await;
    let guest = app.guest();
    let mut events = Events::connect(&guest).await;
    for topic in ["notes\nevent:x", "notes/*?options=\r\n\r\ndata:x", "notes\u{85}", "notes\u{7f}"]
    {
        events.subscribe(&guest, &[topic]).await.expect(400);
    }
    // What stays is what can be in a line.
    let topic = with_query("notes/*", json!({ "filter": "text != '\n\u{2028}'" })) + "&ä=ö\u{2028}";
    events.subscribe(&guest, &[&topic]).await.expect(204);
    note(&guest, "one\r\n\ntwo").await;
    assert_eq!(events.told("text").await, format!("{topic} create one\r\n\ntwo"));
}

#[actix_web::test]
async fn bodies_that_are_none_are_refused() {
    let app = start().await;
    for body in ["", "[]", "{", "null", r#"{"clientId":[]}"#, r#"{"subscriptions":{"a":1}}"#] {
        let body = body.as_bytes().to_vec();
        app.guest().raw("POST", "/api/realtime", "application/json", body).await.expect(400);
    }
}

#[actix_web::test]
async fn hundreds_of_connections_hear_of_the_same() {
    let app = start().await;
    let guest = app.guest();
    let mut all = Vec::new();
    for _ in 0..300 {
        all.push(listen(&guest, &["notes/*"]).await);
    }
    note(&guest, "one").await;
    for events in &mut all {
        assert_eq!(events.told("text").await, "notes/* create one");
    }
}
