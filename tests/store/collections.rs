//! Collections and their records: tables that follow their definitions, rows that keep their
//! values.

use std::sync::Arc;

use ferrobase::domain::collection::Collection;
use ferrobase::domain::record::Record;
use ferrobase::store::{Statement, Store, StoreError, Tx, Value, collections, ddl, records};
use serde_json::{Value as Json, json};

use crate::engine::is_postgres;
use crate::support::*;

/// The collection `posts` with these fields beside its id.
fn posts(fields: Json, indexes: &[&str]) -> Arc<Collection> {
    let mut all = vec![json!({ "id": "i", "name": "id", "type": "text", "primaryKey": true })];
    all.extend(fields.as_array().unwrap().iter().cloned());
    let definition =
        json!({ "id": "p", "name": "posts", "type": "base", "fields": all, "indexes": indexes });
    Arc::new(Collection::from_stored_json(definition.as_object().unwrap()).unwrap())
}

fn view(name: &str, query: &str) -> Collection {
    let fields = json!([{ "id": "i", "name": "id", "type": "text" },
        { "id": "a", "name": "a", "type": "json" }]);
    let definition = json!({ "id": name, "name": name, "type": "view", "viewQuery": query,
        "fields": fields });
    Collection::from_stored_json(definition.as_object().unwrap()).unwrap()
}

/// Makes a collection with its table and indexes.
async fn create(store: &Store, collection: &Arc<Collection>) {
    let collection = Arc::clone(collection);
    let work = store.write(move |tx| {
        collections::insert(tx, &collection)?;
        ddl::create(tx, &collection)?;
        let faults = ddl::create_indexes(tx, None, &collection)?;
        assert!(faults.is_empty(), "{faults:?}");
        collections::publish(tx).map(|_| ())
    });
    work.await.unwrap();
}

/// Changes a collection with its table and indexes; the messages of refused indexes.
async fn change(
    store: &Store,
    old: &Arc<Collection>,
    new: &Arc<Collection>,
) -> Result<(), StoreError> {
    let (old, new) = (Arc::clone(old), Arc::clone(new));
    let work = store.write(move |tx| {
        collections::update(tx, &new)?;
        ddl::change(tx, &old, &new)?;
        let faults = ddl::create_indexes(tx, Some(&old), &new)?;
        if let Some(fault) = faults.first() {
            return Err(StoreError::Data(format!("{}: {}", fault.position, fault.message)));
        }
        collections::publish(tx).map(|_| ())
    });
    work.await
}

fn record(collection: &Arc<Collection>, values: Json) -> Record {
    let values = values.as_array().unwrap().clone();
    Record::new(Arc::clone(collection), values)
}

async fn insert(store: &Store, record: Record) -> Result<(), StoreError> {
    store.write(move |tx| records::insert(tx, &record)).await
}

/// The values of the record called `id`.
async fn values(store: &Store, collection: &Arc<Collection>, id: &'static str) -> Json {
    let collection = Arc::clone(collection);
    let record = store.read(move |db| records::by_id(db, &collection, id)).await.unwrap();
    Json::Array(record.unwrap().values().to_vec())
}

#[tokio::test]
async fn a_record_keeps_its_values() {
    let test = TestStore::start().await;
    let nullable = json!({ "nullable": true });
    let posts = posts(
        json!([
            { "id": "1", "name": "text", "type": "text" },
            { "id": "2", "name": "number", "type": "number" },
            { "id": "3", "name": "bool", "type": "bool" },
            { "id": "4", "name": "date", "type": "date" },
            { "id": "5", "name": "list", "type": "select", "maxSelect": 3, "values": ["a"] },
            { "id": "6", "name": "json", "type": "json" },
            { "id": "7", "name": "point", "type": "geoPoint" },
            { "id": "8", "name": "maybe", "type": "number", "ext": nullable },
        ]),
        &[],
    );
    create(&test.store, &posts).await;
    let moment = "2024-02-29 12:00:00.123Z";
    let point = json!({ "lon": 1.5, "lat": -2 });
    let rows = [
        json!(["zero", "", 0, false, "", [], null, { "lon": 0, "lat": 0 }, null]),
        json!(["full", "0012", 1.5, true, moment, ["a", "1"], { "b": [1, null] }, point, 0]),
        json!(["text", "1e3", -7, true, moment, ["", "\"]"], "123", point, 1e300]),
        json!(["list", "é", 9007199254740991_i64, true, "", ["x"], ["[", 1], point, -0.25]),
        json!(["bool", "null", 1e21, true, "", ["true"], true, point, 5]),
        json!(["number", "true", 0.1, true, "", ["5"], 12.5, point, 5]),
        json!(["word", "[]", 0.1, true, "", ["[]"], "null", point, 5]),
    ];
    for row in &rows {
        insert(&test.store, record(&posts, row.clone())).await.unwrap();
    }
    for row in &rows {
        let id: &'static str = row[0].as_str().unwrap().to_owned().leak();
        assert_eq!(values(&test.store, &posts, id).await, *row);
    }
}

#[tokio::test]
async fn records_are_changed_removed_and_found() {
    let test = TestStore::start().await;
    let posts = posts(
        json!([{ "id": "1", "name": "a", "type": "text" }, { "id": "2", "name": "n", "type": "number" }]),
        &["CREATE UNIQUE INDEX one ON posts (a COLLATE NOCASE)"],
    );
    create(&test.store, &posts).await;
    for row in [json!(["x", "Anna", 1]), json!(["y", "Bert", 2]), json!(["z", "", 3])] {
        insert(&test.store, record(&posts, row)).await.unwrap();
    }
    let table = Arc::clone(&posts);
    let work = test.store.write(move |tx| {
        let old = records::lock(tx, &table, "x")?.unwrap();
        let mut new = old.clone();
        new.set("n", json!(5));
        records::update(tx, &old, &new)?;
        records::update(tx, &new, &new)?;
        assert!(records::remove(tx, &table, "y")?);
        assert!(!records::remove(tx, &table, "y")?);
        assert!(records::lock(tx, &table, "y")?.is_none());
        assert_eq!(records::by_id(tx, &table, "z")?.unwrap().get("n"), &json!(3));
        let held = records::hold(tx, &table, &["x", "y"])?;
        assert_eq!(held.into_iter().collect::<Vec<_>>(), ["x"]);
        let field = table.field("a").unwrap();
        let exact = records::by_identity(tx, &table, field, "anna", records::Case::Sensitive)?;
        assert!(exact.is_none());
        let any = records::by_identity(tx, &table, field, "anna", records::Case::Insensitive)?;
        assert_eq!(any.unwrap().get("n"), &json!(5));
        assert!(records::id_exists_in_any_case(tx, &table, "X")?);
        assert_eq!(records::count(tx, &table)?, 2);
        Ok::<_, StoreError>(())
    });
    work.await.unwrap();
}

#[tokio::test]
async fn a_violated_index_names_its_fields() {
    let test = TestStore::start().await;
    let posts = posts(
        json!([
            { "id": "1", "name": "a", "type": "text" },
            { "id": "2", "name": "b", "type": "text" },
            { "id": "3", "name": "c", "type": "text" },
        ]),
        &[
            "CREATE UNIQUE INDEX pair ON posts (b, a)",
            "CREATE UNIQUE INDEX short ON posts (substr(c, 1, 1), b) WHERE c != ''",
            "CREATE UNIQUE INDEX only ON posts (c COLLATE NOCASE) WHERE c != ''",
            "CREATE UNIQUE INDEX computed ON posts (length(a)) WHERE a > 'z'",
        ],
    );
    create(&test.store, &posts).await;
    insert(&test.store, record(&posts, json!(["x", "9", "2", "ab"]))).await.unwrap();
    insert(&test.store, record(&posts, json!(["z", "z1", "7", ""]))).await.unwrap();
    let cases = [
        (json!(["x", "3", "4", ""]), vec!["id"]),
        (json!(["y", "9", "2", ""]), vec!["b", "a"]),
        (json!(["y", "1", "2", "ac"]), vec!["b"]),
        (json!(["y", "1", "3", "AB"]), vec!["c"]),
        (json!(["y", "z2", "3", ""]), vec![]),
    ];
    for (row, fields) in cases {
        let error = insert(&test.store, record(&posts, row)).await.unwrap_err();
        assert_eq!(records::unique_fields(&error, &posts).unwrap(), fields, "{error:?}");
    }
    assert_eq!(records::unique_fields(&StoreError::Busy, &posts), None);
}

#[tokio::test]
async fn a_changed_collection_keeps_its_rows() {
    let test = TestStore::start().await;
    let old = posts(
        json!([
            { "id": "1", "name": "a", "type": "text" },
            { "id": "2", "name": "b", "type": "text" },
            { "id": "3", "name": "gone", "type": "text" },
            { "id": "4", "name": "one", "type": "relation", "collectionId": "p" },
            { "id": "5", "name": "several", "type": "relation", "maxSelect": 2, "collectionId": "p" },
            { "id": "6", "name": "n", "type": "number" },
        ]),
        &[
            "CREATE INDEX i ON posts (a, gone)",
            "CREATE UNIQUE INDEX j ON posts (one) WHERE one != ''",
        ],
    );
    create(&test.store, &old).await;
    let reader = view("reader", "select id, b as a from posts");
    test.store.write(move |tx| ddl::create(tx, &reader)).await.unwrap();
    insert(&test.store, record(&old, json!(["x", "A", "B", "G", "123", ["y", "007"], 0])))
        .await
        .unwrap();
    insert(&test.store, record(&old, json!(["y", "C", "D", "G", "", [], 7]))).await.unwrap();
    let mut new = (*posts(
        json!([
            { "id": "1", "name": "b", "type": "text" },
            { "id": "2", "name": "a", "type": "text" },
            { "id": "4", "name": "one", "type": "relation", "maxSelect": 2, "collectionId": "p" },
            { "id": "5", "name": "single", "type": "relation", "collectionId": "p" },
            { "id": "6", "name": "n", "type": "number", "ext": { "nullable": true } },
            { "id": "7", "name": "added", "type": "bool" },
        ]),
        &["CREATE INDEX i ON articles (b)"],
    ))
    .clone();
    new.name = "articles".to_owned();
    let new = Arc::new(new);
    change(&test.store, &old, &new).await.unwrap();
    assert_eq!(
        values(&test.store, &new, "x").await,
        json!(["x", "A", "B", ["123"], "007", 0, false])
    );
    assert_eq!(values(&test.store, &new, "y").await, json!(["y", "C", "D", [], "", 7, false]));
    let seen = test.store.read(|db| scalar(db, "SELECT \"a\" FROM \"reader\" WHERE \"id\" = 'x'"));
    assert_eq!(seen.await.unwrap(), Value::text("B"), "the view follows the renames");
    assert!(test.store.schema().by_name("articles").is_some());
    assert!(test.store.schema().by_name("posts").is_none());
    let list = either(
        "SELECT group_concat(\"name\") FROM sqlite_schema WHERE \"type\" = 'index' \
         AND \"sql\" IS NOT NULL AND \"tbl_name\" = 'articles'",
        "SELECT string_agg(indexname::text, ',') FROM pg_indexes \
         WHERE schemaname = current_schema() AND tablename = 'articles' \
         AND indexname NOT LIKE '%key'",
    );
    assert_eq!(test.store.read(move |db| scalar(db, list)).await.unwrap(), Value::text("i"));
}

#[tokio::test]
async fn a_change_that_is_refused_changes_nothing() {
    let test = TestStore::start().await;
    let a = json!({ "id": "1", "name": "a", "type": "text" });
    let old = posts(json!([a]), &[]);
    create(&test.store, &old).await;
    insert(&test.store, record(&old, json!(["x", "same"]))).await.unwrap();
    insert(&test.store, record(&old, json!(["y", "same"]))).await.unwrap();
    let reader = view("reader", "select id, a from posts");
    test.store.write(move |tx| ddl::create(tx, &reader)).await.unwrap();
    let version = test.store.schema().version();
    let cases = [
        (posts(json!([]), &[]), either("no such column", "other objects depend on it")),
        (posts(json!([a]), &["CREATE UNIQUE INDEX i ON posts (a)"]), "UNIQUE constraint failed"),
        (
            posts(json!([a]), &["CREATE INDEX i ON posts (\"b\")"]),
            either("no such column", "does not exist"),
        ),
        (posts(json!([a]), &["CREATE INDEX i ON posts"]), "0: "),
    ];
    for (new, message) in cases {
        let refused = change(&test.store, &old, &new).await;
        let error = refused.expect_err(message).to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(values(&test.store, &old, "x").await, json!(["x", "same"]));
        assert_eq!(test.store.schema().version(), version);
    }
}

#[tokio::test]
async fn ids_of_views_are_texts() {
    let test = TestStore::start().await;
    let old = posts(json!([{ "id": "1", "name": "a", "type": "text" }]), &[]);
    create(&test.store, &old).await;
    insert(&test.store, record(&old, json!(["x", "A"]))).await.unwrap();
    let cases = [
        ("plain", "select id, a from posts", "x"),
        ("counted", "select (row_number() over ()) as id, a from posts;", "1"),
    ];
    for (name, query, id) in cases {
        let view = Arc::new(view(name, query));
        let made = Arc::clone(&view);
        test.store.write(move |tx| ddl::create(tx, &made)).await.unwrap();
        assert_eq!(values(&test.store, &view, id).await, json!([id, "A"]));
        if is_postgres() {
            // Its plans depend on statistics.
            continue;
        }
        let plan = format!("EXPLAIN QUERY PLAN SELECT * FROM \"{name}\" WHERE \"id\" = 'x'");
        let plan = move |db: &mut ferrobase::store::Db| {
            let rows = db.fetch_all(Statement::new(plan.clone(), vec![]))?;
            rows.last().unwrap().text(3).map(str::to_owned)
        };
        let plan = test.store.read(plan).await.unwrap();
        assert_eq!(plan.contains("SEARCH posts USING INDEX"), name == "plain", "{plan}");
    }
}

#[tokio::test]
async fn a_view_that_the_database_refuses_is_named() {
    let test = TestStore::start().await;
    let view = view("stats", "SELECT id FROM nowhere");
    let refused = test.store.write(move |tx| ddl::create(tx, &view)).await.unwrap_err();
    assert_eq!(
        refused.to_string().lines().next(),
        Some(either(
            "error in view stats: no such table: main.nowhere",
            "error in view stats: relation \"nowhere\" does not exist"
        ))
    );
}

#[tokio::test]
async fn collections_are_stored_in_the_order_in_which_they_were_made() {
    let test = TestStore::start().await;
    let names = |test: &TestStore| -> Vec<String> {
        let schema = test.store.schema();
        schema.collections().iter().map(|collection| collection.name.clone()).collect()
    };
    let named = |name: &str| {
        let mut collection = (*posts(json!([]), &[])).clone();
        collection.id = name.to_owned();
        collection.name = name.to_owned();
        Arc::new(collection)
    };
    for name in ["b", "c", "a"] {
        create(&test.store, &named(name)).await;
    }
    assert_eq!(names(&test), ["b", "c", "a"]);
    let mut renamed = (*named("c")).clone();
    renamed.name = "C".to_owned();
    change(&test.store, &named("c"), &Arc::new(renamed)).await.unwrap();
    assert_eq!(names(&test), ["b", "C", "a"]);
    let taken = named("d");
    let taken = test.store.write(move |tx: &mut Tx| {
        let mut taken = (*taken).clone();
        taken.name = "A".to_owned();
        collections::insert(tx, &taken)
    });
    assert!(matches!(taken.await, Err(StoreError::Unique(_))));
    let removed = named("b");
    let work = test.store.write(move |tx| {
        assert!(collections::delete(tx, "b")?);
        ddl::drop(tx, &removed)?;
        collections::publish(tx).map(|_| ())
    });
    work.await.unwrap();
    test.store.close().await;
    let again = test.database.open().unwrap();
    let left: Vec<_> = again.schema().collections().iter().map(|c| c.name.clone()).collect();
    assert_eq!(left, ["C", "a"]);
}

#[tokio::test]
async fn a_changed_collection_ends_its_group_and_is_there_for_the_next_function() {
    if sqlite_only("functions wait for each other in groups on SQLite alone") {
        return;
    }
    let test = TestStore::start().await;
    let (gate, keeper) = gate();
    let made = posts(json!([{ "id": "1", "name": "a", "type": "text" }]), &[]);
    let table = Arc::clone(&made);
    let first = queued(test.store.write(move |tx| {
        gate.pass();
        collections::insert(tx, &table)?;
        ddl::create(tx, &table)?;
        collections::publish(tx).map(|_| ())
    }));
    keeper.wait();
    let second = queued(test.store.write(|tx| {
        let posts = Arc::clone(tx.schema().by_name("posts").expect("it was committed before"));
        records::insert(tx, &record(&posts, json!(["x", "A"])))
    }));
    keeper.open();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(values(&test.store, &made, "x").await, json!(["x", "A"]));
    assert_eq!(names(&test.events()), ["SchemaChanged"]);
}

#[tokio::test]
async fn what_a_view_reads_is_not_dropped() {
    let test = TestStore::start().await;
    let posts = posts(json!([{ "id": "1", "name": "a", "type": "text" }]), &[]);
    create(&test.store, &posts).await;
    let reader = view("reader", "select id, a from posts");
    let made = reader.clone();
    test.store.write(move |tx| ddl::create(tx, &made)).await.unwrap();
    let table = Arc::clone(&posts);
    let refused = test.store.write(move |tx| ddl::drop(tx, &table)).await.unwrap_err();
    let words = either("error in view reader:", "cannot drop table posts because other objects");
    assert!(refused.to_string().starts_with(words), "{refused}");
    insert(&test.store, record(&posts, json!(["x", "A"]))).await.unwrap();
    let table = Arc::clone(&posts);
    let both = test.store.write(move |tx| {
        ddl::drop(tx, &reader)?;
        ddl::drop(tx, &table)
    });
    both.await.unwrap();
}

#[tokio::test]
async fn a_read_that_the_schema_moved_under_starts_again_with_the_new_one() {
    let test = TestStore::start_with(|options| {
        options.read_budget = std::time::Duration::from_secs(3600);
    })
    .await;
    let old = posts(json!([{ "id": "1", "name": "a", "type": "text" }]), &[]);
    create(&test.store, &old).await;
    insert(&test.store, record(&old, json!(["x", "A"]))).await.unwrap();
    let (gate, keeper) = gate();
    let store = test.store.clone();
    let reader = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(store.read(move |db| {
            let posts = Arc::clone(db.schema().by_name("posts").unwrap());
            gate.pass();
            let record = records::by_id(db, &posts, "x")?.unwrap();
            Ok::<_, StoreError>(record.text("b").to_owned())
        }))
    });
    keeper.wait();
    let new = posts(json!([{ "id": "1", "name": "b", "type": "text" }]), &[]);
    change(&test.store, &old, &new).await.unwrap();
    keeper.open();
    assert_eq!(reader.join().unwrap().unwrap(), "A");
}
