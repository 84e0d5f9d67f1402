//! Which rule decides about a topic, and on which state of the record.

use serde_json::json;

use super::{listen, message, note, record, start};

#[actix_web::test]
async fn every_change_is_told_with_the_record_as_lists_show_it() {
    let app = start().await;
    let guest = app.guest();
    let mut events = listen(&guest, &["notes/*"]).await;
    let made = note(&guest, "one").await;
    assert_eq!(events.next().await.unwrap(), message("notes/*", "create", made.json()));
    let path = record("notes", &made.id());
    let changed = guest.patch(&path, json!({ "text": "two" })).await.expect(200);
    assert_eq!(events.next().await.unwrap(), message("notes/*", "update", changed.json()));
    guest.delete(&path).await.expect(204);
    assert_eq!(events.next().await.unwrap(), message("notes/*", "delete", changed.json()));
}

#[actix_web::test]
async fn owners_are_told_and_others_are_not() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let topics = ["diary/*", "notes/*"];
    let mut anns = listen(&ann, &topics).await;
    let mut bobs = listen(&bob, &topics).await;
    let mut guests = listen(&app.guest(), &topics).await;
    let mut roots = listen(&app.superuser().await, &topics).await;
    ann.create("diary", json!({ "text": "private" })).await.expect(200);
    note(&ann, "marker").await;
    for events in [&mut anns, &mut roots] {
        assert_eq!(events.told("text").await, "diary/* create private");
    }
    for events in [&mut anns, &mut bobs, &mut guests, &mut roots] {
        assert_eq!(events.told("text").await, "notes/* create marker");
    }
}

#[actix_web::test]
async fn a_record_that_changes_hands_is_told_to_the_new_owner() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let entry = ann.create("diary", json!({ "text": "one" })).await.expect(200).id();
    let topic = format!("diary/{entry}");
    let topics = [topic.as_str(), "notes/*"];
    let mut anns = listen(&ann, &topics).await;
    let mut bobs = listen(&bob, &topics).await;
    ann.patch(&record("diary", &entry), json!({ "owner": bob.id() })).await.expect(200);
    note(&ann, "marker").await;
    assert_eq!(bobs.told("text").await, format!("{topic} update one"));
    for events in [&mut anns, &mut bobs] {
        assert_eq!(events.told("text").await, "notes/* create marker");
    }
}

#[actix_web::test]
async fn locked_collections_are_for_superusers() {
    let app = start().await;
    let secret = app.guest().create("vault", json!({ "text": "one" })).await;
    // Whoever may create sees what they made.
    let id = secret.expect(200).id();
    let topics = ["vault/*", &format!("vault/{id}"), "notes/*"];
    let mut guests = listen(&app.guest(), &topics).await;
    let mut roots = listen(&app.superuser().await, &topics).await;
    app.guest().patch(&record("vault", &id), json!({ "text": "two" })).await.expect(200);
    app.guest().delete(&record("vault", &id)).await.expect(204);
    note(&app.guest(), "marker").await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(roots.told("text").await);
    }
    told[..2].sort();
    told[2..].sort();
    let one = format!("vault/{id}");
    let all = "vault/*".to_owned();
    let expected = [
        format!("{all} update two"),
        format!("{one} update two"),
        format!("{all} delete two"),
        format!("{one} delete two"),
    ];
    assert_eq!(told, expected);
    for events in [&mut guests, &mut roots] {
        assert_eq!(events.told("text").await, "notes/* create marker");
    }
}

#[actix_web::test]
async fn rules_may_ask_other_records() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let team = json!({ "name": "one", "members": [ann.id()] });
    let team = ann.create("teams", team).await.expect(200).id();
    let topics = ["posts/*", "notes/*"];
    let mut anns = listen(&ann, &topics).await;
    let mut bobs = listen(&bob, &topics).await;
    let post = json!({ "text": "hello", "team": team, "size": 1.5, "done": true, "meta": { "a": [1] },
        "at": "2026-01-02 03:04:05.678Z" });
    ann.create("posts", post).await.expect(200);
    note(&ann, "marker").await;
    assert_eq!(anns.told("text").await, "posts/* create hello");
    for events in [&mut anns, &mut bobs] {
        assert_eq!(events.told("text").await, "notes/* create marker");
    }
    ann.patch(&record("teams", &team), json!({ "members": [bob.id()] })).await.expect(200);
    ann.create("posts", json!({ "text": "again", "team": team })).await.expect(200);
    note(&ann, "marker").await;
    assert_eq!(bobs.told("text").await, "posts/* create again");
    for events in [&mut anns, &mut bobs] {
        assert_eq!(events.told("text").await, "notes/* create marker");
    }
}

#[actix_web::test]
async fn a_batch_that_fails_tells_nobody() {
    let app = start().await;
    let guest = app.guest();
    let mut events = listen(&guest, &["notes/*"]).await;
    let create = |text: &str| json!({ "method": "POST", "url": "/api/collections/notes/records", "body": { "text": text } });
    let missing = json!({ "method": "DELETE", "url": record("notes", "nothere") });
    let failing = json!({ "requests": [create("one"), missing] });
    guest.post("/api/batch", failing).await.expect(400);
    let good = json!({ "requests": [create("two"), create("three")] });
    guest.post("/api/batch", good).await.expect(200);
    assert_eq!(events.told("text").await, "notes/* create two");
    assert_eq!(events.told("text").await, "notes/* create three");
}

#[actix_web::test]
async fn many_changes_come_in_their_order() {
    let app = start().await;
    let guest = app.guest();
    let id = note(&guest, "start").await.id();
    let mut events = listen(&guest, &["notes/*"]).await;
    for number in 0..200 {
        let body = json!({ "text": number.to_string() });
        guest.patch(&record("notes", &id), body).await.expect(200);
    }
    for number in 0..200 {
        assert_eq!(events.told("text").await, format!("notes/* update {number}"));
    }
}
