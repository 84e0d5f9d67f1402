//! Requests that are wrong, and codes that are not theirs.

use serde_json::{Value, json};

use super::{BACK, Grant, codes, exchange, path, start};

#[actix_web::test]
async fn refusals_come_in_their_order() {
    let world = start().await;
    let guest = world.app.guest();
    for (collection, status) in
        [("nothing", 404), ("notes", 404), ("staff", 403), ("_superusers", 403)]
    {
        guest
            .raw("POST", &path(collection), "application/json", b"{".to_vec())
            .await
            .expect(status);
    }
    guest.get(&path("users")).await.expect(404);
    for text in
        ["{", "[]", r#"{"provider":1}"#, r#"{"provider":"oidc","code":"x","createData":[]}"#]
    {
        let answer = guest.raw("POST", &path("users"), "application/json", text.into()).await;
        assert_eq!((answer.status, answer.at("/data")), (400, json!({})), "{text}");
    }
    let long = "x".repeat(101);
    for (body, expected) in [
        (json!({}), "code:required provider:required"),
        (json!({ "provider": "oidc" }), "code:required"),
        (json!({ "provider": "google", "code": "x" }), "provider:invalid_provider"),
        (json!({ "provider": "discord", "code": "x" }), "provider:invalid_provider"),
        (json!({ "provider": long, "code": "x" }), "provider:length_too_long"),
    ] {
        let answer = guest.post(&path("users"), body.clone()).await;
        assert_eq!((answer.status, codes(&answer).as_str()), (400, expected), "{body}");
    }
    let answer = guest.post(&path("users"), json!({ "provider": "google", "code": "x" })).await;
    assert_eq!(answer.at("/data/provider/params"), json!({ "name": "google" }));
    assert_eq!(world.provider.asked("/token"), 0, "nobody was asked for nothing");
}

#[actix_web::test]
async fn a_code_is_good_once_and_with_its_own_verifier_and_address() {
    let world = start().await;
    let guest = world.app.guest();
    let grant = world.visit("users", "oidc").await;
    exchange(&guest, "users", &grant, json!({})).await.expect(200);
    let before = world.app.state_digest();
    let fresh = world.visit("users", "oidc").await;
    let other = world.visit("users", "oidc").await;
    let cases: Vec<(Grant, Value)> = vec![
        (grant, json!({})),
        (Grant { code: "made up".to_owned(), ..fresh.clone() }, json!({})),
        (Grant { verifier: "another verifier".to_owned(), ..fresh.clone() }, json!({})),
        (Grant { verifier: String::new(), ..world.visit("users", "oidc").await }, json!({})),
        (world.visit("users", "oidc").await, json!({ "redirectURL": format!("{BACK}/x") })),
        (world.visit("users", "oidc").await, json!({ "redirectURL": "" })),
        (Grant { verifier: fresh.verifier.clone(), ..other }, json!({})),
    ];
    for (grant, more) in cases {
        let answer = exchange(&guest, "users", &grant, more.clone()).await;
        assert_eq!((answer.status, answer.at("/data")), (400, json!({})), "{grant:?} {more}");
        let told = answer.at("/message").to_string();
        assert!(!told.contains("invalid_grant") && !told.contains("127.0.0.1"), "{told}");
    }
    assert_eq!(world.app.state_digest(), before);
}

#[actix_web::test]
async fn a_token_must_be_the_issuers_for_us_and_of_now() {
    let world = start().await;
    let before = world.app.state_digest();
    let now = super::provider::NOW;
    for claims in [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": null }),
        json!({ "aud": "another application" }),
        json!({ "aud": ["another application"] }),
        json!({ "aud": null }),
        json!({ "exp": now - 301 }),
        json!({ "exp": null }),
        json!({ "nbf": now + 301 }),
        json!({ "iat": now + 301 }),
        json!({ "nonce": "of another sign-in" }),
        json!({ "nonce": null }),
    ] {
        world.provider.state().claims = claims.clone();
        let answer = world.sign_in(&world.app.guest(), "users", "oidc").await;
        assert_eq!((answer.status, answer.at("/data")), (400, json!({})), "{claims}");
    }
    world.provider.state().claims = json!({});
    world.provider.state().signs_with_another_key = true;
    world.sign_in(&world.app.guest(), "users", "oidc").await.expect(400);
    assert_eq!(world.app.state_digest(), before);

    world.provider.state().signs_with_another_key = false;
    world.provider.state().claims = json!({ "aud": ["other", "app"], "exp": now - 299 });
    world.arrive().await;
}

#[actix_web::test]
async fn a_code_of_another_persons_sign_in_is_not_taken() {
    let world = start().await;
    // Mallory's code in Ann's window: her verifier does not belong to it, and neither does the nonce.
    let (mallory, ann) = (world.visit("users", "oidc").await, world.visit("users", "oidc").await);
    let mixed = Grant { verifier: ann.verifier, ..mallory };
    exchange(&world.app.guest(), "users", &mixed, json!({})).await.expect(400);
    assert_eq!(world.app.count("users"), 0);
}
