//! Links to providers as records: their owner sees and removes them.

use serde_json::json;

use super::{holder, start};

const LINKS: &str = "/api/collections/_externalAuths/records";

#[actix_web::test]
async fn an_owner_lists_and_removes_their_links_and_may_come_back() {
    let world = start().await;
    let answer = world.arrive().await;
    let ann = holder(&world, &answer);
    let list = ann.get(LINKS).await.expect(200);
    assert_eq!(list.at("/totalItems"), json!(1));
    for (key, value) in [
        ("provider", json!("oidc")),
        ("providerId", json!("id of ann")),
        ("recordRef", answer.at("/record/id")),
    ] {
        assert_eq!(list.at(&format!("/items/0/{key}")), value);
    }
    let link = format!("{LINKS}/{}", list.at("/items/0/id").as_str().unwrap());
    assert_eq!(world.app.guest().get(LINKS).await.expect(200).at("/totalItems"), json!(0));
    world.provider.sign_in("bob", "bob@example.com");
    let bob = holder(&world, &world.arrive().await);
    bob.get(&link).await.expect(404);
    bob.delete(&link).await.expect(404);
    ann.patch(&link, json!({ "providerId": "id of bob" })).await.expect(403);
    ann.create("_externalAuths", json!({ "provider": "oidc" })).await.expect(403);

    ann.delete(&link).await.expect(204);
    assert_eq!(world.links(), ["oidc id of bob"]);
    assert!(world.knows(&ann).await, "the session goes on");
    // The account is found by its address, which is proved.
    world.provider.sign_in("ann", "ann@example.com");
    let again = world.arrive().await;
    assert_eq!(again.at("/record/id"), answer.at("/record/id"));
    assert_eq!(world.links(), ["oidc id of ann", "oidc id of bob"]);
}

#[actix_web::test]
async fn a_removed_link_with_another_address_opens_nothing() {
    let world = start().await;
    let first = world.arrive().await;
    let ann = holder(&world, &first);
    let link = ann.get(LINKS).await.expect(200).at("/items/0/id");
    ann.delete(&format!("{LINKS}/{}", link.as_str().unwrap())).await.expect(204);
    world.provider.state().person["email"] = json!("new@example.com");
    world.provider.state().person["preferred_username"] = json!("ann2");
    let second = world.arrive().await;
    assert_eq!(second.at("/meta/isNew"), json!(true));
    assert_ne!(second.at("/record/id"), first.at("/record/id"));
}

#[actix_web::test]
async fn links_go_with_their_account() {
    let world = start().await;
    let answer = world.arrive().await;
    let ann = holder(&world, &answer);
    let record =
        format!("/api/collections/users/records/{}", answer.at("/record/id").as_str().unwrap());
    ann.delete(&record).await.expect(204);
    assert!(world.links().is_empty());
    let again = world.arrive().await;
    assert_eq!(again.at("/meta/isNew"), json!(true));
}

#[actix_web::test]
async fn a_superuser_makes_links_of_known_providers_alone() {
    let world = start().await;
    let answer = world.arrive().await;
    let root = world.app.superuser().await;
    let body = |provider: &str| {
        json!({
            "collectionRef": answer.at("/record/collectionId"), "recordRef": answer.at("/record/id"),
            "provider": provider, "providerId": "7",
        })
    };
    let refused = root.create("_externalAuths", body("myspace")).await.expect(400);
    assert_eq!(super::codes(&refused), "provider:in_invalid");
    root.create("_externalAuths", body("google")).await.expect(200);
}
