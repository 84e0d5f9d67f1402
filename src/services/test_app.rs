//! An App over a database of its own, for tests.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use crate::domain::collection::Collection;
use crate::domain::event::Event;
use crate::domain::keyring::Keyring;
use crate::domain::record::Record;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::services::app::{App, Options};
use crate::services::backups::Backups;
use crate::services::blobs::Sync;
use crate::services::clock::Clock;
use crate::services::files::Files;
use crate::services::health::Health;
use crate::services::logs::Logs;
use crate::services::metrics::Metrics;
use crate::services::oauth2::OAuth2;
use crate::services::passwords::{Cost, Passwords};
use crate::services::queue::Queue;
use crate::services::rate_limits::RateLimits;
use crate::services::realtime::Realtime;
use crate::services::records::empty_lists::EmptyLists;
use crate::services::replica::Replica;
use crate::services::settings::CurrentSettings;
use crate::services::throttle::Throttle;
use crate::services::tokens::Callers;
use crate::services::webhooks::Sender;
use crate::store::testing::TestDatabase;
use crate::store::{Feed, Store, StoreError, StoreOptions, ddl, records};

/// The moment at which the clock of a test stands.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_500);

/// An App whose database goes with it.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    told: Arc<Mutex<Vec<Event>>>,
    _database: TestDatabase,
}

impl TestApp {
    /// An App with these collections, all of them empty.
    pub(crate) async fn start(collections: Vec<Arc<Collection>>) -> Self {
        let database = TestDatabase::new();
        let callers = Arc::new(Callers::default());
        let settings = Arc::new(CurrentSettings::default());
        let told = Arc::<Mutex<Vec<Event>>>::default();
        let realtime = Arc::new(Realtime::default());
        let sinks = (Arc::clone(&callers), Arc::clone(&settings), Arc::clone(&told));
        let feed: Arc<dyn Feed> = Arc::<Realtime>::clone(&realtime);
        let store = Store::open(StoreOptions {
            events: Arc::new(move |events| {
                sinks.0.on_events(events);
                sinks.1.on_events(events);
                sinks.2.lock().unwrap().extend_from_slice(events);
            }),
            feed: Some(feed),
            ..database.options()
        })
        .unwrap();
        let app = App {
            store,
            files: Files::in_folder(
                database.options().dir.join("storage"),
                Sync::No,
                Arc::default(),
            )
            .unwrap(),
            backups: Backups::new(database.options().dir),
            replica: Replica::default(),
            secrets: Keyring::default(),
            clock: Clock::manual(START),
            passwords: Passwords::start(Cost::LEAST, NonZeroUsize::MIN).unwrap(),
            callers,
            settings,
            queue: Arc::new(Queue::default()),
            realtime,
            oauth2: OAuth2::default(),
            webhooks: Sender::default(),
            rate_limits: RateLimits::default(),
            throttle: Throttle::new(true),
            empty_lists: EmptyLists::default(),
            logs: Arc::new(Logs::new(Clock::manual(START))),
            metrics: Metrics::default(),
            health: Health::default(),
            configuration: Arc::default(),
            options: Options::default(),
        };
        make_tables(&app.store, collections).await;
        Self { app: Arc::new(app), told, _database: database }
    }

    /// What committed writes told of records since this was last asked.
    pub(crate) fn take_told(&self) -> Vec<String> {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let words = told.iter().filter_map(|event| {
            let (word, record) = match event {
                Event::Created(record) => ("created", record),
                Event::Updated { new, .. } => ("updated", new),
                Event::Deleted(record) => ("deleted", record),
                Event::SchemaChanged | Event::SignedOut { .. } | Event::Queued => return None,
            };
            Some(format!("{word} {} {}", record.collection().name, record.id()))
        });
        words.collect()
    }

    /// Stores a new record.
    pub(crate) async fn insert(&self, record: Record) {
        self.app.store.write(move |tx| records::insert(tx, &record)).await.unwrap();
    }

    /// Stores `new` over `old` and tells of it, as every update does.
    pub(crate) async fn update(&self, old: Record, new: Record) {
        self.app
            .store
            .write(move |tx| {
                records::update(tx, &old, &new)?;
                let (old, new) = (Arc::new(old.clone()), Arc::new(new.clone()));
                tx.emit(Event::Updated { old, new });
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    /// Removes a record and tells of it.
    pub(crate) async fn remove(&self, record: Record) {
        self.app
            .store
            .write(move |tx| {
                records::remove(tx, record.collection(), record.id())?;
                tx.emit(Event::Deleted(Arc::new(record.clone())));
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    /// Publishes these collections instead of the ones there were; tables stay as they are.
    pub(crate) async fn publish(&self, collections: Vec<Arc<Collection>>) {
        let version = self.app.store.schema().version() + 1;
        self.app
            .store
            .write(move |tx| tx.set_schema(Schema::new(version, collections.clone())))
            .await
            .unwrap();
    }
}

async fn make_tables(store: &Store, collections: Vec<Arc<Collection>>) {
    let version = store.schema().version() + 1;
    store
        .write(move |tx| {
            for collection in &collections {
                ddl::create(tx, collection)?;
                let faults = ddl::create_indexes(tx, None, collection)?;
                assert!(faults.is_empty(), "{faults:?}");
            }
            tx.set_schema(Schema::new(version, collections.clone()))
        })
        .await
        .unwrap();
}
