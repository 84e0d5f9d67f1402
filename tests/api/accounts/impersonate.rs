//! Tokens of other accounts, for superusers.

use std::time::Duration;

use serde_json::{Value, json};

use super::tokens::payload;
use super::{codes, is_signed_in, refresh, start};
use crate::harness::{Answer, Client};

async fn ask(client: &Client, collection: &str, id: &str, body: Value) -> Answer {
    client.post(&format!("/api/collections/{collection}/impersonate/{id}"), body).await
}

#[actix_web::test]
async fn a_superuser_acts_as_somebody_for_a_while() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let root = app.superuser().await;
    let answer = ask(&root, "users", ann.id(), json!({ "duration": 60 })).await.expect(200);
    assert_eq!(answer.at("/record/id"), json!(ann.id()));
    assert_eq!(answer.at("/record/email"), json!("ann@example.com"));
    assert!(answer.json().get("meta").is_none());
    let token = answer.at("/token").as_str().unwrap().to_owned();
    assert_eq!(payload(&token)["refreshable"], false);
    let acting = app.guest().with_token(&token);
    assert!(is_signed_in(&acting).await);
    // It stays what it is.
    assert_eq!(refresh(&acting, "users").await.expect(200).at("/token"), json!(token));
    app.advance(Duration::from_secs(60));
    assert!(!is_signed_in(&acting).await);
}

#[actix_web::test]
async fn without_a_duration_it_lasts_as_long_as_the_collections_tokens() {
    let app = start().await;
    let root = app.superuser().await;
    let ann = app.user("ann@example.com").await;
    let now = app.app().clock.now().millis() / 1_000;
    for body in [json!({}), json!({ "duration": 0 }), json!({ "duration": null }), Value::Null] {
        let answer = ask(&root, "users", ann.id(), body.clone()).await.expect(200);
        let token = answer.at("/token").as_str().unwrap().to_owned();
        assert_eq!(payload(&token)["exp"], json!(now + 432_000), "{body}");
    }
}

#[actix_web::test]
async fn nobody_else_may() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let root = app.superuser().await;
    let before = app.state_digest();
    ask(&app.guest(), "users", ann.id(), json!({})).await.expect(401);
    ask(&ann, "users", ann.id(), json!({})).await.expect(403);
    ask(&root, "users", "nosuchuser12345", json!({})).await.expect(404);
    ask(&root, "notes", ann.id(), json!({})).await.expect(404);
    ask(&root, "nowhere", ann.id(), json!({})).await.expect(404);
    let refused = ask(&root, "users", ann.id(), json!({ "duration": -1 })).await.expect(400);
    assert_eq!(codes(&refused), "duration:min_greater_equal_than_required");
    ask(&root, "users", ann.id(), json!({ "duration": "long" })).await.expect(400);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn the_auth_rule_does_not_matter() {
    let app = start().await;
    let root = app.superuser().await;
    let staff = super::sign_up("staff@example.com");
    let id = app.guest().create("staff", staff).await.expect(200).id();
    let answer = ask(&root, "staff", &id, json!({})).await.expect(200);
    assert_eq!(answer.at("/record/verified"), json!(false));
}
