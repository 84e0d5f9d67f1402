//! What a topic says beside the collection: filter, expand, fields, and what rules see of it.

use serde_json::json;

use super::{TestApp, listen, note, record, start, with_options, with_query};

#[actix_web::test]
async fn a_filter_leaves_out_what_it_does_not_find() {
    let app = start().await;
    let guest = app.guest();
    let topic = with_query("notes/*", json!({ "filter": "text ~ 'good' && author.name = ''" }));
    let mut events = listen(&guest, &[&topic]).await;
    note(&guest, "bad").await;
    let good = note(&guest, "good").await;
    assert_eq!(events.told("text").await, format!("{topic} create good"));
    guest.patch(&record("notes", &good.id()), json!({ "text": "bad" })).await.expect(200);
    guest.patch(&record("notes", &good.id()), json!({ "text": "good again" })).await.expect(200);
    assert_eq!(events.told("text").await, format!("{topic} update good again"));
    guest.delete(&record("notes", &good.id())).await.expect(204);
    assert_eq!(events.told("text").await, format!("{topic} delete good again"));
}

#[actix_web::test]
async fn filters_that_cannot_be_used_find_nothing() {
    let app = start().await;
    let guest = app.guest();
    let filters = [
        "text = ",
        "nothing = 1",
        "secret = ''",
        "@request.auth.id != ''",
        "@collection.notes.text ?= 'one'",
    ];
    let topics = filters.map(|filter| with_query("notes/*", json!({ "filter": filter })));
    let mut topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    topics.push("notes");
    let mut events = listen(&guest, &topics).await;
    note(&guest, "one").await;
    assert_eq!(events.told("text").await, "notes create one");
    note(&guest, "two").await;
    assert_eq!(events.told("text").await, "notes create two");

    let mut roots = listen(&app.superuser().await, &topics[2..5]).await;
    note(&guest, "one").await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(roots.told("text").await);
    }
    told.sort();
    let mut expected: Vec<String> =
        topics[2..5].iter().map(|topic| format!("{topic} create one")).collect();
    expected.sort();
    assert_eq!(told, expected);
}

#[actix_web::test]
async fn expand_and_fields_are_those_of_the_topic() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let expanded =
        with_query("notes/*", json!({ "expand": "author", "fields": "text,expand.author.name" }));
    let wrong = with_query("notes/*", json!({ "fields": "text:nothing(1)", "expand": "nothing" }));
    let mut events = listen(&ann, &[&expanded]).await;
    let mut others = listen(&ann, &[&wrong]).await;
    let body = json!({ "text": "one", "author": ann.id(), "secret": "s" });
    let made = ann.create("notes", body).await.expect(200);
    let message = events.next().await.unwrap();
    let record = json!({ "text": "one", "expand": { "author": { "name": "ann" } } });
    assert_eq!(message, super::message(&expanded, "create", record));
    assert_eq!(others.next().await.unwrap(), super::message(&wrong, "create", made.json()));
}

#[actix_web::test]
async fn hidden_fields_are_for_superusers() {
    let app = start().await;
    let mut guests = listen(&app.guest(), &["notes/*"]).await;
    let root = app.superuser().await;
    let mut roots = listen(&root, &["notes/*"]).await;
    root.create("notes", json!({ "text": "one", "secret": "s" })).await.expect(200);
    let seen = guests.next().await.unwrap().data;
    assert!(seen["record"].get("secret").is_none(), "{seen}");
    assert_eq!(roots.next().await.unwrap().data["record"]["secret"], "s");
}

#[actix_web::test]
async fn addresses_are_for_their_owners_and_who_manages_them() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let bob = app.user("bob@example.com").await;
    let admin = app.user_with("admin@example.com", json!({ "role": "admin" })).await;
    let root = app.superuser().await;
    let topic = format!("users/{}", ann.id());
    let mut listeners = Vec::new();
    for client in [&ann, &bob, &admin, &root, &app.guest()] {
        listeners.push(listen(client, &[&topic]).await);
    }
    ann.patch(&record("users", ann.id()), json!({ "name": "Ann" })).await.expect(200);
    let mut shown = Vec::new();
    for events in &mut listeners {
        shown.push(events.next().await.unwrap().data["record"].get("email").is_some());
    }
    assert_eq!(shown, [true, false, true, true, false]);
    ann.patch(&record("users", ann.id()), json!({ "emailVisibility": true })).await.expect(200);
    for events in &mut listeners {
        assert_eq!(events.next().await.unwrap().data["record"]["email"], "ann@example.com");
    }
}

#[actix_web::test]
async fn rules_see_the_options_and_where_they_run() {
    let app = TestApp::with_config(
        r#"
        [collections.doors]
        fields = { text = "text" }
        rules  = { create = "public", list = "@request.context = 'realtime' && @request.method = 'GET' && @request.query.key = text && @request.headers.x_token = 't'" }
        "#,
    )
    .await;
    let guest = app.guest();
    let open = with_options(
        "doors/*",
        &json!({ "query": { "key": "one" }, "headers": { "X-Token": "t" } }),
    );
    let wrong = with_options(
        "doors/*",
        &json!({ "query": { "key": "one" }, "headers": { "X-Token": "u" } }),
    );
    let mut events = listen(&guest, &[&wrong, &open, "doors/*"]).await;
    guest.create("doors", json!({ "text": "two" })).await.expect(200);
    guest.create("doors", json!({ "text": "one" })).await.expect(200);
    assert_eq!(events.told("text").await, format!("{open} create one"));
    guest.create("doors", json!({ "text": "one" })).await.expect(200);
    assert_eq!(events.told("text").await, format!("{open} create one"));
}
