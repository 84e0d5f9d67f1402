//! Exchanging a token for a new one.

use std::time::Duration;

use ferrobase::services::tokens::{Grant, Lifetime, issue};
use serde_json::json;

use super::tokens::{payload, stored};
use super::{record, refresh, sign_up, start};
use crate::harness::PASSWORD;

#[actix_web::test]
async fn a_token_is_exchanged_for_one_that_lasts_longer() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    app.advance(Duration::from_secs(3_600));
    let answer = refresh(&ann, "users").await.expect(200);
    assert_eq!(answer.at("/record/email"), json!("ann@example.com"));
    let token = answer.at("/token").as_str().unwrap().to_owned();
    assert_eq!(
        payload(&token)["exp"].as_i64().unwrap(),
        payload(ann.token())["exp"].as_i64().unwrap() + 3_600
    );
    assert_eq!(payload(&token)["refreshable"], true);
    // The old one goes on until its own end.
    refresh(&ann, "users").await.expect(200);
    app.advance_days(5);
    refresh(&ann, "users").await.expect(401);
    let ann = ann.with_token(&token);
    refresh(&ann, "users").await.expect(401);
}

#[actix_web::test]
async fn a_token_that_is_not_refreshable_stays_as_it_is() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let user = stored(&app, "users", ann.id()).await;
    let grant = Grant::Auth { refreshable: false };
    let token =
        issue(&user, grant, Lifetime::Of(Duration::from_secs(60)), app.app().clock.now()).unwrap();
    let answer = refresh(&ann.with_token(&token), "users").await.expect(200);
    assert_eq!(answer.at("/token"), json!(token));
    assert_eq!(answer.at("/record/id"), json!(ann.id()));
    app.advance(Duration::from_secs(60));
    refresh(&ann.with_token(&token), "users").await.expect(401);
}

#[actix_web::test]
async fn only_records_of_the_collection_are_let_through() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let root = app.superuser().await;
    let before = app.state_digest();
    refresh(&app.guest(), "users").await.expect(401);
    refresh(&app.guest().with_token("rubbish"), "users").await.expect(401);
    // Guests are told first, whatever is behind the path.
    for path in ["notes", "staff", "_superusers"] {
        refresh(&app.guest(), path).await.expect(401);
        refresh(&ann, path).await.expect(403);
    }
    for caller in [&app.guest(), &ann, &root] {
        refresh(caller, "nothing").await.expect(404);
    }
    refresh(&root, "users").await.expect(403);
    refresh(&root, "_superusers").await.expect(200);
    refresh(&ann, "USERS").await.expect(200);
    ann.get("/api/collections/users/auth-refresh").await.expect(404);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn an_auth_rule_is_asked_again() {
    let app = start().await;
    let root = app.superuser().await;
    let id = app.guest().create("staff", sign_up("ann@example.com")).await.expect(200).id();
    let verify = async |verified: bool| {
        root.patch(&record("staff", &id), json!({ "verified": verified })).await.expect(200);
    };
    verify(true).await;
    let ann = app.guest().sign_in("staff", "ann@example.com", PASSWORD).await;
    refresh(&ann, "staff").await.expect(200);
    verify(false).await;
    refresh(&ann, "staff").await.expect(403);
    // The rule guards new tokens, not the ones that are out.
    ann.get(&record("staff", &id)).await.expect(200);
}

#[actix_web::test]
async fn expand_and_fields_shape_the_answer() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    ann.patch(&record("users", ann.id()), json!({ "friend": ann.id() })).await.expect(200);
    let path =
        "/api/collections/users/auth-refresh?expand=friend&fields=record.expand.friend.email";
    let answer = ann.post(path, json!(null)).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({ "record": { "expand": { "friend": { "email": "ann@example.com" } } } })
    );
}
