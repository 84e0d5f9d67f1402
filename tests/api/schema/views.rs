//! Views: what is inferred from their queries, and which queries are refused (contract A 2.12).

use serde_json::{Value, json};

use super::{assert_closed, codes, fields, make, start, text};
use crate::engine::is_postgres;

/// `name:type` of each field.
fn types(fields: &Value) -> String {
    let field = |field: &Value| {
        format!("{}:{}", field["name"].as_str().unwrap(), field["type"].as_str().unwrap())
    };
    fields.as_array().unwrap().iter().map(field).collect::<Vec<_>>().join(" ")
}

#[actix_web::test]
async fn the_fields_of_a_view_come_from_its_query_whatever_is_sent() {
    let (app, root) = start().await;
    make(
        &root,
        json!({ "name": "posts", "fields": [text("title"), { "name": "n", "type": "number" }] }),
    )
    .await;
    root.create("posts", json!({ "title": "T", "n": 2.5 })).await.expect(200);
    let query = "select (row_number() over ()) as id, title as head, count(n) as many, \
                 cast(n as int) as whole, n, posts.id as origin, 'x' as word, sum(n) as total \
                 from posts group by posts.id, title, n;";
    let made = make(
        &root,
        json!({ "name": "seen", "type": "view", "listRule": "", "viewQuery": query,
        "fields": [{ "name": "nope", "type": "text" }] }),
    )
    .await;
    assert_eq!(
        types(&made.at("/fields")),
        "id:text head:text many:number whole:number n:number origin:relation word:json total:json"
    );
    let row = app.guest().list("seen", "head = 'T'").await.expect(200);
    let row = row.at("/items/0");
    assert_eq!((&row["id"], &row["many"], &row["n"]), (&json!("1"), &json!(1), &json!(2.5)));
    assert_eq!((&row["word"], &row["total"]), (&json!("x"), &json!(2.5)));

    let changed = root
        .patch("/api/collections/seen", json!({ "viewQuery": "select id, title from posts" }))
        .await;
    assert_eq!(fields(&changed.expect(200)), ["id", "title"]);
    assert_eq!(app.guest().list("seen", "title = 'T'").await.at("/totalItems"), json!(1));
    for body in [json!({}), json!({ "listRule": "title != ''", "name": "Shown" })] {
        root.patch("/api/collections/seen", body).await.expect(200);
    }
    assert_eq!(app.guest().list("shown", "").await.at("/totalItems"), json!(1));
}

#[actix_web::test]
async fn a_query_that_cannot_be_a_view_is_refused_and_leaves_nothing() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "posts", "fields": [text("title")] })).await;
    make(
        &root,
        json!({ "name": "seen", "type": "view", "viewQuery": "select id, title from posts" }),
    )
    .await;
    root.create("posts", json!({ "title": "T" })).await.expect(200);
    root.create("posts", json!({ "title": "T" })).await.expect(200);
    let before = app.state_digest();
    let both = "400 fields:required viewQuery:invalid_view_query";
    let query = "400 viewQuery:invalid_view_query";
    for (sql, expected) in [
        ("", "400 fields:required viewQuery:required"),
        ("select * from posts", both),
        ("select 1 as x", "400 fields:missing_primary_key viewQuery:invalid_view_query"),
        ("select id from posts; drop table posts", both),
        ("select id from posts; select 1 as id", both),
        ("select id from nowhere", both),
        ("select nope, id from posts", both),
        ("select id fro posts", both),
        ("select", both),
        ("delete from posts", both),
        ("insert into posts (id) values ('x') returning id", both),
        ("with gone as (delete from posts returning id) select id from gone", both),
        ("select id from posts) union select title from posts --", both),
        ("select id from _collections", both),
        ("select value as id from _params", both),
        ("select name as id from sqlite_master", both),
        ("select rolname as id from pg_authid", both),
        ("select '' as id", query),
        ("select title as id from posts", query),
        (
            "select id, count(id) from posts group by id",
            "400 fields.1.name:match_invalid viewQuery:invalid_view_query",
        ),
        (
            "select id, title as \"my col\" from posts",
            "400 fields.1.name:match_invalid viewQuery:invalid_view_query",
        ),
    ] {
        let body = json!({ "name": "v", "type": "view", "viewQuery": sql });
        assert_eq!(codes(&root.post("/api/collections", body).await), expected, "{sql}");
        let answer = root.patch("/api/collections/seen", json!({ "viewQuery": sql })).await;
        assert_eq!(codes(&answer), expected, "{sql}");
    }
    let own = root
        .patch("/api/collections/seen", json!({ "viewQuery": "select id, title from seen" }))
        .await;
    assert_eq!(own.status, 400, "a view that reads itself: {}", own.text);
    let rules = json!({ "name": "v", "type": "view", "viewQuery": "select id from posts",
        "createRule": "", "indexes": ["create index a on v (id)"] });
    assert_eq!(
        codes(&root.post("/api/collections", rules).await),
        "400 createRule:nil indexes:indexes_not_supported"
    );
    assert_eq!(app.state_digest(), before);
    assert_eq!(app.count("posts"), 2);
}

#[actix_web::test]
async fn views_that_read_each_other_in_a_circle_are_refused() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "a", "type": "view", "viewQuery": "select id from users" })).await;
    make(&root, json!({ "name": "b", "type": "view", "viewQuery": "select id from a" })).await;
    let before = app.state_digest();
    let answer = root.patch("/api/collections/a", json!({ "viewQuery": "select id from b" })).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(app.state_digest(), before);
    root.get("/api/collections/b/records").await.expect(200);
}

#[actix_web::test]
async fn a_query_with_side_effects_has_none() {
    let (app, root) = start().await;
    if !is_postgres() {
        return;
    }
    app.change("CREATE SEQUENCE tickets");
    let next = "select nextval('tickets')::text as id";
    let numbers = "select cast(setval('tickets', 50) as text) as id";
    for query in [
        next,
        numbers,
        "select cast(lo_create(4711) as text) as id",
        "select set_config('default_transaction_read_only', 'off', false) as id",
    ] {
        let body = json!({ "name": "v", "type": "view", "viewQuery": query });
        root.post("/api/collections", body).await;
        let body = json!({ "query": query });
        root.post("/api/collections/meta/dry-run-view", body.clone()).await;
        root.post("/api/sql", body).await;
        root.delete("/api/collections/v").await;
    }
    let state = root.post("/api/sql", json!({ "query": "select is_called from tickets" })).await;
    assert_eq!(state.expect(200).at("/rows"), json!([["f"]]));
    let large = root
        .post(
            "/api/sql",
            json!({ "query": "select count(*) from pg_largeobject_metadata where oid = 4711" }),
        )
        .await;
    assert_eq!(large.expect(200).at("/rows"), json!([["0"]]));
    app.change("DROP SEQUENCE tickets");
}

#[actix_web::test]
async fn views_follow_what_they_read() {
    let (_app, root) = start().await;
    let field = |name: &str, max: u32| json!({ "id": "f_tag", "name": name, "type": "select", "values": ["a", "b"], "maxSelect": max });
    make(&root, json!({ "name": "posts", "fields": [field("tag", 1), text("title")] })).await;
    make(&root, json!({ "name": "one", "type": "view", "viewQuery": "select id, tag from posts" }))
        .await;
    make(
        &root,
        json!({ "name": "two", "type": "view", "viewQuery": "select id, tag as mark from one" }),
    )
    .await;
    root.create("posts", json!({ "tag": "a" })).await.expect(200);

    root.patch("/api/collections/posts", json!({ "fields": [field("tag", 2), text("title")] }))
        .await
        .expect(200);
    for (view, name) in [("one", "tag"), ("two", "mark")] {
        let seen = root.list(view, "").await.expect(200);
        assert_eq!(seen.at("/items/0")[name], json!(["a"]), "{view} knows of lists");
    }
    let refused = root.patch("/api/collections/posts", json!({ "fields": [text("title")] })).await;
    assert_eq!(codes(&refused), "400", "{}", refused.text);
    // A rename works, the view goes on, and the next save of the view is refused.
    root.patch("/api/collections/posts", json!({ "fields": [field("label", 2), text("title")] }))
        .await
        .expect(200);
    for (view, name) in [("one", "tag"), ("two", "mark")] {
        let seen = root.list(view, "").await.expect(200);
        assert_eq!(seen.at("/items/0")[name], json!(["a"]), "{view}");
    }
    assert_eq!(root.patch("/api/collections/one", json!({ "listRule": "" })).await.status, 400);
    let mended = json!({ "viewQuery": "select id, label as tag from posts" });
    root.patch("/api/collections/one", mended).await.expect(200);
    assert_eq!(root.list("two", "").await.expect(200).at("/items/0/mark"), json!(["a"]));
}

#[actix_web::test]
async fn a_view_may_have_a_query_for_each_engine() {
    let (_app, root) = start().await;
    let own =
        json!({ "sqlite": "select 'sqlite' as id", "postgres": "select 'postgres'::text as id" });
    let body = json!({ "name": "own", "type": "view", "viewQuery": "select 'none' as id", "ext": { "queries": own } });
    let made = make(&root, body).await;
    assert_eq!(made.at("/ext/queries"), own);
    let engine = if is_postgres() { "postgres" } else { "sqlite" };
    assert_eq!(root.list("own", "").await.at("/items/0/id"), json!(engine));
    let kept = root.patch("/api/collections/own", json!({ "listRule": "" })).await.expect(200);
    assert_eq!(kept.at("/ext/queries"), own);
    for broken in ["delete from users", "select 1 as id; select 2 as id", "nonsense"] {
        let body = json!({ "ext": { "queries": { engine: broken } } });
        let answer = root.patch("/api/collections/own", body).await;
        assert_eq!(codes(&answer), format!("400 ext.queries.{engine}:invalid_view_query"));
    }
    let answer = root
        .patch("/api/collections/own", json!({ "ext": { "queries": { "oracle": "select 1" } } }))
        .await;
    assert_eq!(codes(&answer), "400 ext.queries.oracle:invalid_value");
    root.patch("/api/collections/own", json!({ "ext": null })).await.expect(200);
    assert_eq!(root.list("own", "").await.at("/items/0/id"), json!("none"));
}

#[actix_web::test]
async fn a_query_is_tried_without_a_trace() {
    let (app, root) = start().await;
    let path = "/api/collections/meta/dry-run-view";
    assert_closed(&app, "POST", path, &json!({ "query": "select 1 as id" })).await;
    make(&root, json!({ "name": "posts", "fields": [text("title")] })).await;
    for number in 0..12 {
        root.create("posts", json!({ "title": number.to_string() })).await.expect(200);
    }
    let before = app.state_digest();
    let query = "select id, title, count(id) as n, 1.5 as half from posts group by id, title order by title";
    let tried = root.post(path, json!({ "query": query })).await.expect(200).json();
    assert_eq!(types(&tried["fields"]), "id:text title:text n:number half:json");
    let sample = tried["sample"].as_array().unwrap();
    assert_eq!(sample.len(), 10);
    assert_eq!(
        (&sample[0]["title"], &sample[0]["n"], &sample[0]["half"]),
        (&json!("0"), &json!(1), &json!(1.5))
    );
    assert!(sample[0]["collectionName"].as_str().unwrap().starts_with("temp_view_"));
    let none =
        root.post(path, json!({ "query": "select id from posts where 1 = 2" })).await.expect(200);
    assert_eq!(none.at("/sample"), json!([]));
    let number = root.post(path, json!({ "query": "select 7 as id" })).await.expect(200);
    assert_eq!(number.at("/sample/0/id"), json!("7"));
    for (query, expected) in [
        (json!({}), "400 query:required"),
        (json!({ "query": "" }), "400 query:required"),
        (json!({ "query": "x".repeat(5001) }), "400 query:length_too_long"),
        (json!({ "query": 5 }), "400"),
        (json!({ "query": "select" }), "400"),
        (json!({ "query": "select 1 as x" }), "400"),
        (json!({ "query": "select id from nowhere" }), "400"),
        (json!({ "query": "delete from posts" }), "400"),
        (json!({ "query": "select id from posts; delete from posts" }), "400"),
        (json!({ "query": "with x as (delete from posts returning id) select id from x" }), "400"),
        (json!({ "query": "select id from _collections" }), "400"),
        (json!({ "query": "select id, count(id) from posts" }), "400"),
    ] {
        assert_eq!(codes(&root.post(path, query.clone()).await), expected, "{query}");
    }
    assert_eq!(app.state_digest(), before);
    assert_eq!(app.count("posts"), 12);
}
