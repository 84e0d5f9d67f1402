//! Confirming that an address is its account's own.

use std::time::Duration;

use serde_json::{Value, json};

use super::inbox::Inbox;
use super::{codes, record, sign_up, start};
use crate::harness::{Answer, Client, TestApp};

async fn ask(client: &Client, collection: &str, email: Value) -> Answer {
    let path = format!("/api/collections/{collection}/request-verification");
    client.post(&path, json!({ "email": email })).await
}

async fn confirm(app: &TestApp, collection: &str, token: &str) -> Answer {
    let path = format!("/api/collections/{collection}/confirm-verification");
    app.guest().post(&path, json!({ "token": token })).await
}

#[actix_web::test]
async fn the_token_of_the_mail_verifies_once() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let ann = app.user("ann@example.com").await;
    let answer = ask(&app.guest(), "users", json!("ann@example.com")).await.expect(204);
    assert_eq!(answer.text, "");
    let mail = inbox.mail("ann@example.com", 1).await;
    let token = mail.token("confirm-verification");
    assert!(mail.text().contains(&token), "{}", mail.text());

    confirm(&app, "users", &token).await.expect(204);
    let verified = ann.get(&record("users", ann.id())).await.expect(200);
    assert_eq!(verified.at("/verified"), json!(true));
    let before = app.state_digest();
    confirm(&app, "users", &token).await.expect(204);
    // Who is verified gets no mail. Not at the hour, when the server tidies up.
    app.advance(Duration::from_secs(4_200));
    ask(&app.guest(), "users", json!("ann@example.com")).await.expect(204);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn an_address_gets_a_mail_every_two_minutes() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("ann@example.com").await;
    for _ in 0..3 {
        ask(&app.guest(), "users", json!("ann@example.com")).await.expect(204);
    }
    inbox.mail("ann@example.com", 1).await;
    app.advance(Duration::from_secs(120));
    ask(&app.guest(), "users", json!("ann@example.com")).await.expect(204);
    inbox.mail("ann@example.com", 2).await;
}

#[actix_web::test]
async fn who_has_no_account_is_answered_as_everybody_else() {
    let app = start().await;
    app.superuser().await;
    let before = app.state_digest();
    let answer = ask(&app.guest(), "users", json!("nobody@example.com")).await.expect(204);
    assert_eq!(answer.text, "");
    for (email, expected) in [
        (json!(""), "email:required"),
        (Value::Null, "email:required"),
        (json!("nobody"), "email:is_email"),
        (json!(format!("{}@example.com", "x".repeat(250))), "email:length_out_of_range"),
    ] {
        let refused = ask(&app.guest(), "users", email).await.expect(400);
        assert_eq!(codes(&refused), expected);
    }
    ask(&app.guest(), "users", json!(5)).await.expect(400);
    ask(&app.guest(), "_superusers", json!("root@example.com")).await.expect(400);
    ask(&app.guest(), "notes", json!("a@example.com")).await.expect(404);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn other_tokens_verify_nothing() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let ann = app.user("ann@example.com").await;
    ask(&app.guest(), "users", json!("ann@example.com")).await.expect(204);
    let token = inbox.mail("ann@example.com", 1).await.token("confirm-verification");
    let reset = "/api/collections/users/request-password-reset";
    app.guest().post(reset, json!({ "email": "ann@example.com" })).await.expect(204);
    let reset = inbox.mail("ann@example.com", 2).await.token("confirm-password-reset");
    let file = ann.post("/api/files/token", Value::Null).await.expect(200).at("/token");
    let before = app.state_digest();
    let longer = format!("{token}x");
    let cut = &token[..token.len() - 1];
    for (sent, expected) in [
        ("", "token:required"),
        ("rubbish", "token:invalid_token_claims"),
        ("a.b.c", "token:invalid_token_claims"),
        (ann.token(), "token:invalid_token_claims"),
        (file.as_str().unwrap(), "token:invalid_token_claims"),
        (&reset, "token:invalid_token"),
        (&longer, "token:invalid_token"),
        (cut, "token:invalid_token"),
    ] {
        let refused = confirm(&app, "users", sent).await.expect(400);
        assert_eq!(codes(&refused), expected, "{sent}");
    }
    let refused = confirm(&app, "staff", &token).await.expect(400);
    assert_eq!(codes(&refused), "token:token_collection_mismatch");
    confirm(&app, "notes", &token).await.expect(404);
    assert_eq!(app.state_digest(), before);

    // Not at midnight, when the server tidies up.
    app.advance(Duration::from_secs(24 * 3_600 + 600));
    let refused = confirm(&app, "users", &token).await.expect(400);
    assert_eq!(codes(&refused), "token:invalid_token");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn a_token_for_another_address_verifies_nothing() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let root = app.superuser().await;
    let id = app.guest().create("users", sign_up("ann@example.com")).await.expect(200).id();
    ask(&app.guest(), "users", json!("ann@example.com")).await.expect(204);
    let token = inbox.mail("ann@example.com", 1).await.token("confirm-verification");
    // As if the key had stayed.
    app.change("UPDATE \"users\" SET \"email\" = 'new@example.com'");
    root.patch(&record("users", &id), json!({ "nick": "ann" })).await.expect(200);
    let refused = confirm(&app, "users", &token).await.expect(400);
    assert_eq!(codes(&refused), "token:token_email_mismatch");
}
