//! The page that providers lead back to, and what Apple and Microsoft have of their own.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::{World, codes, exchange, start};

/// A key of the curve that Apple uses, made for these tests.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtLmLOeGMwEmUOAu3
OWWCPu0aORV7XpDljW6F3nHu+7GhRANCAAT6Zs6bT4qnH+hBRxq/5nZVH9ibKRiB
iZQyCtzl0tFufAM8nP6Xozy2+nz7jTzJJxPvTrUTtjvxmQSpW0WGqN04
-----END PRIVATE KEY-----";

#[actix_web::test]
async fn nobody_waits_so_every_way_back_fails() {
    let world = start().await;
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let base = format!("http://{}/api/oauth2-redirect", world.app.address());
    let user = "user=%7B%22name%22%3A%7B%22firstName%22%3A%22Ann%22%7D%7D";
    for query in
        ["", "state=x&code=y", "code=y", "state=x&error=denied", "state=%00&code=%ff", user]
    {
        let got = browser.get(format!("{base}?{query}")).send().await.unwrap();
        let form = "application/x-www-form-urlencoded";
        let posted = browser.post(&base).header("Content-Type", form).body(query.to_owned());
        for (answer, redirect) in [(got, 307), (posted.send().await.unwrap(), 303)] {
            match answer.headers().get("location") {
                Some(place) => {
                    assert_eq!(place.to_str().unwrap(), "../_/#/auth/oauth2-redirect-failure");
                    assert_eq!(answer.status().as_u16(), redirect, "{query}");
                }
                // A server without a dashboard says it itself.
                None => {
                    assert_eq!(answer.status().as_u16(), 200, "{query}");
                    let text = answer.text().await.unwrap();
                    assert!(text.contains("Nobody was signed in"), "{text}");
                }
            }
        }
    }
    let posted = browser.post(&base).header("Content-Type", "application/json").body("{");
    assert!(posted.send().await.unwrap().status().as_u16() < 400);
}

/// Hands a way back to the server as Apple does; where that leads.
async fn come_back(world: &World, form: &[(&str, &str)]) -> String {
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let url = format!("http://{}/api/oauth2-redirect", world.app.address());
    let kind = "application/x-www-form-urlencoded";
    let answer = browser.post(url).header("Content-Type", kind).body(body).send().await.unwrap();
    let place = answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
    match place {
        Some(place) => place,
        None => answer.text().await.unwrap(),
    }
}

#[actix_web::test]
async fn a_window_that_waits_gets_the_code_and_the_name_that_apple_tells_once() {
    let world = start().await;
    world.provider.state().claims = json!({ "iss": "https://appleid.apple.com" });
    let grant = world.visit("fans", "apple").await;
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut waiting = world.app.app().oauth2.popups.wait("the client", here);
    let user = r#"{"name":{"firstName":"Ann","lastName":"Lee"}}"#;
    let form = [("state", "the client"), ("code", grant.code.as_str()), ("user", user)];
    let led = come_back(&world, &form).await;
    assert!(led.contains("success") || led.contains("Signed in"), "{led}");
    assert_eq!(waiting.try_recv().unwrap().code, grant.code);
    let led = come_back(&world, &form).await;
    assert!(led.contains("failure") || led.contains("Nobody"), "it waits no more: {led}");

    let answer = exchange(&world.app.guest(), "fans", &grant, json!({})).await.expect(200);
    assert_eq!(
        (answer.at("/record/name"), answer.at("/meta/name")),
        (json!("Ann Lee"), json!("Ann Lee"))
    );
    assert_eq!(answer.at("/record/email"), json!("ann@example.com"));
    let again = world.sign_in(&world.app.guest(), "fans", "apple").await.expect(200);
    assert_eq!((again.at("/meta/isNew"), again.at("/meta/name")), (json!(false), json!("")));
}

#[actix_web::test]
async fn a_token_of_apple_is_apples() {
    let world = start().await;
    let before = world.app.state_digest();
    let apple = "https://appleid.apple.com";
    for claims in [
        json!({}),
        json!({ "iss": apple, "aud": "another application" }),
        json!({ "iss": apple, "exp": null }),
    ] {
        world.provider.state().claims = claims.clone();
        let answer = world.sign_in(&world.app.guest(), "fans", "apple").await;
        assert_eq!(answer.status, 400, "{claims}");
    }
    world.provider.state().claims = json!({ "iss": apple });
    world.provider.state().signs_with_another_key = true;
    world.sign_in(&world.app.guest(), "fans", "apple").await.expect(400);
    assert_eq!(world.app.state_digest(), before);
}

#[actix_web::test]
async fn an_address_of_microsoft_counts_where_its_domain_is_proved() {
    let world = start().await;
    world.provider.state().user =
        json!({ "id": "m", "displayName": "Ann", "mail": "any@example.com" });
    let refused = world.sign_in(&world.app.guest(), "fans", "microsoft").await.expect(400);
    assert_eq!(codes(&refused), "email:required");
    world.provider.state().claims = json!({ "xms_edov": true });
    let answer = world.sign_in(&world.app.guest(), "fans", "microsoft").await.expect(200);
    assert_eq!(answer.at("/record/email"), json!("ann@example.com"));
    world.provider.state().claims = json!({ "aud": "another application", "xms_edov": true });
    world.sign_in(&world.app.guest(), "fans", "microsoft").await.expect(400);
}

#[actix_web::test]
async fn a_superuser_makes_the_secret_that_apple_wants() {
    let world = start().await;
    let root = world.app.superuser().await;
    let path = "/api/settings/apple/generate-client-secret";
    let good = json!({
        "clientId": "com.example.web", "teamId": "ABCDE12345", "keyId": "KEY1234567",
        "privateKey": KEY, "duration": 3600,
    });
    world.app.guest().post(path, good.clone()).await.expect(401);
    world.by_password("ann@example.com").await.post(path, good.clone()).await.expect(403);
    let answer = root.post(path, good.clone()).await.expect(200);
    let token = answer.at("/secret").as_str().unwrap().to_owned();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(
        (header.alg, header.kid.as_deref()),
        (jsonwebtoken::Algorithm::ES256, Some("KEY1234567"))
    );
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(&token).unwrap();
    let now = super::provider::NOW;
    assert_eq!(
        claims,
        json!({
            "aud": ["https://appleid.apple.com"], "exp": now + 3600, "iat": now, "iss": "ABCDE12345",
            "sub": "com.example.web",
        })
    );
    for (key, value, expected) in [
        ("clientId", json!(""), "clientId:required"),
        ("teamId", json!("short"), "teamId:length_invalid"),
        ("keyId", json!(""), "keyId:required"),
        ("privateKey", json!("no key"), "privateKey:match_invalid"),
        ("duration", json!(0), "duration:required"),
        ("duration", json!(15_777_001), "duration:max_less_equal_than_required"),
        ("duration", json!(-1), "duration:min_greater_equal_than_required"),
    ] {
        let mut body = good.clone();
        body[key] = value;
        assert_eq!(codes(&root.post(path, body).await.expect(400)), expected);
    }
    let mut body = good.clone();
    body["privateKey"] = json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    assert_eq!(root.post(path, body).await.expect(400).at("/data"), json!({}));
    let empty = root.post(path, json!({})).await.expect(400);
    assert_eq!(
        codes(&empty),
        "clientId:required duration:required keyId:required privateKey:required teamId:required"
    );
}
