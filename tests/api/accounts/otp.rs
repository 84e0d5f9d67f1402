//! Signing in by a code that comes by mail.

use std::collections::HashSet;
use std::time::Duration;

use ferrobase::services::auth::cleanup;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::inbox::Inbox;
use super::{codes, sign_in};
use crate::harness::{Answer, Client, PASSWORD, TestApp};

const CONFIG: &str = r#"
[collections.users]
type   = "auth"
login  = ["password", "otp"]
owner  = "id"
otp    = { length = 6, lasts = "5min" }
rules  = { read = "owner", create = "public", update = "owner", auth = "name != 'blocked'" }
fields = { name = "text" }

[collections.staff]
type  = "auth"
login = ["password"]
rules = { read = "public", create = "public" }
"#;

async fn start() -> TestApp {
    TestApp::with_config(CONFIG).await
}

pub(super) async fn ask(client: &Client, collection: &str, email: Value) -> Answer {
    let path = format!("/api/collections/{collection}/request-otp");
    client.post(&path, json!({ "email": email })).await
}

pub(super) async fn enter(client: &Client, id: &str, code: &str) -> Answer {
    let body = json!({ "otpId": id, "password": code });
    client.post("/api/collections/users/auth-with-otp", body).await
}

/// The id and the code of a new mail, the `count`th to this address.
pub(super) async fn code(
    app: &TestApp,
    inbox: &Inbox,
    email: &str,
    count: usize,
) -> (String, String) {
    let answer = ask(&app.guest(), "users", json!(email)).await.expect(200);
    let id = answer.at("/otpId").as_str().unwrap().to_owned();
    (id, inbox.mail(email, count).await.code(6))
}

#[actix_web::test]
async fn the_code_of_the_mail_signs_in_once_and_proves_the_address() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let ann = app.user("ann@example.com").await;
    let (id, code) = code(&app, &inbox, "ann@example.com", 1).await;
    assert_eq!(id.len(), 15);
    let answer = enter(&app.guest(), &id, &code).await.expect(200);
    assert_eq!(answer.at("/record/id"), json!(ann.id()));
    assert_eq!(answer.at("/record/verified"), json!(true));
    assert!(answer.at("/token").is_string());
    // Whoever made the account may not have been the owner of the address.
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(400);
    let before = app.state_digest();
    enter(&app.guest(), &id, &code).await.expect(400);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn who_has_no_account_gets_an_id_like_everybody_else() {
    let app = start().await;
    app.superuser().await;
    let answer = ask(&app.guest(), "users", json!("nobody@example.com")).await.expect(200);
    let id = answer.at("/otpId").as_str().unwrap().to_owned();
    assert_eq!(id.len(), 15);
    assert_eq!(answer.json().as_object().unwrap().len(), 1);
    // Its tries are counted as those at the code of an account are.
    let before = app.state_digest();
    for _ in 0..5 {
        enter(&app.guest(), &id, "123456").await.expect(400);
    }
    enter(&app.guest(), &id, "123456").await.expect(429);
    app.advance(Duration::from_secs(180));
    ask(&app.guest(), "staff", json!("a@example.com")).await.expect(403);
    ask(&app.guest(), "nowhere", json!("a@example.com")).await.expect(404);
    let refused = ask(&app.guest(), "users", json!("nobody")).await.expect(400);
    assert_eq!(codes(&refused), "email:is_email");
    let refused = enter(&app.guest(), "", "").await.expect(400);
    assert_eq!(codes(&refused), "otpId:required password:required");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn ten_codes_at_a_time_are_enough() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("ann@example.com").await;
    for email in ["ann@example.com", "nobody@example.com"] {
        let mut ids = Vec::new();
        for _ in 0..12 {
            let answer = ask(&app.guest(), "users", json!(email)).await.expect(200);
            ids.push(answer.at("/otpId").as_str().unwrap().to_owned());
        }
        assert_ne!(ids[8], ids[9], "{email}");
        // They are made at one moment, so any of them may be the newest.
        assert!(ids[..10].contains(&ids[10]) && ids[10] == ids[11], "{email}");
    }
    inbox.mail("ann@example.com", 10).await;
    assert_eq!(app.count("_otps"), 20);
    app.advance(Duration::from_secs(300));
    ask(&app.guest(), "users", json!("ann@example.com")).await.expect(200);
    inbox.mail("ann@example.com", 11).await;
}

#[actix_web::test]
async fn codes_that_are_gone_make_room_for_as_many_others() {
    let app = start().await;
    app.user("ann@example.com").await;
    for _ in 0..10 {
        ask(&app.guest(), "users", json!("ann@example.com")).await.expect(200);
    }
    // As if all of them had been used.
    app.change("DELETE FROM _otps");
    let mut ids = HashSet::new();
    for _ in 0..12 {
        let answer = ask(&app.guest(), "users", json!("ann@example.com")).await.expect(200);
        ids.insert(answer.at("/otpId").as_str().unwrap().to_owned());
    }
    assert_eq!((ids.len(), app.count("_otps")), (10, 10));
}

#[actix_web::test]
async fn five_tries_in_three_minutes_are_enough_for_an_address() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("ann@example.com").await;
    let (id, right) = code(&app, &inbox, "ann@example.com", 1).await;
    for _ in 0..5 {
        enter(&app.guest(), &id, "wrong").await.expect(400);
    }
    let before = app.state_digest();
    let refused = enter(&app.guest(), &id, &right).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("180"));
    // Another code of the same account is no way around it.
    let (other, its) = code(&app, &inbox, "ann@example.com", 2).await;
    enter(&app.guest(), &other, &its).await.expect(429);
    assert_ne!(app.state_digest(), before);
    app.advance(Duration::from_secs(180));
    enter(&app.guest(), &id, &right).await.expect(200);
}

#[actix_web::test]
async fn a_code_ends_with_its_time_and_with_the_key_of_its_account() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    let ann = app.user("ann@example.com").await;
    let (id, right) = code(&app, &inbox, "ann@example.com", 1).await;
    app.advance(Duration::from_millis(300_001));
    enter(&app.guest(), &id, &right).await.expect(400);
    let (id, right) = code(&app, &inbox, "ann@example.com", 2).await;
    let root = app.superuser().await;
    let path = format!("/api/collections/users/records/{}", ann.id());
    root.patch(&path, json!({ "tokenKey:autogenerate": "" })).await.expect(200);
    enter(&app.guest(), &id, &right).await.expect(400);
}

#[actix_web::test]
async fn the_auth_rule_decides_after_the_code() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user_with("ann@example.com", json!({})).await;
    let root = app.superuser().await;
    let list = root.list("users", "").await.expect(200);
    let path =
        format!("/api/collections/users/records/{}", list.at("/items/0/id").as_str().unwrap());
    let (id, right) = code(&app, &inbox, "ann@example.com", 1).await;
    root.patch(&path, json!({ "name": "blocked" })).await.expect(200);
    enter(&app.guest(), &id, &right).await.expect(403);
}

#[actix_web::test]
async fn of_many_at_once_one_gets_in() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("ann@example.com").await;
    let (id, right) = code(&app, &inbox, "ann@example.com", 1).await;
    let guest = app.guest();
    let answers = join_all((0..50).map(|_| enter(&guest, &id, &right))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(count(200), 1);
    assert_eq!(count(400) + count(429), 49);
}

#[actix_web::test]
async fn what_is_too_old_is_cleaned_up() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.user("ann@example.com").await;
    let (id, _) = code(&app, &inbox, "ann@example.com", 1).await;
    enter(&app.guest(), &id, "wrong").await.expect(400);
    app.advance(Duration::from_secs(200));
    let (young, right) = code(&app, &inbox, "ann@example.com", 2).await;
    app.advance(Duration::from_secs(101));
    cleanup::codes(&app.app()).await.unwrap();
    assert_eq!(app.count("_otps"), 1);
    assert!(app.count("_throttle") > 0);
    enter(&app.guest(), &young, &right).await.expect(200);
    app.advance_days(1);
    cleanup::codes(&app.app()).await.unwrap();
    assert_eq!(app.count("_throttle"), 0);
}
