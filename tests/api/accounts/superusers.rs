//! Superusers through the API.

use serde_json::json;

use super::{codes, is_signed_in, record, records, sign_in, sign_up, sign_up_with, start};
use crate::harness::PASSWORD;

#[actix_web::test]
async fn superusers_are_closed_to_everybody_else() {
    let app = start().await;
    let root = app.superuser().await;
    let ann = app.user("ann@example.com").await;
    let one = record("_superusers", root.id());
    let before = app.state_digest();
    for client in [&app.guest(), &ann] {
        client.get(&records("_superusers")).await.expect(403);
        client.get(&one).await.expect(403);
        client.get(&record("_superusers", "no_such_record1")).await.expect(403);
        client.create("_superusers", sign_up("b@example.com")).await.expect(403);
        client.patch(&one, json!({ "email": "b@example.com" })).await.expect(403);
        client.delete(&one).await.expect(403);
    }
    assert_eq!(app.state_digest(), before);
    root.get(&one).await.expect(200);
}

#[actix_web::test]
async fn a_superuser_is_always_verified() {
    let app = start().await;
    let root = app.superuser().await;
    let made =
        root.create("_superusers", sign_up_with("b@example.com", json!({ "verified": false })));
    let made = made.await.expect(200);
    assert_eq!(made.at("/verified"), json!(true));
    let answer = root.patch(&record("_superusers", &made.id()), json!({ "verified": false })).await;
    assert_eq!(answer.expect(200).at("/verified"), json!(true));
    assert_eq!(app.database().column("_superusers", "verified"), ["1", "1"]);
}

#[actix_web::test]
async fn superusers_make_change_and_delete_each_other_but_for_the_last() {
    let app = start().await;
    let root = app.superuser().await;
    let other = root.create("_superusers", sign_up("b@example.com")).await.expect(200).id();
    let b = app.guest().sign_in("_superusers", "b@example.com", PASSWORD).await;
    let answer = root.create("_superusers", sign_up("b@example.com")).await.expect(400);
    assert_eq!(codes(&answer), "email:not_unique");

    let body = json!({ "password": "another password", "passwordConfirm": "another password" });
    root.patch(&record("_superusers", &other), body).await.expect(200);
    b.get(&records("_superusers")).await.expect(403);
    sign_in(&app.guest(), "_superusers", "b@example.com", "another password").await.expect(200);

    root.delete(&record("_superusers", &other)).await.expect(204);
    let before = app.state_digest();
    root.delete(&record("_superusers", root.id())).await.expect(400);
    root.delete(&record("_superusers", &other)).await.expect(404);
    assert_eq!(app.state_digest(), before);
    assert!(is_signed_in(&root).await);
}

#[actix_web::test]
async fn rules_do_not_bind_superusers() {
    let app = start().await;
    let root = app.superuser().await;
    let made = root.create("members", sign_up("ann@example.com")).await.expect(200);
    assert_eq!(made.at("/email"), json!("ann@example.com"));
    root.patch(&record("members", &made.id()), json!({ "code": "x" })).await.expect(200);
    root.delete(&record("members", &made.id())).await.expect(204);
    assert_eq!(app.count("members"), 0);
}
