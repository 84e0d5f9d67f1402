//! A new password for who forgot the old one.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::inbox::Inbox;
use super::{codes, is_signed_in, record, sign_in, start};
use crate::harness::{Answer, Client, PASSWORD, TestApp};

const NEW: &str = "another good password";

async fn ask(client: &Client, collection: &str, email: Value) -> Answer {
    let path = format!("/api/collections/{collection}/request-password-reset");
    client.post(&path, json!({ "email": email })).await
}

async fn confirm(app: &TestApp, collection: &str, body: Value) -> Answer {
    let path = format!("/api/collections/{collection}/confirm-password-reset");
    app.guest().post(&path, body).await
}

fn body(token: &str, password: &str) -> Value {
    json!({ "token": token, "password": password, "passwordConfirm": password })
}

async fn token_of(app: &TestApp, inbox: &Inbox, email: &str) -> String {
    ask(&app.guest(), "users", json!(email)).await.expect(204);
    inbox.mail(email, 1).await.token("confirm-password-reset")
}

#[actix_web::test]
async fn the_token_of_the_mail_sets_a_password_and_ends_every_session() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let ann = app.user("ann@example.com").await;
    let token = token_of(&app, &inbox, "ann@example.com").await;
    let answer = confirm(&app, "users", body(&token, NEW)).await.expect(204);
    assert_eq!(answer.text, "");
    assert!(!is_signed_in(&ann).await);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(400);
    let answer = sign_in(&app.guest(), "users", "ann@example.com", NEW).await.expect(200);
    // The mail was read at the address.
    assert_eq!(answer.at("/record/verified"), json!(true));
    let before = app.state_digest();
    let refused = confirm(&app, "users", body(&token, "a third password")).await.expect(400);
    assert_eq!(codes(&refused), "token:invalid_token");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn of_many_at_once_one_wins() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("ann@example.com").await;
    let token = token_of(&app, &inbox, "ann@example.com").await;
    let passwords: Vec<String> = (0..50).map(|number| format!("password {number}")).collect();
    let attempts = passwords.iter().map(|password| confirm(&app, "users", body(&token, password)));
    let answers = join_all(attempts).await;
    let won: Vec<usize> = (0..50).filter(|&number| answers[number].status == 204).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    for (number, answer) in answers.iter().enumerate().filter(|(number, _)| *number != won[0]) {
        assert_eq!(answer.status, 400, "{number}: {}", answer.text);
    }
    sign_in(&app.guest(), "users", "ann@example.com", &passwords[won[0]]).await.expect(200);
}

#[actix_web::test]
async fn what_is_wrong_is_told_together() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("ann@example.com").await;
    let token = token_of(&app, &inbox, "ann@example.com").await;
    let before = app.state_digest();
    let long = "p".repeat(256);
    let seventy_three = "p".repeat(73);
    let wide = "é".repeat(40);
    for (sent, expected) in [
        (json!({}), "password:required passwordConfirm:required token:required"),
        (
            json!({ "token": "rubbish", "password": "short", "passwordConfirm": "x" }),
            "password:length_out_of_range passwordConfirm:values_mismatch token:invalid_token",
        ),
        (body(&token, &long), "password:length_out_of_range"),
        (body(&token, &seventy_three), "password:invalid_value"),
        (body(&token, &wide), "password:invalid_value"),
        (body(&token, &"p".repeat(72)), "password:max_text_constraint"),
        (
            json!({ "token": token, "password": NEW, "passwordConfirm": "" }),
            "passwordConfirm:required",
        ),
    ] {
        let refused = confirm(&app, "users", sent.clone()).await.expect(400);
        assert_eq!(codes(&refused), expected, "{sent}");
    }
    let refused = confirm(&app, "staff", body(&token, NEW)).await.expect(400);
    assert_eq!(codes(&refused), "token:token_collection_mismatch");
    assert_eq!(app.state_digest(), before);
    // Each of them left the token as it was.
    confirm(&app, "users", body(&token, NEW)).await.expect(204);
}

#[actix_web::test]
async fn nobody_is_told_who_has_an_account() {
    let app = start().await;
    app.superuser().await;
    let before = app.state_digest();
    ask(&app.guest(), "users", json!("nobody@example.com")).await.expect(204);
    ask(&app.guest(), "_superusers", json!("nobody@example.com")).await.expect(204);
    // Nobody signs in by password there.
    ask(&app.guest(), "robots", json!("robot@example.com")).await.expect(400);
    ask(&app.guest(), "notes", json!("a@example.com")).await.expect(404);
    let refused = ask(&app.guest(), "users", json!("nobody")).await.expect(400);
    assert_eq!(codes(&refused), "email:is_email");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn superusers_reset_theirs_too() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    ask(&app.guest(), "_superusers", json!("root@example.com")).await.expect(204);
    let token = inbox.mail("root@example.com", 1).await.token("confirm-password-reset");
    confirm(&app, "_superusers", body(&token, NEW)).await.expect(204);
    sign_in(&app.guest(), "_superusers", "root@example.com", NEW).await.expect(200);
}

#[actix_web::test]
async fn a_token_dies_with_the_key_of_its_account() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let root = app.superuser().await;
    let ann = app.user("ann@example.com").await;
    let token = token_of(&app, &inbox, "ann@example.com").await;
    let rotate = json!({ "tokenKey:autogenerate": "" });
    root.patch(&record("users", ann.id()), rotate).await.expect(200);
    let refused = confirm(&app, "users", body(&token, NEW)).await.expect(400);
    assert_eq!(codes(&refused), "token:invalid_token");
}

#[actix_web::test]
async fn an_address_that_looks_alike_gets_no_mail() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("kim@example.com").await;
    for address in ["\u{212a}im@example.com", "k\u{456}m@example.com", "kim@ex\u{e4}mple.com"] {
        let answer = ask(&app.guest(), "users", json!(address)).await;
        assert!(matches!(answer.status, 204 | 400), "{address}: {}", answer.text);
    }
    // The one who is meant comes after, and is the only one.
    ask(&app.guest(), "users", json!("kim@example.com")).await.expect(204);
    inbox.mail("kim@example.com", 1).await;
    assert_eq!(app.count("_mails"), 1);
}
