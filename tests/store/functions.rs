//! One function: all of it or nothing, within its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ferrobase::domain::event::Event;
use ferrobase::store::{StoreError, Tx, Unique};

use crate::support::*;

/// An error of a service's own.
#[derive(Debug, PartialEq)]
enum Refusal {
    Own,
    Store(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

const ENDLESS: &str = "WITH RECURSIVE \"n\" (\"i\") AS (SELECT 1 UNION ALL SELECT \"i\" + 1 FROM \
                       \"n\") INSERT INTO \"numbers\" SELECT 'row ' || \"i\", \"i\" FROM \"n\"";

#[tokio::test]
async fn a_write_is_seen_by_the_next_read_and_by_itself() {
    let test = TestStore::start().await;
    let seen = test.store.write(|tx| {
        insert(tx, "a", 1)?;
        numbers(tx)
    });
    assert_eq!(seen.await.unwrap(), [("a".to_owned(), 1)]);
    assert_eq!(test.numbers().await, [("a".to_owned(), 1)]);
}

#[tokio::test]
async fn a_function_that_fails_leaves_nothing() {
    let test = TestStore::start().await;
    let failed = test.store.write(|tx| {
        insert(tx, "a", 1)?;
        tx.emit(event("a"));
        Err::<(), _>(Refusal::Own)
    });
    assert_eq!(failed.await, Err(Refusal::Own));
    assert_eq!(test.numbers().await, []);
    assert_eq!(test.events().len(), 0);
}

#[tokio::test]
async fn a_failed_statement_fails_the_function_that_ignores_it() {
    let test = TestStore::start().await;
    let ignored = test.store.write(|tx| {
        insert(tx, "a", 1)?;
        let _ = insert(tx, "a", 2);
        let later = insert(tx, "b", 3);
        assert!(matches!(later, Err(StoreError::Unique(_))), "the function is lost: {later:?}");
        Ok::<_, StoreError>("fine")
    });
    let error = ignored.await.unwrap_err();
    let unique = either(
        Unique::Columns { table: "numbers".to_owned(), columns: vec!["name".to_owned()] },
        Unique::Index("numbers_name_key".to_owned()),
    );
    assert!(matches!(&error, StoreError::Unique(found) if *found == unique), "{error:?}");
    assert_eq!(test.numbers().await, []);
}

#[tokio::test]
async fn an_attempt_survives_what_the_database_refuses() {
    let test = TestStore::start().await;
    let work = test.store.write(|tx| {
        tx.emit(event("before"));
        insert(tx, "a", 1)?;
        let refused = tx.attempt(|tx| {
            tx.emit(event("inside"));
            insert(tx, "b", 2)?;
            insert(tx, "a", 3)
        });
        assert!(matches!(refused, Err(StoreError::Unique(_))), "{refused:?}");
        let kept = tx.attempt(|tx| {
            insert(tx, "c", 4)?;
            let inner = tx.attempt(|tx| run(tx, "SELECT nothing", vec![]));
            assert!(matches!(inner, Err(StoreError::Statement { .. })), "{inner:?}");
            Ok::<_, StoreError>(())
        });
        kept?;
        tx.emit(event("after"));
        insert(tx, "d", 5)
    });
    work.await.unwrap();
    let names_left: Vec<_> = test.numbers().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names_left, ["a", "c", "d"]);
    assert_eq!(names(&test.events()), ["before", "after"]);
}

#[tokio::test]
async fn an_attempt_undoes_what_failed_for_reasons_of_its_own() {
    let test = TestStore::start().await;
    let work = test.store.write(|tx| {
        let refused = tx.attempt(|tx| {
            insert(tx, "a", 1)?;
            Err::<(), _>(Refusal::Own)
        });
        assert_eq!(refused, Err(Refusal::Own));
        let ignored = tx.attempt(|tx| {
            insert(tx, "b", 2)?;
            let _ = insert(tx, "b", 2);
            Ok::<_, Refusal>(())
        });
        assert!(matches!(ignored, Err(Refusal::Store(_))), "{ignored:?}");
        Ok::<_, Refusal>(())
    });
    work.await.unwrap();
    assert_eq!(test.numbers().await, []);
}

/// What follows from a function that told of `"fails"` fails, of `"panics"` panics, of something else
/// is a row of that name and an event.
fn follow(tx: &mut Tx, events: &[Event]) -> Result<(), StoreError> {
    for name in names(events) {
        match name.as_str() {
            "fails" => return Err(StoreError::Data("it cannot follow".to_owned())),
            "panics" => panics(),
            name => insert(tx, &format!("after {name}"), 2)?,
        }
        tx.emit(event("followed"));
    }
    Ok(())
}

#[tokio::test]
async fn what_follows_from_events_is_of_the_same_transaction() {
    let test = TestStore::start_with(|options| options.follower = Arc::new(follow)).await;
    let write = |name: &'static str, fails: bool| {
        test.store.write(move |tx| {
            insert(tx, name, 1)?;
            tx.emit(event(name));
            if fails { Err(StoreError::Busy) } else { Ok(()) }
        })
    };
    write("a", false).await.unwrap();
    assert!(matches!(write("b", true).await, Err(StoreError::Busy)));
    assert!(matches!(write("fails", false).await, Err(StoreError::Data(_))));
    assert!(matches!(write("panics", false).await, Err(StoreError::Panicked)));
    test.store.write(|tx| insert(tx, "c", 3)).await.unwrap();
    let left: Vec<_> = test.numbers().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["a", "after a", "c"]);
    assert_eq!(names(&test.events()), ["a", "followed"]);
}

#[tokio::test]
async fn a_panic_is_an_error_for_its_caller_alone() {
    let test = TestStore::start().await;
    let panicked = test.store.write(|tx| {
        insert(tx, "a", 1)?;
        tx.emit(event("a"));
        panics();
        Ok::<_, StoreError>(())
    });
    assert!(matches!(panicked.await, Err(StoreError::Panicked)));
    test.store.write(|tx| insert(tx, "b", 2)).await.unwrap();
    assert_eq!(test.numbers().await, [("b".to_owned(), 2)]);
    assert_eq!(test.events().len(), 0);
}

#[tokio::test]
async fn a_deadline_cuts_a_statement_off_and_the_writer_goes_on() {
    let test = TestStore::start().await;
    let limit = Duration::from_millis(30);
    let endless = test.store.write_with(limit, |tx| run(tx, ENDLESS, vec![]));
    assert!(matches!(endless.await, Err(StoreError::Deadline)));
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    assert_eq!(test.numbers().await, [("a".to_owned(), 1)]);
}

#[tokio::test]
async fn a_deadline_stops_a_function_between_its_statements() {
    let test = TestStore::start().await;
    let statements = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&statements);
    let endless = test.store.write_with(Duration::from_millis(30), move |tx| {
        loop {
            insert(tx, &count.fetch_add(1, Ordering::Relaxed).to_string(), 1)?;
        }
        #[expect(unreachable_code, reason = "the loop has no end but the deadline")]
        Ok::<(), StoreError>(())
    });
    assert!(matches!(endless.await, Err(StoreError::Deadline)));
    assert_eq!(test.numbers().await, []);
}

#[tokio::test]
async fn a_deadline_cannot_be_survived_by_an_attempt() {
    let test = TestStore::start().await;
    let endless = test.store.write_with(Duration::from_millis(30), |tx| {
        insert(tx, "a", 1)?;
        let cut = tx.attempt(|tx| run(tx, ENDLESS, vec![]));
        assert!(matches!(cut, Err(StoreError::Deadline)), "{cut:?}");
        Ok::<_, StoreError>(())
    });
    assert!(matches!(endless.await, Err(StoreError::Deadline)));
    assert_eq!(test.numbers().await, []);
}

#[tokio::test]
async fn texts_keep_their_bytes() {
    let test = TestStore::start().await;
    let add = |text: &str| {
        let name = text.to_owned();
        test.store.write(move |tx| insert(tx, &name, 0))
    };
    for text in ["", "ü", "'; DROP TABLE numbers; --", "\u{1F980}", "\u{1}\u{7f}\\\"$1"] {
        add(text).await.unwrap();
        assert!(test.numbers().await.iter().any(|(name, _)| name == text), "{text:?}");
    }
    // PostgreSQL has no text that holds it.
    let zero = "ü\u{0}x";
    let answer = add(zero).await;
    let found = test.numbers().await.iter().any(|(name, _)| name == zero);
    assert_eq!((answer.is_ok(), found), either((true, true), (false, false)), "{answer:?}");
}
