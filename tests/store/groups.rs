//! Many functions at once, on SQLite under one COMMIT: none hurts another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ferrobase::store::{Statement, StoreError, Value};

use crate::support::*;

/// Why some tests run on SQLite only.
const GROUP: &str = "functions wait for each other and share a COMMIT on SQLite alone";

#[tokio::test]
async fn functions_of_one_group_succeed_and_fail_on_their_own() {
    if sqlite_only(GROUP) {
        return;
    }
    let test = TestStore::start().await;
    let (gate, keeper) = gate();
    let first = queued(test.store.write(move |tx| {
        gate.pass();
        insert(tx, "first", 1)
    }));
    keeper.wait();
    let refused = queued(test.store.write(|tx| {
        insert(tx, "refused", 2)?;
        tx.emit(event("refused"));
        insert(tx, "first", 3)
    }));
    let panicked = queued(test.store.write(|tx| {
        insert(tx, "panicked", 4)?;
        panics();
        Ok::<_, StoreError>(())
    }));
    let last = queued(test.store.write(|tx| {
        tx.emit(event("last"));
        insert(tx, "last", 5)
    }));
    keeper.open();
    first.await.unwrap();
    assert!(matches!(refused.await, Err(StoreError::Unique(_))));
    assert!(matches!(panicked.await, Err(StoreError::Panicked)));
    last.await.unwrap();
    assert_eq!(test.numbers().await, [("first".to_owned(), 1), ("last".to_owned(), 5)]);
    assert_eq!(names(&test.events()), ["last"]);
}

/// Fills the database file up to a limit that it sets itself, so that SQLite ends the transaction.
fn fill_the_disk(tx: &mut ferrobase::store::Tx) -> Result<(), StoreError> {
    insert(tx, "culprit", 0)?;
    scalar(tx, "PRAGMA max_page_count = 1")?;
    let blob = Value::Bytes(vec![7; 1 << 20]);
    let sql = "INSERT INTO \"numbers\" (\"name\", \"number\") VALUES ('big', $1)";
    tx.run(Statement::new(sql, vec![blob])).map(|_| ())
}

fn empty_the_disk(tx: &mut ferrobase::store::Tx) -> Result<(), StoreError> {
    scalar(tx, "PRAGMA max_page_count = 1000000").map(|_| ())
}

#[tokio::test]
async fn a_transaction_that_the_database_ended_runs_the_innocent_again() {
    if sqlite_only(GROUP) {
        return;
    }
    let test = TestStore::start().await;
    let (gate, keeper) = gate();
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let first = queued(test.store.write(move |tx| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            gate.pass();
        }
        empty_the_disk(tx)?;
        tx.emit(event("first"));
        insert(tx, "first", 1)
    }));
    keeper.wait();
    let refused = queued(test.store.write(|tx| {
        insert(tx, "refused", 2)?;
        Err::<(), _>(StoreError::Data("refused".to_owned()))
    }));
    let culprit = queued(test.store.write(fill_the_disk));
    let last = queued(test.store.write(|tx| {
        empty_the_disk(tx)?;
        tx.emit(event("last"));
        insert(tx, "last", 3)
    }));
    keeper.open();
    let error = culprit.await.unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error:?}");
    first.await.unwrap();
    assert!(matches!(refused.await, Err(StoreError::Data(_))));
    last.await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2, "the first function ran again");
    assert_eq!(test.numbers().await, [("first".to_owned(), 1), ("last".to_owned(), 3)]);
    assert_eq!(names(&test.events()), ["first", "last"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_writers_of_one_row_lose_no_update() {
    let test = TestStore::start().await;
    test.store.write(|tx| insert(tx, "hot", 0)).await.unwrap();
    let raise = |tx: &mut ferrobase::store::Tx| {
        let sql = "UPDATE \"numbers\" SET \"number\" = \"number\" + 1 WHERE \"name\" = 'hot'";
        run(tx, sql, vec![])
    };
    let writers: Vec<_> = (0..64)
        .map(|_| {
            let store = test.store.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    store.write(raise).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(test.numbers().await, [("hot".to_owned(), 64 * 25)]);
}

#[tokio::test]
async fn the_queue_is_bounded_and_says_so() {
    let test = TestStore::start_with(|options| {
        options.queue = 2;
        options.queue_wait = Duration::ZERO;
    })
    .await;
    let (gate, keeper) = gate();
    let gate = Arc::new(gate);
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..64 {
        let (store, gate) = (test.store.clone(), Arc::clone(&gate));
        writers.spawn(async move {
            let work = move |tx: &mut ferrobase::store::Tx| {
                gate.pass();
                insert(tx, &number.to_string(), number)
            };
            store.write(work).await
        });
    }
    // Nobody passes the gate, so whoever ends was refused.
    let first = writers.join_next().await.unwrap().unwrap();
    assert!(matches!(first, Err(StoreError::Busy)), "{first:?}");
    keeper.open();
    let mut written = 0;
    for answer in writers.join_all().await {
        match answer {
            Ok(()) => written += 1,
            Err(error) => assert!(matches!(error, StoreError::Busy), "{error:?}"),
        }
    }
    // How many the writer had taken out of the queue by then is up to its thread.
    assert!(written >= 2, "those who wait are not refused: {written}");
    assert_eq!(test.numbers().await.len(), written);
}

#[tokio::test]
async fn a_caller_who_left_before_the_start_changes_nothing() {
    let test = TestStore::start().await;
    let (gate, keeper) = gate();
    let gate = Arc::new(gate);
    // More than there are connections.
    let running: Vec<_> = (0..16)
        .map(|_| {
            let gate = Arc::clone(&gate);
            queued(test.store.write(move |_| {
                gate.pass();
                Ok::<_, StoreError>(())
            }))
        })
        .collect();
    keeper.wait();
    drop(queued(test.store.write(|tx| insert(tx, "gone", 1))));
    keeper.open();
    for running in running {
        running.await.unwrap();
    }
    test.store.write(|tx| insert(tx, "last", 2)).await.unwrap();
    assert_eq!(test.numbers().await, [("last".to_owned(), 2)]);
}

#[tokio::test]
async fn events_of_a_function_leave_in_their_order_and_before_the_answer() {
    let test = TestStore::start().await;
    for round in 0..3 {
        let work = move |tx: &mut ferrobase::store::Tx| {
            for name in ["a", "b", "c"] {
                tx.emit(event(&format!("{round}{name}")));
            }
            insert(tx, &round.to_string(), round)
        };
        test.store.write(work).await.unwrap();
        let expected = ["a", "b", "c"].map(|name| format!("{round}{name}"));
        assert_eq!(names(&test.events()), expected);
    }
}

#[tokio::test]
async fn events_leave_in_the_order_of_the_commits_and_before_the_answers() {
    if sqlite_only(GROUP) {
        return;
    }
    let test = TestStore::start().await;
    let (gate, keeper) = gate();
    let first = queued(test.store.write(move |tx| {
        gate.pass();
        tx.emit(event("0a"));
        tx.emit(event("0b"));
        Ok::<_, StoreError>(())
    }));
    keeper.wait();
    let others: Vec<_> = (1..20)
        .map(|number| {
            queued(test.store.write(move |tx| {
                tx.emit(event(&number.to_string()));
                if number % 3 == 0 { Err(StoreError::Busy) } else { Ok(()) }
            }))
        })
        .collect();
    keeper.open();
    first.await.unwrap();
    for other in others {
        // Every third was told to fail.
        let _ = other.await;
    }
    let expected: Vec<String> = ["0a".to_owned(), "0b".to_owned()]
        .into_iter()
        .chain((1..20).filter(|number| number % 3 != 0).map(|number| number.to_string()))
        .collect();
    assert_eq!(names(&test.events()), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_whose_turn_does_not_come_in_time_never_runs() {
    let test = TestStore::start_with(|options| {
        options.write_timeout = Duration::from_millis(50);
    })
    .await;
    let (gate, keeper) = gate();
    let store = test.store.clone();
    let long = tokio::spawn(async move {
        let work = store.write_with(Duration::from_secs(3600), move |tx| {
            gate.pass();
            insert(tx, "long", 1)
        });
        work.await
    });
    keeper.wait();
    let refused = test.store.write(|tx| insert(tx, "refused", 2)).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    keeper.open();
    long.await.unwrap().unwrap();
    assert_eq!(test.numbers().await, [("long".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_long_function_to_be_committed() {
    if sqlite_only(GROUP) {
        return;
    }
    let test = TestStore::start().await;
    let (first, keeper) = gate();
    let (second, other_keeper) = gate();
    let begins = queued(test.store.write(move |tx| {
        first.pass();
        insert(tx, "begins", 1)
    }));
    keeper.wait();
    let quick = queued(test.store.write(|tx| insert(tx, "quick", 2)));
    let long = queued(test.store.write_with(Duration::from_secs(3600), move |tx| {
        second.pass();
        insert(tx, "long", 3)
    }));
    keeper.open();
    begins.await.unwrap();
    quick.await.unwrap();
    other_keeper.wait();
    other_keeper.open();
    long.await.unwrap();
    assert_eq!(test.numbers().await.len(), 3);
}
