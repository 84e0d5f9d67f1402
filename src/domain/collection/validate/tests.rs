use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::random::Random;
use crate::domain::system;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};

fn schema() -> Schema {
    let mut random = Random::seeded(1);
    let mut all = system::collections(Timestamp::default(), &mut random);
    all.push(system::users(Timestamp::default(), &mut random));
    Schema::new(1, all.into_iter().map(Arc::new).collect())
}

fn body(value: &Json) -> &JsonMap {
    value.as_object().unwrap()
}

fn create(schema: &Schema, value: Json) -> Collection {
    let now = Timestamp::default();
    let mut random = Random::seeded(2);
    let mut collection = Collection::create(body(&value), schema, now, &mut random).unwrap();
    let _ = collection.infer_fields(schema);
    collection
}

/// The paths and codes of everything that is wrong.
fn codes(errors: &FieldErrors) -> Vec<String> {
    errors.faults().into_iter().map(|(path, fault)| format!("{path} {}", fault.code)).collect()
}

fn created(value: Json) -> String {
    let schema = schema();
    codes(&create(&schema, value).validate(None, &schema)).join(", ")
}

fn updated(stored: Json, change: Json) -> String {
    let schema = schema();
    let old = create(&schema, stored);
    let now = Timestamp::default();
    let new = old.updated(body(&change), now, &mut Random::seeded(3)).unwrap();
    codes(&new.validate(Some(&old), &schema)).join(", ")
}

#[test]
fn what_the_product_makes_is_valid() {
    let schema = schema();
    for collection in schema.collections() {
        let errors = collection.validate(None, &schema);
        assert!(errors.is_empty(), "{}: {errors:?}", collection.name);
        let errors = collection.validate(Some(collection), &schema);
        assert!(errors.is_empty(), "{}: {errors:?}", collection.name);
        let again = collection.updated(&JsonMap::new(), collection.updated, &mut Random::seeded(1));
        assert_eq!(&again.unwrap(), &**collection);
    }
}

#[test]
fn names_and_ids() {
    for (value, expected) in [
        (json!({"name": "posts"}), ""),
        (json!({}), "name validation_required"),
        (json!({"name": "a-b"}), "name validation_match_invalid"),
        (json!({"name": "a_Via_b"}), "name validation_found_via"),
        (json!({"name": "x".repeat(256)}), "name validation_length_out_of_range"),
        (json!({"name": "USERS"}), "name validation_collection_name_exists"),
        (json!({"name": "_pb_users_auth_"}), "name validation_collection_name_id_duplicate"),
        (json!({"name": "_params"}), "name validation_collection_name_invalid"),
        (json!({"name": "a", "id": "a b"}), "id validation_match_invalid"),
        (json!({"name": "a", "id": "_pb_users_auth_"}), "id validation_invalid_or_existing_id"),
    ] {
        assert_eq!(created(value.clone()), expected, "{value}");
    }
}

#[test]
fn rules() {
    for (value, expected) in [
        (json!({"name": "a", "listRule": "id = 'x'"}), ""),
        (json!({"name": "a", "listRule": "nope = 1"}), "listRule validation_invalid_rule"),
        (json!({"name": "a", "viewRule": "id ="}), "viewRule validation_invalid_rule"),
        (
            json!({"name": "a", "type": "auth", "manageRule": ""}),
            "manageRule validation_nil_or_not_empty_required",
        ),
        (
            json!({"name": "a", "type": "auth", "authRule": "verified ="}),
            "authRule validation_invalid_rule",
        ),
    ] {
        assert_eq!(created(value.clone()), expected, "{value}");
    }
}

#[test]
fn fields_together() {
    let field = |name: &str, id: &str| json!({"name": name, "id": id, "type": "bool"});
    for (fields, expected) in [
        (
            json!([field("a", "x"), field("A", "y")]),
            "fields.2.name validation_duplicated_field_name",
        ),
        (
            json!([{"name": "a", "type": "text", "min": -1}]),
            "fields.1.min validation_min_greater_equal_than_required",
        ),
        (
            json!([field("a b", "x"), field("expand", "y")]),
            "fields.1.name validation_match_invalid, fields.2.name validation_not_in_invalid",
        ),
        (
            json!([{"name": "r", "type": "relation", "collectionId": "gone"}]),
            "fields.1.collectionId validation_field_relation_missing_collection",
        ),
        (
            json!([{"name": "r", "type": "relation", "collectionId": "_pb_users_auth_",
                "ext": {"default": "@me"}}]),
            "",
        ),
        (
            json!([{"name": "k", "type": "text", "primaryKey": true, "pattern": "a", "required": true}]),
            "fields.0.primaryKey validation_unsupported_composite_pk, \
             fields.1.name validation_in_invalid, \
             fields.1.primaryKey validation_unsupported_composite_pk",
        ),
    ] {
        assert_eq!(created(json!({"name": "a", "fields": fields})), expected, "{fields}");
    }
    let reserved = json!({"name": "a", "type": "auth", "fields": [field("oldPassword", "x")]});
    assert_eq!(created(reserved), "fields.1.name validation_reserved_field_name");
}

#[test]
fn changes_of_stored_fields() {
    let stored = json!({"name": "a", "fields": [
        {"id": "f", "name": "f", "type": "bool"},
        {"id": "r", "name": "r", "type": "relation", "collectionId": "_pb_users_auth_"},
        {"id": "s", "name": "s", "type": "bool", "system": true},
    ]});
    for (fields, expected) in [
        (
            json!([{"id": "f", "name": "f", "type": "number"}, {"id": "s", "name": "s", "type": "bool"}]),
            "fields.1 validation_field_type_change",
        ),
        (
            json!([{"id": "s", "name": "t", "type": "bool"}]),
            "fields validation_system_field_change",
        ),
        (json!([]), "fields validation_system_field_change"),
        (
            json!([{"id": "s", "name": "s", "type": "bool"},
                {"id": "r", "name": "r", "type": "relation", "collectionId": "pbc_3142635823"}]),
            "fields.2.collectionId validation_field_relation_change",
        ),
        (
            json!([{"id": "s", "name": "s", "type": "bool"}, {"id": "f", "name": "g", "type": "bool"}]),
            "",
        ),
    ] {
        assert_eq!(updated(stored.clone(), json!({"fields": fields})), expected, "{fields}");
    }
    assert_eq!(
        updated(stored.clone(), json!({"type": "view"})).split(", ").last(),
        Some("viewQuery validation_required")
    );
    assert!(
        updated(stored, json!({"type": "auth"})).contains("type validation_collection_type_change")
    );
}

#[test]
fn the_products_own_collections_keep_their_shape() {
    let schema = schema();
    let mfas = schema.by_name("_mfas").unwrap();
    for (change, expected) in [
        (json!({"name": "mfas"}), "name validation_collection_system_name_change"),
        (json!({"system": false}), "system validation_collection_system_flag_change"),
        (json!({"listRule": null}), "listRule validation_collection_system_rule_change"),
    ] {
        let now = Timestamp::default();
        let new = mfas.updated(body(&change), now, &mut Random::seeded(3)).unwrap();
        assert_eq!(codes(&new.validate(Some(mfas), &schema)).join(", "), expected, "{change}");
    }
    let external = schema.by_name("_externalAuths").unwrap();
    let now = Timestamp::default();
    let change = json!({"indexes": []});
    let new = external.updated(body(&change), now, &mut Random::seeded(3)).unwrap();
    let expected = "indexes validation_invalid_unique_system_field_index";
    assert_eq!(codes(&new.validate(Some(external), &schema)).join(", "), expected);
}

#[test]
fn indexes() {
    for (indexes, expected) in [
        (json!(["CREATE INDEX i ON a (id)"]), ""),
        (json!(["DROP TABLE a"]), "indexes.0 validation_invalid_index_expression"),
        (json!(["CREATE INDEX i ON a (nope)"]), "indexes.0 validation_invalid_index_expression"),
        (
            json!(["CREATE INDEX i ON a (id)", "CREATE INDEX I ON a (id DESC)"]),
            "indexes.1 validation_duplicated_index_name",
        ),
        (
            json!(["CREATE INDEX i ON a (id)", "create index j on a (`id`)"]),
            "indexes.1 validation_duplicated_index_definition",
        ),
        (
            json!(["CREATE INDEX IDX_email__pb_users_auth_ ON a (id)"]),
            "indexes.0 validation_existing_index_name",
        ),
    ] {
        assert_eq!(created(json!({"name": "a", "indexes": indexes})), expected, "{indexes}");
    }
}

#[test]
fn views() {
    for (value, expected) in [
        (json!({"viewQuery": "select id from users"}), ""),
        (json!({}), "fields validation_required, viewQuery validation_required"),
        (
            json!({"viewQuery": "select * from users"}),
            "fields validation_required, viewQuery validation_invalid_view_query",
        ),
        (
            json!({"viewQuery": "select email from users"}),
            "fields validation_missing_primary_key, viewQuery validation_invalid_view_query",
        ),
        (
            json!({"viewQuery": "select id, count(id) from users"}),
            "fields.1.name validation_match_invalid, viewQuery validation_invalid_view_query",
        ),
        (
            json!({"viewQuery": "select id from users", "createRule": "", "indexes": ["x"]}),
            "createRule validation_nil, indexes validation_indexes_not_supported",
        ),
    ] {
        let mut view = json!({"name": "v", "type": "view"});
        body(&value).iter().for_each(|(key, value)| view[key] = value.clone());
        assert_eq!(created(view.clone()), expected, "{view}");
    }
}

#[test]
fn the_fields_of_a_view_follow_its_query() {
    let schema = schema();
    let view =
        |query: &str| create(&schema, json!({"name": "v", "type": "view", "viewQuery": query}));
    let old = view("select id, created as a, id as u from users");
    for query in [
        "select id from users",
        "select id, id as u from _superusers",
        "select id, count(*) as a, email as u from users group by id",
    ] {
        let errors = view(query).validate(Some(&old), &schema);
        assert!(errors.is_empty(), "{query}: {errors:?}");
    }
}

#[test]
fn auth_options() {
    for (options, expected) in [
        (json!({}), ""),
        (
            json!({"passwordAuth": {"identityFields": []}}),
            "passwordAuth.identityFields validation_required",
        ),
        (
            json!({"passwordAuth": {"identityFields": ["nope"]}}),
            "passwordAuth.identityFields validation_missing_field",
        ),
        (
            json!({"passwordAuth": {"identityFields": ["id"]}}),
            "passwordAuth.identityFields validation_missing_unique_constraint",
        ),
        (json!({"mfa": {"enabled": true}}), "mfa.enabled validation_mfa_not_enough_auths"),
        (
            json!({"mfa": {"enabled": true, "rule": "nope = 1"}, "otp": {"enabled": true}}),
            "mfa.rule validation_invalid_rule",
        ),
        (
            json!({"otp": {"enabled": true, "length": 3, "duration": 9}}),
            "otp.duration validation_min_greater_equal_than_required, \
             otp.length validation_min_greater_equal_than_required",
        ),
        (json!({"authToken": {"secret": ""}}), "authToken.secret validation_required"),
        (
            json!({"fileToken": {"secret": "short", "duration": 0}}),
            "fileToken.duration validation_required, fileToken.secret validation_length_out_of_range",
        ),
        (
            json!({"verificationTemplate": {"body": ""}}),
            "verificationTemplate.body validation_required",
        ),
        (json!({"oauth2": {"providers": [{"name": "nope"}]}}), ""),
        (
            json!({"oauth2": {"enabled": true, "providers": [{"name": "nope"}, {"name": "google"}]}}),
            "oauth2.providers.0.name validation_missing_provider",
        ),
        (
            json!({"oauth2": {"enabled": true, "providers": [
                {"name": "google", "clientId": "a", "clientSecret": "b", "authURL": "zz"}]}}),
            "oauth2.providers.0.authURL validation_is_url",
        ),
    ] {
        let mut collection = json!({"name": "members", "type": "auth"});
        body(&options).iter().for_each(|(key, value)| collection[key] = value.clone());
        assert_eq!(created(collection), expected, "{options}");
    }
}

#[test]
fn search_needs_texts() {
    let definition = |search: Json| {
        json!({"name": "a", "ext": {"search": search},
        "fields": [{"name": "t", "type": "text"}, {"name": "n", "type": "number"}]})
    };
    assert_eq!(created(definition(json!(["t"]))), "");
    assert_eq!(created(definition(json!(["n"]))), "ext.search validation_invalid_value");
}
