//! What changes of an account do to the connections that act for it (contract A 5.6).

use std::time::Duration;

use serde_json::json;

use super::{Events, listen, note, record, start};
use crate::harness::{Client, PASSWORD, TestApp};

const TOPICS: [&str; 2] = ["diary/*", "notes/*"];

/// Whether a connection of `ann` still hears of what only she may know.
async fn still_hears(app: &TestApp, events: &mut Events, ann: &str) -> bool {
    let entry = json!({ "text": "private", "owner": ann });
    app.superuser().await.create("diary", entry).await.expect(200);
    note(&app.guest(), "marker").await;
    let told = events.told("text").await;
    if told == "diary/* create private" {
        assert_eq!(events.told("text").await, "notes/* create marker");
        return true;
    }
    assert_eq!(told, "notes/* create marker");
    false
}

async fn start_as_ann() -> (TestApp, Client, Events) {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let mut events = listen(&ann, &TOPICS).await;
    assert!(still_hears(&app, &mut events, ann.id()).await);
    (app, ann, events)
}

#[actix_web::test]
async fn a_changed_account_is_seen_as_it_is_now() {
    let app = TestApp::with_config(
        r#"
        [collections.users]
        type   = "auth"
        owner  = "id"
        fields = { name = "text", level = "number" }
        rules  = { read = "owner", create = "public", update = "owner" }

        [collections.notes]
        fields = { text = "text" }
        rules  = { create = "public", list = "@request.auth.level > 1" }
        "#,
    )
    .await;
    let ann = app.user("ann@example.com").await;
    let mut events = listen(&ann, &["notes/*"]).await;
    note(&ann, "one").await;
    ann.patch(&record("users", ann.id()), json!({ "level": 2 })).await.expect(200);
    note(&ann, "two").await;
    assert_eq!(events.told("text").await, "notes/* create two");
}

#[actix_web::test]
async fn a_new_password_makes_it_a_guests() {
    let (app, ann, mut events) = start_as_ann().await;
    let body = json!({ "oldPassword": PASSWORD, "password": "another password",
        "passwordConfirm": "another password" });
    ann.patch(&record("users", ann.id()), body).await.expect(200);
    assert!(!still_hears(&app, &mut events, ann.id()).await);
    // It may become somebody's again, and the old token does not make it so.
    events.subscribe(&ann, &TOPICS).await.expect(204);
    assert!(!still_hears(&app, &mut events, ann.id()).await);
    let again = app.guest().sign_in("users", "ann@example.com", "another password").await;
    events.subscribe(&again, &TOPICS).await.expect(204);
    assert!(still_hears(&app, &mut events, ann.id()).await);
}

#[actix_web::test]
async fn a_session_that_ends_makes_its_connections_guests() {
    let (app, ann, mut events) = start_as_ann().await;
    let other = app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    let mut others = listen(&other, &TOPICS).await;
    ann.post("/api/sign-out", json!({})).await.expect(204);
    assert!(!still_hears(&app, &mut events, ann.id()).await);
    assert_eq!(others.told("text").await, "diary/* create private");
    assert_eq!(others.told("text").await, "notes/* create marker");
    events.subscribe(&ann, &TOPICS).await.expect(204);
    assert!(!still_hears(&app, &mut events, ann.id()).await);
}

#[actix_web::test]
async fn an_account_that_is_gone_makes_it_a_guests() {
    let (app, ann, mut events) = start_as_ann().await;
    let bob = app.user("bob@example.com").await;
    events.subscribe(&ann, &["diary/*", "notes/*", "users/*"]).await.expect(204);
    ann.delete(&record("users", ann.id())).await.expect(204);
    let told = events.next().await.unwrap();
    // She hears of it herself, as herself.
    let removed = if told.event == "users/*" { told } else { events.next().await.unwrap() };
    assert_eq!(removed.data["record"]["email"], "ann@example.com");
    while events.subscribe(&bob, &TOPICS).await.status == 403 {}
    assert!(still_hears(&app, &mut events, bob.id()).await);
}

#[actix_web::test]
async fn a_token_that_expires_does_not_end_it() {
    let config = r#"
        [collections.users]
        type   = "auth"
        tokens = { auth = "60s" }
        rules  = { create = "public", update = "owner" }
        owner  = "id"

        [collections.diary]
        owner  = "owner"
        fields = { text = "text", owner = "-> users" }
        rules  = { read = "owner" }

        [collections.notes]
        fields = { text = "text" }
        rules  = { read = "public", create = "public" }
    "#;
    let app = TestApp::with_config(config).await;
    let ann = app.user("ann@example.com").await;
    let mut events = listen(&ann, &TOPICS).await;
    app.advance(Duration::from_secs(61));
    ann.patch(&record("users", ann.id()), json!({})).await.expect(404);
    assert!(still_hears(&app, &mut events, ann.id()).await);
}

#[actix_web::test]
async fn secrets_that_change_make_it_a_guests() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let diary = json!({ "name": "diary", "type": "base", "listRule": "owner = @request.auth.id",
        "fields": [{ "name": "text", "type": "text" },
            { "name": "owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1 }] });
    root.post("/api/collections", diary).await.expect(200);
    let notes = json!({ "name": "notes", "type": "base", "listRule": "", "createRule": "",
        "fields": [{ "name": "text", "type": "text" }] });
    root.post("/api/collections", notes).await.expect(200);
    let ann = app.user("ann@example.com").await;
    let mut events = listen(&ann, &TOPICS).await;
    assert!(still_hears(&app, &mut events, ann.id()).await);
    root.patch("/api/collections/notes", json!({ "updateRule": "" })).await.expect(200);
    assert!(still_hears(&app, &mut events, ann.id()).await);
    let secret = json!({ "authToken": { "secret": "a".repeat(50), "duration": 1000 } });
    root.patch("/api/collections/users", secret).await.expect(200);
    assert!(!still_hears(&app, &mut events, ann.id()).await);
}
