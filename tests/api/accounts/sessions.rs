//! Where an account is signed in, and the end of that.

use std::time::Duration;

use ferrobase::services::auth::cleanup;
use ferrobase::services::tokens::{Grant, Lifetime, issue};
use reqwest::Method;
use serde_json::{Value, json};

use super::tokens::{payload, stored};
use super::{is_signed_in, record, refresh, sign_in, start};
use crate::harness::{Client, PASSWORD, TestApp};

const SESSIONS: &str = "/api/sessions";

/// Ann once more, from another device.
async fn again(app: &TestApp, agent: &str) -> Client {
    let path = "/api/collections/users/auth-with-password";
    let body = json!({ "identity": "ann@example.com", "password": PASSWORD });
    let request = app.guest().request(Method::POST, path).header("user-agent", agent).json(&body);
    let answer = app.guest().send(request).await.expect(200);
    app.guest().with_token(answer.at("/token").as_str().unwrap())
}

fn sid(client: &Client) -> String {
    payload(client.token())["sid"].as_str().unwrap().to_owned()
}

async fn list(client: &Client) -> Vec<Value> {
    let answer = client.get(SESSIONS).await.expect(200);
    let items = answer.at("/items").as_array().unwrap().clone();
    assert_eq!(answer.at("/totalItems"), json!(items.len()));
    items
}

async fn end(client: &Client, id: &str, status: u16) {
    client.delete(&format!("{SESSIONS}/{id}")).await.expect(status);
}

#[actix_web::test]
async fn every_sign_in_is_a_session_that_its_owner_sees() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    app.user("bob@example.com").await;
    app.advance(Duration::from_secs(60));
    let phone = again(&app, "phone").await;
    let sessions = list(&phone).await;
    let users = app.app().store.schema().by_name("users").unwrap().id.clone();
    let expected = json!({
        "id": sid(&phone), "collectionRef": users, "recordRef": ann.id(), "method": "password",
        "address": "127.0.0.1", "userAgent": "phone", "created": "2026-01-01 00:01:00.000Z",
        "used": "2026-01-01 00:01:00.000Z", "expires": "2026-01-06 00:01:00.000Z",
        "current": true,
    });
    assert_eq!(sessions[0], expected);
    let others: Vec<&Value> = sessions.iter().map(|session| &session["id"]).collect();
    assert_eq!(others, [&json!(sid(&phone)), &json!(sid(&ann))]);
    assert_eq!(sessions[1]["current"], false);
    let picked = phone.get("/api/sessions?fields=id").await.expect(200);
    assert_eq!(picked.at("/items/0"), json!({ "id": sid(&phone) }));
    app.guest().get(SESSIONS).await.expect(401);
}

#[actix_web::test]
async fn a_session_that_is_ended_ends_its_tokens_and_no_others() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let phone = again(&app, "phone").await;
    let renewed = refresh(&phone, "users").await.expect(200);
    let renewed = app.guest().with_token(renewed.at("/token").as_str().unwrap());
    assert_eq!(sid(&renewed), sid(&phone));
    let file = phone.post("/api/files/token", Value::Null).await.expect(200);
    assert_eq!(payload(file.at("/token").as_str().unwrap())["sid"], json!(sid(&phone)));
    assert!(is_signed_in(&phone).await && is_signed_in(&renewed).await);

    end(&bob, &sid(&phone), 404).await;
    end(&app.guest(), &sid(&phone), 401).await;
    end(&ann, "nothing", 404).await;
    assert!(is_signed_in(&phone).await, "it was nobody's to end");

    end(&ann, &sid(&phone), 204).await;
    assert!(!is_signed_in(&phone).await && !is_signed_in(&renewed).await);
    assert!(is_signed_in(&ann).await && is_signed_in(&bob).await);
    refresh(&phone, "users").await.expect(401);
    end(&ann, &sid(&phone), 404).await;
    assert_eq!(list(&ann).await.len(), 1);
}

#[actix_web::test]
async fn a_file_token_ends_with_the_session() {
    let app = start().await;
    let root = app.superuser().await;
    let other = app.superuser().await;
    let token = root.post("/api/files/token", Value::Null).await.expect(200);
    let page = format!("/api/mails/none/page?token={}", token.at("/token").as_str().unwrap());
    app.guest().get(&page).await.expect(404);
    end(&other, &sid(&root), 204).await;
    app.guest().get(&page).await.expect(401);
}

#[actix_web::test]
async fn signing_out_ends_the_session_of_the_token() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let phone = again(&app, "phone").await;
    phone.post("/api/sign-out", Value::Null).await.expect(204);
    assert!(!is_signed_in(&phone).await && is_signed_in(&ann).await);
    phone.post("/api/sign-out", Value::Null).await.expect(401);
    app.guest().post("/api/sign-out", Value::Null).await.expect(401);
}

#[actix_web::test]
async fn a_token_of_no_session_holds_and_is_given_one_when_it_is_renewed() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let user = stored(&app, "users", ann.id()).await;
    let grant = Grant::Auth { refreshable: true };
    let old = issue(&user, grant, Lifetime::Usual, app.app().clock.now()).unwrap();
    let old = app.guest().with_token(old);
    assert!(is_signed_in(&old).await);
    let answer = old.post("/api/sign-out", Value::Null).await.expect(400);
    assert!(answer.text.contains("belongs to no session"), "{}", answer.text);
    assert!(is_signed_in(&old).await);
    let renewed = refresh(&old, "users").await.expect(200);
    let renewed = app.guest().with_token(renewed.at("/token").as_str().unwrap());
    assert_eq!(list(&renewed).await.len(), 2);
    renewed.post("/api/sign-out", Value::Null).await.expect(204);
    assert!(!is_signed_in(&renewed).await);
}

#[actix_web::test]
async fn all_sessions_end_or_all_but_this_one() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let (phone, tablet) = (again(&app, "phone").await, again(&app, "tablet").await);
    let user = stored(&app, "users", ann.id()).await;
    let grant = Grant::Auth { refreshable: true };
    let old = issue(&user, grant, Lifetime::Usual, app.app().clock.now()).unwrap();
    let old = app.guest().with_token(old);
    for wrong in ["others", ""] {
        ann.delete(&format!("/api/sessions?except={wrong}")).await.expect(400);
    }
    app.guest().delete(SESSIONS).await.expect(401);
    assert_eq!(list(&ann).await.len(), 3);
    ann.delete("/api/sessions?except=current").await.expect(204);
    assert!(!is_signed_in(&phone).await && !is_signed_in(&tablet).await);
    assert!(is_signed_in(&ann).await && is_signed_in(&old).await);
    // A token of no session keeps itself: it is not among those that end.
    let phone = again(&app, "phone").await;
    old.delete("/api/sessions?except=current").await.expect(204);
    assert!(!is_signed_in(&phone).await && !is_signed_in(&ann).await);
    assert!(is_signed_in(&old).await);
    let ann = again(&app, "laptop").await;
    // Without an exception nothing that was ever signed for the account holds.
    ann.delete(SESSIONS).await.expect(204);
    assert!(!is_signed_in(&ann).await && !is_signed_in(&old).await);
    assert_ne!(stored(&app, "users", user.id()).await.text("tokenKey"), user.text("tokenKey"));
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn superusers_see_and_end_those_of_others_and_nobody_else_does() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    let root = app.superuser().await;
    let of_ann = format!("{SESSIONS}?collection=users&record={}", ann.id());
    for (client, status) in [(&app.guest(), 401), (&bob, 403), (&ann, 403)] {
        client.get(&of_ann).await.expect(status);
        client.delete(&of_ann).await.expect(status);
    }
    assert!(is_signed_in(&ann).await);
    let answer = root.get(&of_ann).await.expect(200);
    assert_eq!(answer.at("/items/0/id"), json!(sid(&ann)));
    assert_eq!(answer.at("/items/0/current"), json!(false));
    for odd in ["collection=users&record=none", "collection=none&record=x", "record=x"] {
        root.get(&format!("{SESSIONS}?{odd}")).await.expect(404);
    }
    root.delete(&of_ann).await.expect(204);
    assert!(!is_signed_in(&ann).await && is_signed_in(&bob).await);
    end(&root, &sid(&bob), 204).await;
    assert!(!is_signed_in(&bob).await);
    root.get(SESSIONS).await.expect(200);
}

#[actix_web::test]
async fn acting_as_somebody_is_a_session_of_theirs() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let root = app.superuser().await;
    let path = format!("/api/collections/users/impersonate/{}", ann.id());
    let answer = root.post(&path, json!({ "duration": 1_000_000_000_000_i64 })).await.expect(200);
    let acting = app.guest().with_token(answer.at("/token").as_str().unwrap());
    let sessions = list(&ann).await;
    let found = sessions.iter().find(|session| session["id"] == sid(&acting)).unwrap();
    assert_eq!(found["method"], "impersonate");
    assert_eq!(found["expires"], "9999-12-31 23:59:59.999Z");
    end(&ann, &sid(&acting), 204).await;
    assert!(!is_signed_in(&acting).await);
}

#[actix_web::test]
async fn sessions_go_with_what_they_stand_on() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    again(&app, "phone").await;
    assert_eq!(app.count("_sessions"), 3);
    let body = json!({ "password": "another one", "passwordConfirm": "another one",
        "oldPassword": PASSWORD });
    ann.patch(&record("users", ann.id()), body).await.expect(200);
    assert_eq!(app.count("_sessions"), 1);
    bob.delete(&record("users", bob.id())).await.expect(204);
    assert_eq!(app.count("_sessions"), 0);
}

#[actix_web::test]
async fn expired_sessions_are_neither_shown_nor_kept() {
    let app = start().await;
    app.user("ann@example.com").await;
    app.advance_days(3);
    let phone = again(&app, "phone").await;
    app.advance_days(3);
    assert_eq!(list(&phone).await.len(), 1);
    cleanup::factors(&app.app()).await.unwrap();
    assert_eq!(app.count("_sessions"), 1);
    // Renewing makes it last longer.
    let renewed = refresh(&phone, "users").await.expect(200);
    let renewed = app.guest().with_token(renewed.at("/token").as_str().unwrap());
    app.advance_days(4);
    cleanup::factors(&app.app()).await.unwrap();
    assert!(is_signed_in(&renewed).await);
}

#[actix_web::test]
async fn use_is_noted_every_few_minutes() {
    const TRIES: usize = 1_000;
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    app.advance(Duration::from_secs(299));
    assert!(is_signed_in(&ann).await);
    app.advance(Duration::from_secs(1));
    // Nobody waits for the note, so it may come a moment after the answer.
    for _ in 0..TRIES {
        if list(&ann).await[0]["used"] == "2026-01-01 00:05:00.000Z" {
            return;
        }
    }
    panic!("the use was not noted");
}

#[actix_web::test]
async fn a_session_cannot_be_borrowed() {
    let app = start().await;
    let (ann, bob) = (app.user("ann@example.com").await, app.user("bob@example.com").await);
    // A token of Bob's that names Ann's session, signed as only the server could.
    let user = stored(&app, "users", bob.id()).await;
    let now = app.app().clock.now();
    let grant = Grant::Auth { refreshable: true };
    let forged =
        ferrobase::services::tokens::issue_within(&sid(&ann), &user, grant, Lifetime::Usual, now);
    assert!(!is_signed_in(&app.guest().with_token(forged.unwrap())).await);
}
