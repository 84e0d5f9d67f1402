//! `POST /api/sql` (contract A 2.14).

use serde_json::{Value, json};

use super::{assert_closed, codes, make, start, text};
use crate::engine::is_postgres;
use crate::harness::{Answer, Client};

async fn sql(root: &Client, query: &str) -> Answer {
    root.post("/api/sql", json!({ "query": query })).await
}

#[actix_web::test]
async fn a_statement_that_asks_answers_texts() {
    let (app, root) = start().await;
    assert_closed(&app, "POST", "/api/sql", &json!({ "query": "select 1" })).await;
    make(
        &root,
        json!({ "name": "posts", "fields": [text("title"), { "name": "n", "type": "number" }] }),
    )
    .await;
    root.create("posts", json!({ "title": "T", "n": 1.5 })).await.expect(200);
    let before = app.state_digest();
    let answer = sql(&root, " select title, n, null as \"nothing\", 7 as seven from posts; ")
        .await
        .expect(200);
    assert_eq!(answer.at("/rows"), json!([["T", "1.5", null, "7"]]));
    assert_eq!(answer.at("/affectedRows"), json!(0));
    let columns = answer.at("/columns");
    let names: Vec<&Value> =
        columns.as_array().unwrap().iter().map(|column| &column["name"]).collect();
    assert_eq!(names, [&json!("title"), &json!("n"), &json!("nothing"), &json!("seven")]);
    assert!(columns[0]["type"].as_str().unwrap().eq_ignore_ascii_case("text"), "{columns}");
    assert!(answer.at("/execTime").is_u64());
    let none = sql(&root, "select title from posts where 1 = 2").await.expect(200);
    assert_eq!((none.at("/rows"), none.at("/columns/0/name")), (json!([]), json!("title")));
    let many = sql(&root, "with recursive c(n) as (select 1 union all select n + 1 from c where n < 5000) select n from c").await;
    assert_eq!(many.expect(200).at("/rows").as_array().unwrap().len(), 1000);
    sql(&root, "explain select 1").await.expect(200);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn an_answer_is_not_larger_than_a_server_can_bear() {
    let (_app, root) = start().await;
    let (one, many) = if is_postgres() {
        ("select repeat('x', 100000000)", "select repeat('x', 100000) from generate_series(1, 900)")
    } else {
        (
            "select zeroblob(1000000000)",
            "with recursive c(n) as (select 1 union all select n + 1 from c where n < 900) \
             select hex(zeroblob(50000)) from c",
        )
    };
    for query in [one, many] {
        let refused = sql(&root, query).await.expect(400);
        assert!(refused.text.contains("32 MB"), "{}", refused.text);
    }
    sql(&root, "select 1").await.expect(200);
}

#[actix_web::test]
async fn a_statement_that_asks_cannot_write() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "posts", "fields": [text("title")] })).await;
    root.create("posts", json!({ "title": "T" })).await.expect(200);
    let before = app.state_digest();
    for query in [
        "with gone as (delete from posts returning id) select id from gone",
        "with x as (select 1) delete from posts",
        "with x as (select 1) insert into posts (id) select 'x'",
        "select 1; delete from posts",
        "explain analyze delete from posts; delete from posts",
        "/* x */ delete from posts",
        "begin",
        "commit",
        "rollback",
        "savepoint x",
        "vacuum",
        "reindex",
        "analyze",
        "pragma user_version = 5",
        "pragma query_only = off",
        "pragma journal_mode = delete",
        "attach 'other.db' as other",
        "set search_path = other",
        "reset all",
        "truncate posts",
        "select * into copied from posts",
        "grant all on posts to public",
        "lock table posts",
        "do $$ begin delete from posts; end $$",
        "copy posts to '/tmp/x'",
        "call x()",
        "nonsense",
        ";",
        "--",
        "select (",
        "select * from nowhere",
    ] {
        assert_eq!(codes(&sql(&root, query).await), "400", "{query}");
        assert_eq!(app.state_digest(), before, "{query}");
    }
    // Whatever a question did to its connection, the next one does not see.
    if is_postgres() {
        for _ in 0..8 {
            sql(&root, "select set_config('default_transaction_read_only', 'off', false), set_config('search_path', 'x', false)").await;
        }
        for _ in 0..8 {
            assert_eq!(
                sql(&root, "select count(*) from posts").await.expect(200).at("/rows"),
                json!([["1"]])
            );
        }
    }
    root.create("posts", json!({ "title": "U" })).await.expect(200);
    for (query, expected) in [
        (json!({}), "400 query:required"),
        (json!({ "query": "x".repeat(5001) }), "400 query:length_too_long"),
        (json!({ "query": ["select 1"] }), "400"),
    ] {
        assert_eq!(codes(&root.post("/api/sql", query).await), expected);
    }
}

#[actix_web::test]
async fn a_statement_that_writes_is_seen_at_once() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "posts", "fields": [text("title")], "indexes": ["create unique index u on posts (title)"] })).await;
    for title in ["a", "b", "c"] {
        root.create("posts", json!({ "title": title })).await.expect(200);
    }
    let changed =
        sql(&root, "UPDATE posts SET title = title || 'x' WHERE title <> 'c'").await.expect(200);
    assert_eq!(
        (changed.at("/affectedRows"), changed.at("/rows"), changed.at("/columns")),
        (json!(2), json!([]), json!([]))
    );
    assert_eq!(root.list("posts", "title ~ 'x'").await.at("/totalItems"), json!(2));
    let inserted =
        sql(&root, "insert into posts (id, title) values ('fromsqlfromsql1', 'z') returning id")
            .await;
    assert_eq!(inserted.expect(200).at("/affectedRows"), json!(1));
    root.get("/api/collections/posts/records/fromsqlfromsql1").await.expect(200);
    let before = app.state_digest();
    for query in [
        "insert into posts (id, title) values ('again', 'z')",
        "delete from _collections",
        "delete from _collections where name = '_superusers'",
        "update posts set title = 'same'",
        "delete from nowhere",
        "delete from posts; delete from users",
        "update _revision set number = 0",
        "update _revision set number = number + 10",
        "delete from _revision",
        "drop table _collections",
        "delete from _collections where name = 'posts' or 1 / (select 0) = 1 or nope",
        "update _collections set definition = '{}'",
        "drop table posts",
        "alter table posts drop column title",
        "alter table posts rename column title to head",
        "alter table posts rename to articles",
        "create table",
        "detach other",
    ] {
        assert_eq!(codes(&sql(&root, query).await), "400", "{query}");
        assert_eq!(app.state_digest(), before, "{query}");
    }
    root.create("posts", json!({ "title": "still" })).await.expect(200);
    let made = sql(&root, "create table mine (a text)").await.expect(200);
    assert_eq!(made.at("/affectedRows"), json!(0));
    sql(&root, "insert into mine values ('x')").await.expect(200);
    assert_eq!(sql(&root, "select a from mine").await.at("/rows"), json!([["x"]]));
    if is_postgres() {
        let settings = "insert into mine select set_config('search_path', 'nowhere', false)";
        sql(&root, settings).await.expect(200);
        for _ in 0..4 {
            root.create("posts", json!({ "title": "" })).await;
            sql(&root, "update mine set a = 'y'").await.expect(200);
        }
    }
    sql(&root, "drop table mine").await.expect(200);
}

#[actix_web::test]
async fn sessions_and_collections_do_not_outlive_what_a_statement_changed() {
    let (app, root) = start().await;
    let ada = app.user("ada@example.com").await;
    ada.post("/api/collections/users/auth-refresh", json!({})).await.expect(200);
    let key = "k".repeat(50);
    sql(&root, &format!("update users set \"tokenKey\" = '{key}'")).await.expect(200);
    ada.post("/api/collections/users/auth-refresh", json!({})).await.expect(401);
    make(&root, json!({ "name": "posts", "listRule": "id = 'x'" })).await;
    root.create("posts", json!({})).await.expect(200);
    assert_eq!(app.guest().list("posts", "").await.at("/totalItems"), json!(0));
    let cast = if is_postgres() { "::json" } else { "" };
    let edit = format!(
        "update _collections set definition = replace(cast(definition as text), 'id = ''x''', ''){cast} where name = 'posts'"
    );
    sql(&root, &edit).await.expect(200);
    assert_eq!(app.guest().list("posts", "").await.at("/totalItems"), json!(1));
}

#[actix_web::test]
async fn statements_beside_each_other_do_not_count_as_tampering() {
    let (_app, root) = start().await;
    make(&root, json!({ "name": "posts", "fields": [text("title")] })).await;
    for number in 0..16 {
        root.create("posts", json!({ "title": format!("{number}") })).await.expect(200);
    }
    let change = |number: usize| {
        let root = &root;
        let query = format!("update posts set title = 'new {number}' where title = '{number}'");
        async move { sql(root, &query).await.expect(200).at("/affectedRows") }
    };
    let changed = futures_util::future::join_all((0..16).map(change)).await;
    assert!(changed.iter().all(|rows| *rows == json!(1)), "{changed:?}");
    assert_eq!(root.list("posts", "title ~ 'new'").await.at("/totalItems"), json!(16));
}
