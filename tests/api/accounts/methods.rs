//! The ways in that a collection offers.

use serde_json::json;

use super::start;
use crate::harness::TestApp;

#[actix_web::test]
async fn the_ways_in_are_public_and_in_the_contracts_order() {
    let app = start().await;
    let guest = app.guest();
    let answer = guest.get("/api/collections/users/auth-methods").await.expect(200);
    assert_eq!(
        answer.text,
        concat!(
            r#"{"password":{"identityFields":["username","email","nick"],"enabled":true},"#,
            r#""oauth2":{"providers":[],"enabled":false},"mfa":{"enabled":false,"duration":0},"#,
            r#""otp":{"enabled":false,"duration":0},"authProviders":null,"#,
            r#""usernamePassword":true,"emailPassword":true}"#,
            "\n"
        )
    );
    let answer = guest.get("/api/collections/staff/auth-methods").await.expect(200);
    assert_eq!(
        (answer.at("/usernamePassword"), answer.at("/emailPassword")),
        (json!(false), json!(true))
    );
}

#[actix_web::test]
async fn a_closed_way_in_is_shown_closed() {
    let app = start().await;
    let answer = app.guest().get("/api/collections/robots/auth-methods").await.expect(200);
    assert_eq!(answer.at("/password"), json!({ "identityFields": [], "enabled": false }));
    assert_eq!(answer.at("/emailPassword"), json!(false));
}

#[actix_web::test]
async fn clients_ask_for_four_of_the_keys() {
    let app = TestApp::without_config().await;
    let path = "/api/collections/users/auth-methods?fields=mfa,otp,password,oauth2";
    let answer = app.guest().get(path).await.expect(200).json();
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    assert_eq!(answer["password"], json!({ "identityFields": ["email"], "enabled": true }));
}

#[actix_web::test]
async fn what_has_no_accounts_has_no_ways_in() {
    let app = start().await;
    app.guest().get("/api/collections/notes/auth-methods").await.expect(404);
    app.guest().get("/api/collections/nothing/auth-methods").await.expect(404);
    app.guest().post("/api/collections/users/auth-methods", json!({})).await.expect(404);
    let request = app.guest().request(reqwest::Method::HEAD, "/api/collections/users/auth-methods");
    assert_eq!(app.guest().send(request).await.expect(200).text, "");
}
