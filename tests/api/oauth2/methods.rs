//! Where `auth-methods` sends people.

use std::time::Duration;

use ferrobase::services::oauth2::Limits;
use serde_json::json;

use super::provider::Fault;
use super::{SHORT, start, start_with};

#[actix_web::test]
async fn providers_are_listed_in_the_order_of_the_file_and_as_they_are_set_up() {
    let world = start().await;
    let answer = world.app.guest().get("/api/collections/users/auth-methods").await.expect(200);
    let listed = answer.at("/oauth2/providers");
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["oidc", "oidc2", "github", "gitlab"], "discord has no id");
    assert_eq!(answer.at("/oauth2/enabled"), json!(true));

    let oidc = &listed[0];
    let keys: Vec<&String> = oidc.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "name",
            "displayName",
            "logo",
            "state",
            "authURL",
            "authUrl",
            "codeVerifier",
            "codeChallenge",
            "codeChallengeMethod"
        ]
    );
    assert_eq!((&oidc["displayName"], &oidc["authUrl"]), (&json!("Home"), &oidc["authURL"]));
    let text = |key: &str| oidc[key].as_str().unwrap().to_owned();
    assert_eq!((text("state").len(), text("codeVerifier").len()), (30, 43));
    let url = text("authURL");
    let start = format!(
        "{}/authorize?client_id=app&code_challenge={}&code_challenge_method=S256&nonce=",
        world.provider.url,
        text("codeChallenge")
    );
    assert!(url.starts_with(&start), "{url}");
    let end = format!(
        "&response_type=code&scope=openid+email+profile&state={}&redirect_uri=",
        text("state")
    );
    assert!(url.ends_with(&end), "{url}");

    let gitlab = &listed[3];
    assert_eq!((&gitlab["codeVerifier"], &gitlab["codeChallengeMethod"]), (&json!(""), &json!("")));
    let url = gitlab["authURL"].as_str().unwrap();
    assert!(url.contains("/authorize?plan=free&client_id=app&response_type=code&"), "{url}");

    // The same for clients of old, without pictures.
    let old = answer.at("/authProviders");
    assert_eq!((&old[0]["name"], &old[0]["logo"]), (&json!("oidc"), &json!("")));
    assert_eq!(old[0]["authUrl"], oidc["authURL"]);
}

#[actix_web::test]
async fn every_request_has_secrets_of_its_own() {
    let world = start().await;
    let (one, two) =
        (world.invitation("users", "oidc").await, world.invitation("users", "oidc").await);
    for key in ["state", "codeVerifier", "codeChallenge"] {
        assert_ne!(one[key], two[key], "{key}");
    }
    assert_eq!(world.provider.asked("/.well-known/openid-configuration"), 1, "it is kept");
}

#[actix_web::test]
async fn a_closed_way_in_is_shown_closed() {
    let world = start().await;
    let answer = world.app.guest().get("/api/collections/staff/auth-methods").await.expect(200);
    assert_eq!(answer.at("/oauth2"), json!({ "providers": [], "enabled": false }));
    assert_eq!(answer.at("/authProviders"), json!(null));
}

#[actix_web::test]
async fn an_issuer_that_cannot_be_asked_is_left_out_and_the_others_are_not() {
    for fault in [
        Fault::Hang,
        Fault::Answer(500, "text/plain", "no".to_owned()),
        Fault::Answer(200, "application/json", "{".to_owned()),
        Fault::Answer(200, "application/json", r#"{"issuer":"https://evil.example"}"#.to_owned()),
    ] {
        let world = start_with(SHORT).await;
        world.provider.fail("/.well-known/openid-configuration", fault);
        let path = "/api/collections/users/auth-methods";
        let answer = world.app.guest().get(path).await.expect(200);
        assert_eq!(answer.at("/oauth2/providers/0/name"), json!("oidc2"));
        world.provider.state().faults.clear();
        let answer = world.app.guest().get(path).await.expect(200);
        assert_eq!(answer.at("/oauth2/providers/0/name"), json!("oidc2"), "it is left alone");
        world.app.advance(Duration::from_secs(10));
        let answer = world.app.guest().get(path).await.expect(200);
        assert_eq!(answer.at("/oauth2/providers/0/name"), json!("oidc"), "it is asked again");
    }
}

#[actix_web::test]
async fn what_an_issuer_says_is_asked_for_again_after_an_hour() {
    let world = start().await;
    world.invitation("users", "oidc").await;
    world.app.advance(Duration::from_secs(3601));
    world
        .provider
        .fail("/.well-known/openid-configuration", Fault::Answer(503, "text/plain", String::new()));
    world.invitation("users", "oidc").await;
    assert_eq!(world.provider.asked("/.well-known/openid-configuration"), 2);
    assert_eq!(Limits::default().conversation.as_secs(), 30, "of the contract");
}
