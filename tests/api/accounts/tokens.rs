//! Tokens that hold, and all the ways in which one does not.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ferrobase::domain::record::Record;
use ferrobase::services::tokens::{Grant, Lifetime, issue};
use ferrobase::store::{StoreError, records as rows};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{is_signed_in, record, refresh, start};
use crate::harness::{Client, PASSWORD, Process, QUICK, TestApp};

/// What a token says.
pub(super) fn payload(token: &str) -> Value {
    part(token, 1)
}

fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// A record with everything in it, as the server has it.
pub(super) async fn stored(app: &TestApp, collection: &str, id: &str) -> Record {
    let app = app.app();
    let collection = Arc::clone(app.store.schema().by_name(collection).unwrap());
    let id = id.to_owned();
    let read = app.store.read(move |db| rows::by_id(db, &collection, &id));
    let found: Result<Option<Record>, StoreError> = read.await;
    found.unwrap().unwrap()
}

fn key_of(user: &Record) -> String {
    format!("{}{}", user.text("tokenKey"), user.collection().auth().unwrap().auth_token.secret)
}

fn sign(claims: &Value, key: &str) -> String {
    sign_as(claims, key, Algorithm::HS256)
}

fn sign_as(claims: &Value, key: &str, algorithm: Algorithm) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key.as_bytes())).unwrap()
}

/// Changes some claims; null takes one away.
fn with(claims: &Value, changes: Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

async fn assert_guest(client: &Client, token: &str, name: &str) {
    let client = client.with_token(token);
    assert!(!is_signed_in(&client).await, "{name}");
    assert_eq!(refresh(&client, "users").await.status, 401, "{name}");
}

#[actix_web::test]
async fn a_token_is_what_clients_read_in_it() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let now = app.app().clock.now().millis() / 1_000;
    assert_eq!(part(ann.token(), 0), json!({ "alg": "HS256", "typ": "JWT" }));
    let users = app.app().store.schema().by_name("users").unwrap().id.clone();
    let mut claims = payload(ann.token());
    let session = claims.as_object_mut().unwrap().remove("sid").unwrap();
    assert_eq!(session.as_str().unwrap().len(), 15);
    let expected = json!({
        "collectionId": users, "exp": now + 432_000, "id": ann.id(), "refreshable": true,
        "type": "auth",
    });
    assert_eq!(claims, expected);
    // Browsers decode it as plain base64.
    let text = ann.token().split('.').nth(1).unwrap();
    assert!(!text.contains(['-', '_']), "{text}");

    let root = app.superuser().await;
    assert_eq!(payload(root.token())["collectionId"], "pbc_3142635823");
    assert_eq!(payload(root.token())["exp"], now + 86_400);
}

#[actix_web::test]
async fn the_header_is_a_token_with_or_without_bearer() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let token = ann.token();
    let headers = [
        (token.to_owned(), true),
        (format!("Bearer {token}"), true),
        (format!("bEaReR {token}"), true),
        (format!("Bearer  {token}"), false),
        (format!("Basic {token}"), false),
        (format!("Bearer{token}"), false),
        (format!("Bearer Bearer {token}"), false),
    ];
    for (header, signed_in) in headers {
        assert_eq!(is_signed_in(&app.guest().with_token(&header)).await, signed_in, "{header}");
    }
}

#[actix_web::test]
async fn a_token_holds_until_the_second_it_names() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let root = app.superuser().await;
    app.advance(Duration::from_secs(86_399));
    root.get(&record("users", ann.id())).await.expect(200);
    refresh(&root, "_superusers").await.expect(200);
    app.advance(Duration::from_secs(1));
    refresh(&root, "_superusers").await.expect(401);
    app.advance(Duration::from_secs(432_000 - 86_400 - 1));
    assert!(is_signed_in(&ann).await);
    app.advance(Duration::from_secs(1));
    assert_guest(&app.guest(), ann.token(), "expired").await;
}

#[actix_web::test]
async fn durations_are_the_configs() {
    let app = start().await;
    let root = app.superuser().await;
    let body = super::sign_up_with("ann@example.com", json!({ "verified": true }));
    root.create("staff", body).await.expect(200);
    let ann = app.guest().sign_in("staff", "ann@example.com", PASSWORD).await;
    app.advance(Duration::from_secs(3_599));
    refresh(&ann, "staff").await.expect(200);
    app.advance(Duration::from_secs(1));
    refresh(&ann, "staff").await.expect(401);
}

#[actix_web::test]
async fn tokens_with_wrong_claims_or_signatures_make_a_guest() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let bob = app.user("bob@example.com").await;
    let user = stored(&app, "users", ann.id()).await;
    let (claims, key, now) = (payload(ann.token()), key_of(&user), app.app().clock.now());
    let second = now.millis() / 1_000;
    assert!(is_signed_in(&app.guest().with_token(sign(&claims, &key))).await, "the key is right");

    let secret = &user.collection().auth().unwrap().auth_token.secret;
    let foreign = TestApp::with_config(super::CONFIG).await;
    foreign.user("ann@example.com").await;
    let (head, signature) = ann.token().rsplit_once('.').unwrap();
    let (header, body) = head.split_once('.').unwrap();
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = encoded(&json!({ "alg": "none", "typ": "JWT" }));
    let cases = [
        ("the key alone", sign(&claims, user.text("tokenKey"))),
        ("the secret alone", sign(&claims, secret)),
        ("the secret first", sign(&claims, &format!("{secret}{}", user.text("tokenKey")))),
        ("no key", sign(&claims, " ")),
        ("HS384", sign_as(&claims, &key, Algorithm::HS384)),
        ("HS512", sign_as(&claims, &key, Algorithm::HS512)),
        ("none", format!("{none}.{body}.")),
        ("none with the signature", format!("{none}.{body}.{signature}")),
        ("no signature", format!("{header}.{body}.")),
        ("two parts", format!("{header}.{body}")),
        ("four parts", format!("{}.x", ann.token())),
        (
            "bob's id",
            format!("{header}.{}.{signature}", encoded(&with(&claims, json!({ "id": bob.id() })))),
        ),
        ("bob's id, signed", sign(&with(&claims, json!({ "id": bob.id() })), &key)),
        (
            "a later end",
            format!(
                "{header}.{}.{signature}",
                encoded(&with(&claims, json!({ "exp": second * 2 })))
            ),
        ),
        ("nobody's id", sign(&with(&claims, json!({ "id": "nobody_here_123" })), &key)),
        ("no id", sign(&with(&claims, json!({ "id": null })), &key)),
        ("an empty id", sign(&with(&claims, json!({ "id": "" })), &key)),
        ("an id that is a number", sign(&with(&claims, json!({ "id": 1 })), &key)),
        ("no collection", sign(&with(&claims, json!({ "collectionId": null })), &key)),
        ("another collection", sign(&with(&claims, json!({ "collectionId": "staff" })), &key)),
        ("superusers", sign(&with(&claims, json!({ "collectionId": "pbc_3142635823" })), &key)),
        ("no type", sign(&with(&claims, json!({ "type": null })), &key)),
        ("a file token's type", sign(&with(&claims, json!({ "type": "file" })), &key)),
        ("a type in another case", sign(&with(&claims, json!({ "type": "Auth" })), &key)),
        (
            "an end that is a text",
            sign(&with(&claims, json!({ "exp": (second + 60).to_string() })), &key),
        ),
        ("an end that has come", sign(&with(&claims, json!({ "exp": second })), &key)),
        ("an end before time", sign(&with(&claims, json!({ "exp": -1 })), &key)),
        ("not yet", sign(&with(&claims, json!({ "nbf": second + 1 })), &key)),
        ("from the future", sign(&with(&claims, json!({ "iat": second + 1 })), &key)),
        ("a megabyte", "x".repeat(4_000)),
    ];
    for (name, token) in cases {
        assert_guest(&app.guest(), &token, name).await;
        assert_guest(&app.guest(), &format!("Bearer {token}"), name).await;
    }
}

#[actix_web::test]
async fn tokens_signed_as_the_contract_has_it_hold() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let user = stored(&app, "users", ann.id()).await;
    let (claims, key) = (payload(ann.token()), key_of(&user));
    let second = app.app().clock.now().millis() / 1_000;
    let changes = [
        ("no end", json!({ "exp": null })),
        ("an end of 0", json!({ "exp": 0 })),
        ("the name of the collection", json!({ "collectionId": "users" })),
        ("times that have come", json!({ "nbf": second, "iat": second })),
        ("more claims", json!({ "more": { "a": [1] } })),
        ("the last second", json!({ "exp": second + 1 })),
    ];
    for (name, change) in changes {
        let token = sign(&with(&claims, change), &key);
        assert!(is_signed_in(&app.guest().with_token(token)).await, "{name}");
    }
}

#[actix_web::test]
async fn every_kind_of_token_opens_its_own_door_only() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let user = stored(&app, "users", ann.id()).await;
    let grants = [
        Grant::Verification,
        Grant::PasswordReset,
        Grant::EmailChange { new_email: "x@example.com" },
        Grant::File,
    ];
    for grant in grants {
        let token = issue(&user, grant, Lifetime::Usual, app.app().clock.now()).unwrap();
        assert_guest(&app.guest(), &token, &format!("{grant:?}")).await;
    }
}

#[actix_web::test]
async fn the_token_of_another_server_is_none_here() {
    let (app, other) = (start().await, start().await);
    let (ann, theirs) = (app.user("ann@example.com").await, other.user("ann@example.com").await);
    assert_guest(&app.guest(), theirs.token(), "theirs").await;
    // Even for a record with the same id.
    let body = super::sign_up_with("bob@example.com", json!({ "id": theirs.id() }));
    app.superuser().await.create("users", body).await.expect(200);
    assert_guest(&app.guest(), theirs.token(), "theirs").await;
    assert_guest(&other.guest(), ann.token(), "ours").await;
}

const STAYING: &str = r#"
[collections.users]
type   = "auth"
fields = { name = "text" }
"#;

/// Starts the server over `folder` with these rules of `users`, and asks it whether `token` holds.
async fn holds_under(folder: &Path, rules: &str, token: &str) -> bool {
    let text =
        format!("{STAYING}\nrules = {{ read = \"public\", create = \"public\"{rules} }}\n{QUICK}");
    fs::write(folder.join("config.toml"), text).unwrap();
    let server = Process::serve(folder, &[]);
    let answer = refresh(&server.guest().with_token(token), "users").await;
    assert_eq!(server.terminate().code, Some(0));
    assert!(matches!(answer.status, 200 | 401), "{}", answer.text);
    answer.status == 200
}

#[actix_web::test]
async fn a_restart_ends_no_session_and_another_auth_rule_ends_all() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(!holds_under(folder, "", "none yet").await);
    let server = Process::serve(folder, &[]);
    server.guest().create("users", super::sign_up("ann@example.com")).await.expect(200);
    let ann = server.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    assert_eq!(server.terminate().code, Some(0));

    assert!(holds_under(folder, "", ann.token()).await);
    assert!(holds_under(folder, ", auth = \"public\", delete = \"auth\"", ann.token()).await);
    assert!(!holds_under(folder, ", auth = \"name != 'x'\"", ann.token()).await);
    // The old rule brings no old session back.
    assert!(!holds_under(folder, "", ann.token()).await);
}

#[actix_web::test]
async fn a_deleted_account_is_nobody_at_once_and_stays_so() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    assert!(is_signed_in(&ann).await);
    ann.delete(&record("users", ann.id())).await.expect(204);
    assert_guest(&app.guest(), ann.token(), "deleted").await;
    // Neither does a successor with the same id inherit the token.
    let body = super::sign_up_with("ann@example.com", json!({ "id": ann.id() }));
    app.guest().create("users", body).await.expect(200);
    assert_guest(&app.guest(), ann.token(), "a successor").await;
}
