use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::Json;
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::invalid::FieldErrors;
use crate::domain::schema::Schema;

/// The field of this definition, named `f`.
fn field(definition: Json) -> Field {
    let mut map = definition.as_object().unwrap().clone();
    map.insert("name".into(), "f".into());
    map.insert("id".into(), "f1".into());
    Field::read(&map).unwrap()
}

/// What becomes of a sent value: the stored form, or the code of what refuses it.
fn outcome(field: &Field, sent: &Json) -> Json {
    let checked = field.normalise(sent).and_then(|value| field.check(&value).map(|()| value));
    checked.unwrap_or_else(|fault| Json::from(format!("! {}", fault.code)))
}

fn assert_outcomes(definition: &Json, cases: &[(Json, Json)]) {
    let field = field(definition.clone());
    for (sent, expected) in cases {
        assert_eq!(&outcome(&field, sent), expected, "{definition} given {sent}");
    }
}

#[test]
fn text() {
    assert_outcomes(
        &json!({"type": "text", "min": 2, "max": 3, "pattern": "^[a-zé0-9.]*$"}),
        &[
            (json!(null), json!("")),
            (json!(""), json!("")),
            (json!("ab"), json!("ab")),
            (json!("ééé"), json!("ééé")),
            (json!("a"), json!("! validation_min_text_constraint")),
            (json!("abcd"), json!("! validation_max_text_constraint")),
            (json!("A B"), json!("! validation_invalid_format")),
            (json!(1.5), json!("1.5")),
            (json!(1e3), json!("! validation_max_text_constraint")),
            (json!(["x"]), json!("")),
        ],
    );
    assert_outcomes(
        &json!({"type": "text", "required": true}),
        &[
            (json!(""), json!("! validation_required")),
            (json!(true), json!("true")),
            (json!("x".repeat(5001)), json!("! validation_max_text_constraint")),
        ],
    );
}

#[test]
fn every_character_but_the_first_may_be_stored() {
    let refused = json!("! validation_invalid_value");
    for type_name in ["text", "editor"] {
        assert_outcomes(
            &json!({ "type": type_name }),
            &[(json!("a\u{1}b"), json!("a\u{1}b")), (json!("a\u{0}b"), refused.clone())],
        );
    }
    let refused = json!("! validation_is_email");
    assert_outcomes(&json!({ "type": "email" }), &[(json!("a\u{0}@example.com"), refused)]);
    assert_outcomes(&json!({ "type": "json" }), &[(json!("a\u{0}"), json!("a\u{0}"))]);
}

#[test]
fn ids_of_a_pattern_of_their_own_are_safe_folder_names() {
    assert_outcomes(
        &json!({"type": "text", "primaryKey": true, "required": true, "pattern": "^.+$"}),
        &[
            (json!("a.b"), json!("! validation_forbidden_pk_character")),
            (json!("a/b"), json!("! validation_forbidden_pk_character")),
            (json!("nul"), json!("! validation_reserved_pk")),
            (json!("Com1"), json!("! validation_reserved_pk")),
            (json!("com"), json!("com")),
            (json!("ok-id"), json!("ok-id")),
        ],
    );
    // The pattern is asked first.
    assert_outcomes(
        &json!({"type": "text", "primaryKey": true, "required": true, "pattern": "^[a-z.]+$"}),
        &[
            (json!("a/b"), json!("! validation_invalid_format")),
            (json!("a.b"), json!("! validation_forbidden_pk_character")),
        ],
    );
}

#[test]
fn numbers_and_bools() {
    assert_outcomes(
        &json!({"type": "number", "min": 1, "max": 10, "onlyInt": true}),
        &[
            (json!(null), json!(0)),
            (json!("+.5e1"), json!(5)),
            (json!(true), json!(1)),
            (json!(5.0), json!(5)),
            (json!(1.5), json!("! validation_only_int_constraint")),
            (json!(1e19), json!("! validation_only_int_constraint")),
            (json!("-1e300"), json!("! validation_only_int_constraint")),
            (json!(-1), json!("! validation_min_number_constraint")),
            (json!("11"), json!("! validation_max_number_constraint")),
            (json!("0x10"), json!("! validation_not_a_number")),
            (json!("NaN"), json!("! validation_not_a_number")),
            (json!("inf"), json!("! validation_not_a_number")),
            (json!(" 1"), json!("! validation_not_a_number")),
            (json!({}), json!("! validation_not_a_number")),
        ],
    );
    assert_outcomes(
        &json!({"type": "bool", "required": true}),
        &[
            (json!("T"), json!(true)),
            (json!(2), json!(true)),
            (json!(false), json!("! validation_required")),
            (json!("F"), json!("! validation_required")),
            (json!("yes"), json!("! validation_invalid_value")),
        ],
    );
    assert_eq!(json_number(-0.0).to_string(), "0");
    assert_eq!(json_number(1.5), json!(1.5));
}

#[test]
fn emails_and_urls() {
    assert_outcomes(
        &json!({"type": "email", "onlyDomains": ["example.com"]}),
        &[
            (json!(""), json!("")),
            (json!("Ada@example.com"), json!("Ada@example.com")),
            (json!("ada@EXAMPLE.com"), json!("! validation_email_domain_not_allowed")),
            (json!("ada@localhost"), json!("! validation_is_email")),
            (json!("Ada <ada@example.com>"), json!("! validation_is_email")),
            (json!("ada"), json!("! validation_is_email")),
        ],
    );
    let accepted = [
        "https://example.com/a?b#c",
        "http://user:pass@example.com:8080",
        "example.com",
        "s3.example.com",
        "localhost:8090",
        "http://localhost",
        "ftp://x",
        "http://[::1]:80/",
        "http://bücher.example",
    ];
    for url in accepted {
        assert_outcomes(&json!({"type": "url"}), &[(json!(url), json!(url))]);
    }
    let refused = [
        "zz",
        "abcd",
        "x y.com",
        "javascript:alert(1)",
        "foo://example.com",
        "http://",
        ".a.com",
        "@example.com",
        "http://@example.com",
    ];
    for url in refused {
        assert_outcomes(
            &json!({"type": "url"}),
            &[(json!(url), json!("! validation_invalid_url"))],
        );
    }
    assert_outcomes(
        &json!({"type": "url", "exceptDomains": ["example.com:80"]}),
        &[
            (json!("http://example.com:80/x"), json!("! validation_url_domain_not_allowed")),
            (json!("http://example.com"), json!("http://example.com")),
        ],
    );
}

#[test]
fn dates() {
    let definition = json!({"type": "date", "min": "2024-01-01", "max": "2024-12-31"});
    assert_outcomes(
        &definition,
        &[
            (json!(""), json!("")),
            (json!(null), json!("")),
            (json!("2024-02-03T04:05:06Z"), json!("2024-02-03 04:05:06.000Z")),
            (json!("2024-01-01"), json!("2024-01-01 00:00:00.000Z")),
            (json!("2023-12-31"), json!("! validation_min_greater_equal_than_required")),
            (json!("2025-01-01"), json!("! validation_max_less_equal_than_required")),
            (json!("tomorrow"), json!("! validation_invalid_value")),
            (json!(5), json!("! validation_invalid_value")),
        ],
    );
    let date = field(definition);
    let early = date.check(&json!("2023-01-01 00:00:00.000Z")).unwrap_err();
    assert_eq!(early.params["threshold"], "2024-01-01T00:00:00Z");
}

#[test]
fn selects_and_relations() {
    assert_outcomes(
        &json!({"type": "select", "values": ["a", "b", "[c"], "maxSelect": 2}),
        &[
            (json!(null), json!([])),
            (json!(""), json!([])),
            (json!("a"), json!(["a"])),
            (json!(["b", "a", "b", ""]), json!(["b", "a"])),
            (json!("[\"a\",\"b\"]"), json!(["a", "b"])),
            (json!("[c"), json!(["[c"])),
            (json!({"a": 1}), json!([])),
            (json!(["x"]), json!("! validation_invalid_value")),
            (json!(["a", "b", "[c"]), json!("! validation_too_many_values")),
        ],
    );
    assert_outcomes(
        &json!({"type": "select", "values": ["a", "b", "1"]}),
        &[(json!(["a", "b"]), json!("b")), (json!([]), json!("")), (json!(1), json!("1"))],
    );
    assert_outcomes(
        &json!({"type": "relation", "collectionId": "x", "minSelect": 2, "maxSelect": 3}),
        &[
            (json!([]), json!([])),
            (json!(["a"]), json!("! validation_not_enough_values")),
            (json!(["a", "b"]), json!(["a", "b"])),
            (json!(["a", "b", "c", "d"]), json!("! validation_too_many_values")),
        ],
    );
}

#[test]
fn json_and_points() {
    assert_outcomes(
        &json!({"type": "json", "maxSize": 10}),
        &[
            (json!(null), json!(null)),
            (json!(""), json!("")),
            (json!("null"), json!(null)),
            (json!("true"), json!(true)),
            (json!("123"), json!(123)),
            (json!("{\"a\":1}"), json!({"a": 1})),
            (json!("{a"), json!("{a")),
            (json!("word"), json!("word")),
            (json!("too long a text"), json!("! validation_json_size_limit")),
        ],
    );
    for zero in [json!(null), json!(""), json!([]), json!({})] {
        let required = json!({"type": "json", "required": true});
        assert_outcomes(&required, &[(zero, json!("! validation_required"))]);
    }
    assert_outcomes(
        &json!({"type": "geoPoint", "required": true}),
        &[
            (json!({"lat": 1.5, "lon": 2, "x": 3}), json!({"lon": 2, "lat": 1.5})),
            (json!("{\"lat\": 1}"), json!({"lon": 0, "lat": 1})),
            (json!({"lat": 91}), json!("! validation_invalid_latitude")),
            (json!({"lon": -181}), json!("! validation_invalid_longitude")),
            (json!(null), json!("! validation_required")),
            (json!([1, 2]), json!("! validation_invalid_value")),
            (json!("here"), json!("! validation_invalid_value")),
        ],
    );
}

#[test]
fn files_are_counted_and_uploads_weighed() {
    assert_outcomes(
        &json!({"type": "file", "maxSelect": 2}),
        &[
            (json!(["a.txt", "b.txt"]), json!(["a.txt", "b.txt"])),
            (json!(["a", "b", "c"]), json!("! validation_too_many_files")),
        ],
    );
    let options =
        FileOptions { max_size: 3, mime_types: Some(vec!["image/*".into()]), ..Default::default() };
    assert_eq!(options.check_upload("a.png", 3, "image/png"), Ok(()));
    let code = |size, mime| options.check_upload("a", size, mime).unwrap_err().code;
    assert_eq!(code(4, "image/png"), "validation_file_size_limit");
    assert_eq!(code(3, "text/plain; charset=utf-8"), "validation_invalid_mime_type");
}

#[test]
fn passwords_are_checked_in_the_clear() {
    let options = PasswordOptions { min: 8, ..Default::default() };
    assert_eq!(options.check_plain("päßwörter"), Ok(()));
    let code = |text: String| options.check_plain(&text).unwrap_err().code;
    assert_eq!(code("short".into()), "validation_min_text_constraint");
    assert_eq!(code("x".repeat(72)), "validation_max_text_constraint");
    assert_eq!(code("x".repeat(73)), "validation_invalid_value");
    assert_eq!(code("é".repeat(40)), "validation_invalid_value");
}

#[test]
fn null_is_a_value_where_it_may_be() {
    let nullable = json!({"type": "number", "ext": {"nullable": true}});
    assert_outcomes(&nullable, &[(json!(null), json!(null)), (json!(""), json!(null))]);
    assert_outcomes(&nullable, &[(json!(0), json!(0))]);
    let text = json!({"type": "text", "ext": {"nullable": true}});
    assert_outcomes(&text, &[(json!(null), json!(null)), (json!(""), json!(""))]);
    assert_eq!(field(text).zero(), Json::Null);
}

#[test]
fn a_definition_is_written_as_contracted() {
    let mut id = field(json!({
        "type": "text", "system": true, "required": true, "primaryKey": true, "min": 15, "max": 15,
        "pattern": "^[a-z0-9]+$", "autogeneratePattern": "[a-z0-9]{15}",
    }));
    id.name = "id".into();
    id.id = "text3208210256".into();
    assert_eq!(
        Json::from(id.to_json()).to_string(),
        concat!(
            r#"{"autogeneratePattern":"[a-z0-9]{15}","help":"","hidden":false,"#,
            r#""id":"text3208210256","max":15,"min":15,"name":"id","pattern":"^[a-z0-9]+$","#,
            r#""presentable":false,"primaryKey":true,"required":true,"system":true,"type":"text"}"#
        )
    );
    let autodate = field(json!({"type": "autodate", "onCreate": true, "help": "x"}));
    let keys: Vec<String> = autodate.to_json().keys().cloned().collect();
    assert_eq!(
        keys,
        ["hidden", "id", "name", "onCreate", "onUpdate", "presentable", "system", "type"]
    );
}

#[test]
fn a_definition_of_an_unknown_type_or_shape_does_not_decode() {
    for (definition, path) in [
        (json!({"name": "a"}), "type"),
        (json!({"name": "a", "type": "money"}), "type"),
        (json!({"name": "a", "type": "text", "max": "5"}), "max"),
        (json!({"name": "a", "type": "json", "ext": {"nullable": 1}}), "ext.nullable"),
    ] {
        assert_eq!(Field::read(definition.as_object().unwrap()).unwrap_err().path, path);
    }
}

/// The paths and codes of what is wrong, such as `maxSelect validation_required`.
fn codes(errors: &FieldErrors) -> Vec<String> {
    errors.faults().into_iter().map(|(path, fault)| format!("{path} {}", fault.code)).collect()
}

fn base() -> Collection {
    Collection { id: "pbc_1".into(), name: "c".into(), ..Collection::blank(CollectionKind::Base) }
}

#[test]
fn options_are_checked() {
    let collection = base();
    let schema = Schema::default();
    let context = OptionContext { collection: &collection, old: None, schema: &schema };
    for (definition, expected) in [
        (json!({"type": "text"}), ""),
        (json!({"type": "text", "min": -1}), "min validation_min_greater_equal_than_required"),
        (
            json!({"type": "text", "min": 5, "max": 4}),
            "max validation_min_greater_equal_than_required",
        ),
        (json!({"type": "text", "pattern": "("}), "pattern validation_invalid_regex"),
        (
            json!({"type": "text", "autogeneratePattern": "^a"}),
            "autogeneratePattern validation_invalid_autogenerate_pattern",
        ),
        (
            json!({"type": "text", "max": 3, "autogeneratePattern": "[a-z]{4}"}),
            "autogeneratePattern validation_invalid_autogenerate_pattern_value",
        ),
        (json!({"type": "number", "min": 2, "max": 1}), "max validation_min_number_constraint"),
        (
            json!({"type": "number", "onlyInt": true, "min": 1.5}),
            "min validation_only_int_constraint",
        ),
        (json!({"type": "select"}), "values validation_required"),
        (
            json!({"type": "select", "values": ["a"], "maxSelect": 2}),
            "maxSelect validation_max_less_equal_than_required",
        ),
        (json!({"type": "relation"}), "collectionId validation_required"),
        (
            json!({"type": "relation", "collectionId": "nope"}),
            "collectionId validation_field_relation_missing_collection",
        ),
        (json!({"type": "email", "onlyDomains": ["x"]}), "onlyDomains.0 validation_is_domain"),
        (
            json!({"type": "file", "thumbs": ["10x10", "0x0", "axb", "9x10001"]}),
            "thumbs.1 validation_not_in_invalid, thumbs.2 validation_match_invalid, \
             thumbs.3 validation_max_less_equal_than_required",
        ),
        (json!({"type": "autodate"}), "onCreate validation_required, onUpdate validation_required"),
        (
            json!({"type": "json", "ext": {"nullable": true}}),
            "ext.nullable validation_invalid_value",
        ),
        (
            json!({"type": "number", "ext": {"default": "many"}}),
            "ext.default validation_not_a_number",
        ),
        (json!({"type": "date", "ext": {"default": "@now"}}), ""),
    ] {
        let errors = field(definition.clone()).check_options(&context);
        assert_eq!(codes(&errors).join(", "), expected, "{definition}");
    }
}

#[test]
fn names_are_checked() {
    let collection = base();
    let schema = Schema::default();
    let context = OptionContext { collection: &collection, old: None, schema: &schema };
    for (name, code) in [
        ("", "name validation_required"),
        ("a-b", "name validation_match_invalid"),
        ("expand", "name validation_not_in_invalid"),
        ("a_VIA_b", "name validation_found_via"),
        ("ok_1", ""),
    ] {
        let field = Field::new(name, FieldKind::Bool);
        assert_eq!(codes(&field.check_options(&context)).join(""), code, "{name}");
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(Json::from),
        "[a-z0-9 .:\"-]{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-z]{0,3}|lon|lat", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// All but json, whose texts are read as JSON once more, as contracted.
    #[test]
    fn normalising_twice_changes_nothing(
        value in any_json(),
        type_name in prop::sample::select(vec![
            "text", "editor", "number", "bool", "email", "url", "date", "select", "file",
            "relation", "password", "geoPoint",
        ]),
        many: bool,
        nullable: bool,
    ) {
        let field = field(json!({
            "type": type_name,
            "maxSelect": if many { 5 } else { 1 },
            "ext": { "nullable": nullable },
        }));
        if let Ok(once) = field.normalise(&value) {
            prop_assert_eq!(field.normalise(&once).unwrap(), once);
        }
    }
}
