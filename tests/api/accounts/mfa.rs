//! Two factors where two are wanted.

use std::time::Duration;

use serde_json::{Value, json};

use super::inbox::Inbox;
use super::otp::code;
use super::sign_in;
use crate::harness::{Answer, Client, PASSWORD, TestApp};

const CONFIG: &str = r#"
[collections.users]
type   = "auth"
login  = ["password", "otp"]
mfa    = "name != 'simple'"
owner  = "id"
otp    = { length = 6, lasts = "5min" }
rules  = { read = "owner", create = "public", update = "owner" }
fields = { name = "text" }
"#;

async fn start() -> (TestApp, Inbox) {
    let app = TestApp::with_config(CONFIG).await;
    let inbox = Inbox::of(&app).await;
    for name in ["ann", "bob", "simple"] {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD,
            "passwordConfirm": PASSWORD, "name": name });
        app.guest().create("users", body).await.expect(200);
    }
    (app, inbox)
}

async fn by_password(client: &Client, name: &str, mfa_id: &str) -> Answer {
    let body = json!({ "identity": format!("{name}@example.com"), "password": PASSWORD,
        "mfaId": mfa_id });
    client.post("/api/collections/users/auth-with-password", body).await
}

async fn by_code(client: &Client, (id, code): &(String, String), mfa_id: &str) -> Answer {
    let body = json!({ "otpId": id, "password": code, "mfaId": mfa_id });
    client.post("/api/collections/users/auth-with-otp", body).await
}

/// The id in a bare answer that asks for the second factor.
fn first_factor(answer: Answer) -> String {
    let body = answer.expect(401).json();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["mfaId"], "{body}");
    body["mfaId"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn two_factors_in_either_order() {
    let (app, inbox) = start().await;
    let guest = app.guest();
    let mfa_id = first_factor(by_password(&guest, "ann", "").await);
    let sent = code(&app, &inbox, "ann@example.com", 1).await;
    let answer = by_code(&guest, &sent, &mfa_id).await.expect(200);
    assert_eq!(answer.at("/record/name"), json!("ann"));
    // With two factors the code alone proves too little to replace the password.
    let sent = code(&app, &inbox, "ann@example.com", 2).await;
    let mfa_id = first_factor(by_code(&guest, &sent, "").await);
    by_password(&guest, "ann", &mfa_id).await.expect(200);
    assert_eq!(app.count("_mfas"), 0);
}

#[actix_web::test]
async fn the_id_of_the_first_factor_may_stand_in_the_query() {
    let (app, inbox) = start().await;
    let mfa_id = first_factor(by_password(&app.guest(), "ann", "").await);
    let (id, code) = code(&app, &inbox, "ann@example.com", 1).await;
    let path = format!("/api/collections/users/auth-with-otp?mfaId={mfa_id}");
    app.guest().post(&path, json!({ "otpId": id, "password": code })).await.expect(200);
}

#[actix_web::test]
async fn the_rule_says_who_needs_two() {
    let (app, _) = start().await;
    sign_in(&app.guest(), "users", "simple@example.com", PASSWORD).await.expect(200);
    // A superuser who signs in as somebody is asked like anybody else.
    let root = app.superuser().await;
    first_factor(by_password(&root, "ann", "").await);
}

#[actix_web::test]
async fn a_first_factor_counts_once_for_its_account_and_not_for_ever() {
    let (app, inbox) = start().await;
    let guest = app.guest();
    let of_ann = first_factor(by_password(&guest, "ann", "").await);
    // The same way twice is one factor.
    by_password(&guest, "ann", &of_ann).await.expect(400);
    let of_bob = code(&app, &inbox, "bob@example.com", 1).await;
    by_code(&guest, &of_bob, &of_ann).await.expect(400);
    let sent = code(&app, &inbox, "ann@example.com", 1).await;
    by_code(&guest, &sent, "nosuchfactor123").await.expect(400);
    let sent = code(&app, &inbox, "ann@example.com", 2).await;
    by_code(&guest, &sent, &of_ann).await.expect(200);
    let sent = code(&app, &inbox, "ann@example.com", 3).await;
    by_code(&guest, &sent, &of_ann).await.expect(400);

    let late = first_factor(by_password(&guest, "ann", "").await);
    app.advance(Duration::from_millis(600_001));
    let sent = code(&app, &inbox, "ann@example.com", 4).await;
    by_code(&guest, &sent, &late).await.expect(400);
    assert_eq!(app.count("_mfas"), 0);
}

#[actix_web::test]
async fn a_new_password_ends_the_sign_ins_under_way() {
    let (app, inbox) = start().await;
    let guest = app.guest();
    let first = first_factor(by_password(&guest, "ann", "").await);
    let root = app.superuser().await;
    let id = root.list("users", "name = 'ann'").await.at("/items/0/id");
    let path = format!("/api/collections/users/records/{}", id.as_str().unwrap());
    let body = json!({ "password": "a new password", "passwordConfirm": "a new password" });
    root.patch(&path, body).await.expect(200);
    assert_eq!(app.count("_mfas"), 0);
    let sent = code(&app, &inbox, "ann@example.com", 1).await;
    by_code(&guest, &sent, &first).await.expect(400);
}

#[actix_web::test]
async fn clients_are_told() {
    let (app, _) = start().await;
    let path = "/api/collections/users/auth-methods?fields=mfa,otp,password,oauth2";
    let methods: Value = app.guest().get(path).await.expect(200).json();
    assert_eq!(methods["mfa"], json!({ "enabled": true, "duration": 600 }));
    assert_eq!(methods["otp"], json!({ "enabled": true, "duration": 300 }));
}

#[actix_web::test]
async fn a_first_factor_lets_one_of_several_second_ones_in() {
    let (app, inbox) = start().await;
    let guest = app.guest();
    let mfa_id = first_factor(by_password(&guest, "ann", "").await);
    let mut codes = Vec::new();
    for number in 1..=5 {
        codes.push(code(&app, &inbox, "ann@example.com", number).await);
    }
    let attempts = codes.iter().map(|sent| by_code(&guest, sent, &mfa_id));
    let answers = futures_util::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(app.count("_mfas"), 0);
}
