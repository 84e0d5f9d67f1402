//! From a SQLite file into a database of the test's engine.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tempfile::TempDir;

use crate::domain::Json;
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fields::{
    DateOptions, Field, FieldKind, JsonOptions, NumberOptions, SelectOptions, TextOptions,
};
use crate::domain::keyring::{Key, Keyring};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::collections;
use crate::services::copy::check::{self, Checked};
use crate::services::copy::{CopyError, Phase, Progress, Report, Target, copy, copy_into, fill};
use crate::store::copying::{self, SYSTEM_TABLES};
use crate::store::testing::{TestDatabase, dump};
use crate::store::{
    Durability, OpenError, Snapshot, Statement, Store, StoreError, StoreOptions, Value, params,
    records,
};

fn things() -> Collection {
    let mut things = Collection::scaffold(CollectionKind::Base, "things", &mut Random::seeded(7));
    let select = SelectOptions { max_select: 3, values: vec!["a".to_owned(), "b".to_owned()] };
    things.fields.extend([
        Field::new("title", FieldKind::Text(TextOptions::default())),
        Field::new("size", FieldKind::Number(NumberOptions::default())),
        Field::new("day", FieldKind::Date(DateOptions::default())),
        Field::new("flag", FieldKind::Bool),
        Field::new("letters", FieldKind::Select(select)),
        Field::new("any", FieldKind::Json(JsonOptions::default())),
        Field::new("place", FieldKind::GeoPoint),
    ]);
    things.indexes = vec!["CREATE INDEX `by_title` ON `things` (`title`, `day`)".to_owned()];
    things
}

fn values(number: usize) -> Vec<Json> {
    vec![
        json!(format!("thing{number:010}")),
        json!(format!("tab\t line\nback\\slash \\N {number} \u{1F980} ' \" \r\u{1}")),
        json!(number as f64 + 0.1),
        if number.is_multiple_of(2) { json!("") } else { json!("2024-02-29 12:00:00.123Z") },
        json!(number.is_multiple_of(3)),
        json!(["b", "a"]),
        if number.is_multiple_of(2) { Json::Null } else { json!({"k\\": [1.5, "x\ny", null]}) },
        json!({"lon": 1.25, "lat": -2}),
    ]
}

/// A folder with a database of `count` things, the newest with the smallest id.
async fn source(count: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = file(&folder);
    store
        .write(move |tx| {
            let collection = collections::create(tx, &things()).unwrap();
            for number in (0..count).rev() {
                records::insert(
                    tx,
                    &Record::new(Arc::clone(&collection), adapt(&collection, number)),
                )?;
            }
            params::save(tx, "setting", &json!({"b": 1, "a": "ü"}), Timestamp::default())
        })
        .await
        .unwrap();
    store.close().await;
    folder
}

/// The values in the order of the collection's fields.
fn adapt(collection: &Collection, number: usize) -> Vec<Json> {
    assert_eq!(collection.fields.len(), values(number).len());
    values(number)
}

fn file(folder: &TempDir) -> Store {
    let durability = Durability::Normal;
    Store::open(StoreOptions { durability, ..StoreOptions::new(folder.path()) }).unwrap()
}

async fn change(folder: &TempDir, sql: &'static str) {
    let store = file(folder);
    store.write(move |tx| tx.run(Statement::new(sql, Vec::new()))).await.unwrap();
    store.close().await;
}

fn silent() -> Report {
    Arc::new(|_| ())
}

fn open_target(database: &TestDatabase) -> Store {
    Store::open(StoreOptions { fresh: true, ..database.options() }).unwrap()
}

async fn copied(folder: &TempDir, target: &Store) -> Result<super::Copied, CopyError> {
    copy(Snapshot::open(folder.path()).unwrap(), target, silent()).await
}

#[tokio::test]
async fn everything_goes_over_in_order() {
    let folder = source(2_500).await;
    let database = TestDatabase::new();
    let target = open_target(&database);
    let told = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let telling = Arc::clone(&told);
    let report: Report = Arc::new(move |progress| telling.lock().unwrap().push(progress.clone()));
    let done = copy(Snapshot::open(folder.path()).unwrap(), &target, report).await.unwrap();
    let rows = |name: &str| done.tables.iter().find(|table| table.name == name).unwrap().rows;
    assert_eq!((rows("things"), rows("_params"), rows("_collections")), (2_500, 1, 1));
    assert_eq!(done.left_out, [""; 0]);

    let things = Arc::clone(target.schema().by_name("things").unwrap());
    let old = Arc::clone(&things);
    let read = move |db: &mut crate::store::Db| {
        let mut found = Vec::new();
        copying::each_record(db, &old, |record| {
            found.push(record);
            Ok(())
        })?;
        Ok::<_, StoreError>((found, params::load(db, "setting")?))
    };
    let (found, setting) = target.read(read).await.unwrap();
    let expected: Vec<Record> =
        (0..2_500).rev().map(|number| Record::new(Arc::clone(&things), values(number))).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.values(), expected.values());
    }
    assert_eq!(setting, Some(json!({"b": 1, "a": "ü"})));

    // What is made later comes later.
    let new = Record::new(Arc::clone(&things), values(9_999));
    let last = target.write(move |tx| {
        records::insert(tx, &new)?;
        let mut last = String::new();
        copying::each_record(tx, &things, |record| {
            record.id().clone_into(&mut last);
            Ok(())
        })?;
        Ok::<_, StoreError>(last)
    });
    assert_eq!(last.await.unwrap(), "thing0000009999");

    let told = told.lock().unwrap();
    for phase in [Phase::Checking, Phase::Copying, Phase::Indexing, Phase::Comparing] {
        let last = told.iter().rfind(|progress| progress.phase == phase).unwrap();
        assert_eq!((last.done, last.of), (2_500, 2_500), "{phase:?}");
    }
    assert!(told.is_sorted_by_key(|progress| progress.phase as usize));
}

#[tokio::test]
async fn a_target_that_was_in_use_is_refused_and_stays() {
    let folder = source(3).await;
    let database = TestDatabase::new();
    let target = open_target(&database);
    copied(&folder, &target).await.unwrap();
    let again = copied(&folder, &target).await.unwrap_err();
    assert!(matches!(again, CopyError::Occupied), "{again}");
    target.close().await;
    let refused = Store::open(StoreOptions { fresh: true, ..database.options() });
    assert!(matches!(refused.err(), Some(OpenError::Occupied { .. })));
    let target = Store::open(database.options()).unwrap();
    let things = Arc::clone(target.schema().by_name("things").unwrap());
    let count = target.read(move |db| records::count(db, &things)).await.unwrap();
    assert_eq!(count, 3);
}

#[tokio::test]
async fn a_difference_is_found_and_nothing_is_kept() {
    let folder = source(5).await;
    for (planted, rows) in [
        ("UPDATE \"things\" SET \"flag\" = NOT \"flag\" WHERE \"id\" = 'thing0000000003'", 5),
        ("DELETE FROM \"things\" WHERE \"id\" = 'thing0000000003'", 4),
        ("UPDATE \"_params\" SET \"value\" = 'null'", 1),
    ] {
        let database = TestDatabase::new();
        let target = open_target(&database);
        let mut snapshot = Snapshot::open(folder.path()).unwrap();
        let checked = check::check(&mut snapshot, target.dialect(), &silent()).unwrap();
        let (snapshot, checked) = (Mutex::new(snapshot), Arc::new(checked));
        let work = move |tx: &mut crate::store::Tx| {
            let checked: &Checked = &checked;
            fill::fill(tx, &mut snapshot.lock().unwrap(), checked, &Target::Empty, &silent())?;
            tx.run(Statement::new(planted, Vec::new()))?;
            check::compare(tx, checked, &silent())
        };
        let error = target.write(work).await.unwrap_err();
        let CopyError::Differs(differences) = &error else { panic!("{error}") };
        assert_eq!(differences.len(), 1, "{error}");
        assert_eq!(differences[0].target.rows, rows, "{error}");
        target.close().await;
        // As empty as before.
        copied(&folder, &open_target(&database)).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_written_meanwhile_stops_the_copy() {
    let folder = source(3).await;
    let snapshot = Snapshot::open(folder.path()).unwrap();
    change(&folder, "DELETE FROM \"things\"").await;
    let database = TestDatabase::new();
    let target = open_target(&database);
    let error = copy(snapshot, &target, silent()).await.unwrap_err();
    assert!(matches!(error, CopyError::SourceChanged), "{error}");
    copied(&folder, &target).await.unwrap();
}

#[tokio::test]
async fn only_whole_and_current_sources_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let error = || Snapshot::open(folder.path()).err().unwrap().to_string();
    assert!(error().contains("there is no database"), "{}", error());
    std::fs::write(folder.path().join("data.db"), "no database at all, but a text").unwrap();
    assert!(error().contains("not a SQLite database"), "{}", error());
    std::fs::remove_file(folder.path().join("data.db")).unwrap();
    file(&folder).close().await;
    change(&folder, "DELETE FROM \"_migrations\"").await;
    assert!(error().contains("older version"), "{}", error());
}

#[tokio::test]
async fn a_run_that_is_not_over_goes_over() {
    let folder = source(1).await;
    change(
        &folder,
        "INSERT INTO \"_cron_runs\" VALUES ('run', 'job', 'clock', '2024-01-01 00:00:00.000Z', \
         NULL, NULL, '', '')",
    )
    .await;
    let database = TestDatabase::new();
    let target = open_target(&database);
    let done = copied(&folder, &target).await.unwrap();
    assert_eq!(done.tables.iter().find(|table| table.name == "_cron_runs").unwrap().rows, 1);
    // And from there over what is in another one.
    let archive = tempfile::tempdir().unwrap();
    if let Some(snapshot) = target.snapshot().await.unwrap() {
        let kept = file(&archive);
        copy_into(snapshot, &kept, Target::Archive, silent()).await.unwrap();
        kept.close().await;
        let again = Snapshot::open(archive.path()).unwrap();
        let replaced = Target::Replaced(Arc::new(|_| Ok(())));
        let done = copy_into(again, &target, replaced, silent()).await.unwrap();
        assert_eq!(done.tables.iter().find(|table| table.name == "things").unwrap().rows, 1);
    }
}

/// Whoever adds a system table or a column of one says in `store/copying.rs` how it is copied.
#[tokio::test]
async fn every_system_table_is_copied_whole() {
    let folder = source(0).await;
    let store = file(&folder);
    let read = |db: &mut crate::store::Db| {
        let sql = "SELECT group_concat(\"name\") FROM pragma_table_info($1)";
        let mut columns = Vec::new();
        for table in &SYSTEM_TABLES {
            let statement = Statement::new(sql, vec![Value::text(table.name)]);
            let stored = db.fetch_one(statement)?.text(0)?.to_owned();
            columns.push((table.column_names().join(","), stored));
        }
        Ok::<_, StoreError>((copying::foreign_tables(db)?, columns))
    };
    let (foreign, columns) = store.read(read).await.unwrap();
    assert_eq!(foreign, [""; 0], "tables that no list names");
    for (listed, stored) in columns {
        assert_eq!(listed, stored);
    }
}

#[tokio::test]
async fn sealed_secrets_go_over_as_they_are_and_open_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::Keys { key: Key::parse(&"k".repeat(32)).ok(), previous: None };
    let options = StoreOptions { keyring: keyring.clone(), ..StoreOptions::new(folder.path()) };
    let store = Store::open(options).unwrap();
    let kind = CollectionKind::blank("auth", || "HUSH".to_owned()).unwrap();
    let people = Collection::scaffold(kind, "people", &mut Random::seeded(7));
    let secret = people.auth().unwrap().auth_token.secret.clone();
    let made = people.clone();
    store
        .write(move |tx| Ok::<_, StoreError>(collections::create(tx, &made).unwrap()))
        .await
        .unwrap();
    store.close().await;

    let database = TestDatabase::new();
    let options = StoreOptions { fresh: true, keyring: Keyring::Blind, ..database.options() };
    let target = Store::open(options).unwrap();
    copied(&folder, &target).await.unwrap();
    assert!(!target.read(dump).await.unwrap().contains(&secret));
    target.close().await;
    let without = Store::open(database.options()).err().unwrap();
    assert!(matches!(without, OpenError::Sealed { .. }), "{without}");
    let target = Store::open(StoreOptions { keyring, ..database.options() }).unwrap();
    let copy = Arc::clone(target.schema().by_name("people").unwrap());
    assert_eq!(copy.to_stored_json(), people.to_stored_json());
}
