//! What fields become, and what they refuse (config.md 1.2).

use serde_json::json;

use crate::config::Config;
use crate::config::tests::{loaded, refused};
use crate::domain::fields::{Field, FieldKind};
use crate::domain::{Json, JsonMap};

/// A file with one field `f` in `posts`, beside the collections that it may point to.
fn file(field: &str) -> String {
    format!(
        "[collections.tags]\n[collections.users]\ntype = \"auth\"\n[collections.posts.fields]\nf = {field}\n"
    )
}

fn config(field: &str) -> Config {
    loaded(&file(field))
}

fn field(shorthand: &str) -> Field {
    let config = config(&format!("{shorthand:?}"));
    config.collection("posts").unwrap().collection.field("f").unwrap().clone()
}

/// The options of a field that are not the defaults of its type.
fn said(field: &Field) -> Json {
    let blank =
        Field::read(&JsonMap::from_iter([("type".to_owned(), Json::from(field.kind.type_name()))]))
            .unwrap()
            .to_json();
    let said = field.to_json().into_iter().filter(|(key, value)| {
        !["id", "name", "collectionId"].contains(&key.as_str()) && blank.get(key) != Some(value)
    });
    Json::Object(said.collect())
}

#[test]
fn types_and_their_options() {
    let cases = [
        ("text", json!({})),
        (
            "text min=2 max=80 pattern=^[a-z]+$ autogenerate=[a-z]{5}",
            json!({"min": 2, "max": 80,
            "pattern": "^[a-z]+$", "autogeneratePattern": "[a-z]{5}"}),
        ),
        ("editor! max=1MB", json!({"required": true, "maxSize": 1_048_576})),
        ("number min=-1.5 max=2", json!({"min": -1.5, "max": 2})),
        ("int min=1", json!({"onlyInt": true, "min": 1})),
        ("bool", json!({})),
        ("email! only=a.com,b.org", json!({"required": true, "onlyDomains": ["a.com", "b.org"]})),
        ("url except=evil.example", json!({"exceptDomains": ["evil.example"]})),
        ("date min=2026-01-01", json!({"min": "2026-01-01 00:00:00.000Z"})),
        ("autodate", json!({"onCreate": true})),
        ("autodate on=update", json!({"onUpdate": true})),
        ("autodate on=create,update", json!({"onCreate": true, "onUpdate": true})),
        ("select(a, b)", json!({"values": ["a", "b"], "maxSelect": 1})),
        ("select(a, b, c)[]", json!({"values": ["a", "b", "c"], "maxSelect": 3})),
        ("select(a, b, c)[2]", json!({"values": ["a", "b", "c"], "maxSelect": 2})),
        ("select(a, b, c)[] max=2", json!({"values": ["a", "b", "c"], "maxSelect": 2})),
        ("-> tags", json!({"maxSelect": 1})),
        ("-> tags[]", json!({"maxSelect": 999})),
        ("-> tags[5] min=2", json!({"maxSelect": 5, "minSelect": 2})),
        ("-> tags[] max=5", json!({"maxSelect": 5})),
        (
            "file max=2MB types=image/*,application/pdf thumbs=96x96,100x0t protected",
            json!({
            "maxSelect": 1, "maxSize": 2_097_152, "mimeTypes": ["image/*", "application/pdf"],
            "thumbs": ["96x96", "100x0t"], "protected": true}),
        ),
        ("file[]", json!({"maxSelect": 99})),
        (
            "json max=10kB ts='{ a: string }'",
            json!({"maxSize": 10_240, "ext": {"ts": "{ a: string }"}}),
        ),
        ("geo", json!({})),
        ("password! min=12 max=71", json!({"required": true, "min": 12, "max": 71})),
        (
            "text label hidden help='Say it'",
            json!({"presentable": true, "hidden": true, "help": "Say it"}),
        ),
    ];
    for (shorthand, expected) in cases {
        assert_eq!(said(&field(shorthand)), expected, "{shorthand}");
    }
}

#[test]
fn suffixes_mean_presence() {
    let cases = [
        ("text!", json!({"required": true})),
        ("geo!", json!({"required": true})),
        ("json!", json!({"required": true})),
        ("number!", json!({"ext": {"sent": true}})),
        ("int!", json!({"onlyInt": true, "ext": {"sent": true}})),
        ("bool!", json!({"ext": {"sent": true}})),
        ("bool nonzero", json!({"required": true})),
        ("number! nonzero", json!({"required": true, "ext": {"sent": true}})),
        ("text?", json!({"ext": {"nullable": true}})),
        ("number?", json!({"ext": {"nullable": true}})),
        ("date?", json!({"ext": {"nullable": true}})),
        ("bool?", json!({"ext": {"nullable": true}})),
    ];
    for (shorthand, expected) in cases {
        assert_eq!(said(&field(shorthand)), expected, "{shorthand}");
    }
}

#[test]
fn defaults_are_literals_of_the_type() {
    let cases = [
        ("text default=hello", json!("hello")),
        ("text default='two words'", json!("two words")),
        ("text default=@uuid", json!("@uuid")),
        ("text default=@alice", json!("@alice")),
        ("number default=1.5", json!(1.5)),
        ("int default=3", json!(3)),
        ("bool default=true", json!(true)),
        ("date default=@now", json!("@now")),
        ("date default=2026-01-31", json!("2026-01-31 00:00:00.000Z")),
        ("select(a, b) default=b", json!("b")),
        ("select(a, b, c)[] default=a,b", json!(["a", "b"])),
        ("-> users default=@me", json!("@me")),
        ("email default=a@b.example", json!("a@b.example")),
        ("json default='{\\\"a\\\":1}'", json!({"a": 1})),
    ];
    for (shorthand, expected) in cases {
        let config = config(&format!("\"{shorthand}\""));
        let field = config.collection("posts").unwrap().collection.field("f").unwrap().clone();
        assert_eq!(field.ext.default, Some(expected), "{shorthand}");
    }
}

#[test]
fn on_delete_is_said_in_pocketbases_words_where_it_has_some() {
    let cases = [
        ("-> tags", json!({"maxSelect": 1})),
        ("-> tags on_delete=cascade", json!({"maxSelect": 1, "cascadeDelete": true})),
        (
            "-> tags! on_delete=cascade",
            json!({"maxSelect": 1, "cascadeDelete": true, "required": true}),
        ),
        ("-> tags on_delete=clear", json!({"maxSelect": 1})),
        ("-> tags! on_delete=block", json!({"maxSelect": 1, "required": true})),
        ("-> tags on_delete=block", json!({"maxSelect": 1, "ext": {"onDelete": "block"}})),
    ];
    for (shorthand, expected) in cases {
        assert_eq!(said(&field(shorthand)), expected, "{shorthand}");
    }
}

#[test]
fn the_long_form_means_the_same() {
    let cases = [
        (
            "text! unique max=80 help='x'",
            "{ type = \"text\", required = true, unique = true, max = 80, help = \"x\" }",
        ),
        ("text! unique max=80", "{ type = \"text! max=80\", unique = true }"),
        (
            "-> tags[5]! on_delete=cascade",
            "{ type = \"relation\", to = \"tags\", multiple = 5, required = true, on_delete = \"cascade\" }",
        ),
        ("-> tags[]", "{ type = \"-> tags\", multiple = true }"),
        (
            "select(a, 'b, c')[] default=a",
            "{ type = \"select\", values = [\"a\", \"b, c\"], multiple = true, default = [\"a\"] }",
        ),
        ("date? min=2026-01-31", "{ type = \"date\", nullable = true, min = 2026-01-31 }"),
        ("number min=0.5 max=2", "{ type = \"number\", min = 0.5, max = 2 }"),
        (
            "file max=2MB types=image/*,text/plain",
            "{ type = \"file\", max = \"2MB\", types = [\"image/*\", \"text/plain\"] }",
        ),
        ("autodate on=create,update", "{ type = \"autodate\", on = [\"create\", \"update\"] }"),
        ("bool default=true", "{ type = \"bool\", default = true }"),
        ("text", "{ type = \"text\", required = false, unique = false }"),
    ];
    for (short, long) in cases {
        let posts = config(long).collection("posts").unwrap().collection.clone();
        assert_eq!(posts.field("f"), Some(&field(short)), "{long}");
        let indexes =
            config(&format!("{short:?}")).collection("posts").unwrap().collection.indexes.clone();
        assert_eq!(posts.indexes, indexes, "{long}");
    }
    let geo = config("{ type = \"geo\", default = { lon = 8.5, lat = 47.4 } }");
    let geo = geo.collection("posts").unwrap().collection.field("f").unwrap().ext.default.clone();
    assert_eq!(geo, Some(json!({"lon": 8.5, "lat": 47.4})));
}

#[test]
fn unique_leaves_room_for_empty_values() {
    let index = |shorthand: &str| {
        config(&format!("{shorthand:?}")).collection("posts").unwrap().collection.indexes.clone()
    };
    let cases = [
        ("text! unique", "CREATE UNIQUE INDEX `idx_f_pbc_1125843985` ON `posts` (`f`)"),
        (
            "text unique",
            "CREATE UNIQUE INDEX `idx_f_pbc_1125843985` ON `posts` (`f`) WHERE `f` != ''",
        ),
        (
            "-> tags unique",
            "CREATE UNIQUE INDEX `idx_f_pbc_1125843985` ON `posts` (`f`) WHERE `f` != ''",
        ),
        ("int unique", "CREATE UNIQUE INDEX `idx_f_pbc_1125843985` ON `posts` (`f`)"),
        (
            "email! unique nocase",
            "CREATE UNIQUE INDEX `idx_f_pbc_1125843985` ON `posts` (`f` COLLATE NOCASE)",
        ),
        ("text index", "CREATE INDEX `idx_f_pbc_1125843985` ON `posts` (`f`)"),
    ];
    for (shorthand, expected) in cases {
        assert_eq!(index(shorthand), [expected], "{shorthand}");
    }
}

#[test]
fn refusals_of_shorthands_say_where() {
    // The field stands in line 5 after `f = "`, so its first character is in column 6.
    let cases = [
        ("txt", "5:6 there is no type `txt`"),
        ("text uniqe", "5:11 there is no option `uniqe`"),
        ("-> tag", "5:6 there is no collection `tag`"),
        ("bool max=1", "5:11 `max` does not belong to `bool`"),
        ("autodate server", "5:15 `server` does not belong to `autodate`"),
        ("autodate help=x", "5:15 `help` does not belong to `autodate`"),
        ("text types=image/*", "5:11 `types` does not belong to `text`"),
        ("select(a) max=1", "5:16 `max` does not belong to `select`"),
        ("-> tags min=1", "5:14 `min` does not belong to `->`"),
        ("-> tags[] unique", "5:16 `unique` does not belong to a list of `->`"),
        ("json index", "5:11 `index` does not belong to `json`"),
        ("geo unique", "5:10 `unique` does not belong to `geo`"),
        ("number nocase index", "5:13 `nocase` does not belong to `number`"),
        ("text nonzero", "5:11 `nonzero` does not belong to `text`"),
        ("password default=x", "5:15 `default` does not belong to `password`"),
        ("text unique index", "5:18 `unique` and `index` stand beside each other"),
        ("text nocase", "5:11 `nocase` needs `unique` or `index` beside it"),
        ("autodate!", "5:14 an `autodate` is always set, so `!` is refused"),
        ("text[]", "5:10 `text` has one value, so `[]` is refused"),
        ("text!?", "5:11 `!` and `?` contradict each other"),
        ("bool? nonzero", "5:10 `?` and `nonzero` contradict each other"),
        ("-> tags[]?", "5:15 a list is empty rather than null, so `?` is refused"),
        ("json?", "5:10 `json` can be null already, so `?` is refused"),
        ("password?", "5:14 `password` is never null, so `?` is refused"),
        ("text max=ten", "5:11 `max` is not a whole number"),
        ("text max=0", "5:11 `max` is at least 1"),
        ("text min=9 max=2", "5:11 `min` is above `max`: 9 and 2"),
        ("int min=1.5", "5:10 `min` of an `int` is a whole number"),
        ("number max=NaN", "5:13 `max` is not a number"),
        ("number min=3 max=2", "5:13 `min` is above `max`: 3 and 2"),
        ("file max=2", "5:11 `max` is not a size such as \"500kB\" or \"5MB\""),
        ("file thumbs=0x0", "5:11 `0x0` is not a size such as 100x100, 100x0 or 80x80t"),
        ("file types=image", "5:11 `image` is not a content type such as image/png"),
        ("date min=soon", "5:11 `soon` is not a date such as 2026-01-31"),
        ("date min=2027-01-01 max=2026-01-01", "5:11 `min` is after `max`"),
        ("autodate on=never", "5:15 `on` is `create`, `update` or both, not `never`"),
        ("email only=a.com except=b.com", "5:23 `only` and `except` exclude each other"),
        ("email only=a,,b", "5:12 `only` is not a list without gaps"),
        ("select(a, b)[3]", "5:18 3 values at most, of 2 to choose from"),
        ("-> tags[3] max=5", "5:17 the most values are said twice"),
        ("password max=72", "5:15 `max` of a password is at most 71"),
        ("-> tags on_delete=vanish", "5:14 `on_delete` cannot be `vanish`"),
        ("-> tags! on_delete=clear", "5:15 a required relation cannot be cleared"),
        ("text renamed_from=f", "5:11 `f` cannot be the former name of `f`"),
        ("-> tags default=@me", "5:14 `default` `@me` is for a relation to an auth collection"),
        ("text default=@me", "5:11 `default` `@me` is for a relation"),
        ("text default=@now", "5:11 `default` `@now` is for a date"),
        ("number default=@uuid", "5:13 `default` is a number, not `@uuid`"),
        ("date default=soon", "5:11 `default` is a date such as 2026-01-31 or `@now`, not `soon`"),
        ("bool default=yes", "5:11 `default` is true or false, not `yes`"),
        ("geo default=1,2", "5:10 `default` of `geo` is a table"),
    ];
    for (shorthand, expected) in cases {
        assert_eq!(refused(&file(&format!("\"{shorthand}\""))), [expected], "{shorthand}");
    }
    for shorthand in [
        "select(a, b) default=c",
        "text max=3 default=long",
        "text max=9 default=@uuid",
        "text pattern=[",
        "text autogenerate=^x$",
    ] {
        let faults = refused(&file(&format!("\"{shorthand}\"")));
        assert_eq!(faults.len(), 1, "{shorthand}: {faults:?}");
    }
}

#[test]
fn refusals_of_the_long_form_say_where() {
    let cases = [
        ("{ required = true }", "5:1 the field `f` has no `type`"),
        ("{ type = \"text\", uniqe = true }", "5:22 there is no key `uniqe` in a field"),
        ("{ type = \"text!\", required = true }", "5:23 `required` is said twice"),
        ("{ type = \"text max=3\", max = 4 }", "5:28 `max` is said twice"),
        ("{ type = \"select(a)\", values = [\"a\"] }", "5:27 `values` is said twice"),
        ("{ type = \"select\" }", "5:15 a select needs its `values`"),
        ("{ type = \"select\", values = [] }", "5:33 a select needs a value"),
        ("{ type = \"relation\" }", "5:15 a relation needs its collection"),
        ("{ type = \"text\", to = \"tags\" }", "5:22 only a relation has `to`"),
        ("{ type = \"text\", values = [\"a\"] }", "5:22 only a select has `values`"),
        ("{ type = \"text\", max = \"80\" }", "5:28 `max` is a whole number, not a text"),
        ("{ type = \"text\", unique = \"yes\" }", "5:31 `unique` is true or false, not a text"),
        ("{ type = \"file\", types = \"image/*\" }", "5:30 `types` is a list, not a text"),
        ("{ type = \"file\", multiple = 1 }", "5:33 `multiple` is true or 2 or more"),
        ("{ type = \"number\", default = \"1\" }", "5:34 `default` is a number"),
        ("7", "5:5 the field `f` is a text or a table, not a number"),
    ];
    for (field, expected) in cases {
        assert_eq!(refused(&file(field)), [expected], "{field}");
    }
}

#[test]
fn names_are_names() {
    for (name, message) in [
        ("_hidden", "`_hidden` cannot be the name of a field"),
        ("\"a b\"", "`a b` cannot be the name of a field"),
        ("a_via_b", "`a_via_b` cannot be the name of a field"),
        ("expand", "`expand` is a reserved word and no name of a field"),
        ("id", "every collection has its `id` already"),
    ] {
        let text = format!("[collections.posts.fields]\n{name} = \"text\"\n");
        assert_eq!(refused(&text), [format!("2:1 {message}")], "{name}");
    }
}

#[test]
fn a_system_field_changes_its_options_only() {
    let text = "[collections.users]\ntype = \"auth\"\n[collections.users.fields]\n\
                email = \"email unique nocase\"\npassword = \"password! max=60\"\n";
    let config = loaded(text);
    let users = &config.collection("users").unwrap().collection;
    let email = users.field("email").unwrap();
    assert!(email.system && !email.required);
    let FieldKind::Password(password) = &users.field("password").unwrap().kind else { panic!() };
    assert_eq!((password.min, password.max), (8, 60));
    assert!(users.field("password").unwrap().hidden);
    assert_eq!(users.indexes.len(), 2, "{:?}", users.indexes);
    assert!(users.indexes[0].contains("COLLATE NOCASE"), "{:?}", users.indexes);
    let text = "[collections.users]\ntype = \"auth\"\nfields = { email = \"text\", oldPassword = \"text\" }\n";
    assert_eq!(
        refused(text),
        [
            "3:21 `email` of an auth collection is of type `email`",
            "3:28 `oldPassword` is reserved in auth collections"
        ]
    );
}
