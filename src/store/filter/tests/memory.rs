//! What a rule comes to in memory is what it comes to in SQL, wherever memory has an answer.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::agreement::OPERATORS;
use super::world::{NOW, World, as_record, guest, record, with_body};
use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::{RequestInfo, Rule, evaluate};
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::store::filter::{FilterError, Query};
use crate::store::{ddl, records};

/// Field types, as far as rules tell them apart.
const TYPES: [&str; 14] = [
    "text", "editor", "number", "bool", "email", "url", "date", "autodate", "select", "file",
    "relation", "json", "password", "geoPoint",
];

/// What a random collection has beside its id: the type of each field, whether it may be null and
/// whether it has several values.
type Fields = Vec<(usize, bool, bool)>;

/// A rule: comparisons, each with what joins it to the one before and whether a group starts there.
type Terms = Vec<(usize, usize, usize, bool)>;

/// A collection `things` with these fields, called `f0`, `f1` and so on.
fn things(number: usize, fields: &Fields, schema: &Schema) -> Arc<Collection> {
    let field = |(index, (kind, nullable, multiple)): (usize, &(usize, bool, bool))| {
        let most = if *multiple { 9 } else { 1 };
        let mut field = json!({ "name": format!("f{index}"), "type": TYPES[*kind] });
        match TYPES[*kind] {
            "select" => field["values"] = json!(["a", "B", "5", "x\"y"]),
            "relation" => field["collectionId"] = json!("users"),
            "autodate" => field["onCreate"] = json!(true),
            _ => {}
        }
        if matches!(TYPES[*kind], "select" | "file" | "relation") {
            field["maxSelect"] = json!(most);
        }
        if *nullable && !matches!(TYPES[*kind], "json" | "geoPoint" | "password" | "autodate") {
            field["ext"] = json!({ "nullable": true });
        }
        field
    };
    let fields: Vec<Json> = fields.iter().enumerate().map(field).collect();
    let name = format!("things{number}");
    let definition = json!({ "id": name, "name": name, "fields": fields });
    let body = definition.as_object().expect("an object");
    let now = Timestamp::parse(NOW).expect("a moment");
    let collection = Collection::create(body, schema, now, &mut Random::system());
    Arc::new(collection.expect("a collection"))
}

/// Values of a type, normalised.
fn values(kind: &str, nullable: bool, multiple: bool) -> Vec<Json> {
    let list = |all: Json| all.as_array().expect("a list").clone();
    let mut values = list(match (kind, multiple) {
        ("text" | "editor" | "email" | "url", _) => json!([
            "",
            "a",
            "A",
            "ab",
            "5",
            "5.0",
            " 5",
            "1e3",
            "a%b",
            "a_b",
            "a\\",
            "\\",
            "é",
            "É",
            "u1",
            "x\"y",
            "2026-03-04",
            NOW,
            "[\"a\"]",
            "a\nb",
            "\u{1f600}",
            "true",
            "users"
        ]),
        ("number", _) => json!([
            0,
            1,
            5,
            -1,
            2.5,
            0.1,
            1e15,
            9_007_199_254_740_993_i64,
            1e300,
            123_456_789.125,
            1000
        ]),
        ("bool", _) => json!([true, false]),
        ("date", _) => json!(["", NOW, "1999-12-31 23:59:59.999Z", "0000-01-01 00:00:00.000Z"]),
        ("autodate", _) => json!([NOW, "9999-12-31 23:59:59.999Z"]),
        ("select", false) => json!(["", "a", "B", "5", "x\"y"]),
        ("select", true) => json!([[], ["a"], ["a", "B"], ["5", "a", "x\"y"], ["B"]]),
        ("file", false) => json!(["", "a.png", "b_5.txt"]),
        ("file", true) => json!([[], ["a.png"], ["a.png", "b.txt"]]),
        ("relation", false) => json!(["", "u1", "u2", "gone"]),
        ("relation", true) => json!([[], ["u1"], ["u1", "gone"], ["u2", "u1"], ["gone"]]),
        ("json", _) => json!([
            null, 5, "5", "a", true, "", 2.5, 5.0, 1e20, ["a", 5], { "n": 5, "l": ["a"] },
            { "n": "5", "l": [true] }, { "n": null }, { "n": { "x": 1 }, "l": ["b", "c"] },
            { "n": 0.1, "0": "a" }, { "n": "\u{0}", "l": { "0": "a" } }, { "n": 9_007_199_254_740_993_i64 },
            { "n": "A" }, { "n": false }
        ]),
        ("password", _) => json!(["", "$argon2id$a"]),
        _ => json!([{ "lon": 0, "lat": 0 }, { "lon": 1.5, "lat": -2 }, { "lon": 5, "lat": 0.1 }]),
    });
    if nullable && !matches!(kind, "json" | "geoPoint" | "password" | "autodate") {
        values.push(Json::Null);
    }
    values
}

/// What rules may compare of a field.
fn readings(name: &str, kind: &str, multiple: bool) -> Vec<String> {
    let suffixes: &[&str] = match (kind, multiple) {
        ("text" | "editor" | "email" | "url" | "date" | "autodate", _) => &["", ":lower"],
        ("select" | "file", false) => &["", ":lower", ":length", ":each"],
        ("select" | "file", true) => &["", ":each", ":each", ":length", ":lower"],
        ("relation", false) => &["", ".id", ".name", ":each", ":length", ".friends.id"],
        ("relation", true) => &["", ".id", ".id", ".name", ":each", ":length", ".id:lower"],
        ("json", _) => &["", ".n", ".n", ".l", ".l.0", ".0", ".n:lower", ".n.x"],
        ("geoPoint", _) => &["", ".lon", ".lat"],
        _ => &[""],
    };
    suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect()
}

const OTHERS: [&str; 64] = [
    "''",
    "null",
    "'a'",
    "'A'",
    "'b'",
    "'5'",
    "5",
    "0",
    "1",
    "-1",
    "2.5",
    "0.1",
    "true",
    "false",
    "'%a'",
    "'a_'",
    "'\\\\'",
    "'a\\\\'",
    "'[\"a\"]'",
    "'é'",
    "'2026'",
    "'2026-03-04'",
    "'gone'",
    "'u1'",
    "'u2'",
    "' 5 '",
    "'1e3'",
    "'.'",
    "'5.0'",
    "'1999-12-31 23:59:59.999Z'",
    "@now",
    "@todayStart",
    "@yesterday",
    "@year",
    "@request.auth.id",
    "@request.auth.id",
    "@request.auth.name",
    "@request.auth.name:lower",
    "@request.auth.age",
    "@request.auth.tags",
    "@request.auth.tags:each",
    "@request.auth.tags:length",
    "@request.auth.friends",
    "@request.auth.friends:each",
    "@request.auth.friends.id",
    "@request.auth.friends.name",
    "@request.auth.meta.n",
    "@request.auth.meta.l",
    "@request.auth.meta",
    "@request.auth.collectionName",
    "@request.auth.verified",
    "@request.query.q",
    "@request.query.f0",
    "@request.query.q:isset",
    "@request.headers.h",
    "@request.context",
    "@request.method",
    "@request.body.f0",
    "@request.body.f0:each",
    "@request.body.f0:length",
    "@request.body.f0.id",
    "@request.body.f0:changed",
    "@request.body.f0:isset",
    "id",
];

/// Who asks, and with what.
fn request(schema: &Schema, who: usize, values: (&Json, &Json), body: &Json) -> RequestInfo {
    let (meta, q) = values;
    let name = q.as_str().unwrap_or("a");
    let account = |id: &str, tags: Json, friends: Json| {
        let values = json!({ "id": id, "name": name, "age": 5, "tags": tags, "friends": friends,
            "team": "t1", "meta": meta, "verified": true });
        as_record(record(schema, "users", values))
    };
    let request = match who {
        0 => guest(),
        1 => account("u1", json!(["a", "b"]), json!(["u2", "u1", "gone"])),
        2 => account("u2", json!([]), json!([])),
        _ => as_record(record(schema, "_superusers", json!({ "id": "u1" }))),
    };
    let texts = |key: &str| BTreeMap::from([(key.to_owned(), name.to_owned())]);
    let query = texts("q").into_iter().chain(texts("f0")).collect();
    with_body(RequestInfo { query, headers: texts("h"), ..request }, json!({ "f0": body }))
}

fn rule(terms: &Terms, operands: &[String]) -> String {
    let operand = |index: usize| match index % 2 {
        0 => operands[index / 2 % operands.len()].as_str(),
        _ => OTHERS[index / 2 % OTHERS.len()],
    };
    let mut text = String::new();
    for (index, (left, operator, right, any)) in terms.iter().enumerate() {
        let join = if *any { " || " } else { " && " };
        // The third and fourth are a group of their own.
        let open = if index == 2 { "(" } else { "" };
        let close = if index == 3 { ")" } else { "" };
        let operator = OPERATORS[operator % OPERATORS.len()];
        let join = if index == 0 { "" } else { join };
        text += &format!("{join}{open}{} {operator} {}{close}", operand(*left), operand(*right));
    }
    text + if terms.len() == 3 { ")" } else { "" }
}

/// Whether SQL finds `record`: by its values, and the stored row.
fn asked(
    world: &World,
    schema: &Schema,
    record: &Record,
    rule: &Rule,
    request: &RequestInfo,
) -> Result<[bool; 2], FilterError> {
    let (dialect, collection) = (world.dialect(), record.collection());
    let told = Query::told(dialect, schema, record, None, request).require(rule)?;
    let stored = Query::rows(dialect, schema, collection, request).require(rule)?;
    Ok([world.exists(&told)?, world.exists(&stored.by_id(record.id()))?])
}

fn accounts() -> [(&'static str, Json); 2] {
    ["u1", "u2"].map(|id| ("users", json!({ "id": id, "name": "a", "friends": ["u1", "gone"] })))
}

#[test]
fn memory_says_what_sql_says() {
    let world = World::new(&accounts());
    let (cases, decided, all) = (Cell::new(0), Cell::new(0_u32), Cell::new(0_u32));
    let fields = prop::collection::vec((0..TYPES.len(), any::<bool>(), any::<bool>()), 1..6);
    let index = || any::<usize>();
    let rows = prop::collection::vec(prop::collection::vec(index(), 6), 3);
    let terms = prop::collection::vec((index(), index(), index(), any::<bool>()), 1..5);
    let rules = prop::collection::vec(terms, 12);
    let caller = (0..4_usize, index(), index(), index());
    let config = Config {
        cases: 256,
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (fields, rows, rules, caller);
    let outcome = TestRunner::new(config).run(&strategy, |(fields, rows, rules, caller)| {
        cases.set(cases.get() + 1);
        let things = things(cases.get(), &fields, &world.schema);
        let known = world.schema.collections().iter().cloned().chain([Arc::clone(&things)]);
        let schema = Schema::new(1, known.collect());
        let pools: Vec<Vec<Json>> = fields
            .iter()
            .map(|(kind, nullable, multiple)| values(TYPES[*kind], *nullable, *multiple))
            .collect();
        let make = |(number, row): (usize, &Vec<usize>)| {
            let mut values = json!({ "id": format!("r{number}") });
            for (index, pool) in pools.iter().enumerate() {
                values[format!("f{index}")] = pool[row[index] % pool.len()].clone();
            }
            record(&schema, &things.name, values)
        };
        let records: Vec<Arc<Record>> = rows.iter().enumerate().map(make).collect();
        let (stored, table) = (records.clone(), Arc::clone(&things));
        world.write(move |tx| {
            ddl::create(tx, &table)?;
            stored.iter().try_for_each(|record| records::insert(tx, record))
        });
        let (who, meta, text, body) = caller;
        let (metas, texts) = (values("json", false, false), values("text", false, false));
        let (meta, text) = (&metas[meta % metas.len()], &texts[text % texts.len()]);
        let request = request(&schema, who, (meta, text), &pools[0][body % pools[0].len()]);
        let operands: Vec<String> = fields
            .iter()
            .enumerate()
            .flat_map(|(index, (kind, _, multiple))| {
                let multiple = *multiple && matches!(TYPES[*kind], "select" | "file" | "relation");
                readings(&format!("f{index}"), TYPES[*kind], multiple)
            })
            .collect();
        for terms in &rules {
            let text = rule(terms, &operands);
            let rule = Rule::new(text.as_str());
            for record in &records {
                let sql = asked(&world, &schema, record, &rule, &request);
                match evaluate(&rule, record, &schema, &request) {
                    Err(error) => prop_assert_eq!(sql, Err(FilterError::Rule(error)), "{}", text),
                    Ok(Some(holds)) => {
                        let values = record.values();
                        prop_assert_eq!(sql, Ok([holds; 2]), "{} of {:?}", text, values);
                        decided.set(decided.get() + 1);
                        all.set(all.get() + 1);
                    }
                    Ok(None) => all.set(all.get() + 1),
                }
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (decided, all) = (decided.get(), all.get());
    assert!(decided > all / 2, "only {decided} of {all} were decided in memory");
}

/// Rules as people write them: all are decided without a database, and as one decides them.
#[test]
fn usual_rules_need_no_database() {
    let posts = json!([
        { "id": "p1", "title": "Draft", "author": "u1", "kind": "x", "tags": ["a", "b"], "rank": 5,
            "done": true, "editors": ["u1", "u2"], "at": NOW, "meta": { "open": true } },
        { "id": "p2", "title": "Other", "author": "u2", "kind": "y", "tags": [], "rank": -2.5,
            "editors": ["gone"], "at": "", "meta": { "open": false }, "note": "n", "size": 1 },
        { "id": "p3", "title": "", "editors": [] },
    ]);
    let posts: Vec<(&str, Json)> =
        posts.as_array().expect("a list").iter().map(|post| ("posts", post.clone())).collect();
    let world = World::new(&accounts());
    world.insert(&posts);
    let rules = [
        "@request.auth.id != ''",
        "@request.auth.id != '' && author = @request.auth.id",
        "kind = 'x' || author = @request.auth.id",
        "tags ~ 'a'",
        "tags:each ?= 'b'",
        "tags:length > 1",
        "@request.auth.id != '' && editors.id ?= @request.auth.id",
        "editors ~ @request.auth.id && @request.auth.id != ''",
        "@request.auth.name = 'admin'",
        "@request.auth.tags:each ?= kind || done = true",
        "@request.auth.collectionName = 'users' && title != ''",
        "at > '2026-01-01' && at <= @now",
        "at = null || at < @todayStart",
        "rank >= 3 && rank < 10 && title ~ 'dra%'",
        "title:lower = 'draft' || note = 'n' || size = 2",
        "@request.query.token = 'abc' || @request.headers.x_key = title",
        "@request.context = 'realtime' || meta.open = true",
        "id = @request.auth.id || (author != '' && author != @request.auth.id)",
        // What stands beside it decides.
        "author = '' || (kind = 'nothing' && author.team.name = 'x')",
    ];
    let account = |id| record(&world.schema, "users", json!({ "id": id, "tags": ["x", "y"] }));
    let callers = [guest(), as_record(account("u1")), as_record(account("u2"))];
    for text in rules {
        let rule = Rule::new(text);
        let mut answers = Vec::new();
        for (_, values) in &posts {
            let post = record(&world.schema, "posts", values.clone());
            for request in &callers {
                let memory = evaluate(&rule, &post, &world.schema, request).expect("known names");
                let sql = asked(&world, &world.schema, &post, &rule, request).expect("an answer");
                assert_eq!(memory.map(|holds| [holds; 2]), Some(sql), "{text} of {values}");
                answers.push(memory == Some(true));
            }
        }
        let is_told_apart = answers.contains(&true) && answers.contains(&false);
        let is_constant =
            ["name = 'admin'", "'realtime' || meta"].iter().any(|it| text.contains(it));
        assert!(is_told_apart || is_constant, "{text} is the same for all");
    }
}
