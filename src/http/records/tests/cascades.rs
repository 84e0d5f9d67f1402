//! What deleting a record does to those that refer to it.

use serde_json::json;

use super::world::World;
use crate::domain::Json;

fn family() -> Json {
    let rules = json!({ "listRule": "", "viewRule": "", "createRule": "", "updateRule": "" });
    let collection = |id: &str, name: &str, fields: Json| {
        let mut body = json!({ "id": id, "name": name, "deleteRule": "", "fields": fields });
        body.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        body
    };
    let relation = |name: &str, more: Json| {
        let mut field = json!({ "name": name, "type": "relation", "collectionId": "c_parents" });
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        field
    };
    json!([
        collection("c_parents", "parents", json!([])),
        collection(
            "c_loose",
            "loose",
            json!([
                relation("one", json!({})),
                relation("some", json!({ "maxSelect": 5, "minSelect": 2 })),
                relation("maybe", json!({ "ext": { "nullable": true } })),
                { "name": "saved", "type": "autodate", "onCreate": true, "onUpdate": true },
            ])
        ),
        collection(
            "c_bound",
            "bound",
            json!([
                relation("one", json!({ "cascadeDelete": true })),
                relation("some", json!({ "maxSelect": 5, "cascadeDelete": true })),
            ])
        ),
        collection("c_strict", "strict", json!([relation("one", json!({ "required": true })),])),
        collection(
            "c_block",
            "block",
            json!([relation("some", json!({ "maxSelect": 5, "ext": { "onDelete": "block" } })),])
        ),
        collection(
            "c_links",
            "links",
            json!([
                { "name": "next", "type": "relation", "collectionId": "c_links", "cascadeDelete": true },
            ])
        ),
    ])
}

#[actix_web::test]
async fn references_are_trimmed_and_cleared_with_a_new_date() {
    let world = World::new(family()).await;
    let guest = world.guest();
    let a = guest.create("parents", json!({})).await.id();
    let b = guest.create("parents", json!({})).await.id();
    let body = json!({ "one": a, "some": [a, b], "maybe": a });
    let id = guest.create("loose", body).await.expect(200).id();
    world.test.app.clock.advance(std::time::Duration::from_secs(1));
    guest.delete("parents", &a).await.expect(204);
    let left = guest.view("loose", &id).await.expect(200);
    assert_eq!(left.body["one"], "");
    assert_eq!(left.body["some"], json!([b]));
    assert_eq!(left.body["maybe"], Json::Null);
    assert_eq!(left.body["saved"], "2023-11-14 22:13:21.500Z");
    guest.delete("parents", &b).await.expect(204);
    assert_eq!(guest.view("loose", &id).await.body["some"], json!([]));
}

#[actix_web::test]
async fn a_reference_that_no_two_may_lack_is_not_unique_once_it_is_cleared() {
    let world = World::new(json!([
        { "id": "c_parents", "name": "parents", "createRule": "", "deleteRule": "" },
        { "id": "c_heirs", "name": "heirs", "createRule": "", "viewRule": "",
          "indexes": ["CREATE UNIQUE INDEX `idx_heirs` ON `heirs` (`one`)"],
          "fields": [{ "name": "one", "type": "relation", "collectionId": "c_parents" }] },
    ]))
    .await;
    let guest = world.guest();
    let parent = guest.create("parents", json!({})).await.id();
    guest.create("heirs", json!({})).await.expect(200);
    let heir = guest.create("heirs", json!({ "one": parent })).await.expect(200).id();
    assert_eq!(guest.delete("parents", &parent).await.codes(), "400 one:not_unique");
    assert_eq!(guest.view("heirs", &heir).await.expect(200).body["one"], json!(parent));
}

#[actix_web::test]
async fn a_cascade_acts_when_the_last_reference_goes() {
    let world = World::new(family()).await;
    let guest = world.guest();
    let a = guest.create("parents", json!({})).await.id();
    let b = guest.create("parents", json!({})).await.id();
    guest.create("bound", json!({ "one": a })).await.expect(200);
    let both = guest.create("bound", json!({ "some": [a, b] })).await.expect(200).id();
    guest.delete("parents", &a).await.expect(204);
    assert_eq!(world.count("bound").await, 1);
    assert_eq!(guest.view("bound", &both).await.body["some"], json!([b]));
    guest.delete("parents", &b).await.expect(204);
    assert_eq!(world.count("bound").await, 0);
}

#[actix_web::test]
async fn a_reference_that_must_stay_undoes_the_whole_delete() {
    let world = World::new(family()).await;
    let guest = world.guest();
    let a = guest.create("parents", json!({})).await.id();
    let b = guest.create("parents", json!({})).await.id();
    let strict = guest.create("strict", json!({ "one": a })).await.expect(200).id();
    guest.create("bound", json!({ "one": a })).await.expect(200);
    let loose = guest.create("loose", json!({ "one": a, "some": [a, b] })).await.expect(200).id();
    assert_eq!(guest.delete("parents", &a).await.codes(), "400");
    assert_eq!(world.count("parents").await, 2);
    assert_eq!(world.count("bound").await, 1);
    assert_eq!(guest.view("loose", &loose).await.body["one"], a.as_str());
    guest.delete("strict", &strict).await.expect(204);

    let block = guest.create("block", json!({ "some": [a, b] })).await.expect(200).id();
    guest.delete("parents", &a).await.expect(204);
    assert_eq!(guest.delete("parents", &b).await.codes(), "400");
    assert_eq!(guest.view("block", &block).await.body["some"], json!([b]));
}

#[actix_web::test]
async fn cycles_end() {
    let world = World::new(family()).await;
    let guest = world.guest();
    let a = guest.create("links", json!({})).await.id();
    let b = guest.create("links", json!({ "next": a })).await.id();
    guest.update("links", &a, json!({ "next": b })).await.expect(200);
    let own = guest.create("links", json!({})).await.id();
    guest.update("links", &own, json!({ "next": own })).await.expect(200);
    guest.delete("links", &a).await.expect(204);
    assert_eq!(world.count("links").await, 1);
    guest.delete("links", &own).await.expect(204);
    assert_eq!(world.count("links").await, 0);
}

#[actix_web::test]
async fn a_chain_of_thousands_goes_in_one_delete() {
    let world = World::new(family()).await;
    // On PostgreSQL each link costs some round trips, and there is a limit of time for all of them.
    let length = if crate::store::testing::is_postgres() { 2_000 } else { 10_000 };
    let schema = world.test.app.store.schema();
    let links = std::sync::Arc::clone(schema.find("links").unwrap());
    let index = "CREATE INDEX \"links_next\" ON \"links\" (\"next\")";
    let made = world.test.app.store.write(move |tx| {
        tx.run(crate::store::Statement::new(index, Vec::new()))?;
        for number in 0..length {
            let next = if number == 0 { String::new() } else { format!("link{:011}", number - 1) };
            let values = links.fields.iter().map(|field| match field.name.as_str() {
                "id" => json!(format!("link{number:011}")),
                _ => json!(next),
            });
            let record = crate::domain::record::Record::new(links.clone(), values.collect());
            crate::store::records::insert(tx, &record)?;
        }
        Ok::<_, crate::services::Error>(())
    });
    made.await.unwrap();
    world.guest().delete("links", "link00000000000").await.expect(204);
    assert_eq!(world.count("links").await, 0);
}
