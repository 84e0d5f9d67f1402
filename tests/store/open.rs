//! Opening and closing: what is refused, what survives, what other processes change.

use std::fs;

use ferrobase::store::{DirLock, OpenError, StoreError};

use crate::support::*;

#[tokio::test]
async fn what_was_answered_survives_the_end() {
    let test = TestStore::start().await;
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    test.store.close().await;
    let again = test.database.open().unwrap();
    assert_eq!(again.read(numbers).await.unwrap(), [("a".to_owned(), 1)]);
}

#[tokio::test]
async fn a_closed_store_refuses_and_finishes_what_it_accepted() {
    let test = TestStore::start().await;
    let (gate, keeper) = gate();
    let running = queued(test.store.write(move |tx| {
        gate.pass();
        insert(tx, "running", 1)
    }));
    keeper.wait();
    let accepted = queued(test.store.write(|tx| insert(tx, "accepted", 2)));
    let closing = queued(test.store.close());
    keeper.open();
    running.await.unwrap();
    accepted.await.unwrap();
    closing.await;
    let write = test.store.write(|tx| insert(tx, "late", 3)).await;
    assert!(matches!(write, Err(StoreError::Closed)), "{write:?}");
    let read = test.store.read(numbers).await;
    assert!(matches!(read, Err(StoreError::Closed)), "{read:?}");
    let again = test.database.open().unwrap();
    assert_eq!(again.read(numbers).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_newer_database_is_refused_untouched() {
    let test = TestStore::start().await;
    let sql = "INSERT INTO \"_migrations\" (\"name\") VALUES ('9999_future')";
    test.store.write(move |tx| run(tx, sql, vec![])).await.unwrap();
    test.store.close().await;
    let file = test.database.dir.path().join("data.db");
    let before = fs::read(&file).ok();
    let error = test.database.open().err().unwrap();
    assert!(
        matches!(&error, OpenError::Newer { found, .. } if found == "9999_future"),
        "{error:?}"
    );
    assert_eq!(fs::read(&file).ok(), before);
}

#[test]
fn a_folder_has_one_server_and_the_second_learns_which() {
    let dir = tempfile::tempdir().unwrap();
    let lock = DirLock::acquire(dir.path()).unwrap();
    let error = DirLock::acquire(dir.path()).unwrap_err();
    let holder = format!("process {}", std::process::id());
    assert!(
        matches!(&error, OpenError::InUse { holder: found, .. } if *found == holder),
        "{error}"
    );
    drop(lock);
    DirLock::acquire(dir.path()).unwrap();
}

#[tokio::test]
async fn what_another_process_changes_is_noticed() {
    let test = TestStore::start().await;
    assert!(!test.store.poll_revision().await.unwrap());
    let other = test.database.open().unwrap();
    other.write(|tx| tx.revise()).await.unwrap();
    assert!(test.store.poll_revision().await.unwrap());
    // On PostgreSQL the other one's event tells of it as well.
    let mut told = names(&test.events());
    told.dedup();
    assert_eq!(told, ["SchemaChanged"]);
    assert!(!test.store.poll_revision().await.unwrap());
    assert!(names(&test.events()).iter().all(|name| name == "SchemaChanged"));
}

#[tokio::test]
async fn a_revision_of_ones_own_is_announced_once() {
    let test = TestStore::start().await;
    let work = test.store.write(|tx| {
        tx.revise()?;
        tx.revise()
    });
    work.await.unwrap();
    assert_eq!(names(&test.events()), ["SchemaChanged"]);
    assert!(!test.store.poll_revision().await.unwrap());
    let failed = test.store.write(|tx| {
        tx.revise()?;
        Err::<(), _>(StoreError::Busy)
    });
    assert!(failed.await.is_err());
    assert_eq!(test.events().len(), 0);
}

#[tokio::test]
async fn a_command_opens_the_database_while_a_server_writes() {
    let test = TestStore::start().await;
    let (gate, keeper) = gate();
    let writing = queued(test.store.write(move |tx| {
        insert(tx, "a", 1)?;
        gate.pass();
        Ok::<_, StoreError>(())
    }));
    keeper.wait();
    let other = test.database.open().unwrap();
    assert_eq!(other.read(numbers).await.unwrap(), []);
    keeper.open();
    writing.await.unwrap();
    other.write(|tx| insert(tx, "b", 2)).await.unwrap();
    assert_eq!(test.numbers().await.len(), 2);
}
