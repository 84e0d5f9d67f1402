//! Several processes on one PostgreSQL database: each hears what the others did, and none acts on
//! collections that another has changed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ferrobase::domain::collection::Collection;
use ferrobase::domain::event::Event;
use ferrobase::domain::record::Record;
use ferrobase::store::{Feed, Statement, Store, StoreError, Tx, Value, collections, ddl, records};
use serde_json::json;

use crate::support::*;

/// Why these tests run on PostgreSQL only.
const SHARED: &str = "a SQLite file has one server";

/// When an event that must come is given up.
const RUNS_OUT: Duration = Duration::from_secs(60);

/// Another process on the database of `test`, and what it hears.
fn another(test: &TestStore) -> (Store, Receiver<Event>) {
    let (sender, heard) = channel();
    let mut options = test.database.options();
    options.events = Arc::new(move |events| {
        events.iter().cloned().for_each(|event| {
            let _ = sender.send(event);
        });
    });
    (Store::open(options).unwrap(), heard)
}

fn notes(fields: &[&str]) -> Arc<Collection> {
    let mut all = vec![json!({ "id": "i", "name": "id", "type": "text", "primaryKey": true })];
    all.extend(fields.iter().map(|name| json!({ "id": name, "name": name, "type": "text" })));
    let definition = json!({ "id": "n", "name": "notes", "type": "base", "fields": all });
    Arc::new(Collection::from_stored_json(definition.as_object().unwrap()).unwrap())
}

fn make(tx: &mut Tx, collection: &Collection) -> Result<(), StoreError> {
    collections::insert(tx, collection)?;
    ddl::create(tx, &Arc::new(collection.clone()))?;
    collections::publish(tx).map(|_| ())
}

#[tokio::test]
async fn what_one_process_does_the_others_hear_in_order() {
    if postgres_only(SHARED) {
        return;
    }
    let test = TestStore::start().await;
    let (_other, heard) = another(&test);
    let collection = notes(&["title"]);
    let made = Arc::clone(&collection);
    test.store.write(move |tx| make(tx, &made)).await.unwrap();
    let next = || heard.recv_timeout(RUNS_OUT).unwrap();
    assert!(matches!(next(), Event::SchemaChanged));
    for number in 0..20 {
        let title = format!("it's \\ {number}");
        let record = Record::new(Arc::clone(&collection), vec!["r".into(), title.into()]);
        let work = test.store.write(move |tx| {
            match number {
                0 => records::insert(tx, &record)?,
                _ => records::update(tx, &record, &record)?,
            }
            tx.emit(Event::Created(Arc::new(record.clone())));
            Ok::<_, StoreError>(())
        });
        work.await.unwrap();
    }
    let mut titles = Vec::new();
    while titles.len() < 20 {
        match next() {
            Event::Created(record) => titles.push(record.text("title").to_owned()),
            Event::SchemaChanged => {}
            other => panic!("{other:?}"),
        }
    }
    let expected: Vec<String> = (0..20).map(|number| format!("it's \\ {number}")).collect();
    assert_eq!(titles, expected);
}

/// What a process is told in order: the number of each commit, and the titles in it.
#[derive(Default)]
struct Heard(Mutex<Vec<(u64, String)>>);

impl Feed for Heard {
    fn is_wanted(&self) -> bool {
        true
    }

    fn committed(&self, number: u64, events: &[Event]) {
        for event in events {
            if let Event::Created(record) = event {
                self.0.lock().unwrap().push((number, record.text("title").to_owned()));
            }
        }
    }

    fn answered(&self, _number: u64) {}

    fn passed(&self, _number: u64) {}

    fn interrupted(&self) {
        panic!("nothing was missed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_of_several_processes_are_told_in_one_order() {
    const EACH: usize = 40;
    if postgres_only(SHARED) {
        return;
    }
    let database = TestDatabase::new();
    let open = || {
        let feed = Arc::<Heard>::default();
        let mut options = database.options();
        options.feed = Some(Arc::<Heard>::clone(&feed));
        (Store::open(options).unwrap(), feed)
    };
    let (stores, feeds): (Vec<Store>, Vec<Arc<Heard>>) = (0..3).map(|_| open()).unzip();
    let collection = notes(&["title"]);
    let made = Arc::clone(&collection);
    stores[0].write(move |tx| make(tx, &made)).await.unwrap();
    let first = Record::new(Arc::clone(&collection), vec!["r".into(), "0".into()]);
    stores[0].write(move |tx| records::insert(tx, &first)).await.unwrap();
    let raise = |store: Store| {
        let collection = Arc::clone(&collection);
        async move {
            for _ in 0..EACH {
                let collection = Arc::clone(&collection);
                let work = store.write(move |tx| {
                    let old = records::lock(tx, &collection, "r")?.expect("the record");
                    let number: usize = old.text("title").parse().unwrap();
                    let title = (number + 1).to_string().into();
                    let new = Record::new(Arc::clone(&collection), vec!["r".into(), title]);
                    records::update(tx, &old, &new)?;
                    tx.emit(Event::Created(Arc::new(new)));
                    Ok::<_, StoreError>(())
                });
                work.await.unwrap();
            }
        }
    };
    let writers = stores.iter().map(|store| tokio::spawn(raise(store.clone())));
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let expected: Vec<String> = (1..=3 * EACH).map(|number| number.to_string()).collect();
    let until = Instant::now() + RUNS_OUT;
    for feed in &feeds {
        while feed.0.lock().unwrap().len() < expected.len() && Instant::now() < until {
            tokio::task::yield_now().await;
        }
    }
    let told = |feed: &Heard| feed.0.lock().unwrap().clone();
    let titles: Vec<String> = told(&feeds[0]).into_iter().map(|(_, title)| title).collect();
    assert_eq!(titles, expected);
    assert!(told(&feeds[0]).is_sorted());
    for feed in &feeds[1..] {
        assert_eq!(told(feed), told(&feeds[0]));
    }
}

#[tokio::test]
async fn a_write_sees_the_collections_that_another_process_changed() {
    if postgres_only(SHARED) {
        return;
    }
    let test = TestStore::start().await;
    let (other, _heard) = another(&test);
    test.store.write(|tx| make(tx, &notes(&["title"]))).await.unwrap();
    let seen = other.write(|tx| Ok::<_, StoreError>(tx.schema().by_name("notes").cloned()));
    let old = seen.await.unwrap().expect("the collection that was just made");
    // A read with the old columns, prepared while they were there, then with the new ones.
    let read = |store: &Store, collection: &Arc<Collection>| {
        let (store, collection) = (store.clone(), Arc::clone(collection));
        async move { store.read(move |db| records::by_id(db, &collection, "r")).await }
    };
    assert!(read(&other, &old).await.unwrap().is_none());
    let new = notes(&["title", "text"]);
    let (before, after) = (Arc::clone(&old), Arc::clone(&new));
    let change = test.store.write(move |tx| {
        collections::update(tx, &after)?;
        ddl::change(tx, &before, &after)?;
        collections::publish(tx).map(|_| ())
    });
    change.await.unwrap();
    assert!(read(&other, &new).await.unwrap().is_none());
    let row = Record::new(Arc::clone(&new), vec!["r".into(), "a".into(), "b".into()]);
    other.write(move |tx| records::insert(tx, &row)).await.unwrap();
    let found = read(&test.store, &new).await.unwrap().unwrap();
    assert_eq!(found.text("text"), "b");
}

#[tokio::test]
async fn what_was_decided_from_collections_that_are_gone_is_decided_again() {
    if postgres_only(SHARED) {
        return;
    }
    let test = TestStore::start().await;
    let (other, _heard) = another(&test);
    let (gate, keeper) = gate();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    // It decides that there is no collection yet, and is overtaken before it acts on that.
    let slow = queued(test.store.write(move |tx| {
        let is_first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        let known = tx.schema().by_name("notes").is_some();
        if is_first {
            gate.pass();
        }
        if !known {
            tx.revise()?;
        }
        Ok::<_, StoreError>(known)
    }));
    keeper.wait();
    other.write(|tx| make(tx, &notes(&[]))).await.unwrap();
    keeper.open();
    assert!(slow.await.unwrap(), "the second time it knew");
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_read_that_compares_collections_with_rows_is_run_again_when_they_changed() {
    if postgres_only(SHARED) {
        return;
    }
    let test = TestStore::start().await;
    let (other, _heard) = another(&test);
    let (gate, keeper) = gate();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let compared = queued(test.store.read(move |db| {
        let known = db.schema().by_name("notes").is_some();
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            gate.pass();
        }
        db.confirm_schema()?;
        Ok::<_, StoreError>(known)
    }));
    keeper.wait();
    other.write(|tx| make(tx, &notes(&[]))).await.unwrap();
    keeper.open();
    assert!(compared.await.unwrap(), "the second time it knew");
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn two_writes_that_lock_each_other_out_both_happen() {
    if postgres_only("SQLite has one writer") {
        return;
    }
    let test = TestStore::start().await;
    test.store
        .write(|tx| {
            insert(tx, "a", 0)?;
            insert(tx, "b", 0)
        })
        .await
        .unwrap();
    let raise = |first: &'static str, second: &'static str| {
        let store = test.store.clone();
        async move {
            let sql = "UPDATE \"numbers\" SET \"number\" = \"number\" + 1 WHERE \"name\" = $1";
            let work = store.write(move |tx| {
                tx.run(Statement::new(sql, vec![Value::text(first)]))?;
                tx.run(Statement::new(sql, vec![Value::text(second)])).map(|_| ())
            });
            work.await
        }
    };
    for _ in 0..20 {
        let (left, right) = tokio::join!(raise("a", "b"), raise("b", "a"));
        left.unwrap();
        right.unwrap();
    }
    assert_eq!(test.numbers().await, [("a".to_owned(), 40), ("b".to_owned(), 40)]);
}

#[tokio::test]
async fn a_transaction_that_could_not_begin_spoils_no_connection() {
    if postgres_only("a transaction of SQLite begins or does not") {
        return;
    }
    let test = TestStore::start_with(|options| {
        options.write_timeout = Duration::from_millis(300);
        options.postgres.as_mut().unwrap().pool = 6;
    })
    .await;
    let (gate, keeper) = gate();
    let lock = "LOCK TABLE \"_revision\" IN ACCESS EXCLUSIVE MODE";
    let holder = queued(test.store.write_with(RUNS_OUT, move |tx| {
        run(tx, lock, vec![])?;
        gate.pass();
        Ok::<_, StoreError>(())
    }));
    keeper.wait();
    let write = |name: &'static str| test.store.write(move |tx| insert(tx, name, 1));
    let (first, second) = tokio::join!(write("a"), write("b"));
    assert!(matches!(first, Err(StoreError::Deadline)), "{first:?}");
    assert!(matches!(second, Err(StoreError::Deadline)), "{second:?}");
    keeper.open();
    holder.await.unwrap();
    for name in ["c", "d", "e", "f", "g", "h"] {
        write(name).await.unwrap();
    }
    assert_eq!(test.numbers().await.len(), 6);
}
