//! Which rows rules find, case by case of contract A 3.9 to 3.13.

use serde_json::json;

use super::world::{World, as_record, guest, record, user, with_body};
use crate::domain::Json;
use crate::domain::rules::{RequestContext, RequestInfo, Rule};
use crate::store::filter::FilterError;

fn rows() -> Vec<(&'static str, Json)> {
    vec![
        ("teams", json!({ "id": "t1", "name": "red" })),
        ("users", json!({ "id": "u1", "name": "ann", "age": 30, "team": "t1", "friends": ["u2"] })),
        ("users", json!({ "id": "u2", "name": "bob" })),
        ("users", json!({ "id": "u3", "name": "ghost" })),
        ("profiles", json!({ "id": "i1", "user": "u1", "bio": "hi" })),
        (
            "posts",
            json!({ "id": "p1", "title": "Alpha", "rank": 1, "done": true,
            "at": "2026-01-02 03:04:05.006Z", "tags": ["a", "b"], "kind": "x", "author": "u1",
            "editors": ["u1", "u2"], "place": { "lon": 23.32, "lat": 42.69 },
            "meta": { "a": ["x", { "b": 5 }], "n": 5, "s": "5", "t": true, "z": null, "e": "" } }),
        ),
        ("posts", json!({ "id": "p2", "title": "beta", "rank": 2.5, "note": "", "size": 0 })),
        (
            "posts",
            json!({ "id": "p3", "title": "5", "rank": 5, "tags": ["a"], "kind": "y",
            "author": "u2", "editors": ["u3"], "meta": 5, "note": "n", "size": 7 }),
        ),
        (
            "posts",
            json!({ "id": "p4", "title": "50%_off\\", "rank": -1, "tags": ["b", "c"],
            "author": "gone", "editors": ["gone"], "meta": "text", "note": "5" }),
        ),
        ("comments", json!({ "id": "c1", "post": "p1", "author": "u1", "text": "x", "rank": 1 })),
        ("comments", json!({ "id": "c2", "post": "p1", "author": "u2", "text": "y", "rank": 5 })),
        (
            "comments",
            json!({ "id": "c3", "post": "p3", "author": "u2", "text": "x", "rank": 3,
            "about": ["p1", "p3"] }),
        ),
    ]
}

/// Each rule finds exactly these posts.
fn finds(request: &RequestInfo, cases: &[(&str, &str)]) {
    finds_in(&World::new(&rows()), request, cases);
}

fn finds_in(world: &World, request: &RequestInfo, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(rule, expected)| (rule, expected, world.posts(request, rule)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(rule, expected, found)| format!("{rule}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn operators_on_text() {
    finds(
        &guest(),
        &[
            ("title = 'Alpha'", "p1"),
            ("'Alpha' = title", "p1"),
            ("title = 'alpha'", ""),
            ("title:lower = 'alpha'", "p1"),
            ("title != 'Alpha'", "p2 p3 p4"),
            ("title > 'B'", "p2"),
            ("'B' < title", "p2"),
            ("title >= 'beta'", "p2"),
            ("title < 'Alpha'", "p3 p4"),
            ("title <= 'Alpha'", "p1 p3 p4"),
            ("title ~ 'ALP'", "p1"),
            ("title !~ 'a'", "p3 p4"),
            ("title = 5", "p3"),
            ("title = 5 || rank = 1", "p1 p3"),
            ("1 = 1", "p1 p2 p3 p4"),
            ("'a' = 'b'", ""),
            ("title = kind", ""),
            ("kind = note", "p2"),
            ("kind != note", "p1 p3 p4"),
        ],
    );
}

#[test]
fn operators_on_numbers_booleans_and_dates() {
    finds(
        &guest(),
        &[
            ("rank = 2.5", "p2"),
            ("rank = '2.5'", "p2"),
            ("rank = 'x'", ""),
            ("rank != 'x'", "p1 p2 p3 p4"),
            ("rank < 'x'", "p1 p2 p3 p4"),
            ("rank > 'x'", ""),
            ("rank > 1", "p2 p3"),
            ("rank > '1'", "p2 p3"),
            ("rank <= -1", "p4"),
            ("rank ~ 5", "p2 p3"),
            ("rank = title", ""),
            ("rank >= title", "p3"),
            ("done = true", "p1"),
            ("done = 1", "p1"),
            ("done = FALSE", "p2 p3 p4"),
            ("done != true", "p2 p3 p4"),
            ("done = ''", ""),
            ("done ~ 1", "p1"),
            ("at >= '2026-01-01' && at < '2026-01-03'", "p1"),
            ("at = ''", "p2 p3 p4"),
            ("at = '2026-01-02 03:04:05.006Z'", "p1"),
            ("rank = size", ""),
            ("rank < size", "p3"),
        ],
    );
}

#[test]
fn empty_and_null() {
    finds(
        &guest(),
        &[
            ("kind = null", "p2 p4"),
            ("kind = ''", "p2 p4"),
            ("kind != ''", "p1 p3"),
            ("note = null", "p1 p2"),
            ("note = ''", "p1 p2"),
            ("note != null", "p3 p4"),
            ("note = 'n'", "p3"),
            ("note != 'n'", "p1 p2 p4"),
            ("note !~ 'n'", "p2 p4"),
            ("note ~ ''", "p2 p3 p4"),
            ("note < 'z'", "p2 p3 p4"),
            ("size = null", "p1 p4"),
            ("size = 0", "p2"),
            ("size != 0", "p1 p3 p4"),
            ("size > null", ""),
            ("rank = null", ""),
            ("rank != ''", "p1 p2 p3 p4"),
            ("tags = ''", ""),
            ("tags != null", "p1 p2 p3 p4"),
            ("title ~ null", ""),
            ("title !~ null", ""),
            ("null = ''", "p1 p2 p3 p4"),
            ("@request.query.none = null", "p1 p2 p3 p4"),
            ("note = size", "p1"),
            ("note != size", "p2 p3 p4"),
        ],
    );
}

#[test]
fn patterns() {
    finds(
        &guest(),
        &[
            ("title ~ '50%'", "p4"),
            ("title ~ '5%'", "p3 p4"),
            (r"title ~ '0\\%'", "p4"),
            (r"title ~ '5\%'", ""),
            ("title ~ '%_off%'", "p4"),
            ("title ~ 'h_'", ""),
            ("title ~ 'lph%'", ""),
            (r"title ~ '\\'", "p4"),
            ("'see beta here' ~ title", "p2"),
            ("'5 Alpha' ~ title", "p1 p3"),
            ("title ~ kind", "p2 p4"),
            ("tags ~ '\"a\"'", "p1 p3"),
            ("meta ~ 'ex'", "p4"),
        ],
    );
}

#[test]
fn json_compares_strictly() {
    finds(
        &guest(),
        &[
            ("meta.n = 5", "p1"),
            ("meta.n = '5'", ""),
            ("meta.n != '5'", "p1 p2 p3 p4"),
            ("meta.s = '5'", "p1"),
            ("meta.s = 5", ""),
            ("meta.t = true", "p1"),
            ("meta.t = 1", "p1"),
            ("meta.z = null", "p1 p2 p3 p4"),
            ("meta.e = null", "p2 p3 p4"),
            ("meta.e = ''", "p1"),
            ("meta.e != ''", "p2 p3 p4"),
            ("meta.a.0 = 'x'", "p1"),
            ("meta.a.1.b > 4", "p1"),
            ("meta.a.1 = '{\"b\":5}'", "p1"),
            ("meta.a:lower ~ 'x'", "p1"),
            ("meta = 5", "p3"),
            ("meta = title", "p3"),
            ("meta != title", "p1 p2 p4"),
            ("meta = rank", "p3"),
            ("meta.s = rank", ""),
            ("meta.n > meta.s", ""),
            ("meta.n < meta.s", "p1"),
            ("meta = null", "p2"),
            ("meta = 'text'", "p4"),
            ("place.lon = 23.32", "p1"),
            ("place = '{\"lon\":0,\"lat\":0}'", "p2 p3 p4"),
        ],
    );
}

#[test]
fn lists() {
    finds(
        &guest(),
        &[
            ("tags = '[\"a\"]'", "p3"),
            ("tags ?= 'a'", ""),
            ("tags:each ?= 'a'", "p1 p3"),
            ("tags:each = 'a'", "p3"),
            ("tags:each != 'a'", "p2 p4"),
            ("tags:each ?!= 'a'", "p1 p2 p4"),
            ("tags:length = 0", "p2"),
            ("tags:length > 1", "p1 p4"),
            ("kind:length = 1", "p1 p3"),
            ("kind:each = 'x'", "p1"),
            ("editors.id ?= 'u1'", "p1"),
            ("editors:each ?= 'gone'", "p4"),
            ("editors.id ?= 'gone'", ""),
            ("editors.name = 'ghost'", "p3"),
            ("editors.name != 'ghost'", "p1 p2 p4"),
            ("editors.name = ''", "p2 p4"),
            ("editors.name ?= 'ann' && editors.name ?= 'bob'", ""),
            ("editors.name ?= 'ann' || editors.name ?= 'ghost'", "p1 p3"),
            ("editors.name ?~ 'n' && editors.age ?> 10", "p1"),
            ("tags:each ~ tags:each", "p3"),
        ],
    );
}

#[test]
fn relations() {
    finds(
        &guest(),
        &[
            ("author.name = 'ann'", "p1"),
            ("author.name != 'ann'", "p2 p3 p4"),
            ("author.name = ''", "p2 p4"),
            ("author.id = 'gone'", "p4"),
            ("author.team.name = 'red'", "p1"),
            ("author.age = 30", "p1"),
            ("author.age != 30", "p2 p3 p4"),
            ("author.age = 0", "p3"),
            ("author.friends.name ?= 'bob'", "p1"),
            ("author.profiles_via_user.bio = 'hi'", "p1"),
            ("author.profiles_via_user.bio != 'hi'", "p2 p3 p4"),
            ("author.name = author.profiles_via_user.spot", "p2 p4"),
            ("author.name != author.profiles_via_user.spot", "p1 p3"),
            ("author.profiles_via_user.spot = ''", "p2 p3 p4"),
            ("author.profiles_via_user.spot != ''", "p1"),
            ("kind = author.profiles_via_user.spot", "p2 p4"),
            ("kind = author.posts_via_author.place", "p2 p4"),
            ("kind != author.posts_via_author.place", "p1 p3"),
            ("kind ?= author.posts_via_author.place", "p2 p4"),
            ("comments_via_post.text ?= 'x'", "p1 p3"),
            ("comments_via_post.text = 'x'", "p3"),
            ("comments_via_post.text != 'x'", "p2 p4"),
            ("comments_via_post.text ?!= 'x'", "p1 p2 p4"),
            ("comments_via_post.text = ''", "p2 p4"),
            ("comments_via_post.rank > 0", "p1 p3"),
            ("comments_via_post.rank > 1", "p3"),
            ("comments_via_about.text ?= 'x'", "p1 p3"),
            ("comments_via_post.author.name ?= 'bob'", "p1 p3"),
            ("comments_via_post.author.name = 'bob'", "p3"),
            ("comments_via_post.author.name = author.name", "p2 p3 p4"),
            ("Comments_via_post.rank ?= 5", "p1"),
        ],
    );
}

#[test]
fn one_path_is_one_row_and_aliases_are_several() {
    finds(
        &guest(),
        &[
            ("comments_via_post.text ?= 'x' && comments_via_post.rank ?= 5", ""),
            ("comments_via_post.text ?= 'y' && comments_via_post.rank ?= 5", "p1"),
            ("comments_via_post.author.name ?= 'bob' && comments_via_post.text ?= 'x'", "p3"),
            ("comments_via_post.text ?= 'x' && (rank = 5 || comments_via_post.rank ?= 5)", "p3"),
            ("@collection.comments.text ?= 'x' && @collection.comments.post ?= id", "p1 p3"),
            ("@collection.comments.text ?= 'y' && @collection.comments.rank ?= 3", ""),
            (
                "@collection.comments:a.text ?= 'y' && @collection.comments:b.rank ?= 3",
                "p1 p2 p3 p4",
            ),
            ("@collection.comments.text = 'x'", ""),
            ("@collection.comments.rank > 0", "p1 p2 p3 p4"),
            ("@collection.comments.post ?= id", "p1 p3"),
            ("@collection.comments.post = id", ""),
            ("@collection.teams.name = 'red' && rank > 2", "p2 p3"),
            ("@collection.comments.text ?= 'x' && @collection.comments.text = 'x'", ""),
        ],
    );
}

#[test]
fn a_collection_without_rows_gives_nulls() {
    finds(
        &guest(),
        &[
            ("@collection.locked.x = ''", "p1 p2 p3 p4"),
            ("@collection.locked.x != 'x'", "p1 p2 p3 p4"),
            ("@collection.locked.x ?= 'x'", ""),
            ("@collection.locked.x > 'x' || rank = 1", "p1"),
        ],
    );
}

#[test]
fn callers() {
    finds(
        &guest(),
        &[
            ("@request.auth.id = ''", "p1 p2 p3 p4"),
            ("@request.auth.id != ''", ""),
            ("author = @request.auth.id", "p2"),
            ("@request.auth.team.name = 'red'", ""),
            ("@request.auth.nope.really = null", "p1 p2 p3 p4"),
            ("@request.context = 'default' && @request.method = 'GET'", "p1 p2 p3 p4"),
        ],
    );
    let world = World::new(&rows());
    finds_in(
        &world,
        &user(&world.schema, "u1"),
        &[
            ("author = @request.auth.id", "p1"),
            ("author != @request.auth.id", "p2 p3 p4"),
            ("@request.auth.collectionName = 'users'", "p1 p2 p3 p4"),
            ("@request.auth.team.name = 'red' && rank = 1", "p1"),
            ("@request.auth.comments_via_author.post ?= id", "p1"),
            ("@request.auth.comments_via_author.post = id", "p1"),
            ("@request.auth.profiles_via_user.bio = 'hi'", "p1 p2 p3 p4"),
            ("@request.auth.nope = null && @request.auth.verified = false", "p1 p2 p3 p4"),
            ("@request.auth.name ~ 'U1'", "p1 p2 p3 p4"),
            ("@request.auth.name:lower = 'u1'", "p1 p2 p3 p4"),
        ],
    );
    let full = record(
        &world.schema,
        "users",
        json!({
            "id": "u1", "friends": ["u1", "u2"], "tags": ["a", "b"], "age": 5, "meta": { "n": 5 },
        }),
    );
    finds_in(
        &world,
        &as_record(full),
        &[
            ("@request.auth.friends.name ?= 'bob' && rank = 1", "p1"),
            ("@request.auth.friends.name = 'bob'", ""),
            ("@request.auth.friends.id ?= author", "p1 p3"),
            ("@request.auth.tags:each ?= 'b' && rank = 1", "p1"),
            ("@request.auth.tags:each = 'b'", ""),
            ("@request.auth.tags:length = 2 && rank = 1", "p1"),
            ("@request.auth.age = rank", "p3"),
            ("@request.auth.meta.n = rank", "p3"),
            ("@request.auth.meta.n = title", "p3"),
            ("@request.auth.meta.n = '5'", ""),
            ("@request.auth.meta.none = title", ""),
            ("@request.auth.meta.none != title", "p1 p2 p3 p4"),
        ],
    );
}

#[test]
fn requests() {
    let world = World::new(&rows());
    let body = json!({ "title": "Alpha", "rank": 5, "tags": ["a", "c"], "author": "u1",
        "editors": ["u1", "u3"], "meta": { "k": [1, 2] }, "extra": null, "kind": "" });
    let mut request = with_body(user(&world.schema, "u1"), body);
    request.query.insert("q".into(), "5".into());
    request.query.insert("rank".into(), "5".into());
    request.headers.insert("x_token".into(), "abc".into());
    request.context = RequestContext::Batch;
    finds_in(
        &world,
        &request,
        &[
            ("@request.query.q = title", "p3"),
            ("@request.query.q = 5", ""),
            ("@request.query.rank = 5 && rank = 1", "p1"),
            ("@request.query.q:isset = true && @request.query.r:isset = false && rank = 1", "p1"),
            ("@request.headers.x_token = 'abc' && rank = 1", "p1"),
            ("@request.context = 'batch' && rank = 1", "p1"),
            (
                "@request.body.extra:isset = true && @request.body.none:isset = false && rank = 1",
                "p1",
            ),
            ("@request.body.title:changed = false", "p1"),
            ("@request.body.title:changed = true", "p2 p3 p4"),
            ("@request.body.title:changed != true", "p1"),
            ("@request.body.title:changed != done", "p1 p2 p3 p4"),
            ("@request.body.rank:changed = false", "p3"),
            ("@request.body.kind:changed = false", "p2 p4"),
            (
                "@request.body.meta:changed = true && @request.body.note:changed = false",
                "p1 p2 p3 p4",
            ),
            ("@request.body.tags = '[\"a\",\"c\"]' && rank = 1", "p1"),
            ("@request.body.tags:length = 2 && rank = 1", "p1"),
            ("@request.body.tags:each ?= 'c' && rank = 1", "p1"),
            ("@request.body.tags:each = 'c'", ""),
            ("@request.body.meta.k.1 = 2 && rank = 1", "p1"),
            ("@request.body.meta.k = '[1,2]' && rank = 1", "p1"),
            ("@request.body.author.name = 'ann' && rank = 1", "p1"),
            ("@request.body.author.id = author", "p1"),
            ("@request.body.author.team.name = 'red' && rank = 1", "p1"),
            ("@request.body.editors.name ?= 'ghost' && rank = 1", "p1"),
            ("@request.body.editors.name = 'ghost'", ""),
            ("@request.body.title:lower = 'alpha' && rank = 1", "p1"),
        ],
    );
    request.query.insert("long".into(), "x".repeat(60_000));
    finds_in(
        &world,
        &request,
        &[("title ~ @request.query.long", ""), ("title !~ @request.query.long", "p1 p2 p3 p4")],
    );
    let long = json!({ "id": "p5", "title": "x".repeat(60_000), "rank": 77 });
    world.insert(&[("posts", long)]);
    for (filter, found) in [
        ("rank = 77 && title ~ title", ""),
        ("rank = 77 && title !~ title", "p5"),
        ("rank = 77 && 'x' ~ title", ""),
    ] {
        assert_eq!(world.posts(&request, filter), found, "{filter}");
    }
    let query = world.query("posts", &request).require(&Rule::new("@request.body.note:length = 0"));
    assert!(matches!(query, Err(FilterError::Rule(_))));
}

#[test]
fn what_was_not_submitted_is_among_nothing() {
    let world = World::new(&rows());
    let request = with_body(guest(), json!({ "kind": "", "editors": [] }));
    let mut cases = Vec::new();
    for field in ["tags", "editors", "kind", "author"] {
        for empty in ["''", "null", "@request.auth.id", "draft", "'x'"] {
            let each = format!("@request.body.{field}:each");
            cases.push((format!("{each} = {empty}"), ""));
            cases.push((format!("{each} ?= {empty}"), ""));
            cases.push((format!("{empty} ?= {each}"), ""));
            cases.push((format!("{each} ?!= {empty}"), "p1 p2 p3 p4"));
        }
    }
    // Null is not unequal to null, and inside JSON it is a value of its own.
    cases.push(("@request.body.tags:each ?= tags:each".into(), ""));
    cases.push(("@request.body.tags:each ?!= tags:each".into(), "p1 p3 p4"));
    cases.push(("@request.body.tags:each ?= meta".into(), "p2"));
    cases.push(("@request.body.tags:each ?!= meta".into(), "p1 p3 p4"));
    cases.push(("@request.body.kind:each != ''".into(), "p1 p2 p3 p4"));
    cases.push(("@request.body.tags:each != ''".into(), ""));
    cases.push(("@request.body.tags:each != 'x'".into(), "p1 p2 p3 p4"));
    let cases: Vec<_> = cases.iter().map(|(rule, found)| (rule.as_str(), *found)).collect();
    finds_in(&world, &request, &cases);
}

#[test]
fn macros_and_functions() {
    finds(
        &guest(),
        &[
            ("@now = '2026-03-04 05:06:07.008Z' && rank = 1", "p1"),
            ("@yesterday = '2026-03-03 05:06:07.008Z' && rank = 1", "p1"),
            ("@todayStart = '2026-03-04 00:00:00.000Z' && rank = 1", "p1"),
            ("@monthEnd = '2026-03-31 23:59:59.999Z' && rank = 1", "p1"),
            ("@yearEnd = '2026-12-31 23:59:59.999Z' && @year = 2026 && rank = 1", "p1"),
            ("@month = 3 && @weekday = 3 && @day = 4 && @hour = 5 && rank = 1", "p1"),
            ("at < @now && at > @yearStart", "p1"),
            ("geoDistance(place.lon, place.lat, 23.32, 42.69) < 1", "p1"),
            ("geoDistance(place.lon, place.lat, 23.32, 42.69) = 0", "p1"),
            ("geoDistance(place.lon, place.lat, 23.32, 42.69) = '0'", ""),
            ("geoDistance(place.lon, place.lat, 23.32, 42.69) < '1'", "p1 p2 p3 p4"),
            ("geoDistance(place.lon, place.lat, 23.32, 42.69) > '1'", ""),
            ("geoDistance(0, 0, place.lon, place.lat) < 1", "p2 p3 p4"),
            ("geoDistance(0, 0, place.lon, place.lat) < at", ""),
            ("geoDistance(0, 0, place.lon, place.lat) > at", "p1 p2 p3 p4"),
            ("geoDistance(meta.s, place.lat, 0, 0) = null", "p1 p2 p3 p4"),
            ("geoDistance(title, 0, 0, 0) > 0", ""),
            ("strftime('%Y-%m', at) = '2026-01'", "p1"),
            ("strftime('%Y', at) = ''", "p2 p3 p4"),
            ("strftime('%Y', at) = null", "p2 p3 p4"),
            ("strftime('%Y-%m-%d', at, '+1 day') = '2026-01-03'", "p1"),
            ("strftime('%Y', 'now') = '2026' && strftime('%m') = '03' && rank = 1", "p1"),
            ("strftime('%Y', comments_via_post.text) = ''", "p1 p2 p3 p4"),
            ("strftime('%Y', 0, 'unixepoch') = '1970' && rank = 1", "p1"),
        ],
    );
}

#[test]
fn create_rules_see_the_would_be_row() {
    let world = World::new(&rows());
    let request = with_body(user(&world.schema, "u1"), json!({ "title": "x", "rank": "kept" }));
    let post = || {
        json!({ "title": "x", "rank": 5, "author": "u1", "editors": ["u1", "u2"],
        "tags": ["a", "b"], "meta": { "n": 5 }, "done": true })
    };
    for (rule, expected) in [
        ("title = 'x' && rank = '5' && done = true", true),
        ("rank = title", false),
        ("rank !~ '.' && '5' ~ rank && rank ~ '5%'", true),
        ("author = @request.auth.id && author.name = 'ann'", true),
        ("author.comments_via_author.text ?= 'x'", true),
        ("editors.name ?= 'bob'", true),
        ("editors.name = 'bob'", false),
        ("tags:each ?= 'a' && tags:length = 2", true),
        ("meta.n = 5 && meta.n != '5'", true),
        ("id != '' && note = null && kind = ''", true),
        ("@request.body.title:changed = false && @request.body.title:isset = true", true),
        ("@request.body.title:changed = true", false),
        ("@collection.comments.author ?= author && @collection.comments.text ?= 'x'", true),
        ("@request.auth.id != ''", true),
        ("at = '' && place.lon = 0", true),
    ] {
        assert_eq!(world.may_create(&request, rule, post()), Ok(expected), "{rule}");
    }
    let refused = world.may_create(&request, "comments_via_post.text = ''", post());
    assert!(matches!(refused, Err(FilterError::Rule(_))));
}

#[test]
fn a_new_account_is_not_verified() {
    let world = World::new(&[]);
    let request = guest();
    let account = record(&world.schema, "users", json!({ "id": "u9", "verified": true }));
    let query =
        crate::store::filter::Query::would_be(world.dialect(), &world.schema, &account, &request);
    let query = query.require(&Rule::new("verified = true")).expect("a rule");
    assert_eq!(world.exists(&query), Ok(false));
}

#[test]
fn sql_in_every_text_position_stays_text() {
    let world = World::new(&rows());
    let texts = [
        "'; DROP TABLE posts; --",
        "\" OR 1=1 --",
        "') OR ('1'='1",
        "x' UNION SELECT * FROM users --",
        "\\'; DELETE FROM posts; --",
        "$1",
        "\u{0}",
        "%",
        "{a,b}",
    ];
    for text in texts {
        let literal = text.replace('\\', "\\\\").replace('\'', "\\'");
        let mut request = with_body(
            user(&world.schema, text),
            json!({
                "title": text, "author": text, "editors": [text], "tags": [text], "meta": { "k": text },
            }),
        );
        request.query.insert("q".into(), text.into());
        request.headers.insert("h".into(), text.into());
        for rule in [
            format!("title = '{literal}'"),
            format!("title ?= '{literal}' || tags:each ?= '{literal}'"),
            format!("meta.a = '{literal}'"),
            format!("strftime('{literal}', at, '{literal}') = '{literal}' && rank > 100"),
            format!("strftime('%Y', '{literal}') = 'x'"),
            "title = @request.query.q || title = @request.headers.h".into(),
            "title = @request.auth.id || title = @request.body.title".into(),
            "title = @request.body.author.name && rank > 100".into(),
            "title = @request.body.editors.name && rank > 100".into(),
            "title = @request.body.tags:each".into(),
            "title = @request.body.meta.k".into(),
        ] {
            assert_eq!(world.posts(&request, &rule), "", "{rule}");
        }
        let name = text.replace(['\'', '"', ' '], "");
        for place in [text, &name] {
            for filter in [
                format!("{place} = 1"),
                format!("meta.{place} = 1"),
                format!("meta.a:{place} = 1"),
                format!("{place}(1) = 1"),
                format!("title {place} 1"),
            ] {
                let found = world.filtered(&request, &filter, "");
                assert!(matches!(found, Err(FilterError::Invalid(_))), "{filter}: {found:?}");
            }
            for sort in [place.to_owned(), format!("-meta.{place}"), format!("title {place}")] {
                let found = world.filtered(&request, "", &sort);
                assert!(matches!(found, Err(FilterError::Invalid(_))), "{sort}: {found:?}");
            }
        }
        let none = world.query("posts", &request).by_id(text);
        assert!(world.ids(&none).is_empty());
    }
    assert_eq!(world.posts(&guest(), ""), "p1 p2 p3 p4");
}
