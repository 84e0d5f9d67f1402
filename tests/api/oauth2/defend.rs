//! What somebody prepared who expected another person to come through a provider.

use serde_json::{Value, json};

use super::{codes, exchange, holder, start};
use crate::harness::PASSWORD;

#[actix_web::test]
async fn an_account_that_somebody_made_with_anothers_address_changes_hands() {
    let world = start().await;
    let mallory = world.by_password("ann@example.com").await;
    let answer = world.arrive().await;
    assert_eq!(answer.at("/record/id"), json!(mallory.id()), "there is one account an address");
    assert_eq!(
        (answer.at("/record/verified"), answer.at("/meta/isNew")),
        (json!(true), json!(false))
    );
    assert!(!world.knows(&mallory).await, "the session of before is over");
    let body = json!({ "identity": "ann@example.com", "password": PASSWORD });
    let path = "/api/collections/users/auth-with-password";
    world.app.guest().post(path, body).await.expect(400);
    assert!(world.knows(&holder(&world, &answer)).await, "the new one is signed with the new key");
}

#[actix_web::test]
async fn links_of_before_do_not_open_it_either() {
    let world = start().await;
    let mallory = world.by_password("ann@example.com").await;
    world.provider.sign_in("mallory", "mallory@example.com");
    world.sign_in(&mallory, "users", "oidc2").await.expect(200);
    assert_eq!(world.links(), ["oidc2 id of mallory"]);

    world.provider.sign_in("ann", "ann@example.com");
    let ann = world.arrive().await;
    assert_eq!(ann.at("/record/id"), json!(mallory.id()));
    assert_eq!(world.links(), ["oidc id of ann"]);
    world.provider.sign_in("mallory", "mallory@example.com");
    let answer = world.sign_in(&world.app.guest(), "users", "oidc2").await.expect(200);
    assert_ne!(answer.at("/record/id"), ann.at("/record/id"));
}

#[actix_web::test]
async fn a_verified_account_keeps_its_password_and_its_sessions() {
    let world = start().await;
    let ann = world.by_password("ann@example.com").await;
    let root = world.app.superuser().await;
    let path = format!("/api/collections/users/records/{}", ann.id());
    root.patch(&path, json!({ "verified": true })).await.expect(200);
    world.arrive().await;
    assert!(world.knows(&ann).await);
    world.app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    let stored = |name: &str| world.app.database().column("users", name);
    let before = ["tokenKey", "password", "verified"].map(stored);
    world.arrive().await;
    assert_eq!(["tokenKey", "password", "verified"].map(stored), before);
    assert_eq!(world.links(), ["oidc id of ann"]);
}

#[actix_web::test]
async fn ones_own_account_becomes_verified_and_keeps_its_password() {
    let world = start().await;
    let ann = world.by_password("ann@example.com").await;
    let answer = world.sign_in(&ann, "users", "oidc").await.expect(200);
    assert_eq!(answer.at("/record/verified"), json!(true));
    world.app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
}

#[actix_web::test]
async fn a_provider_is_one_factor_and_two_are_none() {
    let world = start().await;
    let guest = world.app.guest();
    let grant = world.visit("guarded", "oidc").await;
    let own = json!({ "createData": { "password": PASSWORD, "passwordConfirm": PASSWORD } });
    let first = exchange(&guest, "guarded", &grant, own).await.expect(401);
    let id = first.at("/mfaId");
    assert_eq!(first.json(), json!({ "mfaId": id }), "and no envelope");
    assert_eq!(world.app.count("guarded"), 1, "the account is made all the same");

    let grant = world.visit("guarded", "oidc2").await;
    exchange(&guest, "guarded", &grant, json!({ "mfaId": id })).await.expect(400);
    let body = json!({ "identity": "ann@example.com", "password": PASSWORD, "mfaId": id });
    let path = "/api/collections/guarded/auth-with-password";
    let answer = guest.post(path, body).await.expect(200);
    assert_eq!(answer.json().get("meta"), None);

    let body = json!({ "identity": "ann@example.com", "password": PASSWORD });
    let id = guest.post(path, body).await.expect(401).at("/mfaId");
    let grant = world.visit("guarded", "oidc").await;
    let answer = exchange(&guest, "guarded", &grant, json!({ "mfaId": id })).await.expect(200);
    assert_eq!(answer.at("/meta/isNew"), json!(false));
}

#[actix_web::test]
async fn an_address_that_the_provider_does_not_vouch_for_finds_nobody() {
    let world = start().await;
    let victim = world.by_password("ann@example.com").await;
    for verified in [json!(false), json!("false"), json!(null), json!(0)] {
        world.provider.state().person["email_verified"] = verified.clone();
        let answer = world.sign_in(&world.app.guest(), "users", "oidc").await.expect(400);
        assert_eq!(codes(&answer), "email:required", "{verified}: a sign-up without an address");
    }
    assert_eq!((world.app.count("users"), world.links().len()), (1, 0));
    assert!(world.knows(&victim).await);
}

#[actix_web::test]
async fn an_account_without_an_address_takes_over_the_providers() {
    let world = start().await;
    let ann = world.by_password("old@example.com").await;
    world.sign_in(&ann, "users", "oidc").await.expect(200);
    world.app.change("UPDATE users SET email = ''");
    let answer = world.arrive().await;
    assert_eq!(
        (answer.at("/record/email"), answer.at("/record/verified")),
        (json!("ann@example.com"), json!(true))
    );
    assert!(!world.knows(&ann).await, "with the address every token dies");
}

#[actix_web::test]
async fn one_account_has_one_link_a_provider() {
    let world = start().await;
    let first = world.arrive().await;
    let ann = holder(&world, &first);
    let before = world.app.state_digest();
    world.provider.sign_in("other", "other@example.com");
    let answer = world.sign_in(&ann, "users", "oidc").await.expect(400);
    assert_eq!(codes(&answer), "collectionRef:not_unique provider:not_unique recordRef:not_unique");
    assert_eq!(world.app.state_digest(), before);
    // While nobody has proved the address, the newer link takes the place of the older.
    let bob = world.by_password("bob@example.com").await;
    world.provider.sign_in("one", "one@example.com");
    world.sign_in(&bob, "users", "oidc").await.expect(200);
    world.provider.sign_in("two", "two@example.com");
    world.sign_in(&bob, "users", "oidc").await.expect(200);
    assert_eq!(world.links(), ["oidc id of ann", "oidc id of two"]);
}

#[actix_web::test]
async fn an_account_of_the_provider_without_an_id_is_tied_to_nothing() {
    let world = start().await;
    let before = world.app.state_digest();
    for id in [json!(""), json!(null)] {
        world.provider.state().person["sub"] = id;
        let answer = world.sign_in(&world.app.guest(), "users", "oidc2").await.expect(400);
        assert_eq!(codes(&answer), "providerId:required");
    }
    world.provider.state().person["sub"] = json!(7);
    let answer = world.sign_in(&world.app.guest(), "users", "oidc2").await.expect(400);
    assert_eq!(answer.at("/data"), json!({}), "it has to be a text");
    assert_eq!(world.app.state_digest(), before, "nothing is left, and no file");
}

#[actix_web::test]
async fn an_invitation_is_asked_for_and_an_auth_rule_too() {
    let world = start().await;
    let before = world.app.state_digest();
    let answer = world.sign_in(&world.app.guest(), "members", "oidc").await.expect(400);
    assert_eq!(answer.at("/data"), json!({}));
    world.sign_in(&world.app.guest(), "closed", "oidc").await.expect(403);
    assert_eq!(world.app.state_digest(), before);

    let grant = world.visit("members", "oidc").await;
    let more = |email: &str| json!({ "createData": { "code": "welcome", "email": email } });
    let guest = world.app.guest();
    exchange(&guest, "members", &grant, more("x@example.com")).await.expect(403);
    assert_eq!(world.app.count("members"), 1, "the account is made, but it does not open");
    // What is sent along never changes an account that is there.
    let grant = world.visit("members", "oidc").await;
    exchange(&guest, "members", &grant, more("y@example.com")).await.expect(403);
    assert_eq!(world.app.database().column("members", "email"), ["x@example.com"]);
    // The way around is the create rule's own: by no other door.
    let body: Value = json!({ "email": "z@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "code": "welcome" });
    guest.create("members", body).await.expect(400);
}
