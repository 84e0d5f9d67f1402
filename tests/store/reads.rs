//! Reads: at once when they are fast, elsewhere when they are slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ferrobase::store::{Db, Statement, StoreError, Value};

use crate::support::*;

/// Why some tests run on SQLite only.
const CALLER: &str = "reads run on the caller's thread and move away on SQLite alone";

const ENDLESS: &str = "WITH RECURSIVE \"n\" (\"i\") AS (SELECT 1 UNION ALL SELECT \"i\" + 1 FROM \
                       \"n\") SELECT count(*) FROM \"n\"";

#[tokio::test]
async fn a_slow_read_moves_to_the_pool_and_holds_nobody_up() {
    if sqlite_only(CALLER) {
        return;
    }
    let test = TestStore::start_with(|options| options.readers = 1).await;
    let here = std::thread::current().id();
    let (gate, keeper) = gate();
    let store = test.store.clone();
    let slow = tokio::spawn(async move {
        let work = move |db: &mut Db| {
            if std::thread::current().id() == here {
                scalar(db, ENDLESS)?;
            }
            gate.pass();
            numbers(db)
        };
        store.read(work).await
    });
    let wait = move || {
        keeper.wait();
        keeper
    };
    let keeper = tokio::task::spawn_blocking(wait).await.unwrap();
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    assert_eq!(test.numbers().await.len(), 1);
    keeper.open();
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_endless_read_stands_in_front_of_no_slow_one() {
    const SLOW: &str = "WITH RECURSIVE \"n\" (\"i\") AS (SELECT 1 UNION ALL SELECT \"i\" + 1 FROM \
                        \"n\" WHERE \"i\" < 100000) SELECT count(*) FROM \"n\"";
    if sqlite_only(CALLER) {
        return;
    }
    let test = TestStore::start_with(|options| {
        options.readers = 1;
        options.read_budget = Duration::ZERO;
        options.pool_budget = Duration::from_secs(1);
        options.read_timeout = Duration::from_secs(5);
    })
    .await;
    let here = std::thread::current().id();
    let endless: Vec<_> = (0..3)
        .map(|_| {
            let store = test.store.clone();
            tokio::spawn(async move { store.read(|db| scalar(db, ENDLESS)).await })
        })
        .collect();
    // Those who come first are told in order that they are too slow for the pool.
    let slow = test.store.read(move |db| {
        let is_here = std::thread::current().id() == here;
        scalar(db, SLOW).map(|value| (value, is_here))
    });
    assert_eq!(slow.await.unwrap(), (Value::Int(100_000), false));
    assert!(endless.iter().all(|read| !read.is_finished()));
    endless.into_iter().for_each(|read| read.abort());
}

#[tokio::test]
async fn a_read_that_did_little_is_not_sent_away() {
    if sqlite_only(CALLER) {
        return;
    }
    let test = TestStore::start_with(|options| options.read_budget = Duration::ZERO).await;
    let here = std::thread::current().id();
    let elsewhere = test.store.read(move |db| {
        numbers(db)?;
        numbers(db)?;
        Ok::<_, StoreError>(std::thread::current().id() != here)
    });
    assert!(!elsewhere.await.unwrap());
}

#[tokio::test]
async fn a_statement_that_was_slow_goes_to_the_pool_at_once() {
    const COUNT: &str = "WITH RECURSIVE \"n\" (\"i\") AS (SELECT 1 UNION ALL SELECT \"i\" + 1 FROM \
                         \"n\" WHERE \"i\" < (SELECT \"number\" FROM \"numbers\")) \
                         SELECT count(*) FROM \"n\"";
    if sqlite_only(CALLER) {
        return;
    }
    let test = TestStore::start_with(|options| {
        options.read_timeout = Duration::from_millis(30);
    })
    .await;
    let runs = Arc::new(AtomicUsize::new(0));
    let count = || {
        let runs = Arc::clone(&runs);
        test.store.read(move |db| {
            runs.fetch_add(1, Ordering::SeqCst);
            scalar(db, COUNT)
        })
    };
    test.store.write(|tx| insert(tx, "most", i64::MAX)).await.unwrap();
    assert!(matches!(count().await, Err(StoreError::Deadline)));
    assert_eq!(runs.swap(0, Ordering::SeqCst), 2, "once here and once in the pool");
    let sql = "UPDATE \"numbers\" SET \"number\" = 3";
    test.store.write(move |tx| run(tx, sql, vec![])).await.unwrap();
    assert_eq!(count().await.unwrap(), Value::Int(3));
    assert_eq!(runs.load(Ordering::SeqCst), 2, "refused here, though it is fast by now");
}

#[tokio::test]
async fn a_read_that_is_too_slow_for_the_pool_is_given_up() {
    let test = TestStore::start_with(|options| {
        options.read_timeout = Duration::from_millis(30);
    })
    .await;
    let endless = test.store.read(|db| scalar(db, ENDLESS)).await;
    // Where the machine stands still for a moment, the time is over before it has begun.
    let given_up = matches!(endless, Err(StoreError::Deadline | StoreError::Busy));
    assert!(given_up, "{endless:?}");
    assert_eq!(test.numbers().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_reads_stand_in_front_of_no_write() {
    let test = TestStore::start_with(|options| {
        options.read_timeout = Duration::from_secs(60);
    })
    .await;
    let endless: Vec<_> = (0..3)
        .map(|_| {
            let store = test.store.clone();
            tokio::spawn(async move { store.read(|db| scalar(db, ENDLESS)).await })
        })
        .collect();
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    assert!(endless.iter().all(|read| !read.is_finished()));
    endless.into_iter().for_each(|read| read.abort());
}

#[tokio::test]
async fn a_read_cannot_write() {
    let test = TestStore::start().await;
    let sql = "INSERT INTO \"numbers\" VALUES ('a', 1) RETURNING \"number\"";
    let refused = test.store.read(move |db| scalar(db, sql)).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    assert_eq!(test.numbers().await, []);
}

#[tokio::test]
async fn a_read_sees_one_state_throughout() {
    if sqlite_only("a read of PostgreSQL sees what is committed as each statement begins") {
        return;
    }
    let test = TestStore::start_with(|options| {
        options.read_budget = Duration::from_secs(3600);
    })
    .await;
    let (gate, keeper) = gate();
    let store = test.store.clone();
    let reader = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(store.read(move |db| {
            let before = numbers(db)?;
            gate.pass();
            Ok::<_, StoreError>((before, numbers(db)?))
        }))
    });
    keeper.wait();
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    keeper.open();
    let (before, after) = reader.join().unwrap().unwrap();
    assert_eq!(before, after);
    assert_eq!(test.numbers().await.len(), 1);
}

#[tokio::test]
async fn a_panic_in_a_read_is_an_error_for_its_caller_alone() {
    let test = TestStore::start().await;
    let panicked = test.store.read(|db| {
        numbers(db)?;
        panics();
        Ok::<_, StoreError>(())
    });
    assert!(matches!(panicked.await, Err(StoreError::Panicked)));
    assert_eq!(test.numbers().await, []);
}

#[tokio::test]
async fn a_read_that_ignores_a_failure_fails_with_it() {
    let test = TestStore::start().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let ignored = test.store.read(move |db| {
        count.fetch_add(1, Ordering::SeqCst);
        let _ = scalar(db, "SELECT \"nothing\" FROM \"numbers\"");
        Ok::<_, StoreError>(())
    });
    let error = ignored.await.unwrap_err();
    assert!(error.to_string().contains(either("no such column", "does not exist")), "{error}");
    assert_eq!(runs.load(Ordering::SeqCst), 1, "nothing moved, so it is not tried again");
}

#[tokio::test]
async fn reads_that_are_endless_stand_in_front_of_no_other() {
    if postgres_only("SQLite's own reads are tested with endless statements of its own") {
        return;
    }
    let test =
        TestStore::start_with(|options| options.pool_budget = Duration::from_millis(20)).await;
    let (gate, keeper) = gate();
    // Whoever asks for the lock waits as long as this function stands at the gate.
    let lock = "SELECT pg_advisory_xact_lock(7)::text";
    let holder = queued(test.store.write(move |tx| {
        tx.fetch_one(Statement::new(lock, vec![]))?;
        gate.pass();
        Ok::<_, StoreError>(())
    }));
    keeper.wait();
    let endless = |_| queued(test.store.read(move |db| db.fetch_one(Statement::new(lock, vec![]))));
    let endless: Vec<_> = (0..4).map(endless).collect();
    assert_eq!(test.numbers().await, []);
    assert_eq!(test.numbers().await, []);
    keeper.open();
    holder.await.unwrap();
    for read in endless {
        read.await.unwrap();
    }
}
