//! A store with a database of its own, and ways to hold its writers still.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use ferrobase::domain::event::Event;
use ferrobase::store::{
    Db, Durability, OpenError, PostgresOptions, Row, Statement, Store, StoreError, StoreOptions,
    Tx, Value,
};

use crate::engine::{TestSchema, is_postgres};
pub(crate) use crate::only::{postgres_only, sqlite_only};

/// Where a database is: a folder, and on PostgreSQL a schema. It goes with this.
pub(crate) struct TestDatabase {
    pub(crate) dir: tempfile::TempDir,
    schema: Option<TestSchema>,
}

/// A store, its database and the events it sent.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) database: TestDatabase,
    events: Arc<Mutex<Vec<Event>>>,
}

impl TestDatabase {
    /// A database without tables.
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), schema: TestSchema::on_postgres() }
    }

    /// Options that open it, do not wait for the disk and never end a group by time.
    pub(crate) fn options(&self) -> StoreOptions {
        let mut options = StoreOptions::new(self.dir.path());
        options.durability = Durability::Normal;
        options.group_time = Duration::from_secs(3600);
        options.postgres =
            self.schema.as_ref().map(|schema| PostgresOptions { url: schema.url(), pool: 3 });
        options
    }

    /// Opens it once more, as another process would.
    pub(crate) fn open(&self) -> Result<Store, OpenError> {
        Store::open(self.options())
    }
}

impl TestStore {
    /// A store with the table `numbers(name unique, number)`.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same with other options.
    pub(crate) async fn start_with(change: impl FnOnce(&mut StoreOptions)) -> Self {
        let database = TestDatabase::new();
        let events = Arc::new(Mutex::new(Vec::new()));
        let mut options = database.options();
        let sink = Arc::clone(&events);
        options.events = Arc::new(move |sent| sink.lock().unwrap().extend_from_slice(sent));
        change(&mut options);
        let store = Store::open(options).unwrap();
        let table = "CREATE TABLE \"numbers\" (\"name\" TEXT NOT NULL UNIQUE, \"number\" BIGINT)";
        store.write(move |tx| run(tx, table, vec![])).await.unwrap();
        Self { store, database, events }
    }

    /// Numbers of the committed rows by name.
    pub(crate) async fn numbers(&self) -> Vec<(String, i64)> {
        self.store.read(numbers).await.unwrap()
    }

    /// The events sent so far, taken out.
    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

/// What one engine says, or the other.
pub(crate) fn either<T>(sqlite: T, postgres: T) -> T {
    if is_postgres() { postgres } else { sqlite }
}

/// Runs a statement.
pub(crate) fn run(tx: &mut Tx, sql: &'static str, params: Vec<Value>) -> Result<u64, StoreError> {
    tx.run(Statement::new(sql, params))
}

/// Adds a row to `numbers`.
pub(crate) fn insert(tx: &mut Tx, name: &str, number: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"numbers\" (\"name\", \"number\") VALUES ($1, $2)";
    run(tx, sql, vec![Value::text(name), Value::Int(number)]).map(|_| ())
}

/// Rows of `numbers` as a function sees them.
pub(crate) fn numbers(db: &mut Db) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT \"name\", \"number\" FROM \"numbers\" ORDER BY \"name\"";
    let pair = |row: Row| Ok((row.text(0)?.to_owned(), row.int(1)?));
    db.fetch_all(Statement::new(sql, vec![]))?.into_iter().map(pair).collect()
}

/// A text as the first value of the first row.
pub(crate) fn scalar(db: &mut Db, sql: &'static str) -> Result<Value, StoreError> {
    db.fetch_one(Statement::new(sql, vec![]))?.value(0).cloned()
}

/// Starts `work` far enough that it waits in its queue.
pub(crate) fn queued<F: Future>(work: F) -> Pin<Box<F>> {
    let mut work = Box::pin(work);
    let waits = work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
    assert!(waits, "there is something to wait for");
    work
}

/// Two ends of a gate: a function says that it is there and waits until it may go on.
pub(crate) fn gate() -> (Gate, Keeper) {
    let (arrive, arrived) = channel();
    let (open, opened) = channel();
    (Gate { arrive, opened: Mutex::new(opened) }, Keeper { arrived, open })
}

/// The function's side of a gate.
pub(crate) struct Gate {
    arrive: Sender<()>,
    opened: Mutex<Receiver<()>>,
}

/// The test's side of a gate.
pub(crate) struct Keeper {
    arrived: Receiver<()>,
    open: Sender<()>,
}

impl Gate {
    /// Waits for the keeper; passes at once when the keeper has opened for good.
    pub(crate) fn pass(&self) {
        // A keeper that is gone waits for nobody and holds nobody up.
        let _ = self.arrive.send(());
        let _ = self.opened.lock().unwrap().recv();
    }
}

impl Keeper {
    /// Waits until a function stands at the gate.
    pub(crate) fn wait(&self) {
        self.arrived.recv().unwrap();
    }

    /// Lets everybody pass from now on.
    pub(crate) fn open(self) {
        drop(self.open);
    }
}

/// An event that can be told from others.
pub(crate) fn event(name: &str) -> Event {
    use ferrobase::domain::collection::{Collection, CollectionKind};
    use ferrobase::domain::fields::{Field, FieldKind, TextOptions};
    let collection = Collection {
        id: "c".to_owned(),
        name: "c".to_owned(),
        fields: vec![Field::new("id", FieldKind::Text(TextOptions::default()))],
        ..Collection::blank(CollectionKind::Base)
    };
    let record = ferrobase::domain::record::Record::new(Arc::new(collection), vec![name.into()]);
    Event::Created(Arc::new(record))
}

/// The names that `event` gave, and what else was sent.
pub(crate) fn names(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| match event {
        Event::Created(record) => record.id().to_owned(),
        other => format!("{other:?}"),
    };
    events.iter().map(name).collect()
}

/// Panics, without the compiler knowing.
pub(crate) fn panics() {
    panic!("this panic belongs to the test");
}
