//! `?search=` on lists: what is found, in which order, by whom, and that the index follows.

use std::sync::Arc;

use serde_json::json;

use super::world::{Person, World};
use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::schema::Schema;
use crate::services::test_app::START;
use crate::store::{Statement, StoreError, Tx, ddl};

fn posts() -> Json {
    json!([
        { "id": "c_posts", "name": "posts", "listRule": "open = true", "viewRule": "",
          "createRule": "", "updateRule": "", "deleteRule": "",
          "ext": { "search": ["title", "body"] },
          "fields": [
            { "id": "f_title", "name": "title", "type": "text" },
            { "id": "f_body", "name": "body", "type": "editor" },
            { "id": "f_rank", "name": "rank", "type": "number" },
            { "id": "f_open", "name": "open", "type": "bool" },
            { "id": "f_parent", "name": "parent", "type": "relation", "collectionId": "c_posts",
              "cascadeDelete": true },
          ] },
        { "id": "c_plain", "name": "plain", "listRule": "@request.query.search != 'no'",
          "fields": [{ "name": "text", "type": "text" }] },
    ])
}

async fn write(world: &World, title: &str, body: &str) -> String {
    let rank = title.len();
    let body = json!({ "title": title, "body": body, "rank": rank, "open": true });
    world.guest().create("posts", body).await.expect(200).id()
}

async fn found(person: &Person<'_>, search: &str) -> Vec<Json> {
    let list = person.list("posts", &[("search", search)]).await.expect(200);
    let titles = list.column("title");
    assert_eq!(list.body["totalItems"], titles.len(), "{}", list.text);
    titles
}

#[actix_web::test]
async fn all_words_are_there_and_the_last_may_go_on() {
    let world = World::new(posts()).await;
    write(&world, "Hello world", "<p>Nice to see you</p>").await;
    write(&world, "Crème brûlée", "<strong class=\"world\">sweet&nbsp;thing</strong>").await;
    write(&world, "ПРИВЕТ мир", "a < b and 2 > 1").await;
    let guest = world.guest();
    for (search, titles) in [
        ("hello", &["Hello world"][..]),
        ("HEL", &["Hello world"]),
        ("hel world", &[]),
        ("world hel", &["Hello world"]),
        ("world nice", &["Hello world"]),
        ("orld", &[]),
        ("creme BRULEE", &["Crème brûlée"]),
        ("brûlee", &["Crème brûlée"]),
        ("sweet thing", &["Crème brûlée"]),
        ("strong", &[]),
        ("class", &[]),
        ("nbsp", &[]),
        ("привет", &["ПРИВЕТ мир"]),
        ("and", &["ПРИВЕТ мир"]),
        ("b 1", &["ПРИВЕТ мир"]),
        ("hello-world!", &["Hello world"]),
        ("hello (world)", &["Hello world"]),
    ] {
        assert_eq!(found(&guest, search).await, titles, "{search}");
    }
}

#[actix_web::test]
async fn what_means_something_to_an_engine_is_only_words() {
    let world = World::new(posts()).await;
    write(&world, "one AND two", "").await;
    write(&world, "one", "").await;
    let guest = world.guest();
    let both = json!(["one", "one AND two"]);
    for search in
        ["one", "\"one", "one*", "-one", "title:one", "f0:one", "{f0}: one", "^one", "one'"]
    {
        let titles = found(&guest, search).await;
        let expected = if search.contains(":") { json!([]) } else { both.clone() };
        let mut sorted = titles.clone();
        sorted.sort_by_key(Json::to_string);
        sorted.reverse();
        let mut expected: Vec<Json> = serde_json::from_value(expected).unwrap();
        expected.sort_by_key(Json::to_string);
        expected.reverse();
        assert_eq!(sorted, expected, "{search}");
    }
    for (search, titles) in [
        ("one AND two", &["one AND two"][..]),
        ("one OR two", &[]),
        ("NOT one", &[]),
        ("NEAR(one two)", &[]),
        ("one & two", &["one AND two"]),
        ("one | three", &[]),
        ("one\u{0}two", &["one AND two"]),
        ("one\\two", &["one AND two"]),
        ("one <-> two", &["one AND two"]),
        ("'; DROP TABLE posts; --", &[]),
    ] {
        assert_eq!(found(&guest, search).await, titles, "{search}");
    }
    for nothing in ["", " ", "*", "\"\"", "-", "\u{0}", "…"] {
        assert_eq!(found(&guest, nothing).await.len(), 2, "{nothing}");
    }
    assert_eq!(guest.list("posts", &[("search", &"x".repeat(3_501))]).await.codes(), "400");
    let many = "y ".repeat(1_750);
    assert_eq!(found(&guest, &many).await.len(), 0);
}

#[actix_web::test]
async fn rule_filter_sort_and_pages_hold_as_ever() {
    let world = World::new(posts()).await;
    let guest = world.guest();
    for title in ["word c", "word a", "word b", "other"] {
        write(&world, title, "").await;
    }
    let hidden = json!({ "title": "word hidden", "open": false });
    guest.create("posts", hidden).await.expect(200);
    let list = |query: &'static [(&str, &str)]| guest.list("posts", query);
    let titles = list(&[("search", "word"), ("sort", "-title")]).await.expect(200);
    assert_eq!(titles.column("title"), ["word c", "word b", "word a"]);
    let page = list(&[("search", "word"), ("perPage", "2"), ("page", "2")]).await.expect(200);
    assert_eq!(page.column("title"), ["word b"]);
    assert_eq!((&page.body["totalItems"], &page.body["totalPages"]), (&json!(3), &json!(2)));
    let some = list(&[("search", "word"), ("filter", "title > 'word a'")]).await.expect(200);
    assert_eq!(some.column("title"), ["word c", "word b"]);
    let back = list(&[("search", "word"), ("filter", "posts_via_parent.id = ''")]).await;
    assert_eq!(back.expect(200).body["totalItems"], 3);
    let root = world.root().await;
    assert_eq!(found(&root, "hidden").await, ["word hidden"]);
    assert_eq!(found(&guest, "hidden").await, [""; 0]);
    assert_eq!(list(&[("search", "word"), ("filter", "nope = 1")]).await.codes(), "400");
}

#[actix_web::test]
async fn the_best_come_first_whatever_is_hidden() {
    let world = World::new(posts()).await;
    let guest = world.guest();
    write(&world, "spread", "<p>rusty words</p>").await;
    write(&world, "nothing", "<p>rusty spread words</p>").await;
    write(&world, "spreading rusty", "").await;
    write(&world, "rusty spread", "").await;
    write(&world, "rusty", "<p>spreads</p>").await;
    let order = ["rusty spread", "spreading rusty", "nothing", "spread", "rusty"];
    assert_eq!(found(&guest, "rusty spread").await, order);
    for number in 0..50 {
        let title = if number % 2 == 0 { "rusty" } else { "spread" };
        guest.create("posts", json!({ "title": title, "body": title })).await.expect(200);
    }
    assert_eq!(found(&guest, "rusty spread").await, order);
}

#[actix_web::test]
async fn the_index_follows_every_write() {
    let world = World::new(posts()).await;
    let guest = world.guest();
    let id = write(&world, "before", "<p>same</p>").await;
    guest.update("posts", &id, json!({ "title": "after" })).await.expect(200);
    assert_eq!(found(&guest, "before").await, [""; 0]);
    assert_eq!(found(&guest, "after same").await, ["after"]);
    guest.update("posts", &id, json!({ "rank+": 1 })).await.expect(200);
    assert_eq!(found(&guest, "after").await, ["after"]);
    let child = json!({ "title": "child", "open": true, "parent": id });
    guest.create("posts", child).await.expect(200);
    let refused = guest.create("posts", json!({ "id": id, "title": "refused", "open": true }));
    refused.await.expect(400);
    assert_eq!(found(&guest, "refused").await, [""; 0]);
    guest.delete("posts", &id).await.expect(204);
    assert_eq!(found(&guest, "child").await, [""; 0]);
    assert_eq!(indexed(&world).await, 0);

    let raw = |sql: &'static str| {
        let run = move |tx: &mut Tx| tx.run(Statement::new(sql, Vec::new()));
        world.test.app.store.write(run)
    };
    raw("INSERT INTO \"posts\" (\"id\", \"title\", \"open\") VALUES ('a', 'raw', TRUE), ('b', 'rare', TRUE)")
        .await
        .unwrap();
    assert_eq!(found(&guest, "ra").await, ["raw", "rare"]);
    raw("UPDATE \"posts\" SET \"title\" = 'cooked' WHERE \"id\" = 'a'").await.unwrap();
    raw("DELETE FROM \"posts\" WHERE \"id\" = 'b'").await.unwrap();
    assert_eq!(found(&guest, "ra").await, [""; 0]);
    assert_eq!(found(&guest, "cooked").await, ["cooked"]);
    let long = format!("{} last", "word ".repeat(200_000));
    guest.create("posts", json!({ "title": "long", "body": long, "open": true })).await.expect(200);
    assert_eq!(found(&guest, "long word").await, ["long"]);
    assert_eq!(found(&guest, "last").await, [""; 0]);
}

async fn indexed(world: &World) -> i64 {
    let read = world.test.app.store.read(|db| {
        let sql = "SELECT COUNT(*) FROM \"c_posts search\"";
        db.fetch_one(Statement::new(sql, Vec::new()))?.int(0)
    });
    read.await.unwrap_or_else(|error: StoreError| panic!("{error}"))
}

/// The collection as `body` changes it.
fn changed(schema: &Schema, body: &Json) -> Collection {
    let old = schema.by_id("c_posts").unwrap();
    old.updated(body.as_object().unwrap(), START, &mut Random::system()).unwrap()
}

async fn change(world: &World, body: Json) {
    let change = move |tx: &mut Tx| -> Result<(), StoreError> {
        let schema = tx.schema();
        let old = schema.by_id("c_posts").unwrap();
        let new = changed(&schema, &body);
        assert!(
            new.validate(Some(old), &schema).is_empty(),
            "{:?}",
            new.validate(Some(old), &schema)
        );
        ddl::change(tx, old, &new)?;
        assert!(ddl::create_indexes(tx, Some(old), &new)?.is_empty());
        let others = schema.collections().iter().filter(|other| other.id != "c_posts");
        let all = others.cloned().chain([Arc::new(new)]).collect();
        tx.set_schema(Schema::new(0, all))
    };
    world.test.app.store.write(change).await.unwrap();
}

#[actix_web::test]
async fn the_index_follows_the_collection() {
    let world = World::new(posts()).await;
    write(&world, "title word", "<p>body text</p>").await;
    let root = world.root().await;
    let fields = |title: &str, body: Option<&str>| {
        let mut fields = vec![
            json!({ "name": "id", "type": "text", "primaryKey": true, "required": true,
                    "system": true, "min": 15, "max": 15, "pattern": "^[a-z0-9]+$" }),
            json!({ "id": "f_title", "name": title, "type": "text" }),
            json!({ "id": "f_rank", "name": "rank", "type": "number" }),
            json!({ "id": "f_open", "name": "open", "type": "bool" }),
        ];
        fields.extend(body.map(|name| json!({ "id": "f_body", "name": name, "type": "editor" })));
        fields
    };
    let total = async |name: &str, search: &str| {
        root.list(name, &[("search", search)]).await.expect(200).body["totalItems"].clone()
    };
    change(&world, json!({ "name": "articles" })).await;
    assert_eq!(total("articles", "word bod").await, 1);
    let body = json!({ "title": "second", "body": "<p>more</p>", "open": true });
    let second = root.create("articles", body).await.expect(200).id();
    assert_eq!(total("articles", "more sec").await, 1);

    let renamed = json!({ "name": "posts", "fields": fields("body", Some("title")) });
    change(&world, renamed).await;
    assert_eq!(total("posts", "word bod").await, 1);
    root.update("posts", &second, json!({ "title": "<p>changed</p>" })).await.expect(200);
    assert_eq!(
        (total("posts", "changed").await, total("posts", "more").await),
        (1.into(), 0.into())
    );

    change(&world, json!({ "fields": fields("title", None) })).await;
    assert_eq!((total("posts", "word").await, total("posts", "body").await), (1.into(), 0.into()));
    let schema = world.test.app.store.schema();
    assert_eq!(schema.by_id("c_posts").unwrap().ext.search, ["title"]);

    change(&world, json!({ "ext": null })).await;
    assert_eq!(total("posts", "nothing like it").await, 2);
    root.update("posts", &second, json!({ "title": "third" })).await.expect(200);
    change(&world, json!({ "ext": { "search": ["title"] } })).await;
    assert_eq!((total("posts", "third").await, total("posts", "word").await), (1.into(), 1.into()));
    let remove = |tx: &mut Tx| {
        let schema = tx.schema();
        ddl::drop(tx, schema.by_id("c_posts").unwrap())
    };
    world.test.app.store.write(remove).await.unwrap();
    let exists = world.test.app.store.write(|tx| {
        Ok::<_, StoreError>(
            tx.attempt(|tx| {
                let sql = "SELECT 1 FROM \"c_posts search\"";
                tx.fetch_optional(Statement::new(sql, Vec::new())).map(|_| ())
            })
            .is_ok(),
        )
    });
    assert!(!exists.await.unwrap());
}

#[actix_web::test]
async fn the_index_stays_when_other_fields_change() {
    let world = World::new(posts()).await;
    let guest = world.guest();
    let id = write(&world, "title word", "<p>body</p>").await;
    let fields = |parents: i64, more: Json| {
        let mut fields = vec![
            json!({ "name": "id", "type": "text", "primaryKey": true, "required": true,
                    "system": true, "min": 15, "max": 15, "pattern": "^[a-z0-9]+$" }),
            json!({ "id": "f_title", "name": "title", "type": "text", "max": 100 }),
            json!({ "id": "f_open", "name": "open", "type": "bool" }),
            json!({ "id": "f_body", "name": "body", "type": "editor" }),
            json!({ "id": "f_parent", "name": "parent", "type": "relation",
                    "collectionId": "c_posts", "maxSelect": parents }),
        ];
        fields.extend(more.as_array().unwrap().clone());
        json!({ "fields": fields })
    };
    let added = json!([{ "id": "f_new", "name": "new", "type": "text" }]);
    change(&world, fields(1, json!([]))).await;
    change(&world, fields(5, added)).await;
    assert_eq!(found(&guest, "title bod").await, ["title word"]);
    guest.update("posts", &id, json!({ "title": "other", "new": "word" })).await.expect(200);
    assert_eq!(found(&guest, "oth").await, ["other"]);
    assert_eq!(found(&guest, "word").await, [""; 0]);
    change(&world, json!({ "ext": { "search": ["body", "title", "new"] } })).await;
    assert_eq!(found(&guest, "word oth").await, ["other"]);
}

#[actix_web::test]
async fn what_not_everybody_sees_is_not_searched() {
    let world = World::new(posts()).await;
    for field in [
        json!({ "id": "f_title", "name": "title", "type": "text", "hidden": true }),
        json!({ "id": "f_title", "name": "title", "type": "text",
                "ext": { "read": "open = true" } }),
    ] {
        let fields = json!([
            { "name": "id", "type": "text", "primaryKey": true, "required": true, "system": true,
              "min": 15, "max": 15, "pattern": "^[a-z0-9]+$" },
            field,
            { "id": "f_open", "name": "open", "type": "bool" },
        ]);
        let body = json!({ "fields": fields });
        let schema = world.test.app.store.schema();
        let old = schema.by_id("c_posts").unwrap();
        let errors = changed(&schema, &body).validate(Some(old), &schema);
        assert!(format!("{errors:?}").contains("search"), "{errors:?}");
    }
}

#[actix_web::test]
async fn other_collections_and_their_rules_do_with_search_what_they_like() {
    let world = World::new(posts()).await;
    let root = world.root().await;
    root.create("plain", json!({ "text": "x" })).await.expect(200);
    let total = async |search: &str| {
        let list = world.guest().list("plain", &[("search", search)]).await.expect(200);
        list.body["totalItems"].clone()
    };
    assert_eq!((total("yes").await, total("no").await), (1.into(), 0.into()));
}
