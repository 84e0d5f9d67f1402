//! The words for actions: what is limited by them, and which one wins.

use std::time::Duration;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use super::{limit, rule, sign_in, sign_up, start, statuses};
use crate::harness::{PASSWORD, TestApp};

const CONFIG: &str = r#"
[limits]
"*:auth" = "3/min"

[collections.users]
type  = "auth"
rules = { read = "public", create = "public" }

[collections.staff]
type  = "auth"
rules = { read = "public", create = "public" }
"#;

#[actix_web::test]
async fn sign_ins_over_the_limit_are_refused_and_nothing_happens() {
    let app = TestApp::with_config(CONFIG).await;
    let guest = app.guest();
    guest.create("staff", sign_up("ann@example.com")).await.expect(200);
    let ann = guest.create("users", sign_up("ann@example.com")).await.expect(200);
    let id = ann.at("/collectionId").as_str().unwrap().to_owned();
    for _ in 0..3 {
        sign_in(&guest, "users", PASSWORD).await.expect(200);
    }
    let before = app.state_digest();
    let refused = sign_in(&guest, "users", PASSWORD).await;
    assert_snapshot!(refused.summary(), @"429 Too many requests, try again later. data={}");
    assert_eq!(refused.header("retry-after"), Some("60"));
    // It is an answer like any other, so that pages of other origins can read it.
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(refused.header("vary"), Some("Origin"));
    // A password that is not looked at is no failed sign-in, and a collection has several names.
    for (collection, password) in
        [("users", "a wrong password"), ("USERS", PASSWORD), (id.as_str(), PASSWORD)]
    {
        sign_in(&guest, collection, password).await.expect(429);
    }
    assert_eq!(app.state_digest(), before);
    // Other routes and other collections are counted for themselves.
    guest.list("users", "").await.expect(200);
    sign_in(&guest, "staff", PASSWORD).await.expect(200);

    app.advance(Duration::from_millis(59_999));
    let refused = sign_in(&guest, "users", PASSWORD).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    app.advance(Duration::from_millis(1));
    sign_in(&guest, "users", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn the_word_for_one_collection_and_one_way_goes_before_the_wider_ones() {
    let (app, root) = start().await;
    let guest = app.guest();
    guest.create("users", sign_up("ann@example.com")).await.expect(200);
    let wide = [rule("/api/", 1), rule("*:auth", 2), rule("users:authWithPassword", 4)];
    for (taken, accepted) in [(3, 4), (2, 2), (1, 1)] {
        limit(&root, &wide[..taken]).await;
        for number in 0..=accepted {
            let expected = if number < accepted { 200 } else { 429 };
            sign_in(&guest, "users", PASSWORD).await.expect(expected);
        }
    }
}

/// Appendix A of contract B, with a request for each of its lines, and our own way to sign in.
const TAGS: [(&str, &str, &str); 19] = [
    ("listAuthMethods", "GET", "/api/collections/users/auth-methods"),
    ("authWithPassword", "POST", "/api/collections/users/auth-with-password"),
    ("authWithOAuth2", "POST", "/api/collections/users/auth-with-oauth2"),
    ("authWithOTP", "POST", "/api/collections/users/auth-with-otp"),
    ("authWithTOTP", "POST", "/api/collections/users/auth-with-totp"),
    ("requestOTP", "POST", "/api/collections/users/request-otp"),
    ("authRefresh", "POST", "/api/collections/users/auth-refresh"),
    ("requestPasswordReset", "POST", "/api/collections/users/request-password-reset"),
    ("confirmPasswordReset", "POST", "/api/collections/users/confirm-password-reset"),
    ("requestVerification", "POST", "/api/collections/users/request-verification"),
    ("confirmVerification", "POST", "/api/collections/users/confirm-verification"),
    ("requestEmailChange", "POST", "/api/collections/users/request-email-change"),
    ("confirmEmailChange", "POST", "/api/collections/users/confirm-email-change"),
    ("list", "GET", "/api/collections/users/records"),
    ("view", "GET", "/api/collections/users/records/a1abcdefghijklm"),
    ("create", "POST", "/api/collections/users/records"),
    ("update", "PATCH", "/api/collections/users/records/a1abcdefghijklm"),
    ("delete", "DELETE", "/api/collections/users/records/a1abcdefghijklm"),
    ("file", "GET", "/api/files/users/a1abcdefghijklm/a.png"),
];

#[actix_web::test]
async fn every_word_limits_its_route_and_no_other() {
    let (app, root) = start().await;
    let guest = app.guest();
    let ask = async |method: &str, path: &str| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        guest.send(guest.request(method, path).json(&json!({}))).await.status
    };
    for (tag, method, path) in TAGS {
        limit(&root, &[rule(&format!("*:{tag}"), 1)]).await;
        assert_ne!(ask(method, path).await, 429, "{tag}");
        assert_eq!(ask(method, path).await, 429, "{tag}");
        for (other, method, path) in TAGS.into_iter().filter(|line| line.0 != tag) {
            assert_ne!(ask(method, path).await, 429, "{tag} limits {other}");
        }
    }
}

#[actix_web::test]
async fn a_mail_that_is_one_too_many_is_not_written() {
    let (app, root) = start().await;
    let guest = app.guest();
    guest.create("users", sign_up("ann@example.com")).await.expect(200);
    let otp = json!({ "otp": { "enabled": true } });
    root.patch("/api/collections/users", otp).await.expect(200);
    limit(&root, &[rule("*:requestOTP", 1), rule("users:requestPasswordReset", 1)]).await;
    let ask = async |action: &str| {
        let path = format!("/api/collections/users/{action}");
        guest.post(&path, json!({ "email": "ann@example.com" })).await
    };
    ask("request-otp").await.expect(200);
    ask("request-password-reset").await.expect(204);
    ask("request-otp").await.expect(429);
    ask("request-password-reset").await.expect(429);
    assert_eq!(app.count("_otps"), 1);
    ask("request-verification").await.expect(204);
}

#[actix_web::test]
async fn a_folder_of_paths_is_counted_as_one_but_for_actions() {
    let (app, root) = start().await;
    let guest = app.guest();
    limit(&root, &[rule("/api/", 2)]).await;
    assert_eq!(statuses(&guest, "/api/health", 2).await, [200, 200]);
    assert_eq!(statuses(&guest, "/api/config", 1).await, [429]);
    assert_eq!(statuses(&guest, "/api/nothing", 1).await, [429]);
    let list = "/api/collections/users/records";
    assert_eq!(statuses(&guest, list, 3).await, [200, 200, 429]);
    assert_eq!(statuses(&guest, "/api/collections/users/auth-methods", 3).await, [200, 200, 429]);
    let head = guest.send(guest.request(Method::HEAD, "/api/health")).await;
    assert_eq!(head.status, 429);
}
