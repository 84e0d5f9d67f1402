//! The file of a SQLite database: where and what it must be, how it is written, its log and copies.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ferrobase::store::{
    CopyReport, Durability, OpenError, Statement, Store, StoreError, StoreOptions, Value,
};

use crate::support::*;

/// Why these tests run on SQLite only.
const FILE: &str = "PostgreSQL keeps its files to itself";

/// Nobody asks how far a copy is.
fn silent() -> CopyReport {
    Arc::new(|_, _| ())
}

#[tokio::test]
async fn a_closed_store_leaves_all_in_its_file() {
    if sqlite_only(FILE) {
        return;
    }
    let test = TestStore::start().await;
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    test.store.close().await;
    let log = test.database.dir.path().join("data.db-wal");
    assert!(!log.exists() || fs::metadata(log).unwrap().len() == 0);
}

#[tokio::test]
async fn the_durability_that_was_asked_for_is_there() {
    if sqlite_only(FILE) {
        return;
    }
    for (durability, expected) in [(Durability::Full, 2), (Durability::Normal, 1)] {
        let test = TestStore::start_with(|options| options.durability = durability).await;
        let found = test.store.write(|tx| {
            let synchronous = scalar(tx, "PRAGMA synchronous")?;
            Ok::<_, StoreError>((synchronous, scalar(tx, "PRAGMA journal_mode")?))
        });
        assert_eq!(found.await.unwrap(), (Value::Int(expected), Value::text("wal")));
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    if sqlite_only(FILE) {
        return;
    }
    let database = TestDatabase::new();
    let file = database.dir.path().join("data.db");
    let text = "certainly not a database, though long enough to be looked at ".repeat(100);
    fs::write(&file, &text).unwrap();
    let error = database.open().err().unwrap();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    if sqlite_only(FILE) {
        return;
    }
    let test = TestStore::start().await;
    test.store.write(|tx| run(tx, "PRAGMA application_id = 0", vec![])).await.unwrap();
    test.store.close().await;
    let error = test.database.open().err().unwrap();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn the_log_stays_bounded_under_writes() {
    if sqlite_only(FILE) {
        return;
    }
    let test = TestStore::start().await;
    let log = test.database.dir.path().join("data.db-wal");
    let table = "CREATE TABLE \"blobs\" (\"id\" INTEGER PRIMARY KEY, \"blob\" BLOB)";
    test.store.write(move |tx| run(tx, table, vec![])).await.unwrap();
    let mut most = 0;
    for _ in 0..200 {
        let sql = "INSERT INTO \"blobs\" (\"blob\") VALUES ($1)";
        test.store
            .write(move |tx| run(tx, sql, vec![Value::Bytes(vec![7; 1 << 19])]))
            .await
            .unwrap();
        most = most.max(fs::metadata(&log).unwrap().len());
    }
    assert!(most < 70 << 20, "100 MB were written, the log held {most} bytes at most");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn slow_reads_one_after_the_other_do_not_keep_the_log_growing() {
    const BLOB: usize = 1 << 19;
    if sqlite_only(FILE) {
        return;
    }
    let test = TestStore::start_with(|options| options.read_budget = Duration::ZERO).await;
    let log = test.database.dir.path().join("data.db-wal");
    let table = "CREATE TABLE \"blobs\" (\"id\" INTEGER PRIMARY KEY, \"blob\" BLOB)";
    test.store.write(move |tx| run(tx, table, vec![])).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (store, done) = (test.store.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut reads = 0;
                while !done.load(Ordering::Relaxed) {
                    store.read(|db| db.fetch_one(counting_to(100_000))).await.unwrap();
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    // Until much more was written than the log holds: then it has started again. How soon it does depends
    // on how busy the machine is.
    let (mut written, mut held) = (0, 0);
    while written < held + (64 << 20) {
        let sql = "INSERT INTO \"blobs\" (\"blob\") VALUES ($1)";
        let blob = vec![Value::Bytes(vec![7; BLOB])];
        test.store.write(move |tx| run(tx, sql, blob.clone())).await.unwrap();
        written += BLOB as u64;
        held = fs::metadata(&log).unwrap().len();
        assert!(written < 2 << 30, "the log holds {held} bytes and grows on");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0, "held back is not locked out");
    }
}

/// A statement that takes a while and reads the file.
fn counting_to(number: i64) -> Statement {
    let sql = "WITH RECURSIVE n(i) AS (SELECT COUNT(*) FROM \"numbers\" UNION ALL \
               SELECT i + 1 FROM n WHERE i < $1) SELECT MAX(i) FROM n";
    Statement::new(sql, vec![Value::Int(number)])
}

#[tokio::test]
async fn a_copy_is_a_database_of_its_own() {
    if sqlite_only(FILE) {
        return;
    }
    let test = TestStore::start().await;
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    let to = TestDatabase::new();
    let file = to.dir.path().join("data.db");
    let (gate, keeper) = gate();
    let writing = queued(test.store.write(move |tx| {
        insert(tx, "uncommitted", 2)?;
        gate.pass();
        Ok::<_, StoreError>(())
    }));
    keeper.wait();
    test.store.copy(file.clone(), silent()).await.unwrap();
    assert!(test.store.copy(file, silent()).await.is_err(), "nothing is overwritten");
    keeper.open();
    writing.await.unwrap();
    let copy = to.open().unwrap();
    assert_eq!(copy.read(numbers).await.unwrap(), [("a".to_owned(), 1)]);
    copy.write(|tx| insert(tx, "b", 3)).await.unwrap();
    assert_eq!(test.numbers().await.len(), 2);
}

#[tokio::test]
async fn a_copy_that_fails_leaves_no_file() {
    if sqlite_only(FILE) {
        return;
    }
    let test = TestStore::start().await;
    let file = test.database.dir.path().join("missing").join("copy.db");
    assert!(test.store.copy(file.clone(), silent()).await.is_err());
    assert!(!file.exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    if sqlite_only(FILE) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let error = Store::open(StoreOptions::new(dir.path().join("file/data"))).err().unwrap();
    assert!(matches!(error, OpenError::Folder { .. }), "{error:?}");
    assert!(error.to_string().contains("file/data"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_folder_is_its_owners_alone() {
    if sqlite_only(FILE) {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Store::open(StoreOptions::new(&data)).unwrap().close().await;
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn logs_that_are_damaged_keep_nobody_from_serving() {
    if sqlite_only(FILE) {
        return;
    }
    let test = TestStore::start().await;
    test.store.write(|tx| insert(tx, "a", 1)).await.unwrap();
    test.store.close().await;
    let logs = test.database.dir.path().join("auxiliary.db");
    let whole = fs::read(&logs).unwrap();
    let torn = [&whole[..4096], &[0x5a; 8192]].concat();
    for garbage in [vec![0x5a; 64 << 10], torn] {
        fs::write(&logs, &garbage).unwrap();
        let store = Store::open(test.database.options()).unwrap();
        let count = "SELECT COUNT(*) FROM \"_logs\"";
        let count = Statement::new(count, Vec::new());
        let counted = store.read_logs(move |db| db.fetch_one(count.clone())?.int(0)).await;
        assert_eq!(counted.unwrap(), 0);
        assert_eq!(fs::read(logs.with_extension("db.damaged")).unwrap(), garbage);
        store.close().await;
    }
}
