//! Who may do what, in which order a request is refused, and that a refusal changes nothing.

use actix_web::http::Method;
use serde_json::json;

use super::world::World;
use crate::domain::Json;

fn notes() -> Json {
    json!([
        { "id": "c_users", "name": "users", "type": "auth", "createRule": "" },
        { "id": "c_notes", "name": "notes",
          "listRule": "owner = @request.auth.id || open = true",
          "viewRule": "owner = @request.auth.id || open = true",
          "createRule": "@request.auth.id != '' && owner = @request.auth.id",
          "updateRule": "owner = @request.auth.id && @request.body.owner:changed = false",
          "deleteRule": "owner = @request.auth.id",
          "fields": [
            { "name": "text", "type": "text", "required": true },
            { "name": "slug", "type": "text" },
            { "name": "open", "type": "bool" },
            { "name": "owner", "type": "relation", "collectionId": "c_users" },
          ],
          "indexes": ["CREATE UNIQUE INDEX `idx_slug` ON `notes` (`slug`, `owner`)"] },
        { "id": "c_locked", "name": "locked", "fields": [{ "name": "text", "type": "text" }] },
        { "id": "c_broken", "name": "broken", "listRule": "nope = 1", "viewRule": "nope = 1",
          "createRule": "nope = 1", "updateRule": "nope = 1", "deleteRule": "nope = 1" },
    ])
}

#[actix_web::test]
async fn an_owner_may_and_a_stranger_learns_nothing() {
    let world = World::new(notes()).await;
    let ann = world.user("ann@example.com", json!({})).await;
    let bob = world.user("bob@example.com", json!({})).await;
    let note = json!({ "text": "mine", "owner": ann.id });
    let id = ann.create("notes", note.clone()).await.expect(200).id();

    assert_eq!(bob.create("notes", note.clone()).await.codes(), "400");
    assert_eq!(world.guest().create("notes", note).await.codes(), "400");
    for person in [bob, world.guest()] {
        assert_eq!(person.view("notes", &id).await.codes(), "404");
        assert_eq!(person.update("notes", &id, json!({ "text": "x" })).await.codes(), "404");
        assert_eq!(person.delete("notes", &id).await.codes(), "404");
        let list = person.list("notes", &[]).await.expect(200);
        assert_eq!((&list.body["items"], &list.body["totalItems"]), (&json!([]), &json!(0)));
    }
    assert_eq!(ann.update("notes", &id, json!({ "owner": "" })).await.codes(), "404");
    assert_eq!(world.find("notes", &id).await.unwrap().text("text"), "mine");

    ann.update("notes", &id, json!({ "text": "new", "owner": ann.id })).await.expect(200);
    assert_eq!(ann.view("notes", &id).await.expect(200).body["text"], "new");
    assert_eq!(ann.delete("notes", &id).await.expect(204).text, "");
    assert_eq!(ann.delete("notes", &id).await.codes(), "404");
    assert_eq!(world.count("notes").await, 0);
}

#[actix_web::test]
async fn a_locked_rule_refuses_before_the_record_is_looked_at() {
    let world = World::new(notes()).await;
    let root = world.root().await;
    let id = root.create("locked", json!({ "text": "x" })).await.expect(200).id();
    let ann = world.user("ann@example.com", json!({})).await;
    for person in [world.guest(), ann] {
        assert_eq!(person.list("locked", &[]).await.codes(), "403");
        assert_eq!(person.create("locked", json!({})).await.codes(), "403");
        for id in [&id, "missing"] {
            assert_eq!(person.view("locked", id).await.codes(), "403");
            assert_eq!(person.update("locked", id, json!({})).await.codes(), "403");
            assert_eq!(person.delete("locked", id).await.codes(), "403");
        }
    }
    assert_eq!(root.list("locked", &[]).await.expect(200).column("text"), ["x"]);
    root.update("locked", &id, json!({ "text": "y" })).await.expect(200);
    root.view("LOCKED", &id).await.expect(200);
    root.view("c_locked", &id).await.expect(200);
    root.delete("locked", &id).await.expect(204);
    assert_eq!(root.view("locked", &id).await.codes(), "404");
}

#[actix_web::test]
async fn refusals_come_in_the_contracts_order() {
    let world = World::new(notes()).await;
    let guest = world.guest();
    let broken = "{\"text\":";
    let json_type = "application/json";
    assert_eq!(guest.raw("missing", json_type, broken).await.codes(), "404");
    assert_eq!(guest.raw("locked", json_type, broken).await.codes(), "400");
    assert_eq!(guest.raw("locked", json_type, "[]").await.codes(), "400");
    assert_eq!(guest.raw("locked", json_type, "{}").await.codes(), "403");
    assert_eq!(guest.raw("locked", "text/plain", "x").await.codes(), "400");
    let ann = world.user("ann@example.com", json!({})).await;
    assert_eq!(
        ann.create("notes", json!({ "text": "", "owner": "x" })).await.codes(),
        "400",
        "the rule refuses before any field does"
    );
    assert_eq!(
        ann.create("notes", json!({ "text": "", "owner": ann.id })).await.codes(),
        "400 text:required"
    );
    assert_eq!(ann.ask(Method::PUT, "notes/records/x", None).await.codes(), "404");
    assert_eq!(world.count("notes").await, 0);
}

#[actix_web::test]
async fn a_rule_that_cannot_be_used_lets_nobody_in_but_superusers() {
    let world = World::new(notes()).await;
    let root = world.root().await;
    let id = root.create("broken", json!({})).await.expect(200).id();
    let guest = world.guest();
    assert_eq!(guest.list("broken", &[]).await.codes(), "400");
    assert_eq!(guest.create("broken", json!({})).await.codes(), "400");
    assert_eq!(guest.view("broken", &id).await.codes(), "404");
    assert_eq!(guest.update("broken", &id, json!({})).await.codes(), "404");
    assert_eq!(guest.delete("broken", &id).await.codes(), "404");
    root.view("broken", &id).await.expect(200);
    assert_eq!(root.list("broken", &[]).await.expect(200).body["totalItems"], 1);
}

#[actix_web::test]
async fn what_must_be_unique_names_each_of_its_fields() {
    let world = World::new(notes()).await;
    let root = world.root().await;
    let body = |slug: &str| json!({ "text": "x", "slug": slug });
    let first = root.create("notes", body("a")).await.expect(200).id();
    let second = root.create("notes", body("b")).await.expect(200).id();
    let refused = "400 owner:not_unique slug:not_unique";
    assert_eq!(root.create("notes", body("a")).await.codes(), refused);
    assert_eq!(root.update("notes", &second, json!({ "slug": "a" })).await.codes(), refused);
    let same_id = json!({ "id": first, "text": "x", "slug": "c" });
    assert_eq!(root.create("notes", same_id).await.codes(), "400 id:not_unique");
    assert_eq!(world.find("notes", &second).await.unwrap().text("slug"), "b");
    assert_eq!(world.count("notes").await, 2);
    let ann = json!({ "email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678" });
    world.guest().create("users", ann.clone()).await.expect(200);
    assert_eq!(world.guest().create("users", ann).await.codes(), "400 email:not_unique");
}

#[actix_web::test]
async fn an_answer_to_a_write_does_not_ask_the_view_rule() {
    let world = World::new(json!([{
        "id": "c_drop", "name": "drop", "createRule": "", "updateRule": "", "viewRule": null,
        "fields": [{ "name": "text", "type": "text" }],
    }]))
    .await;
    let created = world.guest().create("drop", json!({ "text": "x" })).await.expect(200);
    let changed = world.guest().update("drop", &created.id(), json!({ "text": "y" })).await;
    assert_eq!(changed.expect(200).body["text"], "y");
    assert_eq!(world.guest().view("drop", &created.id()).await.codes(), "403");
}

#[actix_web::test]
async fn views_are_read_and_never_written() {
    let world = World::new(json!([
        { "id": "c_notes", "name": "notes", "fields": [{ "name": "text", "type": "text" }] },
        { "id": "c_short", "name": "short", "type": "view", "listRule": "", "viewRule": "",
          "viewQuery": "SELECT id, text FROM notes",
          "fields": [{ "name": "id", "type": "text" }, { "name": "text", "type": "text" }] },
    ]))
    .await;
    let root = world.root().await;
    let id = root.create("notes", json!({ "text": "x" })).await.expect(200).id();
    let guest = world.guest();
    assert_eq!(guest.view("short", &id).await.expect(200).body["text"], "x");
    assert_eq!(
        guest.list("short", &[("sort", "-text")]).await.expect(200).column("id"),
        [json!(id)]
    );
    for person in [guest, root] {
        assert_eq!(person.create("short", json!({})).await.codes(), "400");
        assert_eq!(person.update("short", &id, json!({})).await.codes(), "400");
        assert_eq!(person.delete("short", &id).await.codes(), "400");
        assert_eq!(person.raw("short", "application/json", "{").await.codes(), "400");
    }
}
