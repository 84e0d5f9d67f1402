use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::schema::Schema;
use crate::domain::{Json, random::Random};

fn create(body: Json) -> Collection {
    Collection::create(
        body.as_object().unwrap(),
        &Schema::default(),
        Timestamp::from_millis(1),
        &mut Random::seeded(1),
    )
    .unwrap()
}

fn update(stored: &Collection, body: Json) -> Collection {
    let now = Timestamp::from_millis(2);
    stored.updated(body.as_object().unwrap(), now, &mut Random::seeded(2)).unwrap()
}

fn names(collection: &Collection) -> Vec<&str> {
    collection.fields.iter().map(|field| field.name.as_str()).collect()
}

#[test]
fn a_base_collection_is_written_as_contracted() {
    let posts = create(json!({
        "name": "posts", "listRule": "", "fields": [{"name": "title", "type": "text", "required": true}],
    }));
    assert_eq!(posts.id, "pbc_1125843985");
    let out = posts.to_json();
    let keys: Vec<&str> = out.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "listRule",
            "viewRule",
            "createRule",
            "updateRule",
            "deleteRule",
            "name",
            "type",
            "fields",
            "indexes",
            "created",
            "updated",
            "system",
        ]
    );
    assert_eq!(out["listRule"], "");
    assert_eq!(out["viewRule"], Json::Null);
    assert_eq!(out["created"], "1970-01-01 00:00:00.001Z");
    assert_eq!(names(&posts), ["id", "title"]);
    assert_eq!(posts.fields[1].id, "text724990059");
}

#[test]
fn an_auth_collection_has_its_fields_indexes_and_hidden_secrets() {
    let members = create(json!({"name": "members", "type": "auth"}));
    assert_eq!(
        names(&members),
        ["id", "password", "tokenKey", "email", "emailVisibility", "verified"]
    );
    let ids: Vec<&str> = members.fields.iter().map(|field| field.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "text3208210256",
            "password901924565",
            "text2504183744",
            "email3885137012",
            "bool1547992806",
            "bool256245529"
        ]
    );
    assert_eq!(members.indexes.len(), 2);
    assert!(members.indexes[1].ends_with("(`email`) WHERE `email` != ''"));
    let out = members.to_json();
    assert_eq!(out["authToken"], json!({"duration": 432_000}));
    assert_eq!(out["mfa"], json!({"enabled": false, "duration": 600, "rule": ""}));
    assert_eq!(members.to_stored_json()["authToken"]["secret"].as_str().unwrap().len(), 50);
}

#[test]
fn an_update_keeps_what_is_not_said_and_replaces_lists() {
    let stored = create(json!({
        "name": "members", "type": "auth", "listRule": "id = 'x'",
        "fields": [{"name": "nick", "type": "text", "max": 9, "ext": {"default": "joe"}}],
        "oauth2": {"enabled": true, "mappedFields": {"name": "nick", "username": "gone"}, "providers": [
            {"name": "google", "clientId": "g", "clientSecret": "gs"},
            {"name": "github", "clientId": "h", "clientSecret": "hs"},
        ]},
    }));
    let AuthOptions { oauth2, .. } = stored.auth().unwrap();
    assert_eq!(
        (oauth2.mapped_fields.name.as_str(), oauth2.mapped_fields.username.as_str()),
        ("nick", "")
    );
    let changed = update(
        &stored,
        json!({
            "listRule": null,
            "fields": [{"name": "nick", "type": "text"}],
            "emailChangeToken": {"duration": 123},
            "oauth2": {"providers": [{"name": "github", "clientId": "h2"}]},
        }),
    );
    assert_eq!(changed.rules.list, None);
    assert_eq!(names(&changed)[..2], ["id", "nick"]);
    let nick = changed.field("nick").unwrap();
    assert_eq!(
        nick.kind,
        create(json!({"name": "a", "fields": [{"name": "nick", "type": "text"}]})).fields[1].kind
    );
    assert_eq!(nick.ext.default, Some(json!("joe")));
    let (before, after) = (stored.auth().unwrap(), changed.auth().unwrap());
    assert_eq!(after.email_change_token.duration, 123);
    assert_eq!(after.email_change_token.secret, before.email_change_token.secret);
    assert_eq!(after.auth_token, before.auth_token);
    assert!(after.oauth2.enabled);
    assert_eq!(after.oauth2.providers.len(), 1);
    assert_eq!(after.oauth2.providers[0].client_secret, "hs");
    let cleared =
        update(&stored, json!({"fields": [{"name": "nick", "type": "text", "ext": null}]}));
    assert_eq!(cleared.field("nick").unwrap().ext.default, None);
}

#[test]
fn another_auth_rule_ends_every_session() {
    let stored = create(json!({"name": "members", "type": "auth"}));
    let same = update(&stored, json!({"authRule": null}));
    let other = update(&stored, json!({"authRule": "verified = true"}));
    let secret = |collection: &Collection| collection.auth().unwrap().auth_token.secret.clone();
    assert_eq!(secret(&same), secret(&stored));
    assert_ne!(secret(&other), secret(&stored));
}

#[test]
fn system_fields_come_back_by_default_in_their_columns() {
    let stored = create(json!({
        "name": "members", "type": "auth",
        "fields": [{"name": "email", "type": "email", "hidden": true}, {"name": "nick", "type": "text"}],
    }));
    assert_eq!(
        names(&stored),
        ["id", "email", "nick", "password", "tokenKey", "emailVisibility", "verified"]
    );
    let email = stored.field("email").unwrap();
    assert!(!email.hidden && !email.required && email.system);
    let changed = update(&stored, json!({"fields": [{"name": "email", "type": "text"}]}));
    let back = changed.field("email").unwrap();
    assert_eq!(back.id, email.id);
    assert!(back.required && back.kind.type_name() == "email");
}

#[test]
fn later_entries_replace_earlier_ones_of_the_same_id_or_name() {
    let collection = create(json!({"name": "a", "fields": [
        {"name": "x", "type": "text"},
        {"name": "y", "type": "bool"},
        {"name": "x", "type": "text", "max": 3},
        {"id": "bool1", "name": "z", "type": "bool"},
        {"id": "bool1", "name": "w", "type": "bool"},
    ]}));
    assert_eq!(names(&collection), ["id", "x", "y", "w"]);
}

#[test]
fn index_texts_name_their_collection() {
    let collection = create(json!({
        "name": "a", "indexes": ["create index i on other (id)", "CREATE INDEX j ON a (id)"],
    }));
    assert_eq!(collection.indexes[0], "CREATE INDEX `i` ON `a` (`id`)");
    assert_eq!(collection.indexes[1], "CREATE INDEX j ON a (id)");
}

#[test]
fn what_does_not_decode_is_told_apart_from_what_is_not_allowed() {
    let read = |body: Json| {
        let body = body.as_object().unwrap().clone();
        let now = Timestamp::default();
        Collection::create(&body, &Schema::default(), now, &mut Random::seeded(1)).unwrap_err()
    };
    assert!(matches!(read(json!({"type": "table"})), ReadError::Invalid(_)));
    let malformed = read(json!({"fields": [{"name": "a", "type": "money"}]}));
    assert_eq!(malformed.to_string(), "`fields.0.type` is `money`, which no field has.");
    assert!(matches!(
        read(json!({"type": "auth", "otp": {"length": "x"}})),
        ReadError::Malformed(_)
    ));
}

fn any_field() -> impl Strategy<Value = Json> {
    let options = prop_oneof![
        Just(json!({"type": "text", "min": 1, "max": 5, "pattern": "^a"})),
        Just(json!({"type": "editor", "maxSize": 3, "convertURLs": true})),
        Just(json!({"type": "number", "min": -1.5, "max": null, "onlyInt": false})),
        Just(json!({"type": "bool", "ext": {"sent": true}})),
        Just(json!({"type": "email", "onlyDomains": ["a.b"]})),
        Just(json!({"type": "url", "exceptDomains": []})),
        Just(json!({"type": "date", "min": "2024-01-01 00:00:00.000Z", "ext": {"nullable": true}})),
        Just(json!({"type": "autodate", "onCreate": true, "onUpdate": true})),
        Just(json!({"type": "select", "values": ["a", "b"], "maxSelect": 2})),
        Just(json!({"type": "file", "mimeTypes": ["image/*"], "thumbs": null, "protected": true})),
        Just(json!({"type": "relation", "collectionId": "x", "ext": {"onDelete": "block"}})),
        Just(json!({"type": "json", "ext": {"ts": "string[]", "default": [1]}})),
        Just(json!({"type": "password", "min": 8, "cost": 5})),
        Just(json!({"type": "geoPoint", "help": "where", "ext": {"read": "id != ''"}})),
    ];
    (options, "[a-z]{1,8}", any::<bool>(), any::<bool>()).prop_map(
        |(mut field, name, hidden, required)| {
            field["name"] = name.into();
            field["hidden"] = hidden.into();
            field["required"] = required.into();
            field
        },
    )
}

proptest! {
    #[test]
    fn a_stored_collection_reads_back_the_same(
        fields in prop::collection::vec(any_field(), 0..6),
        type_name in prop::sample::select(vec!["base", "auth", "view"]),
        rule in prop::option::of("[a-z]{0,5}"),
        search in prop::collection::vec("[a-z]{1,3}", 0..2),
    ) {
        let collection = create(json!({
            "name": "things", "type": type_name, "fields": fields, "listRule": rule,
            "viewQuery": "select 1 as id", "ext": {"search": search}, "manageRule": rule,
            "indexes": ["CREATE INDEX `a` ON `things` (`id`)"],
            "oauth2": {"providers": [{"name": "google", "clientSecret": "s", "pkce": true, "extra": {"a": 1}}]},
        }));
        let stored = collection.to_stored_json();
        let text = Json::from(stored.clone()).to_string();
        let read = Collection::from_stored_json(&serde_json::from_str(&text).unwrap()).unwrap();
        prop_assert_eq!(&read, &collection);
        prop_assert_eq!(read.to_stored_json(), stored);
    }
}
