//! Records that people sign in with: passwords, addresses, keys and who may manage them.

use actix_web::http::Method;
use serde_json::json;

use super::world::{PASSWORD, Person, World};
use crate::domain::Json;

fn staff() -> Json {
    json!([
        { "id": "c_users", "name": "users", "type": "auth", "listRule": "", "viewRule": "",
          "createRule": "", "updateRule": "@request.auth.id = id || @request.auth.boss = true",
          "deleteRule": "@request.auth.id = id",
          "manageRule": "@request.auth.boss = true && @request.auth.id != id",
          "fields": [
            { "name": "boss", "type": "bool" },
            { "name": "salary", "type": "number", "ext": { "read": "@request.auth.id = id" } },
            { "name": "bonus", "type": "number", "ext": { "read": "@request.auth.id = id" } },
          ] },
        { "id": "c_others", "name": "others", "type": "auth", "createRule": "" },
    ])
}

async fn key(world: &World, person: &Person<'_>) -> String {
    world.find("users", &person.id).await.unwrap().text("tokenKey").to_owned()
}

#[actix_web::test]
async fn signing_up_makes_an_account_whose_secrets_stay_inside() {
    let world = World::new(staff()).await;
    let guest = world.guest();
    let body = json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
    let made = guest.create("users", body).await.expect(200);
    for key in ["password", "passwordConfirm", "tokenKey", "email"] {
        assert_eq!(made.body.get(key), None, "{key}");
    }
    assert_eq!(made.body["verified"], false);
    let stored = world.find("users", &made.id()).await.unwrap();
    assert!(stored.text("password").starts_with("$argon2id$"));
    assert_eq!(stored.text("tokenKey").len(), 50);
    let root = world.root().await.view("users", &made.id()).await.expect(200);
    assert_eq!(root.body["email"], "a@b.co");
    assert_eq!(root.body.get("password"), None);
    assert_eq!(root.body.get("tokenKey"), None);
}

#[actix_web::test]
async fn a_password_of_digits_may_come_as_a_number() {
    let world = World::new(staff()).await;
    let root = world.root().await;
    let body = json!({ "email": "a@b.co", "password": 1234567890, "passwordConfirm": 1234567890 });
    let made = root.create("users", body).await.expect(200);
    let stored = world.find("users", &made.id()).await.unwrap();
    let body = json!({ "password": 987654321, "passwordConfirm": "987654321" });
    root.update("users", &made.id(), body).await.expect(200);
    let changed = world.find("users", &made.id()).await.unwrap();
    assert_ne!(changed.text("password"), stored.text("password"));
    let body = json!({ "email": "b@b.co", "password": true, "passwordConfirm": true });
    let codes = root.create("users", body).await.codes();
    assert_eq!(codes, "400 password:min_text_constraint");
}

#[actix_web::test]
async fn sign_up_faults_come_alone_and_before_those_of_the_fields() {
    let world = World::new(staff()).await;
    let guest = world.guest();
    let with = |more: Json| {
        let mut body =
            json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, codes) in [
        (json!({}), "400 password:required passwordConfirm:required"),
        (with(json!({ "passwordConfirm": "other" })), "400 passwordConfirm:values_mismatch"),
        (with(json!({ "verified": true, "email": "x" })), "400 verified:values_mismatch"),
        (with(json!({ "email": "x" })), "400 email:is_email"),
        (with(json!({ "email": "" })), "400 email:required"),
        (
            with(json!({ "password": "short", "passwordConfirm": "short" })),
            "400 password:min_text_constraint",
        ),
    ] {
        assert_eq!(guest.create("users", body.clone()).await.codes(), codes, "{body}");
    }
    // Too long for any hash: contract B 1.1 has the refusal of a guest without a field.
    let huge = "x".repeat(1 << 20);
    let refused = guest.create("users", with(json!({ "password": huge, "passwordConfirm": huge })));
    assert_eq!(refused.await.codes(), "400");
    assert_eq!(world.count("users").await, 0);
    world.root().await.create("users", with(json!({ "verified": true }))).await.expect(200);
}

#[actix_web::test]
async fn an_account_id_is_taken_in_all_auth_collections() {
    let world = World::new(staff()).await;
    let ann = world.user("a@b.co", json!({})).await;
    let body = json!({
        "id": ann.id, "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    assert_eq!(world.guest().create("others", body).await.codes(), "400 id:invalid_auth_id");
}

#[actix_web::test]
async fn an_owner_changes_the_password_by_knowing_the_old_one() {
    let world = World::new(staff()).await;
    let ann = world.user("a@b.co", json!({})).await;
    let before = key(&world, &ann).await;
    let new = "another password";
    for (body, codes) in [
        (json!({ "password": new }), "400 oldPassword:required passwordConfirm:required"),
        (json!({ "password": new, "passwordConfirm": new }), "400 oldPassword:required"),
        (json!({ "oldPassword": PASSWORD }), "400 password:required passwordConfirm:required"),
        (
            json!({ "password": new, "passwordConfirm": new, "oldPassword": "wrong" }),
            "400 oldPassword:invalid_old_password",
        ),
        (
            json!({ "password": new, "passwordConfirm": "other", "oldPassword": "wrong" }),
            "400 oldPassword:invalid_old_password passwordConfirm:values_mismatch",
        ),
        (
            json!({ "passwordConfirm": new, "oldPassword": "wrong", "email": "c@d.co" }),
            "400 email:values_mismatch oldPassword:invalid_old_password \
             password:required passwordConfirm:values_mismatch",
        ),
        (
            json!({ "password": new, "passwordConfirm": "other", "oldPassword": PASSWORD }),
            "400 passwordConfirm:values_mismatch",
        ),
        (
            json!({ "password": "x", "passwordConfirm": "x", "oldPassword": "wrong" }),
            "400 oldPassword:invalid_old_password",
        ),
        (
            json!({ "password": "x", "passwordConfirm": "x", "oldPassword": PASSWORD }),
            "400 password:min_text_constraint",
        ),
        (json!({ "email": "c@d.co" }), "400 email:values_mismatch"),
        (json!({ "verified": true }), "400 verified:values_mismatch"),
    ] {
        assert_eq!(ann.update("users", &ann.id, body.clone()).await.codes(), codes, "{body}");
    }
    assert_eq!(key(&world, &ann).await, before, "nothing happened");
    ann.update("users", &ann.id, json!({ "email": "a@b.co", "verified": false })).await.expect(200);
    assert_eq!(key(&world, &ann).await, before);

    let body = json!({ "password": new, "passwordConfirm": new, "oldPassword": PASSWORD });
    ann.update("users", &ann.id, body).await.expect(200);
    assert_ne!(key(&world, &ann).await, before);
    assert_eq!(ann.update("users", &ann.id, json!({})).await.codes(), "404", "the token is dead");
    let ann = world.person("users", &ann.id).await;
    let body =
        json!({ "password": PASSWORD, "passwordConfirm": PASSWORD, "oldPassword": PASSWORD });
    assert_eq!(
        ann.update("users", &ann.id, body).await.codes(),
        "400 oldPassword:invalid_old_password"
    );
}

#[actix_web::test]
async fn a_manager_sets_what_an_owner_may_not() {
    let world = World::new(staff()).await;
    let boss = world.user("boss@b.co", json!({ "boss": true })).await;
    let ann = world.user("ann@b.co", json!({})).await;
    let before = key(&world, &ann).await;
    let body = json!({
        "email": "new@b.co", "verified": true, "password": "changed!!", "passwordConfirm": "changed!!",
    });
    let changed = boss.update("users", &ann.id, body).await.expect(200);
    assert_eq!(
        (&changed.body["email"], &changed.body["verified"]),
        (&json!("new@b.co"), &json!(true))
    );
    assert_ne!(key(&world, &ann).await, before);
    assert_eq!(
        boss.update("users", &boss.id, json!({ "email": "x@b.co" })).await.codes(),
        "400 email:values_mismatch",
        "the rule does not hold for the boss"
    );
}

#[actix_web::test]
async fn private_addresses_and_fields_are_for_those_who_may_see_them() {
    let world = World::new(staff()).await;
    let boss = world.user("boss@b.co", json!({ "boss": true })).await;
    let open = json!({ "emailVisibility": true, "salary": 5, "bonus": 1 });
    let ann = world.user("ann@b.co", open).await;
    let bob = world.user("bob@b.co", json!({ "salary": 7 })).await;
    let query = [("sort", "@rowid")];
    let seen = |list: super::world::Answer| {
        let cell = |item: &Json| {
            let show = |key: &str| item.get(key).map_or("-".to_owned(), Json::to_string);
            format!("{} {} {}", show("email"), show("salary"), show("bonus")).replace('"', "")
        };
        list.body["items"].as_array().unwrap().iter().map(cell).collect::<Vec<_>>()
    };
    let list = world.guest().list("users", &query).await.expect(200);
    assert_eq!(seen(list), ["- - -", "ann@b.co - -", "- - -"]);
    let list = bob.list("users", &query).await.expect(200);
    assert_eq!(seen(list), ["- - -", "ann@b.co - -", "bob@b.co 7 0"]);
    let list = boss.list("users", &query).await.expect(200);
    assert_eq!(seen(list), ["boss@b.co 0 0", "ann@b.co - -", "bob@b.co - -"]);
    let list = world.root().await.list("users", &query).await.expect(200);
    assert_eq!(seen(list), ["boss@b.co 0 0", "ann@b.co 5 1", "bob@b.co 7 0"]);

    let found = world.guest().list("users", &[("filter", "email ~ 'b.co'")]).await.expect(200);
    assert_eq!(found.column("id"), [json!(ann.id)]);
    let changed = bob.update("users", &bob.id, json!({ "emailVisibility": true })).await;
    assert_eq!(changed.expect(200).body["email"], "bob@b.co");
    let viewed = world.guest().view("users", &bob.id).await.expect(200);
    assert_eq!(viewed.body["email"], "bob@b.co");
}

#[actix_web::test]
async fn what_is_shown_of_a_written_record_may_depend_on_the_body() {
    let world = World::new(json!([
        { "id": "c_users", "name": "users", "type": "auth", "createRule": "", "updateRule": "",
          "manageRule": "@request.body.tags:length = 2 || @request.body.total = 7",
          "fields": [
            { "name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2 },
            { "name": "total", "type": "number" },
            { "name": "note", "type": "relation", "collectionId": "c_notes" },
          ] },
        { "id": "c_notes", "name": "notes", "viewRule": "@request.body.total = 7" },
    ]))
    .await;
    let note = world.root().await.create("notes", json!({})).await.expect(200).id();
    let ann = world.user("ann@b.co", json!({})).await;
    let bob = world.user("bob@b.co", json!({})).await;

    let sign_up = json!({
        "email": "new@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD, "tags": ["a"],
    });
    let created = ann.create("users", sign_up.clone()).await.expect(200);
    assert_eq!(created.body.get("email"), None);
    let mut both = sign_up;
    both["email"] = json!("other@b.co");
    both["tags"] = json!(["a", "b"]);
    assert_eq!(ann.create("users", both).await.expect(200).body["email"], "other@b.co");

    // The final value is what counts: 3 + 4.
    let body = json!({ "total": 3, "note": note });
    let path = format!("users/records/{}?expand=note", bob.id);
    let changed = ann.ask(Method::PATCH, &path, Some(body)).await.expect(200);
    assert_eq!((changed.body.get("email"), &changed.body["expand"]), (None, &json!({})));
    let body = json!({ "total+": 4 });
    let changed = ann.ask(Method::PATCH, &path, Some(body)).await.expect(200);
    assert_eq!(changed.body["email"], "bob@b.co");
    assert_eq!(changed.body["expand"]["note"]["id"], note);
}

#[actix_web::test]
async fn what_belongs_to_an_account_goes_with_it() {
    let world = World::new(staff()).await;
    let root = world.root().await;
    let ann = world.user("ann@b.co", json!({})).await;
    let owner = json!({ "collectionRef": "c_users", "recordRef": ann.id });
    let add = async |name: &str, more: Json| {
        let mut body = owner.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        root.create(name, body).await.expect(200).id()
    };
    let counts = async || {
        let mut counts = Vec::new();
        for name in ["_mfas", "_otps", "_authOrigins", "_externalAuths"] {
            counts.push(world.count(name).await);
        }
        counts
    };
    let fill = async || {
        add("_mfas", json!({ "method": "password" })).await;
        add("_otps", json!({ "password": "123456" })).await;
        add("_authOrigins", json!({ "fingerprint": "f" })).await;
        add("_externalAuths", json!({ "provider": "github", "providerId": "1" })).await;
    };
    fill().await;
    assert_eq!(counts().await, [1, 1, 1, 1]);
    let body = json!({ "password": "changed!!", "passwordConfirm": "changed!!" });
    root.update("users", &ann.id, body).await.expect(200);
    assert_eq!(counts().await, [0, 0, 0, 1]);
    let before = key(&world, &ann).await;
    add("_mfas", json!({ "method": "password" })).await;
    add("_otps", json!({ "password": "123456" })).await;
    root.update("users", &ann.id, json!({ "verified": true })).await.expect(200);
    assert_eq!(counts().await, [1, 0, 0, 0]);
    assert_ne!(key(&world, &ann).await, before);
    add("_externalAuths", json!({ "provider": "github", "providerId": "1" })).await;
    root.delete("users", &ann.id).await.expect(204);
    assert_eq!(counts().await, [0, 0, 0, 0]);

    let stray = json!({ "collectionRef": "c_users", "recordRef": ann.id, "method": "x" });
    assert_eq!(root.create("_mfas", stray).await.codes(), "400 recordRef:invalid_record");
    let stray = json!({ "collectionRef": "users", "recordRef": ann.id, "method": "x" });
    assert_eq!(
        root.create("_mfas", stray).await.codes(),
        "400 collectionRef:invalid_collection_id"
    );
}

#[actix_web::test]
async fn there_is_always_a_superuser_and_the_installer_leaves_for_the_first() {
    let world = World::new(staff()).await;
    let root = world.root().await;
    assert_eq!(root.delete("_superusers", &root.id).await.codes(), "400");
    let account =
        |email: &str| json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    root.create("_superusers", account("__pbinstaller@example.com")).await.expect(200);
    assert_eq!(root.delete("_superusers", &root.id).await.codes(), "400");
    assert_eq!(world.count("_superusers").await, 2);
    let next = root.create("_superusers", account("next@example.com")).await.expect(200);
    assert_eq!(next.body["verified"], true);
    assert_eq!(world.count("_superusers").await, 2, "the installer is gone");
    root.delete("_superusers", &next.id()).await.expect(204);
    assert_eq!(world.guest().list("_superusers", &[]).await.codes(), "403");
}
