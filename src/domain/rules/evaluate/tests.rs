//! What is decided in memory, operator by operator, and what is left to the database. That a database
//! says the same is the matter of `store/filter/tests/memory.rs`.

use std::sync::Arc;

use serde_json::json;

use super::evaluate;
use crate::domain::Json;
use crate::domain::caller::Caller;
use crate::domain::collection::{Collection, CollectionKind, ViewOptions};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::{RequestContext, RequestInfo, Rule};
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;

const NOW: &str = "2026-03-04 05:06:07.008Z";

fn schema() -> Schema {
    let relation = |name: &str, to: &str, most: i64| json!({ "name": name, "type": "relation", "collectionId": to, "maxSelect": most });
    let tags =
        json!({ "name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 });
    let definitions = [
        json!({ "id": "users", "name": "users", "type": "auth", "fields": [
            { "name": "role", "type": "text" }, { "name": "age", "type": "number" },
            { "name": "meta", "type": "json" }, tags, relation("teams", "teams", 9)] }),
        json!({ "id": "staff", "name": "staff", "type": "auth", "fields": [] }),
        json!({ "id": "teams", "name": "teams", "fields": [{ "name": "name", "type": "text" }] }),
        json!({ "id": "posts", "name": "posts", "fields": [
            { "name": "title", "type": "text" }, { "name": "rank", "type": "number" },
            { "name": "ratio", "type": "number" }, { "name": "done", "type": "bool" },
            { "name": "at", "type": "date" }, { "name": "never", "type": "date" }, tags,
            { "name": "none", "type": "select", "values": ["a"], "maxSelect": 2 },
            { "name": "kind", "type": "select", "values": ["x"] },
            relation("owner", "users", 1), relation("members", "users", 9),
            relation("team", "teams", 1), relation("crews", "teams", 9),
            { "name": "meta", "type": "json" }, { "name": "place", "type": "geoPoint" },
            { "name": "code", "type": "password" },
            { "name": "note", "type": "text", "ext": { "nullable": true } },
            { "name": "size", "type": "number", "ext": { "nullable": true } }] }),
    ];
    let mut random = Random::system();
    let mut known: Vec<Arc<Collection>> = Vec::new();
    for definition in &definitions {
        let body = definition.as_object().expect("an object");
        let (so_far, now) = (Schema::new(1, known.clone()), Timestamp::from_millis(0));
        let collection = Collection::create(body, &so_far, now, &mut random);
        known.push(Arc::new(collection.expect("a collection")));
    }
    Schema::new(1, known)
}

fn record(schema: &Schema, collection: &str, values: &Json) -> Arc<Record> {
    let collection = schema.by_name(collection).expect("a collection");
    let value = |name: &str| values.get(name).cloned();
    let fields = collection.fields.iter();
    let row = fields.map(|field| value(&field.name).unwrap_or_else(|| field.zero()));
    Arc::new(Record::new(Arc::clone(collection), row.collect()))
}

fn post() -> Json {
    json!({ "id": "p1", "title": "Hello World", "rank": 5, "ratio": 2.5, "done": true, "at": NOW,
        "tags": ["a", "b"], "kind": "x", "owner": "u1", "members": ["u1", "u2"], "team": "t1",
        "crews": ["t1", "t9"], "code": "hash",
        "meta": { "n": 5, "s": "Yes", "l": ["a"], "f": 0.5, "b": true, "big": 9_007_199_254_740_993_i64 },
        "place": { "lon": 1.5, "lat": 2 } })
}

fn user(schema: &Schema) -> RequestInfo {
    let account = json!({ "id": "u1", "role": "Admin", "age": 30, "tags": ["b", "c"],
        "teams": ["t1", "t2"], "meta": { "level": 3 } });
    RequestInfo {
        method: "GET".to_owned(),
        context: RequestContext::Realtime,
        caller: Caller::signed_in(record(schema, "users", &account)),
        query: [("room".to_owned(), "p1".to_owned())].into(),
        headers: [("x_token".to_owned(), "abc".to_owned())].into(),
        now: Timestamp::parse(NOW).expect("a moment"),
        ..RequestInfo::default()
    }
}

/// Each rule with what it comes to for the post and the user.
fn comes_to(cases: &[(&str, Option<bool>)]) {
    let schema = schema();
    let post = record(&schema, "posts", &post());
    let request = user(&schema);
    for (rule, expected) in cases {
        let decided = evaluate(&Rule::new(*rule), &post, &schema, &request).expect("a rule");
        assert_eq!(decided, *expected, "{rule}");
    }
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

#[test]
fn equality() {
    comes_to(&[
        ("", YES),
        ("title = 'Hello World'", YES),
        ("title = 'hello world'", NO),
        ("title != 'x' && 'x' != title", YES),
        ("rank = 5 && rank = '5' && rank = ' 5.0 ' && rank != 'five'", YES),
        ("rank = true", NO),
        ("done = true && done = 1 && done != false && done != 'true'", YES),
        ("title = 5", NO),
        ("at = @now && at != '2026'", YES),
        ("kind = 'x' && owner = 'u1'", YES),
        ("tags = '[\"a\",\"b\"]' && tags != 'a'", YES),
        ("owner = @request.auth.id && @request.auth.id = owner", YES),
        ("rank = ratio", NO),
        ("title = rank", NO),
        ("title != rank && rank != ratio && title != kind", YES),
    ]);
}

#[test]
fn what_is_empty() {
    comes_to(&[
        ("title = '' || title = null", NO),
        ("never = '' && never = null && null = never", YES),
        ("note = '' && note = null", YES),
        ("note != '' || note != null", NO),
        ("note = 'x'", NO),
        ("note != 'x' && size != 5", YES),
        ("size = null && size = ''", YES),
        ("size = 0", NO),
        ("size < 5 || size >= 5 || size > null", NO),
        ("rank = null || done = '' || tags = null", NO),
        ("note = never && size = never && note = size", YES),
        ("note ~ 'x' || note !~ 'x' || 'x' ~ note || 'x' !~ note", NO),
        ("note:lower = ''", YES),
        ("none = '[]' && none:length = 0", YES),
        ("title ~ null || title !~ null || title > null", NO),
    ]);
}

#[test]
fn order() {
    comes_to(&[
        ("rank > 4 && rank >= 5 && rank < 5.5 && rank <= '5'", YES),
        ("rank < 'text' && 'text' > rank", YES),
        ("4 < rank && 5 <= rank && 6 > rank && 5 >= rank", YES),
        ("title > 'Hello' && title < 'h'", YES),
        ("title > 5", YES),
        ("at > '2026' && at < '2026-03-05' && at <= @now && at >= @todayStart", YES),
        ("never < at && at > never", YES),
        ("ratio < rank && owner > kind", NO),
        ("ratio < rank && owner < kind", YES),
        // Numbers are read from texts by the database.
        ("title > rank", None),
    ]);
}

#[test]
fn patterns() {
    comes_to(&[
        ("title ~ 'WORLD' && title ~ 'hello%' && title ~ '%d'", YES),
        ("title ~ 'world%'", NO),
        ("title !~ 'planet' && title !~ 'h_llo'", YES),
        ("title ~ 'h_llo%'", YES),
        ("rank ~ 5 && rank !~ '5.' && done ~ '1'", YES),
        ("'Hello World, hello' ~ title && 'x' !~ title", YES),
        ("tags ~ 'a' && tags ~ '\"b\"' && tags !~ 'c'", YES),
        ("title !~ kind && 'xyz' ~ kind && owner ~ owner", YES),
        ("at ~ '2026-03'", YES),
        // The text of a fraction, and patterns in which engines differ.
        ("ratio ~ 2", None),
        ("title ~ '%\\\\'", None),
        ("title ~ ratio", None),
    ]);
}

#[test]
fn several_values() {
    comes_to(&[
        ("tags:each ?= 'b' && tags:each ?~ 'B'", YES),
        ("tags:each ?!= 'b' && tags:each ?~ 'A' && tags:each ?< 'b'", YES),
        ("tags:each = 'a'", NO),
        ("tags:each != 'c' && tags:each < 'c' && tags:each !~ 'c'", YES),
        ("tags:each != 'a'", NO),
        // One element is meant, wherever the same path stands.
        ("tags:each ?= 'a' && tags:each ?= 'b'", NO),
        ("tags:each ?= 'a' && (tags:each ?= 'b' || tags:each ?< 'b')", YES),
        ("none:each ?= 'a' || none:each = 'a' || none:each ?> 'a'", NO),
        ("none:each = '' && none:each != 'a'", YES),
        ("@request.auth.tags:each ?= tags:each", YES),
        ("@request.auth.tags:each = tags:each", NO),
        ("tags:length = 2 && kind:length = 1 && none:length < 1", YES),
        ("@request.auth.tags:length = tags:length", YES),
        ("kind:each = 'x' && title:lower = 'hello world'", YES),
    ]);
}

#[test]
fn ids_behind_relations() {
    comes_to(&[
        ("owner.id = @request.auth.id", YES),
        ("members.id ?= @request.auth.id", YES),
        ("members:each ?= @request.auth.id", YES),
        ("members.id ?= 'u3'", NO),
        ("members.id = 'u3'", NO),
        // Whether those records are there is for the database.
        ("members.id ?= 'u2'", None),
        ("members.id != 'u3'", YES),
        ("members.id != @request.auth.id", NO),
        ("crews.id ?= 't1'", None),
        ("crews.id ?= team", None),
        ("crews:each ?= team", YES),
        ("@request.auth.teams:each ?= team", YES),
        ("@request.auth.teams.id ?= team", None),
        ("@request.auth.teams.id ?= 't3'", NO),
    ]);
}

#[test]
fn json() {
    comes_to(&[
        ("meta.n = 5 && meta.n != '5' && meta.n > 4 && meta.n < 'a' && meta.n ~ 5", YES),
        ("meta.s = 'Yes' && meta.s != 'yes' && meta.s:lower = 'yes' && meta.s ~ 'Y'", YES),
        ("meta.l.0 = 'a' && meta.l.1 = null && meta.none = null && meta.none != ''", YES),
        ("meta.s.x = null && meta.0 = null", YES),
        ("meta.f = 0.5 && meta.b = true && meta.b = 1", YES),
        ("place.lon > 1 && place.lat = 2", YES),
        ("@request.auth.meta.level > 2 && @request.auth.meta.level = 3", YES),
        ("meta = null", None),
        ("meta.l = '[\"a\"]'", None),
        ("meta.big = 5 || place = ''", None),
        ("meta.n:lower = '5'", None),
        ("meta.n = rank", None),
    ]);
}

#[test]
fn what_the_request_carries() {
    comes_to(&[
        ("@request.auth.id != '' && @request.auth.role:lower = 'admin'", YES),
        ("@request.auth.collectionName = 'users' && @request.auth.age > 29", YES),
        ("@request.auth.unknown = null", YES),
        ("@request.query.room = id && @request.query.room:isset = true", YES),
        ("@request.query.other = id", NO),
        ("@request.headers.x_token = 'abc' && @request.context = 'realtime'", YES),
        ("@request.method = 'GET' && @request.body.title:isset = false", YES),
        ("@year = 2026 && @month = 3 && at <= @todayEnd && at > @yesterday", YES),
        ("title = '\u{0}'", None),
    ]);
}

#[test]
fn what_is_left_open_decides_only_where_it_matters() {
    comes_to(&[
        ("owner.role = 'Admin'", None),
        ("title = 'x' && owner.role = 'Admin'", NO),
        ("owner.role = 'Admin' && title = 'x'", NO),
        ("title != 'x' && owner.role = 'Admin'", None),
        ("title != 'x' || owner.role = 'Admin'", YES),
        ("owner.role = 'Admin' || title != 'x'", YES),
        ("title = 'x' || owner.role = 'Admin'", None),
        ("(owner.role = 'Admin' || title = 'x') && (rank = 6 || done = false)", NO),
        ("@collection.posts.title = 'x' || 1 = 1", YES),
        ("@collection.teams.id ?= team", None),
        ("@collection.teams.id ?= team && rank = 6", NO),
        ("strftime('%Y', at) = '2026' || geoDistance(place.lon, place.lat, 1, 2) < 1", None),
        ("code = 'hash'", None),
        ("owner.teams.name = 'x' && members.tags:each ?= 'a'", None),
    ]);
}

#[test]
fn a_guest_is_nobody() {
    let schema = schema();
    let post = record(&schema, "posts", &post());
    let guest = RequestInfo::default();
    for (rule, expected) in [
        ("@request.auth.id != ''", NO),
        ("@request.auth.id = '' && @request.auth.role = null", YES),
        ("owner = @request.auth.id || members:each ?= @request.auth.id", NO),
        ("@request.auth.id != '' && members.id ?= @request.auth.id", NO),
    ] {
        let decided = evaluate(&Rule::new(rule), &post, &schema, &guest).expect("a rule");
        assert_eq!(decided, expected, "{rule}");
    }
}

#[test]
fn only_the_callers_own_record_is_there_for_certain() {
    let schema = schema();
    let post = record(&schema, "posts", &post());
    let namesake = record(&schema, "staff", &json!({ "id": "u1" }));
    let staff = RequestInfo { caller: Caller::signed_in(namesake), ..user(&schema) };
    let rule = Rule::new("members.id ?= @request.auth.id");
    assert_eq!(evaluate(&rule, &post, &schema, &staff), Ok(None));
    assert_eq!(evaluate(&rule, &post, &schema, &user(&schema)), Ok(YES));
}

#[test]
fn what_is_not_as_records_have_it_is_left_open() {
    let schema = schema();
    let request = user(&schema);
    let odd = json!({ "title": "a\u{0}", "at": "2026-03-04", "tags": [5], "none": ["x\"y"] });
    let odd = record(&schema, "posts", &odd);
    for rule in ["title != 'a'", "at != ''", "tags:each ?= 'a'", "tags ~ '5'", "none ~ 'x'"] {
        assert_eq!(evaluate(&Rule::new(rule), &odd, &schema, &request), Ok(None), "{rule}");
    }
    let posts = record(&schema, "posts", &post());
    let collection = Collection::clone(posts.collection());
    let kind = CollectionKind::View(ViewOptions::default());
    let summary = Record::new(Arc::new(Collection { kind, ..collection }), posts.values().into());
    for rule in ["title != ''", "tags:each ?= 'a'"] {
        assert_eq!(evaluate(&Rule::new(rule), &summary, &schema, &request), Ok(None), "{rule}");
    }
}

#[test]
fn long_lists_and_patterns_and_many_joins_are_for_the_database() {
    let schema = schema();
    let request = user(&schema);
    let ids = |count: usize| (0..count).map(|id| format!("u{id}")).collect::<Vec<_>>();
    let decided = |members: usize, rule: &str| {
        let title = "a".repeat(members);
        let post = json!({ "members": ids(members), "crews": ids(members), "title": title });
        let post = record(&schema, "posts", &post);
        evaluate(&Rule::new(rule), &post, &schema, &request).expect("a rule")
    };
    assert_eq!(decided(10_000, "members.id ?= @request.auth.id"), YES);
    assert_eq!(decided(100, "members:each != 'x'"), YES);
    assert_eq!(decided(100, "members:each ?= 'u1' && crews.id ?= 'gone'"), NO);
    assert_eq!(decided(1000, "members:each ?= 'u1' && crews.id ?= 'gone'"), None);
    assert_eq!(decided(1000, "members:each != 'x'"), YES);
    assert_eq!(decided(100, "members:each ?~ 'x'"), NO);
    assert_eq!(decided(1000, "members:each ?~ 'x'"), None);
    assert_eq!(decided(1000, "members.id ?= crews.id"), None);
    assert_eq!(decided(1, &format!("title ~ '{}'", "b".repeat(60_000))), None);
    assert_eq!(decided(10_000, "title ~ 'b' || title = 'b'"), NO);
    assert_eq!(decided(10_000, "title ~ 'a%b%c%d'"), NO);
    assert_eq!(decided(20_000, "title ~ 'a%b%c%d'"), None);
    assert_eq!(decided(200_000, "title = 'a'"), None);
    let joined = |count: usize| ["owner.role = 'x'"].repeat(count).join(" && ");
    assert_eq!(decided(1, &format!("title = 'a' || {}", joined(30))), YES);
    assert_eq!(decided(1, &format!("title = 'a' || {}", joined(31))), None);
}

#[test]
fn a_rule_that_cannot_be_used_says_why() {
    let schema = schema();
    let post = record(&schema, "posts", &post());
    for rule in ["title =", "nothing = 1", "title = 'Hello World' || nothing = 1"] {
        assert!(evaluate(&Rule::new(rule), &post, &schema, &user(&schema)).is_err(), "{rule}");
    }
}
