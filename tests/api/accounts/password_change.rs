//! Changing one's own password, and what it ends.

use serde_json::{Value, json};

use super::{codes, is_signed_in, record, refresh, sign_in, start};
use crate::harness::{Client, PASSWORD};

const NEW: &str = "another password";

fn change(old: &str, new: &str) -> Value {
    json!({ "oldPassword": old, "password": new, "passwordConfirm": new })
}

#[actix_web::test]
async fn a_new_password_ends_every_session_and_the_old_one() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let elsewhere = app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    let bob = app.user("bob@example.com").await;
    // Both tokens have been used, so the server has them at hand.
    for client in [&ann, &elsewhere] {
        assert!(is_signed_in(client).await);
    }
    ann.patch(&record("users", ann.id()), change(PASSWORD, NEW)).await.expect(200);
    for client in [&ann, &elsewhere] {
        assert!(!is_signed_in(client).await);
        refresh(client, "users").await.expect(401);
    }
    assert!(is_signed_in(&bob).await);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(400);
    let again = app.guest().sign_in("users", "ann@example.com", NEW).await;
    assert!(is_signed_in(&again).await);
    // The same password once more is a change all the same.
    again.patch(&record("users", ann.id()), change(NEW, NEW)).await.expect(200);
    assert!(!is_signed_in(&again).await);
}

#[actix_web::test]
async fn a_change_that_is_refused_changes_nothing() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let path = record("users", ann.id());
    let long = "x".repeat(72);
    let cases = [
        (change("not the old one", NEW), "oldPassword:invalid_old_password"),
        (change("", NEW), "oldPassword:required"),
        (json!({ "password": NEW, "passwordConfirm": NEW }), "oldPassword:required"),
        (
            json!({ "password": NEW, "passwordConfirm": "x", "oldPassword": PASSWORD }),
            "passwordConfirm:values_mismatch",
        ),
        (json!({ "oldPassword": PASSWORD }), "password:required passwordConfirm:required"),
        (
            json!({ "passwordConfirm": NEW, "oldPassword": PASSWORD }),
            "password:required passwordConfirm:values_mismatch",
        ),
        (change(PASSWORD, "short"), "password:min_text_constraint"),
        (change(PASSWORD, &long), "password:max_text_constraint"),
    ];
    let before = app.state_digest();
    for (body, expected) in cases {
        let answer = ann.patch(&path, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert_eq!(codes(&answer), expected, "{body}");
        assert_eq!(app.state_digest(), before, "{body}");
    }
    app.guest().patch(&path, change(PASSWORD, NEW)).await.expect(404);
    app.user("bob@example.com").await.patch(&path, change(PASSWORD, NEW)).await.expect(404);
    assert!(is_signed_in(&ann).await);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn other_changes_end_no_session() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let body = json!({ "username": "ann", "emailVisibility": true });
    ann.patch(&record("users", ann.id()), body).await.expect(200);
    assert!(is_signed_in(&ann).await);
    let root = app.superuser().await;
    root.patch(&record("users", ann.id()), json!({ "verified": true })).await.expect(200);
    assert!(is_signed_in(&ann).await);
}

#[actix_web::test]
async fn a_new_address_and_a_new_key_end_every_session() {
    let app = start().await;
    let root = app.superuser().await;
    let ann = app.user("ann@example.com").await;
    let path = record("users", ann.id());
    let sign_in_again = |email: &'static str| {
        let guest = app.guest();
        async move { guest.sign_in("users", email, PASSWORD).await }
    };
    let changes = [
        (json!({ "email": "anna@example.com" }), "anna@example.com"),
        (json!({ "tokenKey:autogenerate": "" }), "anna@example.com"),
        (json!({ "tokenKey": "k".repeat(40) }), "anna@example.com"),
    ];
    let mut session: Client = ann;
    for (body, email) in changes {
        assert!(is_signed_in(&session).await);
        root.patch(&path, body.clone()).await.expect(200);
        assert!(!is_signed_in(&session).await, "{body}");
        session = sign_in_again(email).await;
    }
    assert_eq!(app.database().column("users", "tokenKey"), ["k".repeat(40)]);
    let before = app.state_digest();
    let answer = root.patch(&path, json!({ "tokenKey": "short" })).await.expect(400);
    assert_eq!(codes(&answer), "tokenKey:min_text_constraint");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn the_same_key_for_two_accounts_is_refused() {
    let app = start().await;
    let root = app.superuser().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let key = json!({ "tokenKey": "k".repeat(40) });
    root.patch(&record("users", ann.id()), key.clone()).await.expect(200);
    let before = app.state_digest();
    let answer = root.patch(&record("users", bob.id()), key).await.expect(400);
    assert_eq!(codes(&answer), "tokenKey:not_unique");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn sixteen_at_once_with_the_old_password_change_it_once() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let path = record("users", ann.id());
    let bodies: Vec<Value> =
        (0..16).map(|n| change(PASSWORD, &format!("password {n:02}"))).collect();
    let answers =
        futures_util::future::join_all(bodies.iter().map(|body| ann.patch(&path, body.clone())))
            .await;
    let changed: Vec<usize> = (0..16).filter(|&n| answers[n].status == 200).collect();
    assert_eq!(changed.len(), 1, "{answers:?}");
    sign_in(&app.guest(), "users", "ann@example.com", &format!("password {:02}", changed[0]))
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_token_is_not_enough_to_find_out_the_password() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let path = record("users", ann.id());
    for number in 0..10 {
        let body = change(&format!("wrong {number}"), NEW);
        assert_eq!(
            codes(&ann.patch(&path, body).await.expect(400)),
            "oldPassword:invalid_old_password"
        );
    }
    let before = app.state_digest();
    for password in ["wrong", PASSWORD] {
        let refused = ann.patch(&path, change(password, NEW)).await.expect(429);
        assert_eq!(refused.header("retry-after"), Some("600"));
    }
    assert_eq!(app.state_digest(), before);
    // Others are not kept from theirs, and neither is Ann for ever.
    let bob = app.user("bob@example.com").await;
    bob.patch(&record("users", bob.id()), change(PASSWORD, NEW)).await.expect(200);
    app.advance(std::time::Duration::from_secs(600));
    ann.patch(&path, change(PASSWORD, NEW)).await.expect(200);
}
