//! Failed sign-ins slow down whoever makes them. All tests come from one address.

use std::time::Duration;

use serde_json::json;

use super::{refresh, sign_in, sign_up, sign_up_with, start};
use crate::harness::{PASSWORD, TestApp};

const MINUTE: Duration = Duration::from_secs(60);

async fn fail(app: &TestApp, identity: &str, times: usize) {
    for _ in 0..times {
        sign_in(&app.guest(), "users", identity, "a wrong password").await.expect(400);
    }
}

async fn status(app: &TestApp, identity: &str) -> u16 {
    sign_in(&app.guest(), "users", identity, PASSWORD).await.status
}

#[actix_web::test]
async fn ten_failures_close_an_account_for_ten_minutes() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    app.user("bob@example.com").await;
    fail(&app, "ann@example.com", 5).await;
    app.advance(2 * MINUTE);
    // A success in between is not counted, and takes nothing back.
    assert_eq!(status(&app, "ann@example.com").await, 200);
    fail(&app, "ann@example.com", 5).await;

    // Other accounts and sessions are not touched.
    assert_eq!(status(&app, "bob@example.com").await, 200);
    let before = app.state_digest();
    let refused = sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("480"));
    assert_eq!(refused.at("/data"), json!({}));
    // Other spellings are the same account.
    assert_eq!(status(&app, "ANN@example.com").await, 429);
    refresh(&ann, "users").await.expect(200);
    assert_eq!(app.state_digest(), before);

    // A refused attempt prolongs nothing: the first five failures end, the later five stay.
    app.advance(8 * MINUTE - Duration::from_millis(1));
    let refused = sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    app.advance(Duration::from_millis(1));
    assert_eq!(status(&app, "ann@example.com").await, 200);
    fail(&app, "ann@example.com", 5).await;
    assert_eq!(status(&app, "ann@example.com").await, 429);
}

#[actix_web::test]
async fn all_names_of_an_account_are_one_account() {
    let app = start().await;
    let ann = sign_up_with("ann@example.com", json!({ "username": "ann", "nick": "annie" }));
    app.guest().create("users", ann).await.expect(200);
    fail(&app, "ann@example.com", 4).await;
    fail(&app, "ann", 3).await;
    fail(&app, "annie", 3).await;
    for identity in ["ann@example.com", "ANN", "annie"] {
        assert_eq!(status(&app, identity).await, 429, "{identity}");
    }
}

#[actix_web::test]
async fn an_account_that_does_not_exist_is_closed_alike() {
    let app = start().await;
    fail(&app, "nobody@example.com", 10).await;
    let refused = sign_in(&app.guest(), "users", "nobody@example.com", "x").await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("600"));
}

#[actix_web::test]
async fn fifty_failures_close_an_address_for_all_accounts() {
    let app = start().await;
    app.user("ann@example.com").await;
    for number in 0..10 {
        fail(&app, &format!("user{number}@example.com"), 5).await;
    }
    assert_eq!(status(&app, "ann@example.com").await, 429);
    let answer = sign_in(&app.guest(), "_superusers", "root@example.com", "x").await.expect(429);
    assert_eq!(answer.header("retry-after"), Some("600"));
    // Whatever a client says of its address.
    for header in ["X-Forwarded-For", "X-Real-IP", "Forwarded"] {
        let path = "/api/collections/users/auth-with-password";
        let body = json!({ "identity": "ann@example.com", "password": PASSWORD });
        let request = app.guest().request(reqwest::Method::POST, path).json(&body);
        app.guest().send(request.header(header, "192.0.2.1")).await.expect(429);
    }
    // Everything else is answered.
    app.guest().create("users", sign_up("bob@example.com")).await.expect(200);
    app.advance(10 * MINUTE);
    assert_eq!(status(&app, "ann@example.com").await, 200);
}

#[actix_web::test]
async fn the_same_name_in_two_collections_is_two_accounts() {
    let app = start().await;
    let root = app.superuser().await;
    let body = super::sign_up_with("ann@example.com", json!({ "verified": true }));
    root.create("staff", body).await.expect(200);
    app.user("ann@example.com").await;
    fail(&app, "ann@example.com", 10).await;
    assert_eq!(status(&app, "ann@example.com").await, 429);
    sign_in(&app.guest(), "staff", "ann@example.com", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn only_a_wrong_password_counts() {
    let app = start().await;
    app.guest().create("staff", sign_up("ann@example.com")).await.expect(200);
    let path = "/api/collections/staff/auth-with-password";
    for _ in 0..15 {
        app.guest().post(path, json!({ "identity": "ann@example.com" })).await.expect(400);
        // The password is right, and only the auth rule says no.
        sign_in(&app.guest(), "staff", "ann@example.com", PASSWORD).await.expect(403);
    }
}

#[actix_web::test]
async fn a_flood_learns_no_more_than_the_same_attempts_one_by_one() {
    let app = start().await;
    app.user("ann@example.com").await;
    let attempts = (0..40).map(|_| {
        let guest = app.guest();
        async move { sign_in(&guest, "users", "ann@example.com", "a wrong password").await.status }
    });
    let answers = futures_util::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|&&status| status == 400).count(), 10, "{answers:?}");
    assert_eq!(answers.iter().filter(|&&status| status == 429).count(), 30, "{answers:?}");
}

#[actix_web::test]
async fn it_can_be_switched_off() {
    let app = TestApp::with_config(&format!("{}\n[auth]\nthrottle = false\n", super::CONFIG)).await;
    app.user("ann@example.com").await;
    fail(&app, "ann@example.com", 60).await;
    assert_eq!(status(&app, "ann@example.com").await, 200);
}

#[actix_web::test]
async fn a_variable_switches_it_off_and_on_over_the_config() {
    let variable = |value| [("FERROBASE_AUTH_THROTTLE", value)];
    let app = TestApp::with_variables(super::CONFIG, &variable("false")).await;
    fail(&app, "ann@example.com", 60).await;
    let config = format!("{}\n[auth]\nthrottle = false\n", super::CONFIG);
    let app = TestApp::with_variables(&config, &variable("true")).await;
    fail(&app, "ann@example.com", 10).await;
    assert_eq!(status(&app, "ann@example.com").await, 429);
}
