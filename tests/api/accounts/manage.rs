//! Who manages the sign-in of others: superusers, and whoever the manage rule names.

use serde_json::json;

use super::{codes, record, sign_in, sign_up_with, start};
use crate::harness::{Client, PASSWORD, TestApp};

/// A manager, and an account of somebody else.
async fn scene() -> (TestApp, Client, Client) {
    let app = TestApp::with_config(
        r#"
[collections.users]
type     = "auth"
fields   = { role = "text" }
rules    = { read = "public", create = "public", update = "auth", delete = "auth", manage = "@request.auth.role = 'admin' && role != 'guarded'" }
"#,
    )
    .await;
    let body = sign_up_with("boss@example.com", json!({ "role": "admin" }));
    app.guest().create("users", body).await.expect(200);
    let boss = app.guest().sign_in("users", "boss@example.com", PASSWORD).await;
    app.guest().create("users", super::sign_up("ann@example.com")).await.expect(200);
    let ann = app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    (app, boss, ann)
}

#[actix_web::test]
async fn a_manager_sets_address_verification_and_password_of_others() {
    let (app, boss, ann) = scene().await;
    let path = record("users", ann.id());
    let body = json!({ "email": "anna@example.com", "verified": true });
    let answer = boss.patch(&path, body).await.expect(200);
    assert_eq!(
        (answer.at("/email"), answer.at("/verified")),
        (json!("anna@example.com"), json!(true))
    );
    let body = json!({ "password": "another password", "passwordConfirm": "another password" });
    boss.patch(&path, body).await.expect(200);
    sign_in(&app.guest(), "users", "anna@example.com", "another password").await.expect(200);
    sign_in(&app.guest(), "users", "anna@example.com", PASSWORD).await.expect(400);
    // A confirmation is asked of managers too.
    let before = app.state_digest();
    let answer = boss.patch(&path, json!({ "password": "third password" })).await.expect(400);
    assert_eq!(codes(&answer), "passwordConfirm:required");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn everybody_else_keeps_address_and_verification() {
    let (app, boss, ann) = scene().await;
    let before = app.state_digest();
    for target in [boss.id(), ann.id()] {
        let path = record("users", target);
        let cases = [
            (json!({ "email": "x@example.com" }), "email:values_mismatch"),
            (json!({ "verified": true }), "verified:values_mismatch"),
            (
                json!({ "email": "no address", "verified": true, "role": 1 }),
                "email:values_mismatch verified:values_mismatch",
            ),
            (
                json!({ "password": "another password" }),
                "oldPassword:required passwordConfirm:required",
            ),
            (
                json!({ "password": "another password", "passwordConfirm": "another password" }),
                "oldPassword:required",
            ),
        ];
        for (body, expected) in cases {
            let answer = ann.patch(&path, body.clone()).await.expect(400);
            assert_eq!(codes(&answer), expected, "{body}");
        }
        app.guest().patch(&path, json!({ "verified": true })).await.expect(404);
    }
    assert_eq!(app.state_digest(), before);
    let same = json!({ "email": "ann@example.com", "verified": false });
    ann.patch(&record("users", ann.id()), same).await.expect(200);
}

#[actix_web::test]
async fn the_manage_rule_is_asked_about_the_record() {
    let (app, boss, _) = scene().await;
    let body = sign_up_with("king@example.com", json!({ "role": "guarded" }));
    let king = app.guest().create("users", body).await.expect(200).id();
    let before = app.state_digest();
    let answer = boss.patch(&record("users", &king), json!({ "verified": true })).await.expect(400);
    assert_eq!(codes(&answer), "verified:values_mismatch");
    // The row as it is stored decides, not as it would be.
    let body = json!({ "verified": true, "role": "" });
    boss.patch(&record("users", &king), body).await.expect(400);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn managers_make_verified_accounts_and_nobody_makes_themselves_one() {
    let (app, boss, ann) = scene().await;
    let verified = |email| sign_up_with(email, json!({ "verified": true, "role": "admin" }));
    let before = app.state_digest();
    for client in [&app.guest(), &ann] {
        let answer = client.create("users", verified("b@example.com")).await.expect(400);
        assert_eq!(codes(&answer), "verified:values_mismatch");
    }
    assert_eq!(app.state_digest(), before);
    let answer = boss.create("users", verified("b@example.com")).await.expect(200);
    assert_eq!(answer.at("/verified"), json!(true));
}

#[actix_web::test]
async fn a_manager_sees_addresses_and_cannot_touch_keys() {
    let (app, boss, ann) = scene().await;
    let path = record("users", ann.id());
    assert_eq!(boss.get(&path).await.expect(200).at("/email"), json!("ann@example.com"));
    assert_eq!(ann.get(&record("users", boss.id())).await.json().get("email"), None);
    let keys = app.database().column("users", "tokenKey");
    boss.patch(&path, json!({ "tokenKey": "k".repeat(50) })).await.expect(200);
    boss.patch(&path, json!({ "tokenKey:autogenerate": "" })).await.expect(200);
    assert_eq!(app.database().column("users", "tokenKey"), keys);
}

#[actix_web::test]
async fn superusers_manage_everybody() {
    let app = start().await;
    let root = app.superuser().await;
    let body = sign_up_with("ann@example.com", json!({ "verified": true }));
    let made = root.create("robots", body).await.expect(200);
    assert_eq!(made.at("/verified"), json!(true));
    assert_eq!(made.json().get("tokenKey"), None);
    let before = app.state_digest();
    let answer =
        root.patch(&record("robots", &made.id()), json!({ "email": "x" })).await.expect(400);
    assert_eq!(codes(&answer), "email:is_email");
    assert_eq!(app.state_digest(), before);
    root.patch(&record("robots", &made.id()), json!({ "email": "x@example.com" }))
        .await
        .expect(200);
}
