//! Values of every type in and out, modifiers, defaults and null.

use serde_json::json;

use super::world::World;
use crate::domain::Json;

fn things() -> Json {
    json!([
        { "id": "c_tags", "name": "tags", "createRule": "", "fields": [
            { "name": "name", "type": "text" },
        ] },
        { "id": "c_things", "name": "things", "listRule": "", "viewRule": "", "createRule": "",
          "updateRule": "", "deleteRule": "", "fields": [
            { "name": "title", "type": "text", "max": 10 },
            { "name": "body", "type": "editor" },
            { "name": "total", "type": "number" },
            { "name": "on", "type": "bool" },
            { "name": "mail", "type": "email" },
            { "name": "site", "type": "url" },
            { "name": "day", "type": "date" },
            { "name": "made", "type": "autodate", "onCreate": true },
            { "name": "saved", "type": "autodate", "onCreate": true, "onUpdate": true },
            { "name": "one", "type": "select", "values": ["a", "b"] },
            { "name": "some", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 },
            { "name": "tag", "type": "relation", "collectionId": "c_tags" },
            { "name": "tags", "type": "relation", "collectionId": "c_tags", "maxSelect": 9 },
            { "name": "meta", "type": "json" },
            { "name": "pass", "type": "password", "min": 3 },
            { "name": "place", "type": "geoPoint" },
            { "name": "cover", "type": "file" },
            { "name": "secret", "type": "text", "hidden": true },
        ] },
    ])
}

const ZEROS: &str = r#"{"body":"","collectionId":"c_things","collectionName":"things","cover":"","day":"","id":"ID","made":"2023-11-14 22:13:20.500Z","mail":"","meta":null,"on":false,"one":"","pass":"","place":{"lon":0,"lat":0},"saved":"2023-11-14 22:13:20.500Z","site":"","some":[],"tag":"","tags":[],"title":"","total":0}
"#;

#[actix_web::test]
async fn a_record_without_values_has_all_zero_values_in_order() {
    let world = World::new(things()).await;
    let created = world.guest().create("things", json!({})).await.expect(200);
    assert_eq!(created.id().len(), 15);
    assert_eq!(created.text, ZEROS.replace("ID", &created.id()));
    let viewed = world.guest().view("things", &created.id()).await.expect(200);
    assert_eq!(viewed.text, created.text);
}

#[actix_web::test]
async fn every_type_comes_out_as_it_went_in() {
    let world = World::new(things()).await;
    let tag = world.guest().create("tags", json!({ "name": "x" })).await.expect(200).id();
    let sent = json!({
        "title": "T<&>é", "body": "<p>x</p>", "total": -1.5, "on": true, "mail": "a@b.co",
        "site": "https://example.com/x", "day": "2024-02-29 10:00:00.123Z", "one": "b",
        "some": ["c", "a"], "tag": tag, "tags": [tag], "meta": { "b": [1, null], "a": "x" },
        "place": { "lon": 23.5, "lat": -42.25 },
    });
    let mut body = sent.clone();
    body["pass"] = json!("secret!");
    body["secret"] = json!("mine");
    body["made"] = json!("2000-01-01 00:00:00.000Z");
    let created = world.guest().create("things", body).await.expect(200);
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(&created.body[field], value, "{field}");
    }
    assert_eq!(created.body["pass"], "");
    assert_eq!(created.body["made"], "2023-11-14 22:13:20.500Z");
    assert_eq!(created.body.get("secret"), None);
    let stored = world.find("things", &created.id()).await.unwrap();
    assert_eq!(stored.text("secret"), "", "hidden fields are not taken from guests");
    assert!(stored.text("pass").starts_with("$argon2id$"));
    assert_eq!(world.guest().view("things", &created.id()).await.body, created.body);
    let root = world.root().await;
    let changed = root.update("things", &created.id(), json!({ "secret": "s" })).await.expect(200);
    assert_eq!(changed.body["secret"], "s");
}

#[actix_web::test]
async fn all_wrong_fields_are_told_together_and_nothing_is_stored() {
    let world = World::new(things()).await;
    let refused = world
        .guest()
        .create(
            "things",
            json!({
                "id": "UPPER", "title": "much too long a title", "total": "many", "mail": "nobody",
                "day": "2024-02-30", "one": "z", "some": ["a", "z"], "tag": "nowhere",
                "tags": ["nowhere"], "pass": "ab", "place": { "lat": 100, "lon": 0 },
                "cover": "kept.png",
            }),
        )
        .await;
    assert_eq!(
        refused.codes(),
        "400 cover:invalid_file day:invalid_value id:min_text_constraint mail:is_email \
         one:invalid_value pass:min_text_constraint place:invalid_latitude some:invalid_value \
         tag:missing_rel_records tags:missing_rel_records title:max_text_constraint \
         total:not_a_number"
    );
    assert_eq!(world.count("things").await, 0);
}

#[actix_web::test]
async fn modifiers_work_on_what_is_stored() {
    let world = World::new(things()).await;
    let guest = world.guest();
    let id = guest.create("things", json!({ "total": 5, "some": ["a"] })).await.expect(200).id();
    let body = json!({ "total+": 2, "total-": 10, "+some": "b", "some+": ["c"] });
    let changed = guest.update("things", &id, body).await.expect(200);
    assert_eq!(changed.body["total"], -3);
    assert_eq!(changed.body["some"].as_array().unwrap().len(), 3);
    let changed = guest.update("things", &id, json!({ "some-": ["a", "b"] })).await.expect(200);
    assert_eq!(changed.body["some"], json!(["c"]));
    assert_eq!(world.guest().view("things", &id).await.body["some"], json!(["c"]));
}

#[actix_web::test]
async fn an_update_keeps_what_is_not_sent_and_sets_its_date() {
    let world = World::new(things()).await;
    let guest = world.guest();
    let body = json!({ "title": "one", "pass": "secret!" });
    let id = guest.create("things", body).await.expect(200).id();
    let hash = world.find("things", &id).await.unwrap().text("pass").to_owned();
    world.test.app.clock.advance(std::time::Duration::from_millis(1_500));
    let changed = guest.update("things", &id, json!({})).await.expect(200);
    assert_eq!(changed.body["title"], "one");
    assert_eq!(changed.body["made"], "2023-11-14 22:13:20.500Z");
    assert_eq!(changed.body["saved"], "2023-11-14 22:13:22.000Z");
    assert_eq!(world.find("things", &id).await.unwrap().text("pass"), hash);
    for body in [json!({ "id": "other" }), json!({ "id": "" }), json!({ "id": null })] {
        assert_eq!(guest.update("things", &id, body).await.codes(), "400 id:pk_change");
    }
    guest.update("things", &id, json!({ "id": id })).await.expect(200);
}

#[actix_web::test]
async fn forms_are_read_like_json() {
    let world = World::new(things()).await;
    let form = "application/x-www-form-urlencoded";
    let body =
        "title=123&total=7&on=true&some=a&some=b&@jsonPayload=%7B%22meta%22:%7B%22x%22:1%7D%7D";
    let created = world.guest().raw("things", form, body).await.expect(200);
    assert_eq!(created.body["title"], "123");
    assert_eq!(created.body["total"], 7);
    assert_eq!(created.body["on"], true);
    assert_eq!(created.body["some"], json!(["a", "b"]));
    assert_eq!(created.body["meta"], json!({ "x": 1 }));
}

#[actix_web::test]
async fn defaults_fill_what_is_not_sent_and_null_is_a_value_of_its_own() {
    let field =
        |name: &str, kind: &str, ext: Json| json!({ "name": name, "type": kind, "ext": ext });
    let world = World::new(json!([
        { "id": "c_users", "name": "users", "type": "auth", "createRule": "" },
        { "id": "c_x", "name": "x", "createRule": "owner = @request.auth.id", "viewRule": "",
          "updateRule": "", "fields": [
            field("level", "number", json!({ "default": 3 })),
            field("at", "date", json!({ "default": "@now" })),
            field("maybe", "number", json!({ "nullable": true })),
            field("must", "number", json!({ "sent": true })),
            { "name": "owner", "type": "relation", "collectionId": "c_users",
              "ext": { "default": "@me" } },
        ] },
    ]))
    .await;
    let ann = world.user("ann@example.com", json!({})).await;
    let made = ann.create("x", json!({ "must": 0 })).await.expect(200);
    assert_eq!(made.body["level"], 3);
    assert_eq!(made.body["at"], "2023-11-14 22:13:20.500Z");
    assert_eq!(made.body["maybe"], Json::Null);
    assert_eq!(made.body["owner"], ann.id.as_str());
    assert_eq!(ann.create("x", json!({})).await.codes(), "400 must:required");
    assert_eq!(ann.create("x", json!({ "must": null })).await.codes(), "400 must:required");
    let id = made.id();
    assert_eq!(ann.update("x", &id, json!({ "must": null })).await.codes(), "400 must:required");
    let changed = ann.update("x", &id, json!({ "maybe": 0, "level": null })).await.expect(200);
    assert_eq!((&changed.body["maybe"], &changed.body["level"]), (&json!(0), &json!(0)));
    let changed = ann.update("x", &id, json!({ "maybe": null })).await.expect(200);
    assert_eq!(changed.body["maybe"], Json::Null);
    assert_eq!(ann.view("x", &id).await.body["maybe"], Json::Null);
}
