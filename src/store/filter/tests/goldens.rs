//! The SQL that filters become, in both dialects.

use insta::assert_snapshot;
use serde_json::json;

use super::world::{as_record, guest, record, schema, superuser, user, with_body};
use crate::domain::rules::{RequestInfo, Rule};
use crate::store::filter::{Exists, FilterError, Query};
use crate::store::{Dialect, Statement};

fn shown(statement: &Statement) -> String {
    let sql = &statement.sql;
    // The list of columns says nothing of filters.
    let start = sql.find(" FROM ").expect("a table");
    format!("{}\n{:?}", &sql[start + 1..], statement.params)
}

fn asked(query: &Query<'_>) -> Statement {
    match query.exists().expect("a statement") {
        Exists::Ask(statement) => statement,
        Exists::Known(known) => panic!("known to be {known}"),
    }
}

fn rule_in(dialect: Dialect, request: &RequestInfo, rule: &str) -> String {
    let schema = schema();
    let posts = schema.by_name("posts").expect("a collection");
    let query = Query::rows(dialect, &schema, posts, request).require(&Rule::new(rule));
    shown(&query.and_then(|query| query.count()).expect("a statement"))
}

fn rule(rule: &str) -> String {
    let request = user(&schema(), "u1");
    rule_in(Dialect::Sqlite, &request, rule)
}

fn postgres(rule: &str) -> String {
    let request = user(&schema(), "u1");
    rule_in(Dialect::Postgres, &request, rule)
}

fn client(filter: &str, sort: &str) -> Result<String, FilterError> {
    let (schema, request) = (schema(), guest());
    let posts = schema.by_name("posts").expect("a collection");
    let query = Query::rows(Dialect::Sqlite, &schema, posts, &request);
    Ok(shown(&query.filter(filter)?.sort(sort)?.page(30, 0)?))
}

#[test]
fn plain_comparisons_stay_plain() {
    assert_snapshot!(rule("author = @request.auth.id"), @r#"
        FROM "posts" WHERE "posts"."author" = $1
        [Text("u1")]
        "#);
    assert_snapshot!(rule("title != '' && rank >= 5 || done = true"), @r#"
        FROM "posts" WHERE ("posts"."title" <> '' AND "posts"."rank" >= $1 OR "posts"."done" = $2)
        [Real(5.0), Bool(true)]
        "#);
    assert_snapshot!(rule("title = 5 && note != 'x' && size = null"), @r#"
        FROM "posts" WHERE "posts"."title" = $1 AND "posts"."note" IS DISTINCT FROM $2 AND "posts"."size" IS NULL
        [Text("5"), Text("x")]
        "#);
    assert_snapshot!(rule("title ~ 'ab' && rank !~ 5"), @r#"
        FROM "posts" WHERE "posts"."title" LIKE $1 ESCAPE '\' AND "posts"."rank" NOT LIKE $2 ESCAPE '\'
        [Text("%ab%"), Text("%5%")]
        "#);
    assert_snapshot!(rule("title = kind && title = note && rank = size && rank = title"), @r#"
        FROM "posts" WHERE FALSE
        []
        "#);
    assert_snapshot!(rule("meta.a.0 = 'x' && meta != null && place.lon < 5"), @r#"
        FROM "posts" WHERE CASE WHEN json_valid("posts"."meta") THEN json_extract("posts"."meta", '$."a"[0]') END IS NOT DISTINCT FROM $1 AND CASE WHEN json_valid("posts"."meta") THEN json_extract("posts"."meta", '$') ELSE "posts"."meta" END IS NOT NULL AND CASE WHEN json_valid("posts"."place") THEN json_extract("posts"."place", '$."lon"') END < $2
        [Text("x"), Real(5.0)]
        "#);
    assert_snapshot!(rule("tags:length > 1 && kind:length = 1 && title:lower = 'a'"), @r#"
        FROM "posts" WHERE CAST(json_array_length(CASE WHEN json_valid("posts"."tags") THEN "posts"."tags" ELSE '[]' END) AS INTEGER) > $1 AND CAST(CASE WHEN "posts"."kind" <> '' THEN 1 ELSE 0 END AS INTEGER) = $2 AND lower("posts"."title") = $3
        [Real(1.0), Real(1.0), Text("a")]
        "#);
}

#[test]
fn what_is_known_is_decided_before() {
    assert_snapshot!(rule("@request.auth.id != ''"), @r#"
        FROM "posts"
        []
        "#);
    assert_snapshot!(rule("@request.auth.id = '' || author = @request.auth.id"), @r#"
        FROM "posts" WHERE "posts"."author" = $1
        [Text("u1")]
        "#);
    assert_snapshot!(rule("@request.auth.id = '' && title = 'x'"), @r#"
        FROM "posts" WHERE FALSE
        []
        "#);
}

#[test]
fn single_relations_are_joined_once() {
    assert_snapshot!(rule("author.name = 'a' && author.team.name ?= 'b'"), @r#"
        FROM "posts" JOIN "users" AS "@1" ON "@1"."id" = "posts"."author" JOIN "teams" AS "@2" ON "@2"."id" = "@1"."team" WHERE "@1"."name" = $1 AND "@2"."name" = $2
        [Text("a"), Text("b")]
        "#);
    assert_snapshot!(rule("author.name = '' || author.id = 'x'"), @r#"
        FROM "posts" LEFT JOIN "users" AS "@1" ON "@1"."id" = "posts"."author" WHERE (("@1"."name" IS NULL OR "@1"."name" = '') OR "posts"."author" = $1)
        [Text("x")]
        "#);
    assert_snapshot!(rule("author.profiles_via_user.bio = 'x'"), @r#"
        FROM "posts" JOIN "users" AS "@1" ON "@1"."id" = "posts"."author" JOIN "profiles" AS "@2" ON "@2"."user" = "@1"."id" WHERE "@2"."bio" = $1
        [Text("x")]
        "#);
}

#[test]
fn multiple_relations_are_sub_queries() {
    assert_snapshot!(rule("comments_via_post.text ?= 'x' && comments_via_post.rank ?> 1"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM "comments" AS "@1" WHERE "@1"."post" = "posts"."id" AND "@1"."text" = $1 AND "@1"."rank" > $2)
        [Text("x"), Real(1.0)]
        "#);
    assert_snapshot!(rule("comments_via_post.text ?= 'x' || comments_via_about.rank ?> 1"), @r#"
        FROM "posts" WHERE (EXISTS (SELECT 1 FROM "comments" AS "@1" WHERE "@1"."post" = "posts"."id" AND "@1"."text" = $1) OR EXISTS (SELECT 1 FROM "comments" AS "@2" WHERE (instr("@2"."about", "posts"."id") > 0 AND EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid("@2"."about") THEN "@2"."about" ELSE '[]' END) WHERE "value" = "posts"."id")) AND "@2"."rank" > $2))
        [Text("x"), Real(1.0)]
        "#);
    assert_snapshot!(rule("comments_via_post.text = 'x'"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM "comments" AS "@1" WHERE "@1"."post" = "posts"."id" AND "@1"."text" = $1) AND NOT EXISTS (SELECT 1 FROM "comments" AS "@2" WHERE "@2"."post" = "posts"."id" AND NOT ("@2"."text" = $2))
        [Text("x"), Text("x")]
        "#);
    assert_snapshot!(rule("tags:each = 'a' && editors.name ?!= 'x'"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid("posts"."tags") THEN "posts"."tags" ELSE '[]' END) AS "@1" WHERE "@1"."value" = $1) AND NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid("posts"."tags") THEN "posts"."tags" ELSE '[]' END) AS "@2" WHERE NOT ("@2"."value" = $2)) AND EXISTS (SELECT 1 FROM (SELECT 1) AS "@0" LEFT JOIN json_each(CASE WHEN json_valid("posts"."editors") THEN "posts"."editors" ELSE '[]' END) AS "@3" ON TRUE LEFT JOIN "users" AS "@4" ON "@4"."id" = "@3"."value" WHERE "@4"."name" IS DISTINCT FROM $3)
        [Text("a"), Text("a"), Text("x")]
        "#);
    assert_snapshot!(rule("editors.name = tags:each"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM (SELECT 1) AS "@0" LEFT JOIN json_each(CASE WHEN json_valid("posts"."editors") THEN "posts"."editors" ELSE '[]' END) AS "@1" ON TRUE LEFT JOIN "users" AS "@2" ON "@2"."id" = "@1"."value" LEFT JOIN json_each(CASE WHEN json_valid("posts"."tags") THEN "posts"."tags" ELSE '[]' END) AS "@3" ON TRUE WHERE COALESCE("@2"."name", '') = COALESCE("@3"."value", '')) AND NOT EXISTS (SELECT 1 FROM (SELECT 1) AS "@0" LEFT JOIN json_each(CASE WHEN json_valid("posts"."editors") THEN "posts"."editors" ELSE '[]' END) AS "@4" ON TRUE LEFT JOIN "users" AS "@5" ON "@5"."id" = "@4"."value" LEFT JOIN json_each(CASE WHEN json_valid("posts"."tags") THEN "posts"."tags" ELSE '[]' END) AS "@6" ON TRUE WHERE NOT (COALESCE("@5"."name", '') = COALESCE("@6"."value", '')))
        []
        "#);
}

#[test]
fn a_membership_rule_can_use_its_index() {
    assert_snapshot!(
        rule(
            "@request.auth.id != '' && author = @request.auth.id && \
             @collection.comments.author ?= @request.auth.id && @collection.comments.post ?= id"
        ),
        @r#"
        FROM "posts" WHERE "posts"."author" = $1 AND EXISTS (SELECT 1 FROM "comments" AS "@1" WHERE "@1"."author" = $2 AND "@1"."post" = "posts"."id")
        [Text("u1"), Text("u1")]
        "#
    );
    assert_snapshot!(rule("@collection.comments:a.text ?= @collection.comments:b.text"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM (SELECT 1) AS "@0" LEFT JOIN "comments" AS "@1" ON TRUE LEFT JOIN "comments" AS "@2" ON TRUE WHERE COALESCE("@1"."text", '') = COALESCE("@2"."text", ''))
        []
        "#);
}

#[test]
fn requests_start_paths_too() {
    let schema = schema();
    let caller = as_record(record(
        &schema,
        "users",
        json!({
            "id": "u1", "team": "t1", "friends": ["u2", "u3"], "tags": ["a"], "meta": { "a": 5 },
        }),
    ));
    let request = with_body(caller, json!({ "author": "u2", "editors": ["u3"], "title": "new" }));
    let rule = |rule: &str| rule_in(Dialect::Sqlite, &request, rule);
    assert_snapshot!(rule("@request.auth.team.name = title"), @r#"
        FROM "posts" LEFT JOIN "teams" AS "@1" ON "@1"."id" = $1 WHERE COALESCE("@1"."name", '') = "posts"."title"
        [Text("t1")]
        "#);
    assert_snapshot!(rule("@request.auth.friends.name ?= title"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM (SELECT 1) AS "@0" LEFT JOIN json_each($1) AS "@1" ON TRUE LEFT JOIN "users" AS "@2" ON "@2"."id" = "@1"."value" WHERE COALESCE("@2"."name", '') = "posts"."title")
        [Json(Array [String("u2"), String("u3")])]
        "#);
    assert_snapshot!(rule("@request.auth.comments_via_author.post ?= id"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM "comments" AS "@1" WHERE "@1"."author" = $1 AND "@1"."post" = "posts"."id")
        [Text("u1")]
        "#);
    assert_snapshot!(rule("@request.auth.meta.a = rank"), @r#"
        FROM "posts" WHERE "posts"."rank" IS NOT DISTINCT FROM $1
        [Real(5.0)]
        "#);
    assert_snapshot!(rule("@request.body.author.name = title && @request.body.editors:each ?= title"), @r#"
        FROM "posts" LEFT JOIN "users" AS "@1" ON "@1"."id" = $1 WHERE COALESCE("@1"."name", '') = "posts"."title" AND EXISTS (SELECT 1 FROM (SELECT 1) AS "@0" LEFT JOIN json_each($2) AS "@2" ON TRUE WHERE COALESCE("@2"."value", '') = "posts"."title")
        [Text("u2"), Json(Array [String("u3")])]
        "#);
    assert_snapshot!(rule("@request.body.title:changed = false && @request.body.rank:isset = false"), @r#"
        FROM "posts" WHERE NOT ("posts"."title" <> $1)
        [Text("new")]
        "#);
}

#[test]
fn functions() {
    assert_snapshot!(rule("geoDistance(place.lon, place.lat, 23.32, 42) < 25"), @r#"
        FROM "posts" WHERE geo_distance(CASE WHEN json_valid("posts"."place") THEN json_extract("posts"."place", '$."lon"') END, CASE WHEN json_valid("posts"."place") THEN json_extract("posts"."place", '$."lat"') END, $1, $2) < $3
        [Real(23.32), Real(42.0), Real(25.0)]
        "#);
    assert_snapshot!(rule("strftime('%Y', at) = '2026' && strftime('%Y', 'now', '+1 day') = title"), @r#"
        FROM "posts" WHERE strftime($1, "posts"."at") = $2 AND COALESCE(strftime($3, $4, $5), '') = "posts"."title"
        [Text("%Y"), Text("2026"), Text("%Y"), Text("2026-03-04 05:06:07.008Z"), Text("+1 day")]
        "#);
    assert_snapshot!(postgres("geoDistance(place.lon, place.lat, 23.32, 42) < 25"), @r#"
        FROM "posts" WHERE geo_distance(CASE jsonb_typeof(ferrobase_json(ferrobase_document("posts"."place") -> 'lon')) WHEN 'number' THEN (ferrobase_json(ferrobase_document("posts"."place") -> 'lon'))::float8 END, CASE jsonb_typeof(ferrobase_json(ferrobase_document("posts"."place") -> 'lat')) WHEN 'number' THEN (ferrobase_json(ferrobase_document("posts"."place") -> 'lat'))::float8 END, $1, $2) < $3
        [Real(23.32), Real(42.0), Real(25.0)]
        "#);
}

#[test]
fn would_be_rows_are_made_of_parameters() {
    let (schema, request) = (schema(), user(&schema(), "u1"));
    let post = record(&schema, "posts", json!({ "title": "x", "author": "u1", "tags": ["a"] }));
    let query = Query::would_be(Dialect::Sqlite, &schema, &post, &request);
    let rule = Rule::new("author = @request.auth.id && author.name != '' && tags:each ?= 'a'");
    let query = query.require(&rule).expect("a rule");
    assert_snapshot!(shown(&asked(&query)), @r#"
        FROM (SELECT CAST($1 AS TEXT) AS "author", $2 AS "tags") AS "posts" JOIN "users" AS "@1" ON "@1"."id" = "posts"."author" WHERE "posts"."author" = $3 AND "@1"."name" <> '' AND EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid("posts"."tags") THEN "posts"."tags" ELSE '[]' END) AS "@2" WHERE "@2"."value" = $4))
        [Text("u1"), Json(Array [String("a")]), Text("u1"), Text("a")]
        "#);
}

#[test]
fn clients_are_held_to_what_they_may_see() {
    assert_snapshot!(client("author.name = 'x'", "").expect("a page"), @r#"
        FROM "posts" JOIN "users" AS "@1" ON "@1"."id" = "posts"."author" WHERE "@1"."name" = $1 AND "@1"."name" <> $2 ORDER BY "posts"."_rowid_" LIMIT $3
        [Text("x"), Text("ghost"), Int(30)]
        "#);
    assert_snapshot!(client("author.email ~ 'x' || title = 'y'", "").expect("a page"), @r#"
        FROM "posts" LEFT JOIN "users" AS "@1" ON "@1"."id" = "posts"."author" WHERE ("@1"."email" LIKE $1 ESCAPE '\' AND "@1"."emailVisibility" = TRUE OR "posts"."title" = $2) AND ("@1"."id" IS NULL OR "@1"."name" <> $3) ORDER BY "posts"."_rowid_" LIMIT $4
        [Text("%x%"), Text("y"), Text("ghost"), Int(30)]
        "#);
    assert_snapshot!(client("draft = 'x'", "-draft,author.email").expect("a page"), @r#"
        FROM "posts" LEFT JOIN "users" AS "@1" ON "@1"."id" = "posts"."author" WHERE "posts"."draft" = $1 AND "posts"."author" = '' AND ("@1"."id" IS NULL OR "@1"."name" <> $2) ORDER BY CASE WHEN "posts"."author" = '' THEN "posts"."draft" END DESC, CASE WHEN "@1"."emailVisibility" = TRUE THEN "@1"."email" END LIMIT $3
        [Text("x"), Text("ghost"), Int(30)]
        "#);
    assert_snapshot!(client("", "-at,+title,@random,@rowid,meta.a").expect("a page"), @r#"
        FROM "posts" ORDER BY "posts"."at" DESC, "posts"."title", random(), "posts"."_rowid_", CASE WHEN json_valid("posts"."meta") THEN json_extract("posts"."meta", '$."a"') END LIMIT $1
        [Int(30)]
        "#);
    assert_snapshot!(client("comments_via_post.rank ?> 1", "comments_via_post.text").expect("a page"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM "comments" AS "@1" WHERE "@1"."post" = "posts"."id" AND "@1"."rank" > $1) ORDER BY (SELECT "@2"."text" FROM "comments" AS "@2" WHERE "@2"."post" = "posts"."id" AND "@2"."rank" > $2 ORDER BY "@2"."text" LIMIT 1) LIMIT $3
        [Real(1.0), Real(1.0), Int(30)]
        "#);
}

#[test]
fn keys() {
    let (schema, request) = (schema(), superuser(&schema()));
    let posts = schema.by_name("posts").expect("a collection");
    let query = || Query::rows(Dialect::Sqlite, &schema, posts, &request);
    assert_snapshot!(shown(&query().by_id("p1").all().expect("a statement")), @r#"
        FROM "posts" WHERE "posts"."id" = $1
        [Text("p1")]
        "#);
    assert_snapshot!(shown(&query().by_ids(&["p1", "p2"]).all().expect("a statement")), @r#"
        FROM "posts" WHERE "posts"."id" IN (SELECT "value" FROM json_each($1))
        [Json(Array [String("p1"), String("p2")])]
        "#);
}

#[test]
fn postgres_speaks_its_own_words() {
    assert_snapshot!(postgres("author = @request.auth.id && title ~ 'x' && tags ~ 'a'"), @r#"
        FROM "posts" WHERE "posts"."author" = $1 AND "posts"."title" COLLATE "C" ILIKE $2 ESCAPE '\' AND ferrobase_list_text("posts"."tags") COLLATE "C" ILIKE $3 ESCAPE '\'
        [Text("u1"), Text("%x%"), Text("%a%")]
        "#);
    assert_snapshot!(postgres("at > '2026-01-01 00:00:00.000Z' && at < '2026-02' && at = ''"), @r#"
        FROM "posts" WHERE "posts"."at" > $1 AND "posts"."at" < $2 AND "posts"."at" = '-infinity'
        [Timestamp(Timestamp(1767225600000)), Timestamp(Timestamp(1769904000000))]
        "#);
    assert_snapshot!(postgres("at > '2026' && at <= '2026-01-02 03:' && at > '2026-1' && at != '2026'"), @r#"
        FROM "posts" WHERE "posts"."at" >= $1 AND "posts"."at" < $2 AND ferrobase_date_text("posts"."at") > $3 COLLATE "C" AND ferrobase_date_text("posts"."at") <> $4
        [Timestamp(Timestamp(1767225600000)), Timestamp(Timestamp(1767322800000)), Text("2026-1"), Text("2026")]
        "#);
    assert_snapshot!(postgres("meta.a.0 = 'x' && meta.b > 5 && meta.c = title && meta.d = rank"), @r#"
        FROM "posts" WHERE ferrobase_json(ferrobase_document("posts"."meta") -> 'a' -> 0) IS NOT DISTINCT FROM to_jsonb($1) AND ferrobase_key(ferrobase_json(ferrobase_document("posts"."meta") -> 'b')) > ferrobase_key(to_jsonb($2)) AND ferrobase_text(ferrobase_json(ferrobase_document("posts"."meta") -> 'c')) IS NOT DISTINCT FROM "posts"."title" AND ferrobase_number(ferrobase_json(ferrobase_document("posts"."meta") -> 'd')) IS NOT DISTINCT FROM "posts"."rank"
        [Text("x"), Real(5.0)]
        "#);
    assert_snapshot!(postgres("done = true && done = rank && rank = 'x' && rank < 'x' && rank < title"), @r#"
        FROM "posts" WHERE FALSE
        []
        "#);
    assert_snapshot!(postgres("tags:each ?= 'a' && editors.name ?= 'b' && comments_via_about.rank = 1"), @r#"
        FROM "posts" WHERE EXISTS (SELECT 1 FROM LATERAL jsonb_array_elements_text("posts"."tags") AS "@1"("value") WHERE "@1"."value" = $1) AND EXISTS (SELECT 1 FROM LATERAL jsonb_array_elements_text("posts"."editors") AS "@2"("value") JOIN "users" AS "@3" ON "@3"."id" = "@2"."value" WHERE "@3"."name" = $2) AND EXISTS (SELECT 1 FROM "comments" AS "@4" WHERE "@4"."about" @> jsonb_build_array("posts"."id"::text) AND "@4"."rank" = $3) AND NOT EXISTS (SELECT 1 FROM "comments" AS "@5" WHERE "@5"."about" @> jsonb_build_array("posts"."id"::text) AND NOT ("@5"."rank" = $4))
        [Text("a"), Text("b"), Real(1.0), Real(1.0)]
        "#);
    assert_snapshot!(postgres("tags:length = 2 && kind:lower = 'x' && meta.a:lower = 'x'"), @r#"
        FROM "posts" WHERE COALESCE(jsonb_array_length("posts"."tags"), 0) = $1 AND lower("posts"."kind" COLLATE "C") = $2 AND to_jsonb(lower(ferrobase_text(ferrobase_json(ferrobase_document("posts"."meta") -> 'a')) COLLATE "C")) IS NOT DISTINCT FROM to_jsonb($3)
        [Real(2.0), Text("x"), Text("x")]
        "#);
    assert_snapshot!(postgres("title < 'b' && tags:each ?> kind && meta > meta.a && title >= rank"), @r#"
        FROM "posts" WHERE "posts"."title" < $1 COLLATE "C" AND EXISTS (SELECT 1 FROM LATERAL jsonb_array_elements_text("posts"."tags") AS "@1"("value") WHERE "@1"."value" > "posts"."kind" COLLATE "C") AND ferrobase_key(ferrobase_json(ferrobase_document("posts"."meta"))) > ferrobase_key(ferrobase_json(ferrobase_document("posts"."meta") -> 'a')) AND ferrobase_number("posts"."title") >= "posts"."rank"
        [Text("b")]
        "#);
    assert_snapshot!(postgres("title ~ kind && rank ~ 5 && done ~ 1 && at ~ '2026'"), @r#"
        FROM "posts" WHERE "posts"."title" COLLATE "C" ILIKE CASE WHEN octet_length("posts"."kind") > 49998 THEN U&'\FFFF' ELSE '%' || "posts"."kind" || '%' END ESCAPE '\' AND ferrobase_number_text("posts"."rank") COLLATE "C" ILIKE $1 ESCAPE '\' AND ferrobase_number_text(("posts"."done")::int) COLLATE "C" ILIKE $2 ESCAPE '\' AND ferrobase_date_text("posts"."at") COLLATE "C" ILIKE $3 ESCAPE '\'
        [Text("%5%"), Text("%1%"), Text("%2026%")]
        "#);
    assert_snapshot!(postgres(r"note !~ 'a%\\' && title ~ 'a%\\' || title ~ 'a%\\\\'"), @r#"
        FROM "posts" WHERE "posts"."title" COLLATE "C" ILIKE $1 ESCAPE '\'
        [Text("a%\\\\")]
        "#);
    assert_snapshot!(postgres("strftime('%Y', at) = '2026' && strftime('%Y', rank, 'unixepoch') > title"), @r#"
        FROM "posts" WHERE ferrobase_strftime($1, ferrobase_date_text("posts"."at")) = $2 AND ferrobase_strftime($3, "posts"."rank", $4) > "posts"."title" COLLATE "C"
        [Text("%Y"), Text("2026"), Text("%Y"), Text("unixepoch")]
        "#);
}

#[test]
fn postgres_sorts_by_bytes_and_by_values() {
    let (schema, request) = (schema(), superuser(&schema()));
    let posts = schema.by_name("posts").expect("a collection");
    let sorted = |sort: &str| {
        let query = Query::rows(Dialect::Postgres, &schema, posts, &request);
        let page = query.sort(sort).and_then(|query| query.page(30, 0));
        shown(&page.expect("a page"))
    };
    assert_snapshot!(sorted(""), @r#"
        FROM "posts" ORDER BY "posts"."_rowid_" LIMIT $1
        [Int(30)]
        "#);
    assert_snapshot!(sorted("-at,+title,@random,@rowid,meta.a,note,-size"), @r#"
        FROM "posts" ORDER BY "posts"."at" DESC, "posts"."title" COLLATE "C", random(), "posts"."_rowid_", ferrobase_key(ferrobase_json(ferrobase_document("posts"."meta") -> 'a')) NULLS FIRST, "posts"."note" COLLATE "C" NULLS FIRST, "posts"."size" DESC NULLS LAST LIMIT $1
        [Int(30)]
        "#);
    assert_snapshot!(sorted("tags,-done,rank,comments_via_post.text"), @r#"
        FROM "posts" ORDER BY ferrobase_list_text("posts"."tags") COLLATE "C", "posts"."done" DESC, "posts"."rank", (SELECT "@1"."text" COLLATE "C" FROM (SELECT 1) AS "@0" LEFT JOIN "comments" AS "@1" ON "@1"."post" = "posts"."id" ORDER BY "@1"."text" COLLATE "C" NULLS FIRST LIMIT 1) NULLS FIRST LIMIT $1
        [Int(30)]
        "#);
}

#[test]
fn postgres_is_told_the_type_of_what_is_not_stored() {
    let (schema, request) = (schema(), user(&schema(), "u1"));
    let post = record(&schema, "posts", json!({ "title": "x", "author": "u1", "tags": ["a"] }));
    let query = Query::would_be(Dialect::Postgres, &schema, &post, &request);
    let rule =
        "author = @request.auth.id && tags:each ?= 'a' && at = '' && meta.a = 1 && done = false";
    let query = query.require(&Rule::new(rule)).expect("a rule");
    assert_snapshot!(shown(&asked(&query)), @r#"
        FROM (SELECT CAST($1 AS timestamptz) AS "at", CAST($2 AS text) AS "author", CAST($3 AS boolean) AS "done", CAST($4 AS json) AS "meta", CAST($5 AS jsonb) AS "tags") AS "posts" WHERE "posts"."author" = $6 AND EXISTS (SELECT 1 FROM LATERAL jsonb_array_elements_text("posts"."tags") AS "@1"("value") WHERE "@1"."value" = $7) AND "posts"."at" = '-infinity' AND ferrobase_json(ferrobase_document("posts"."meta") -> 'a') IS NOT DISTINCT FROM to_jsonb($8) AND "posts"."done" = $9)
        [Timestamp(Timestamp(-9223372036854775808)), Text("u1"), Bool(false), Null(Json), Json(Array [String("a")]), Text("u1"), Text("a"), Real(1.0), Bool(false)]
        "#);
    let query = Query::rows(Dialect::Postgres, &schema, post.collection(), &request);
    assert_snapshot!(shown(&query.by_ids(&["p1", "p2"]).all().expect("a statement")), @r#"
        FROM "posts" WHERE "posts"."id" IN (SELECT json_array_elements_text(ferrobase_document($1)))
        [Json(Array [String("p1"), String("p2")])]
        "#);
}
