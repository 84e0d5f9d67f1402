//! An authenticator as the second factor.

use std::time::Duration;

use ferrobase::services::tokens::{Grant, Lifetime, issue};
use ferrobase::store::accounts::AccountKey;
use ferrobase::store::authenticators::{self, Authenticator};
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

use super::sign_in;
use crate::harness::{Answer, Client, PASSWORD, TestApp};

const CONFIG: &str = r#"
[collections.users]
type   = "auth"
login  = ["password", "otp", "totp"]
otp    = { length = 6, lasts = "5min" }
owner  = "id"
rules  = { read = "owner", create = "public", update = "owner" }
fields = { name = "text" }

[collections.others]
type   = "auth"
owner  = "id"
rules  = { read = "owner", create = "public" }

[collections.strict]
type   = "auth"
login  = ["password", "totp"]
mfa    = true
owner  = "id"
rules  = { read = "owner", create = "public" }
"#;

const TOTP: &str = "/api/totp";

async fn start() -> TestApp {
    TestApp::with_config(CONFIG).await
}

/// Somebody whose address is proven to be their own.
async fn member(app: &TestApp, email: &str) -> Client {
    app.user_with(email, json!({ "verified": true })).await
}

/// The code that an app shows at the server's time.
fn code(app: &TestApp, secret: &str) -> String {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .build()
        .unwrap();
    let seconds = app.app().clock.now().millis().unsigned_abs() / 1_000;
    totp.generate(seconds).to_string()
}

/// A code that is not the one of any moment near.
fn wrong(right: &str) -> String {
    format!("{:06}", (right.parse::<u32>().unwrap() + 500_000) % 1_000_000)
}

async fn enrol(app: &TestApp, client: &Client) -> (String, Vec<String>) {
    let answer = client.post(TOTP, Value::Null).await.expect(200);
    let secret = answer.at("/secret").as_str().unwrap().to_owned();
    let body = json!({ "code": code(app, &secret) });
    let answer = client.post("/api/totp/confirm", body).await.expect(200);
    let codes = answer.at("/recoveryCodes").as_array().unwrap().clone();
    // The code that was shown is used up.
    app.advance(Duration::from_secs(60));
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

/// What the database has of the authenticator of `client`.
async fn kept(app: &TestApp, client: &Client) -> Authenticator {
    let app = app.app();
    let collection = app.store.schema().by_name("users").unwrap().id.clone();
    let account = AccountKey { collection, record: client.id().to_owned() };
    let read = app.store.read(move |db| authenticators::of_account(db, &account)).await;
    read.unwrap().unwrap()
}

async fn first_factor(app: &TestApp, email: &str) -> String {
    let answer = sign_in(&app.guest(), "users", email, PASSWORD).await.expect(401);
    assert_eq!(answer.at("/methods"), json!(["totp"]));
    answer.at("/mfaId").as_str().unwrap().to_owned()
}

async fn show(app: &TestApp, mfa_id: &str, code: &str) -> Answer {
    let body = json!({ "mfaId": mfa_id, "code": code });
    app.guest().post("/api/collections/users/auth-with-totp", body).await
}

#[actix_web::test]
async fn whoever_has_an_authenticator_is_asked_for_its_code() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let none = json!({ "enabled": false, "recoveryCodes": 0 });
    assert_eq!(ann.get(TOTP).await.expect(200).json(), none);
    let begun = ann.post(TOTP, Value::Null).await.expect(200);
    let url = begun.at("/url").as_str().unwrap().to_owned();
    assert!(url.starts_with("otpauth://totp/") && url.contains("ann%40example.com"), "{url}");
    // Until a code was shown nothing is asked for.
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
    assert_eq!(ann.get(TOTP).await.expect(200).json(), none);

    let (secret, codes) = enrol(&app, &ann).await;
    assert_ne!(json!(secret), begun.at("/secret"), "beginning again makes another secret");
    assert_eq!(codes.len(), 10);
    let some = json!({ "enabled": true, "recoveryCodes": 10 });
    assert_eq!(ann.get(TOTP).await.expect(200).json(), some);
    let mfa_id = first_factor(&app, "ann@example.com").await;
    let answer = show(&app, &mfa_id, &code(&app, &secret)).await.expect(200);
    assert_eq!(answer.at("/record/email"), json!("ann@example.com"));
    let session = app.guest().with_token(answer.at("/token").as_str().unwrap());
    let sessions = session.get("/api/sessions").await.expect(200);
    assert_eq!(sessions.at("/items/0/method"), json!("totp"));
    // Others are not asked.
    member(&app, "bob@example.com").await;
}

#[actix_web::test]
async fn a_code_is_taken_once_and_only_near_its_time() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let (secret, _) = enrol(&app, &ann).await;
    let shown = code(&app, &secret);
    let mfa_id = first_factor(&app, "ann@example.com").await;
    show(&app, &mfa_id, &wrong(&shown)).await.expect(400);
    show(&app, &mfa_id, &shown).await.expect(200);
    // Neither the first factor nor the code counts again.
    show(&app, &mfa_id, &shown).await.expect(400);
    let mfa_id = first_factor(&app, "ann@example.com").await;
    show(&app, &mfa_id, &shown).await.expect(400);
    app.advance(Duration::from_secs(30));
    show(&app, &mfa_id, &code(&app, &secret)).await.expect(200);
    let mfa_id = first_factor(&app, "ann@example.com").await;
    let old = code(&app, &secret);
    app.advance(Duration::from_secs(90));
    show(&app, &mfa_id, &old).await.expect(400);
}

#[actix_web::test]
async fn one_of_fifty_that_show_one_code_gets_in() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let (secret, codes) = enrol(&app, &ann).await;
    for shown in [code(&app, &secret), codes[0].clone()] {
        // Ten tries are allowed, the right one forgives them.
        let mut attempts = Vec::new();
        for _ in 0..50 {
            attempts.push(first_factor(&app, "ann@example.com").await);
        }
        let attempts = attempts.iter().map(|mfa_id| show(&app, mfa_id, &shown));
        let answers = futures_util::future::join_all(attempts).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{shown}");
        app.advance(Duration::from_secs(600));
    }
}

#[actix_web::test]
async fn a_recovery_code_stands_in_once_however_it_is_typed() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let (_, codes) = enrol(&app, &ann).await;
    let mfa_id = first_factor(&app, "ann@example.com").await;
    let typed = codes[3].replace('-', " ").to_uppercase();
    show(&app, &mfa_id, &typed).await.expect(200);
    assert_eq!(ann.get(TOTP).await.expect(200).at("/recoveryCodes"), json!(9));
    let mfa_id = first_factor(&app, "ann@example.com").await;
    show(&app, &mfa_id, &codes[3]).await.expect(400);
    let answer = ann.post("/api/totp/recovery-codes", Value::Null).await.expect(200);
    assert_eq!(answer.at("/recoveryCodes").as_array().unwrap().len(), 10);
    show(&app, &mfa_id, &codes[4]).await.expect(400);
    show(&app, &mfa_id, answer.at("/recoveryCodes/0").as_str().unwrap()).await.expect(200);
    // Nobody reads a code in the database.
    let kept = kept(&app, &ann).await;
    assert!(kept.recovery.iter().all(|hash| hash.len() == 64 && !codes.contains(hash)));
}

#[actix_web::test]
async fn guessing_ends_after_ten_tries() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let (secret, codes) = enrol(&app, &ann).await;
    let mfa_id = first_factor(&app, "ann@example.com").await;
    let shown = code(&app, &secret);
    for _ in 0..10 {
        show(&app, &mfa_id, &wrong(&shown)).await.expect(400);
    }
    let refused = show(&app, &mfa_id, &shown).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("600"));
    // Whoever guesses does not keep the owner out: a recovery code is not counted, and forgives.
    show(&app, &mfa_id, "aaaa-aaaa-aaaa-aaaa").await.expect(400);
    show(&app, &mfa_id, &codes[0]).await.expect(200);
    let mfa_id = first_factor(&app, "ann@example.com").await;
    show(&app, &mfa_id, &shown).await.expect(200);
}

#[actix_web::test]
async fn no_other_way_stands_in_for_the_authenticator() {
    let app = start().await;
    let inbox = super::inbox::Inbox::of(&app).await;
    let ann = member(&app, "ann@example.com").await;
    enrol(&app, &ann).await;
    let mfa_id = first_factor(&app, "ann@example.com").await;
    let (id, code) = super::otp::code(&app, &inbox, "ann@example.com", 1).await;
    let body = json!({ "otpId": id, "password": code, "mfaId": mfa_id });
    let answer = app.guest().post("/api/collections/users/auth-with-otp", body).await.expect(401);
    assert_ne!(answer.at("/mfaId"), json!(mfa_id));
    assert_eq!(answer.at("/methods"), json!(["totp"]));
}

#[actix_web::test]
async fn only_a_fresh_sign_in_changes_it() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    enrol(&app, &ann).await;
    app.advance(Duration::from_secs(15 * 60));
    let before = kept(&app, &ann).await;
    for path in [TOTP, "/api/totp/confirm", "/api/totp/recovery-codes"] {
        let refused = ann.post(path, json!({ "code": "123456" })).await.expect(403);
        assert!(refused.text.contains("Sign in again"), "{}", refused.text);
    }
    ann.delete(TOTP).await.expect(403);
    // Not even a superuser who acts as somebody.
    let root = app.superuser().await;
    let path = format!("/api/collections/users/impersonate/{}", ann.id());
    let token = root.post(&path, json!({})).await.expect(200).at("/token");
    let acting = app.guest().with_token(token.as_str().unwrap());
    acting.delete(TOTP).await.expect(403);
    // Nor somebody with a token of no session, who has it renewed.
    let user = super::tokens::stored(&app, "users", ann.id()).await;
    let grant = Grant::Auth { refreshable: true };
    let old = issue(&user, grant, Lifetime::Usual, app.app().clock.now()).unwrap();
    let renewed = super::refresh(&app.guest().with_token(old), "users").await.expect(200);
    let renewed = app.guest().with_token(renewed.at("/token").as_str().unwrap());
    renewed.delete(TOTP).await.expect(403);
    for path in [TOTP, "/api/totp/confirm", "/api/totp/recovery-codes"] {
        app.guest().post(path, json!({})).await.expect(401);
    }
    app.guest().get(TOTP).await.expect(401);
    app.guest().delete(TOTP).await.expect(401);
    assert_eq!(kept(&app, &ann).await, before);
}

#[actix_web::test]
async fn it_is_removed_by_its_owner_or_a_superuser() {
    let app = start().await;
    let (ann, bob) = (member(&app, "ann@example.com").await, member(&app, "bob@example.com").await);
    enrol(&app, &ann).await;
    let of_ann = format!("{TOTP}?collection=users&record={}", ann.id());
    bob.delete(&of_ann).await.expect(403);
    bob.delete(TOTP).await.expect(204);
    assert_eq!(app.count("_totp"), 1);
    ann.delete(TOTP).await.expect(204);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
    ann.post("/api/totp/recovery-codes", Value::Null).await.expect(404);
    // Lost with all its codes.
    enrol(&app, &ann).await;
    app.superuser().await.delete(&of_ann).await.expect(204);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn nobody_adds_one_to_another_account() {
    let app = start().await;
    let (ann, bob) = (member(&app, "ann@example.com").await, member(&app, "bob@example.com").await);
    let superuser = app.superuser().await;
    for path in [TOTP, "/api/totp/confirm", "/api/totp/recovery-codes"] {
        let of_ann = format!("{path}?collection=users&record={}", ann.id());
        bob.post(&of_ann, json!({ "code": "123456" })).await.expect(403);
        superuser.post(&of_ann, json!({ "code": "123456" })).await.expect(400);
    }
    assert_eq!(app.count("_totp"), 0);
}

#[actix_web::test]
async fn it_goes_with_the_account_and_stays_with_a_new_password() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    enrol(&app, &ann).await;
    let body = json!({ "password": "another one", "passwordConfirm": "another one" });
    let root = app.superuser().await;
    root.patch(&super::record("users", ann.id()), body).await.expect(200);
    let answer = sign_in(&app.guest(), "users", "ann@example.com", "another one").await;
    answer.expect(401);
    root.delete(&super::record("users", ann.id())).await.expect(204);
    assert_eq!(app.count("_totp"), 0);
}

#[actix_web::test]
async fn there_is_none_where_the_collection_does_not_offer_it() {
    let app = start().await;
    app.guest().create("others", super::sign_up("ann@example.com")).await.expect(200);
    let ann = app.guest().sign_in("others", "ann@example.com", PASSWORD).await;
    ann.post(TOTP, Value::Null).await.expect(403);
    ann.post("/api/totp/confirm", json!({ "code": "123456" })).await.expect(403);
    assert_eq!(ann.get(TOTP).await.expect(200).at("/enabled"), json!(false));
    let body = json!({ "mfaId": "x", "code": "123456" });
    app.guest().post("/api/collections/others/auth-with-totp", body.clone()).await.expect(403);
    app.guest().post("/api/collections/none/auth-with-totp", body).await.expect(404);
    assert_eq!(app.count("_totp"), 0);
    let methods = |name: &str| format!("/api/collections/{name}/auth-methods");
    let offered = app.guest().get(&methods("users")).await.expect(200);
    assert_eq!(offered.at("/totp"), json!({ "enabled": true }));
    assert!(app.guest().get(&methods("others")).await.expect(200).json().get("totp").is_none());
}

#[actix_web::test]
async fn superusers_may_have_one() {
    let app = start().await;
    let root = app.superuser().await;
    let (secret, _) = enrol(&app, &root).await;
    let answer = sign_in(&app.guest(), "_superusers", "root@example.com", PASSWORD).await;
    let mfa_id = answer.expect(401).at("/mfaId");
    let body = json!({ "mfaId": mfa_id, "code": code(&app, &secret) });
    // A first factor of one collection is none of another.
    app.guest().post("/api/collections/users/auth-with-totp", body.clone()).await.expect(400);
    app.guest().post("/api/collections/_superusers/auth-with-totp", body).await.expect(200);
}

#[actix_web::test]
async fn where_it_is_the_only_second_way_it_can_still_be_made() {
    let app = start().await;
    let body = super::sign_up_with("ann@example.com", json!({ "verified": true }));
    app.superuser().await.create("strict", body).await.expect(200);
    let ann = app.guest().sign_in("strict", "ann@example.com", PASSWORD).await;
    enrol(&app, &ann).await;
    sign_in(&app.guest(), "strict", "ann@example.com", PASSWORD).await.expect(401);
}

#[actix_web::test]
async fn what_is_sent_is_checked_first() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let answer = show(&app, "", "").await.expect(400);
    assert_eq!(super::codes(&answer), "code:required mfaId:required");
    let long = "1".repeat(256);
    let answer = show(&app, &long, &long).await.expect(400);
    assert_eq!(super::codes(&answer), "code:length_out_of_range mfaId:length_out_of_range");
    show(&app, "unknown", "123456").await.expect(400);
    ann.post("/api/totp/confirm", json!({ "code": "123456" })).await.expect(400);
    ann.post(TOTP, Value::Null).await.expect(200);
    let answer = ann.post("/api/totp/confirm", json!({ "code": "000" })).await.expect(400);
    assert_eq!(super::codes(&answer), "code:invalid_totp");
    enrol(&app, &ann).await;
    ann.post(TOTP, Value::Null).await.expect(400);
}

#[actix_web::test]
async fn a_superuser_has_to_have_signed_in_lately_too() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    enrol(&app, &ann).await;
    let of_ann = format!("{TOTP}?collection=users&record={}", ann.id());
    let root = app.superuser().await;
    let path = format!("/api/collections/_superusers/impersonate/{}", root.id());
    let token = root.post(&path, json!({})).await.expect(200).at("/token");
    let acting = app.guest().with_token(token.as_str().unwrap());
    acting.delete(&of_ann).await.expect(403);
    app.advance(Duration::from_secs(15 * 60 + 1));
    root.delete(&of_ann).await.expect(403);
    assert_eq!(app.count("_totp"), 1);
    let status = root.get(&of_ann).await.expect(200);
    assert_eq!(status.at("/enabled"), json!(true), "looking is no change");
    ann.get(&format!("{TOTP}?collection=users&record={}", root.id())).await.expect(403);
    app.superuser().await.delete(&of_ann).await.expect(204);
}

#[actix_web::test]
async fn an_address_that_nobody_proved_has_no_authenticator() {
    let app = start().await;
    // Whoever signs up with the address of somebody else must not be able to keep them out.
    let stranger = app.user("victim@example.com").await;
    for path in [TOTP, "/api/totp/confirm"] {
        let refused = stranger.post(path, json!({ "code": "123456" })).await.expect(403);
        assert!(refused.text.contains("Verify"), "{}", refused.text);
    }
    assert_eq!(app.count("_totp"), 0);
}

#[actix_web::test]
async fn a_new_password_makes_wrong_codes_forgotten() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let (secret, _) = enrol(&app, &ann).await;
    let mfa_id = first_factor(&app, "ann@example.com").await;
    let shown = code(&app, &secret);
    for _ in 0..10 {
        show(&app, &mfa_id, &wrong(&shown)).await.expect(400);
    }
    show(&app, &mfa_id, &shown).await.expect(429);
    let body = json!({ "password": "another one", "passwordConfirm": "another one" });
    let root = app.superuser().await;
    root.patch(&super::record("users", ann.id()), body).await.expect(200);
    let answer = sign_in(&app.guest(), "users", "ann@example.com", "another one").await;
    let mfa_id = answer.expect(401).at("/mfaId").as_str().unwrap().to_owned();
    show(&app, &mfa_id, &shown).await.expect(200);
}

#[actix_web::test]
async fn the_id_of_the_first_factor_may_stand_in_the_query() {
    let app = start().await;
    let ann = member(&app, "ann@example.com").await;
    let (secret, _) = enrol(&app, &ann).await;
    let mfa_id = first_factor(&app, "ann@example.com").await;
    let path = format!("/api/collections/users/auth-with-totp?mfaId={mfa_id}");
    app.guest().post(&path, json!({ "code": code(&app, &secret) })).await.expect(200);
}
