//! Another address for an account.

use serde_json::{Value, json};

use super::inbox::Inbox;
use super::{codes, is_signed_in, record, sign_in, start};
use crate::harness::{Answer, Client, PASSWORD, TestApp};

async fn ask(client: &Client, collection: &str, new_email: Value) -> Answer {
    let path = format!("/api/collections/{collection}/request-email-change");
    client.post(&path, json!({ "newEmail": new_email })).await
}

async fn confirm(app: &TestApp, collection: &str, token: &str, password: &str) -> Answer {
    let path = format!("/api/collections/{collection}/confirm-email-change");
    app.guest().post(&path, json!({ "token": token, "password": password })).await
}

#[actix_web::test]
async fn the_new_address_confirms_and_the_old_one_is_told() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let ann = app.user("ann@example.com").await;
    ask(&ann, "users", json!("new@example.com")).await.expect(204);
    let token = inbox.mail("new@example.com", 1).await.token("confirm-email-change");
    let before = app.state_digest();
    let refused = confirm(&app, "users", &token, "not the password").await.expect(400);
    assert_eq!(codes(&refused), "password:invalid_password");
    assert_eq!(app.state_digest(), before);

    confirm(&app, "users", &token, PASSWORD).await.expect(204);
    assert!(!is_signed_in(&ann).await);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(400);
    let answer = sign_in(&app.guest(), "users", "new@example.com", PASSWORD).await.expect(200);
    assert_eq!(answer.at("/record/verified"), json!(true));
    let notice = inbox.mail("ann@example.com", 1).await;
    assert!(notice.text().contains("new@example.com"), "{}", notice.text());

    let refused = confirm(&app, "users", &token, PASSWORD).await.expect(400);
    assert_eq!(codes(&refused), "password:invalid_password token:invalid_token");
}

#[actix_web::test]
async fn only_the_account_itself_asks_and_only_for_a_free_address() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    app.user("bob@example.com").await;
    let root = app.superuser().await;
    let before = app.state_digest();
    for collection in ["users", "notes", "staff"] {
        ask(&app.guest(), collection, json!("new@example.com")).await.expect(401);
    }
    for (client, collection) in [(&root, "users"), (&ann, "staff"), (&ann, "notes")] {
        ask(client, collection, json!("new@example.com")).await.expect(403);
    }
    ask(&ann, "nowhere", json!("new@example.com")).await.expect(404);
    ask(&root, "_superusers", json!("new@example.com")).await.expect(400);
    for (email, expected) in [
        ("", "newEmail:required"),
        ("new", "newEmail:is_email"),
        ("ann@example.com", "newEmail:not_in_invalid"),
        ("bob@example.com", "newEmail:invalid_new_email"),
    ] {
        let refused = ask(&ann, "users", json!(email)).await.expect(400);
        assert_eq!(codes(&refused), expected);
    }
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn an_address_that_was_taken_meanwhile_is_refused() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let ann = app.user("ann@example.com").await;
    ask(&ann, "users", json!("new@example.com")).await.expect(204);
    let token = inbox.mail("new@example.com", 1).await.token("confirm-email-change");
    app.user("new@example.com").await;
    let before = app.state_digest();
    let refused = confirm(&app, "users", &token, PASSWORD).await.expect(400);
    assert_eq!(codes(&refused), "password:invalid_password token:invalid_token_email");
    for (token, expected) in [
        ("", "password:invalid_password token:required"),
        ("rubbish", "password:invalid_password token:invalid_token_payload"),
        (ann.token(), "password:invalid_password token:invalid_token_payload"),
    ] {
        let refused = confirm(&app, "users", token, PASSWORD).await.expect(400);
        assert_eq!(codes(&refused), expected);
    }
    let refused = confirm(&app, "users", &token, "").await.expect(400);
    assert_eq!(codes(&refused), "password:required token:invalid_token_email");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn an_account_cannot_have_strangers_mailed_without_end() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    for number in 0..10 {
        ask(&ann, "users", json!(format!("new{number}@example.com"))).await.expect(204);
    }
    let refused = ask(&ann, "users", json!("new@example.com")).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("3600"));
    let of_ann = ann.get(&record("users", ann.id())).await.expect(200);
    assert_eq!(of_ann.at("/email"), json!("ann@example.com"));
}
