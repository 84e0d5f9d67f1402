//! The places that accounts signed in from, and the mail when there is a new one.

use serde_json::json;

use super::inbox::Inbox;
use super::start;
use crate::harness::{Answer, PASSWORD, TestApp};

async fn sign_in_with(app: &TestApp, agent: &str) -> Answer {
    let path = "/api/collections/users/auth-with-password";
    let body = json!({ "identity": "ann@example.com", "password": PASSWORD });
    let request = app.guest().request(reqwest::Method::POST, path).json(&body);
    app.guest().send(request.header("user-agent", agent)).await.expect(200)
}

#[actix_web::test]
async fn the_owner_is_told_of_a_new_place_but_not_of_the_first() {
    let app = start().await;
    let inbox = Inbox::of(&app).await;
    app.guest().create("users", super::sign_up("ann@example.com")).await.expect(200);
    let before = app.count("_authOrigins");
    sign_in_with(&app, "one").await;
    sign_in_with(&app, "one").await;
    assert_eq!(app.count("_authOrigins"), before + 1);
    sign_in_with(&app, "<b>two</b>").await;
    let mail = inbox.mail("ann@example.com", 1).await;
    assert!(mail.subject().contains("sign-in"), "{}", mail.subject());
    assert!(mail.html().contains("127.0.0.1 &lt;b&gt;two&lt;/b&gt;"), "{}", mail.html());
    let before = app.count("_queue") + app.count("_mails");
    sign_in_with(&app, "one").await;
    assert_eq!(app.count("_queue") + app.count("_mails"), before);
}

#[actix_web::test]
async fn five_places_are_known_and_the_oldest_goes() {
    let app = start().await;
    app.guest().create("users", super::sign_up("ann@example.com")).await.expect(200);
    let before = app.count("_authOrigins");
    for number in 0..7 {
        app.advance(std::time::Duration::from_secs(1));
        sign_in_with(&app, &format!("agent {number}")).await;
    }
    assert_eq!(app.count("_authOrigins"), before + 5);
}

#[actix_web::test]
async fn owners_see_and_remove_their_places() {
    let app = start().await;
    let ann = app.user("ann@example.com").await;
    let bob = app.user("bob@example.com").await;
    let own = ann.list("_authOrigins", "").await.expect(200);
    assert_eq!(own.at("/totalItems"), json!(1));
    let id = own.at("/items/0/id").as_str().unwrap().to_owned();
    let path = super::record("_authOrigins", &id);
    bob.get(&path).await.expect(404);
    bob.delete(&path).await.expect(404);
    ann.delete(&path).await.expect(204);
    assert_eq!(ann.list("_authOrigins", "").await.at("/totalItems"), json!(0));
    // It is no sign-out.
    assert!(super::is_signed_in(&ann).await);
}
