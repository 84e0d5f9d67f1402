//! Subscribing: what replaces what, and each refusal in its order.

use serde_json::{Value, json};

use super::{Events, listen, note, start};

#[actix_web::test]
async fn a_subscription_replaces_the_one_before() {
    let app = start().await;
    let guest = app.guest();
    let mut events = listen(&guest, &["notes/*", "", "notes/*", "notes"]).await;
    note(&guest, "one").await;
    let mut told = [events.told("text").await, events.told("text").await];
    told.sort();
    assert_eq!(told, ["notes create one", "notes/* create one"]);

    events.subscribe(&guest, &[]).await.expect(204);
    note(&guest, "two").await;
    events.subscribe(&guest, &["notes", "nobody/knows", "x"]).await.expect(204);
    note(&guest, "three").await;
    assert_eq!(events.told("text").await, "notes create three");
}

#[actix_web::test]
async fn topics_name_collections_by_id_and_by_exact_name() {
    let app = start().await;
    let guest = app.guest();
    let first = note(&guest, "zero").await;
    let collection = first.at("/collectionId");
    let collection = collection.as_str().unwrap();
    let id = first.id();
    let topics = [
        format!("{collection}/*"),
        collection.to_owned(),
        format!("{collection}/{id}"),
        format!("notes/{id}"),
        "Notes/*".to_owned(),
        "NOTES".to_owned(),
    ];
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut events = listen(&guest, &topics).await;
    guest.patch(&super::record("notes", &id), json!({ "text": "one" })).await.expect(200);
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(events.told("text").await);
    }
    told.sort();
    let mut expected: Vec<String> =
        topics[..4].iter().map(|topic| format!("{topic} update one")).collect();
    expected.sort();
    assert_eq!(told, expected);
    note(&guest, "two").await;
    let told = events.told("text").await;
    assert!(told.ends_with(" create two"), "{told}");
}

#[actix_web::test]
async fn what_is_wrong_is_said_field_by_field() {
    let app = start().await;
    let events = Events::connect(&app.guest()).await;
    let post = async |body: Value| app.guest().post("/api/realtime", body).await.expect(400);
    let code = |answer: &super::Answer, path: &str| answer.at(&format!("/data{path}/code"));

    let missing = post(json!({})).await;
    assert_eq!(code(&missing, "/clientId"), "validation_required");
    let long = post(json!({ "clientId": "x".repeat(256) })).await;
    assert_eq!(code(&long, "/clientId"), "validation_length_too_long");

    let id = events.id();
    let many: Vec<String> = (0..1_001).map(|number| format!("notes/{number}")).collect();
    let many = post(json!({ "clientId": id, "subscriptions": many })).await;
    assert_eq!(code(&many, "/subscriptions"), "validation_length_too_long");
    let topics =
        json!(["notes/*", "x".repeat(2_501), "a\nevent:x", "a\rb", "a\0b", "y".repeat(2_500)]);
    let topics = post(json!({ "clientId": id, "subscriptions": topics })).await;
    assert_eq!(code(&topics, "/subscriptions/1"), "validation_length_too_long");
    for index in 2..5 {
        let path = format!("/subscriptions/{index}");
        assert_eq!(code(&topics, &path), "validation_match_invalid");
    }
    assert_eq!(topics.at("/data/subscriptions").as_object().unwrap().len(), 4);

    for body in [json!({ "clientId": id, "subscriptions": "notes/*" }), json!({ "clientId": 5 })] {
        assert_eq!(post(body).await.at("/data"), json!({}));
    }
    let most: Vec<String> = (0..1_000).map(|number| format!("notes/{number}")).collect();
    let most = json!({ "clientId": id, "subscriptions": most });
    app.guest().post("/api/realtime", most).await.expect(204);
}

#[actix_web::test]
async fn forms_are_read_too() {
    let app = start().await;
    let mut events = Events::connect(&app.guest()).await;
    let body = format!("clientId={}&subscriptions=notes&subscriptions=vault%2F*", events.id());
    let form = "application/x-www-form-urlencoded";
    app.guest().raw("POST", "/api/realtime", form, body.into_bytes()).await.expect(204);
    note(&app.guest(), "one").await;
    assert_eq!(events.told("text").await, "notes create one");
}

#[actix_web::test]
async fn unknown_and_closed_clients_are_not_found() {
    let app = start().await;
    let body = json!({ "clientId": "x".repeat(40), "subscriptions": ["notes"] });
    app.guest().post("/api/realtime", body).await.expect(404);
}

#[actix_web::test]
async fn a_connection_becomes_somebodys_once() {
    let app = start().await;
    let (guest, ann, bob) =
        (app.guest(), app.user("ann@example.com").await, app.user("bob@example.com").await);
    let mut events = listen(&guest, &["diary/*"]).await;
    events.subscribe(&ann, &["diary/*"]).await.expect(204);
    for other in [&guest, &bob, &app.superuser().await, &guest.with_token("made.up.token")] {
        events.subscribe(other, &["notes/*"]).await.expect(403);
    }
    // A newer token of the same account will do.
    let again = guest.sign_in("users", "ann@example.com", super::super::harness::PASSWORD).await;
    events.subscribe(&again, &["diary/*"]).await.expect(204);
    note(&guest, "nobody listens").await;
    ann.create("diary", json!({ "text": "mine" })).await.expect(200);
    assert_eq!(events.told("text").await, "diary/* create mine");
}

#[actix_web::test]
async fn another_address_may_not_subscribe() {
    let app = start().await;
    let events = Events::connect(&app.guest()).await;
    let elsewhere = app.guest().at_address("127.0.0.2");
    let refused = events.subscribe(&elsewhere, &["notes/*"]).await.expect(400);
    assert_eq!(refused.at("/data"), json!({}));
}
