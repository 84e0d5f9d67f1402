use serde_json::json;

use super::*;
use crate::domain::schema::Schema;

const NOW: Timestamp = Timestamp::from_millis(86_400_000);

fn collection(definition: Json) -> Arc<Collection> {
    let body = definition.as_object().unwrap();
    let schema = Schema::default();
    Arc::new(Collection::create(body, &schema, NOW, &mut Random::seeded(1)).unwrap())
}

fn things() -> Arc<Collection> {
    collection(json!({"name": "things", "fields": [
        {"name": "title", "type": "text", "required": true, "autogeneratePattern": "t-[0-9]{3}"},
        {"name": "total", "type": "number"},
        {"name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3},
        {"name": "one", "type": "relation", "collectionId": "pbc_users"},
        {"name": "files", "type": "file", "maxSelect": 2, "maxSize": 10},
        {"name": "secret", "type": "text", "hidden": true},
        {"name": "pass", "type": "password", "min": 3},
        {"name": "made", "type": "autodate", "onCreate": true},
        {"name": "saved", "type": "autodate", "onCreate": true, "onUpdate": true},
    ]}))
}

fn superuser() -> Caller {
    let superusers = collection(json!({"name": "_superusers", "type": "auth"}));
    let values = superusers.fields.iter().map(Field::zero).collect();
    Caller::signed_in(Arc::new(Record::new(superusers, values)))
}

fn create(collection: &Arc<Collection>, body: Json) -> Changes {
    create_as(&Caller::guest(), collection, body, &[])
}

fn create_as(
    caller: &Caller,
    collection: &Arc<Collection>,
    body: Json,
    uploads: &[Upload],
) -> Changes {
    let body = body.as_object().unwrap();
    let input = Input { body, uploads, caller, now: NOW };
    Changes::create(collection, &input, &mut Random::seeded(1))
}

fn update(stored: &Record, body: Json, uploads: &[Upload]) -> Changes {
    let caller = Caller::guest();
    let input = Input { body: body.as_object().unwrap(), uploads, caller: &caller, now: NOW };
    Changes::update(stored, &input, &mut Random::seeded(2))
}

fn is_submitted(changes: &Changes, name: &str) -> bool {
    changes.submitted.contains(&changes.record.collection().position(name).unwrap())
}

fn codes(errors: &FieldErrors) -> Vec<String> {
    errors.faults().into_iter().map(|(path, fault)| format!("{path} {}", fault.code)).collect()
}

fn upload(key: &str, name: &str, size: u64) -> Upload {
    Upload {
        key: key.into(),
        name: name.into(),
        original_name: name.to_uppercase(),
        size,
        mime: "text/plain".into(),
    }
}

#[test]
fn a_new_record_is_read_completed_and_checked() {
    let mut changes = create(&things(), json!({"total": "5", "tags": "a", "unknown": [1]}));
    assert_eq!(
        *changes.body,
        *json!({"total": 5, "tags": ["a"], "unknown": [1]}).as_object().unwrap()
    );
    assert!(is_submitted(&changes, "tags") && !is_submitted(&changes, "title"));
    assert_eq!(changes.record.id(), "");
    changes.complete(NOW, &mut Random::seeded(1));
    assert!(changes.check().is_empty());
    assert_eq!(changes.record.id().len(), 15);
    assert!(changes.record.text("title").starts_with("t-"));
    assert_eq!(changes.record.text("made"), "1970-01-02 00:00:00.000Z");
    assert_eq!(changes.record.text("saved"), "1970-01-02 00:00:00.000Z");
}

#[test]
fn every_fault_is_told_together() {
    let changes = create(
        &things(),
        json!({"total": "many", "tags": ["x"], "pass": "ab", "files": ["gone.txt"]}),
    );
    assert_eq!(
        codes(&changes.check()),
        [
            "files validation_invalid_file",
            "id validation_required",
            "pass validation_min_text_constraint",
            "tags validation_invalid_value",
            "title validation_required",
            "total validation_not_a_number",
        ]
    );
}

#[test]
fn dates_of_the_server_are_not_for_clients_to_set() {
    for sent in [json!(5), json!(null), json!("soon"), json!(["x"]), json!("2020-01-02")] {
        let changes = create(
            &things(),
            json!({"title": "t-1", "id": "abcdefghij12345",
            "made": sent, "saved": sent}),
        );
        assert!(changes.check().is_empty(), "{sent}: {:?}", codes(&changes.check()));
        assert_eq!(changes.record.get("made"), "");
        assert!(is_submitted(&changes, "made"));
    }
    let changes = create(&things(), json!({"made": "2020-01-02"}));
    assert_eq!(changes.body["made"], "2020-01-02 00:00:00.000Z");
}

#[test]
fn modifiers_work_on_the_stored_value_shortest_key_first() {
    let mut stored = create(&things(), json!({"total": 10, "tags": ["a", "b"], "one": "x"})).record;
    stored.set("files", json!(["old.txt"]));
    for (body, field, expected) in [
        (json!({"total-": 5, "total+": 2, "total": 1}), "total", json!(-2)),
        (json!({"total+": "2.5"}), "total", json!(12.5)),
        (json!({"tags+": ["c", "a"]}), "tags", json!(["a", "b", "c"])),
        (json!({"+tags": "c"}), "tags", json!(["c", "a", "b"])),
        (json!({"tags-": ["a", "x"]}), "tags", json!(["b"])),
        (json!({"one+": "y"}), "one", json!("y")),
        (json!({"+one": "y"}), "one", json!("x")),
        (json!({"one-": "x"}), "one", json!("")),
        (json!({"files-": "old.txt"}), "files", json!([])),
        (json!({"title+": "x"}), "title", json!("")),
        (json!({"made": "2020-01-01"}), "made", json!("")),
    ] {
        let changes = update(&stored, body.clone(), &[]);
        assert_eq!(changes.record.get(field), &expected, "{body}");
    }
    let changes = update(&stored, json!({"title:autogenerate": "my "}), &[]);
    assert!(changes.record.text("title").starts_with("my t-"));
    assert_eq!(changes.body["title"], changes.record.text("title"));
}

#[test]
fn numbers_do_not_run_out_of_bounds() {
    let stored = create(&things(), json!({"total": 1.7e308})).record;
    let changes = update(&stored, json!({"total+": 1.7e308}), &[]);
    let errors = changes.check();
    assert!(codes(&errors).contains(&"total validation_not_a_number".to_owned()));
}

#[test]
fn uploads_join_the_names_of_their_key() {
    let mut stored = create(&things(), json!({})).record;
    stored.set("files", json!(["old.txt"]));
    let new = [upload("files+", "new.txt", 10)];
    let changes = update(&stored, json!({}), &new);
    assert_eq!(changes.record.get("files"), &json!(["old.txt", "new.txt"]));
    assert_eq!(
        changes.body["files"],
        json!(["old.txt", {"name": "new.txt", "originalName": "NEW.TXT", "size": 10}])
    );
    let replaced = update(&stored, json!({}), &[upload("files", "new.txt", 10)]);
    assert_eq!(replaced.record.get("files"), &json!(["new.txt"]));
    let kept = update(&stored, json!({"files": "old.txt"}), &[upload("files", "new.txt", 10)]);
    assert_eq!(kept.record.get("files"), &json!(["old.txt", "new.txt"]));
    let code = |uploads: &[Upload]| codes(&update(&stored, json!({}), uploads).check());
    let too_large = code(&[upload("files", "a", 11)]);
    assert!(too_large.contains(&"files validation_file_size_limit".to_owned()), "{too_large:?}");
    let too_many = code(&[upload("files+", "a", 1), upload("files+", "b", 1)]);
    assert!(too_many.contains(&"files validation_too_many_files".to_owned()), "{too_many:?}");
    let elsewhere = update(&stored, json!({}), &[upload("title", "a", 1)]);
    assert!(!is_submitted(&elsewhere, "title"));
}

#[test]
fn a_fault_repeats_the_beginning_of_a_long_file_name() {
    let invalid = |name: Json| {
        let errors = create(&things(), json!({"title": "x", "files": name})).check();
        errors.faults()[0].1.params["invalidFiles"][0].as_str().unwrap().to_owned()
    };
    assert_eq!(invalid(json!(1e300)), format!("1{}", "0".repeat(249)));
    assert_eq!(invalid(json!("ü".repeat(200))), "ü".repeat(125));
    assert_eq!(invalid(json!("short.txt")), "short.txt");
}

#[test]
fn hidden_fields_are_for_superusers() {
    let guest = create(&things(), json!({"secret": "x"}));
    assert_eq!(guest.record.text("secret"), "");
    assert!(guest.body.is_empty());
    let admin = create_as(&superuser(), &things(), json!({"secret": "x"}), &[]);
    assert_eq!(admin.record.text("secret"), "x");
    let members = collection(json!({"name": "members", "type": "auth"}));
    let sign_up = create(&members, json!({"password": "12345678", "tokenKey": "x"}));
    assert_eq!(sign_up.passwords["password"], "12345678");
    assert!(!is_submitted(&sign_up, "tokenKey"));
}

#[test]
fn a_password_waits_for_its_hash_and_an_empty_one_clears_it() {
    let members = collection(json!({"name": "members", "type": "auth"}));
    let body = json!({"email": "a@example.com", "password": "12345678"});
    let mut changes = create(&members, body);
    assert_eq!(changes.record.text("password"), "");
    changes.complete(NOW, &mut Random::seeded(1));
    assert!(changes.check().is_empty());
    changes.set_hash("password", "$hash".into());
    let stored = changes.record;
    let cleared = update(&stored, json!({"password": ""}), &[]);
    assert_eq!(codes(&cleared.check()), ["password validation_required"]);
    let untouched = update(&stored, json!({}), &[]);
    assert_eq!(untouched.record.text("password"), "$hash");
    assert!(untouched.check().is_empty());
}

#[test]
fn an_id_never_changes() {
    let mut stored = create(&things(), json!({"title": "t"})).record;
    stored.set("id", json!("short"));
    for (id, fine) in [(json!("short"), true), (json!("other"), false), (json!(null), false)] {
        let errors = update(&stored, json!({"id": id}), &[]).check();
        assert_eq!(errors.get("id").is_none(), fine, "{id}");
    }
}

#[test]
fn defaults_fill_what_was_not_sent() {
    let members = collection(json!({"id": "pbc_members", "name": "members", "type": "auth"}));
    let posts = collection(json!({"name": "posts", "fields": [
        {"name": "status", "type": "text", "ext": {"default": "draft"}},
        {"name": "at", "type": "date", "ext": {"default": "@now"}},
        {"name": "key", "type": "text", "ext": {"default": "@uuid"}},
        {"name": "author", "type": "relation", "collectionId": "pbc_members", "ext": {"default": "@me"}},
        {"name": "count", "type": "number", "ext": {"default": 3}},
        {"name": "hidden", "type": "text", "hidden": true, "ext": {"default": "h"}},
    ]}));
    let mut member =
        Record::new(Arc::clone(&members), members.fields.iter().map(Field::zero).collect());
    member.set("id", json!("m1"));
    let caller = Caller::signed_in(Arc::new(member));
    let changes = create_as(&caller, &posts, json!({"hidden": "sent"}), &[]);
    let record = &changes.record;
    assert_eq!(record.text("status"), "draft");
    assert_eq!(record.text("at"), NOW.to_string());
    assert_eq!(record.text("key").len(), 36);
    assert_eq!(record.text("author"), "m1");
    assert_eq!(record.text("hidden"), "h");
    assert!(changes.body.is_empty());
    assert_eq!(create(&posts, json!({})).record.text("author"), "");
    let sent = create(&posts, json!({"status": "", "count": null, "at": ""}));
    assert_eq!(sent.record.text("status"), "");
    assert_eq!(sent.record.get("count"), &json!(0));
    assert_eq!(create(&posts, json!({"count+": 1})).record.get("count"), &json!(1));
}

#[test]
fn what_must_be_sent_may_be_zero_but_not_missing_or_null() {
    let numbers = collection(json!({"name": "n", "fields": [
        {"name": "must", "type": "number", "ext": {"sent": true}},
        {"name": "may", "type": "number", "ext": {"sent": true, "default": 1}},
        {"name": "void", "type": "number", "ext": {"nullable": true}},
    ]}));
    let faults = |body: Json| {
        let mut changes = create(&numbers, body);
        changes.complete(NOW, &mut Random::seeded(1));
        codes(&changes.check())
    };
    assert_eq!(faults(json!({})), ["must validation_required"]);
    assert_eq!(
        faults(json!({"must": null, "may": null})),
        ["may validation_required", "must validation_required"]
    );
    assert!(faults(json!({"must": 0})).is_empty());
    let mut stored = create(&numbers, json!({"must": 0})).record;
    stored.set("id", json!("abc"));
    assert_eq!(stored.get("void"), &Json::Null);
    assert!(update(&stored, json!({}), &[]).check().is_empty());
    assert_eq!(
        codes(&update(&stored, json!({"must": null}), &[]).check()),
        ["must validation_required"]
    );
    assert_eq!(update(&stored, json!({"void+": 2}), &[]).record.get("void"), &json!(2));
}

/// Nobody has looked at how many there may be yet, so it must not take minutes to see that they are too
/// many.
#[test]
fn as_many_values_as_a_body_can_hold_are_refused_without_much_ado() {
    let many: Vec<String> = (0..300_000).map(|number| format!("value {number}")).collect();
    let mut stored = create(&things(), json!({})).record;
    stored.set("files", json!(many));
    for key in ["files", "files+", "+files", "files-", "tags", "tags+"] {
        let changes = update(&stored, json!({ key: many.clone() }), &[]);
        let field = key.trim_matches(['+', '-']);
        assert_eq!(changes.check().get(field).is_none(), key == "files-", "{key}");
    }
    let uploads: Vec<Upload> = many.iter().map(|name| upload("files", name, 1)).collect();
    let changes = update(&create(&things(), json!({})).record, json!({}), &uploads);
    assert!(codes(&changes.check()).contains(&"files validation_too_many_files".to_owned()));
}
