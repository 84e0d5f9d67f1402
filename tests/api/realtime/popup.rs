//! The window that a provider leads back to, and the client that waits for it (contract A 5.7).

use std::net::IpAddr;

use reqwest::redirect::Policy;
use serde_json::json;

use super::{Events, TestApp, listen, note, start};

/// What the provider's page leads to, in a browser at `address`.
async fn come_back_to(app: &TestApp, address: &str, query: &str) -> String {
    let address = address.parse::<IpAddr>().unwrap();
    let browser = reqwest::Client::builder().redirect(Policy::none()).local_address(address);
    let url = format!("http://{}/api/oauth2-redirect?{query}", app.address());
    let answer = browser.build().unwrap().get(url).send().await.unwrap();
    let place = answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
    match place {
        // The page of the dashboard.
        Some(place) => place,
        // A notice where there is none.
        None => answer.text().await.unwrap(),
    }
}

async fn come_back(app: &TestApp, query: &str) -> String {
    come_back_to(app, "127.0.0.1", query).await
}

async fn waiting() -> (TestApp, Events) {
    let app = start().await;
    let events = listen(&app.guest(), &["@oauth2", "notes/*"]).await;
    (app, events)
}

fn is_success(page: &str) -> bool {
    page.contains("redirect-success") || page.contains("Signed in.")
}

#[actix_web::test]
async fn who_waits_is_told_the_code_once() {
    let (app, mut events) = waiting().await;
    let query = format!("state={}&code=the%20code", events.id());
    assert!(is_success(&come_back(&app, &query).await));
    let message = events.next().await.unwrap();
    assert_eq!(message.event, "@oauth2");
    assert_eq!(message.data, json!({ "state": events.id(), "code": "the code" }));
    assert!(!is_success(&come_back(&app, &query).await));
    // The other topics are still there, and it may wait again.
    note(&app.guest(), "one").await;
    assert_eq!(events.told("text").await, "notes/* create one");
    events.subscribe(&app.guest(), &["@oauth2"]).await.expect(204);
    assert!(is_success(&come_back(&app, &query).await));
    assert_eq!(events.next().await.unwrap().data["code"], "the code");
}

#[actix_web::test]
async fn what_went_wrong_is_told_too() {
    let (app, mut events) = waiting().await;
    let query = format!("state={}&error=access_denied", events.id());
    assert!(!is_success(&come_back(&app, &query).await));
    let expected = json!({ "state": events.id(), "code": "", "error": "access_denied" });
    assert_eq!(events.next().await.unwrap().data, expected);
}

#[actix_web::test]
async fn who_does_not_wait_is_told_nothing() {
    let (app, mut events) = waiting().await;
    let query = format!("state={}&code=c", events.id());
    events.subscribe(&app.guest(), &["notes/*"]).await.expect(204);
    assert!(!is_success(&come_back(&app, &query).await));
    note(&app.guest(), "one").await;
    assert_eq!(events.told("text").await, "notes/* create one");
    let id = events.id().to_owned();
    events.subscribe(&app.guest(), &["@oauth2"]).await.expect(204);
    drop(events);
    let gone = json!({ "clientId": id });
    while app.guest().post("/api/realtime", gone.clone()).await.status != 404 {}
    assert!(!is_success(&come_back(&app, &query).await));
}

#[actix_web::test]
async fn somebody_elses_machine_ends_the_wait() {
    let (app, mut events) = waiting().await;
    let query = format!("state={}&code=c", events.id());
    assert!(!is_success(&come_back_to(&app, "127.0.0.2", &query).await));
    assert!(!is_success(&come_back(&app, &query).await));
    note(&app.guest(), "one").await;
    assert_eq!(events.told("text").await, "notes/* create one");
}
