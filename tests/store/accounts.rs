//! What belongs to accounts beside their records: sessions and authenticators.

use ferrobase::domain::time::Timestamp;
use ferrobase::store::accounts::AccountKey;
use ferrobase::store::authenticators::{self, Authenticator};
use ferrobase::store::sessions::{self, StoredSession};
use ferrobase::store::{Store, StoreError};

use crate::support::*;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000 * seconds)
}

fn account(record: &str) -> AccountKey {
    AccountKey { collection: "c1".to_owned(), record: record.to_owned() }
}

fn session(id: &str, record: &str, used: i64) -> StoredSession {
    StoredSession {
        id: id.to_owned(),
        account: account(record),
        method: "password".to_owned(),
        address: "::1".to_owned(),
        agent: "Ünïcode '\" agent".to_owned(),
        created: at(0),
        used: at(used),
        expires: Timestamp::LATEST,
    }
}

async fn begin(store: &Store, session: StoredSession) {
    store.write(move |tx| sessions::insert(tx, &session)).await.unwrap();
}

async fn list(store: &Store, record: &str) -> Vec<StoredSession> {
    let account = account(record);
    store.read(move |db| sessions::of_account(db, &account)).await.unwrap()
}

async fn ids(store: &Store, record: &str) -> Vec<String> {
    list(store, record).await.into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn a_session_comes_back_as_it_was_and_the_one_used_last_comes_first() {
    let test = TestStore::start().await;
    let store = &test.store;
    for (id, record, used) in [("a", "r1", 1), ("b", "r1", 3), ("c", "r2", 2)] {
        begin(store, session(id, record, used)).await;
    }
    assert_eq!(list(store, "r1").await, [session("b", "r1", 3), session("a", "r1", 1)]);
    let found = store.read(|db| sessions::by_id(db, "c")).await.unwrap();
    assert_eq!(found, Some(session("c", "r2", 2)));
    // Notes of use that come late change nothing.
    for (used, first) in [(9, "a"), (2, "a")] {
        store.write(move |tx| sessions::touch(tx, "a", at(used))).await.unwrap();
        assert_eq!(ids(store, "r1").await[0], first);
    }
    assert_eq!(list(store, "r1").await[0].used, at(9));
}

#[tokio::test]
async fn sessions_end_one_by_one_and_together() {
    let test = TestStore::start().await;
    let store = &test.store;
    for number in 0..6 {
        begin(store, session(&format!("s{number}"), "r1", number)).await;
        begin(store, session(&format!("t{number}"), "r2", number)).await;
    }
    let remove = |id: &'static str| store.write(move |tx| sessions::remove(tx, id));
    assert!(remove("s0").await.unwrap());
    assert!(!remove("s0").await.unwrap());
    let beyond = store.write(|tx| sessions::remove_beyond(tx, &account("r1"), 3)).await.unwrap();
    assert_eq!((beyond, ids(store, "r1").await), (2, vec!["s5".into(), "s4".into(), "s3".into()]));
    let others = store.write(|tx| sessions::remove_others(tx, &account("r1"), "s4")).await.unwrap();
    assert_eq!((others, ids(store, "r1").await), (2, vec!["s4".to_owned()]));
    assert_eq!(ids(store, "r2").await.len(), 6);
    store.write(|tx| sessions::remove_of_collection(tx, "c1")).await.unwrap();
    assert!(ids(store, "r2").await.is_empty());
}

#[tokio::test]
async fn a_session_lasts_as_long_as_it_is_renewed() {
    let test = TestStore::start().await;
    let store = &test.store;
    begin(store, StoredSession { expires: at(10), ..session("a", "r1", 0) }).await;
    begin(store, StoredSession { expires: at(10), ..session("b", "r1", 0) }).await;
    let extend = |id: &'static str| store.write(move |tx| sessions::extend(tx, id, at(5), at(15)));
    assert!(extend("a").await.unwrap());
    assert!(!extend("none").await.unwrap());
    store.write(|tx| sessions::sweep(tx, at(10))).await.unwrap();
    assert_eq!(ids(store, "r1").await, ["a"]);
    store.write(|tx| sessions::sweep(tx, at(15))).await.unwrap();
    assert!(ids(store, "r1").await.is_empty());
}

#[tokio::test]
async fn an_account_has_one_authenticator() {
    let test = TestStore::start().await;
    let store = &test.store;
    let new = Authenticator {
        id: "a".to_owned(),
        account: account("r1"),
        is_active: false,
        secret: "SECRET".to_owned(),
        step: 0,
        recovery: Vec::new(),
        created: at(1),
    };
    let insert = |new: Authenticator| store.write(move |tx| authenticators::insert(tx, &new));
    insert(new.clone()).await.unwrap();
    let second = insert(Authenticator { id: "b".to_owned(), ..new.clone() }).await;
    assert!(matches!(second, Err(StoreError::Unique(_))), "{second:?}");
    let active = Authenticator {
        is_active: true,
        step: 57_000_000,
        recovery: vec!["h1".to_owned(), "h2".to_owned()],
        ..new.clone()
    };
    let changed = active.clone();
    store.write(move |tx| authenticators::update(tx, &changed)).await.unwrap();
    let of = |record: &'static str| {
        store.read(move |db| authenticators::of_account(db, &account(record)))
    };
    assert_eq!((of("r1").await.unwrap(), of("r2").await.unwrap()), (Some(active), None));
    let remove = || store.write(|tx| authenticators::remove(tx, &account("r1")));
    assert!(remove().await.unwrap());
    assert!(!remove().await.unwrap());
}
