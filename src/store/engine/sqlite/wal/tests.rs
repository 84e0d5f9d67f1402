//! The log of a database that is written to, read while it grows, starts again and is changed by others.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::store::engine::sqlite::checkpoint::Checkpointer;

/// A database with a writer and a source, and what was read from the log so far.
struct Database {
    folder: tempfile::TempDir,
    writer: Connection,
    checkpointer: Checkpointer,
    source: Arc<WalSource>,
    copy: Copy,
}

/// A database as pages.
#[derive(Default)]
struct Copy {
    pages: BTreeMap<u32, Vec<u8>>,
    size: u32,
}

impl Copy {
    fn of(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let pages = bytes.chunks(4096).zip(1..).map(|(page, number)| (number, page.to_vec()));
        let pages: BTreeMap<_, _> = pages.collect();
        Self { size: pages.len() as u32, pages }
    }

    fn apply(&mut self, pages: &Pages) {
        for (number, page) in pages.numbers.iter().zip(pages.bytes.chunks(4096)) {
            self.pages.insert(*number, page.to_vec());
        }
        if let Some(size) = pages.size {
            self.size = size;
        }
    }

    /// The rows of the table `t`, and whether the database is whole.
    fn rows(&self) -> (Vec<i64>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        let bytes: Vec<u8> =
            (1..=self.size).flat_map(|number| self.pages[&number].clone()).collect();
        std::fs::write(&path, bytes).unwrap();
        let connection = Connection::open(path).unwrap();
        let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        (rows(&connection), check)
    }
}

fn rows(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    connection.pragma_update(None, "synchronous", "off").unwrap();
    connection
}

impl Database {
    fn new() -> Self {
        Self::with(64 << 20)
    }

    fn with(most: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setup = open(&folder.path().join("data.db"));
        setup.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, x)").unwrap();
        drop(setup);
        Self::start(folder, most)
    }

    fn start(folder: tempfile::TempDir, most: u64) -> Self {
        let path = folder.path().join("data.db");
        let found = FileMark::without_log(&path);
        let mut writer = open(&path);
        let gate = Arc::<Gate>::default();
        let source = WalSource::start(&path, found, most, Arc::clone(&gate)).unwrap();
        let source = Arc::new(source);
        let checkpointer =
            Checkpointer::start(&mut writer, path, gate, Some(Arc::clone(&source))).unwrap();
        Self { folder, writer, checkpointer, source, copy: Copy::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data.db")
    }

    /// Begins with a copy.
    fn begin(&mut self) {
        let to = self.folder.path().join("copy.db");
        let report: CopyReport = Arc::new(|_, _| ());
        self.source.begin().unwrap().copy(&to, &report).unwrap();
        self.copy = Copy::of(&to);
        std::fs::remove_file(to).unwrap();
    }

    /// Commits a row of `kilobytes`.
    fn insert(&self, kilobytes: usize) {
        let sql = "INSERT INTO t (x) VALUES (randomblob(?1 * 1024))";
        self.writer.execute(sql, [kilobytes as i64]).unwrap();
        self.checkpointer.look(&self.writer);
    }

    fn read(&mut self) -> Result<usize, Lost> {
        let mut count = 0;
        while let Some(pages) = self.source.read()? {
            self.copy.apply(&pages);
            count += 1;
        }
        Ok(count)
    }

    fn log_size(&self) -> u64 {
        std::fs::metadata(file::log_of(&self.path())).unwrap().len()
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(self.copy.rows(), (rows(&self.writer), "ok".to_owned()));
    }
}

#[test]
fn what_was_committed_is_read_in_its_order() {
    let mut database = Database::new();
    database.insert(1);
    database.begin();
    database.check();
    assert_eq!(database.read().unwrap(), 0);
    for _ in 0..3 {
        database.insert(10);
    }
    database.writer.execute_batch("DELETE FROM t WHERE n = 2; VACUUM").unwrap();
    assert!(database.read().unwrap() > 0);
    database.check();
    // What is not committed is not there.
    database.writer.execute_batch("BEGIN; INSERT INTO t (x) VALUES ('half')").unwrap();
    assert_eq!(database.read().unwrap(), 0);
    database.writer.execute_batch("ROLLBACK").unwrap();
    assert_eq!(database.read().unwrap(), 0);
}

#[test]
fn a_long_transaction_comes_in_parts() {
    let mut database = Database::new();
    database.begin();
    database.writer.execute_batch("PRAGMA cache_size = 10; BEGIN").unwrap();
    for _ in 0..12 {
        database.writer.execute("INSERT INTO t (x) VALUES (randomblob(1 << 20))", []).unwrap();
    }
    // It has spilled into the log already.
    assert!(database.log_size() > 8 << 20);
    assert_eq!(database.read().unwrap(), 0);
    database.writer.execute_batch("COMMIT").unwrap();
    let first = database.source.read().unwrap().unwrap();
    assert!(first.size.is_none() && first.bytes.len() <= PIECE);
    database.copy.apply(&first);
    assert!(database.read().unwrap() >= 2);
    database.check();
}

#[test]
fn the_log_starts_again_and_nothing_is_missed() {
    let mut database = Database::new();
    database.begin();
    let mut largest = 0;
    // Some 48 MB, read now and then.
    for number in 0..96 {
        database.insert(512);
        if number % 7 == 0 {
            database.read().unwrap();
        }
        largest = largest.max(database.log_size());
    }
    database.read().unwrap();
    database.check();
    assert!(largest < 40 << 20, "{largest}");
}

#[test]
fn the_log_waits_for_who_reads_it_and_not_for_ever() {
    let mut database = Database::with(20 << 20);
    database.begin();
    let mut largest = 0;
    for _ in 0..96 {
        database.insert(512);
        largest = largest.max(database.log_size());
    }
    assert!(largest < 40 << 20, "{largest}");
    assert!(matches!(database.read(), Err(Lost::TooLong)));
    assert!(matches!(database.read(), Err(Lost::Other(_))));
    database.begin();
    database.insert(1);
    database.read().unwrap();
    database.check();
}

#[test]
fn what_another_process_commits_is_read_and_it_cannot_start_the_log_again() {
    let mut database = Database::new();
    database.begin();
    database.insert(4);
    let other = Connection::open(database.path()).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    for _ in 0..3 {
        other.execute_batch("INSERT INTO t (x) VALUES ('other')").unwrap();
        // As eagerly as anybody can.
        let _ = other.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        database.insert(4);
    }
    drop(other);
    database.read().unwrap();
    database.check();
}

#[test]
fn a_second_beginning_changes_nothing_for_who_reads_on() {
    let mut database = Database::new();
    database.begin();
    database.insert(10);
    database.read().unwrap();
    database.insert(10);
    let to = database.folder.path().join("second.db");
    let report: CopyReport = Arc::new(|_, _| ());
    let beginning = database.source.begin().unwrap();
    // What comes after the state is not in the copy.
    database.insert(10);
    beginning.copy(&to, &report).unwrap();
    assert_eq!(Copy::of(&to).rows().0, [1, 2]);
    database.read().unwrap();
    database.check();
}

#[test]
fn it_goes_on_where_it_was_if_that_is_still_so() {
    let mut database = Database::new();
    database.begin();
    database.insert(10);
    let pages = database.source.read().unwrap().unwrap();
    database.copy.apply(&pages);
    database.insert(10);
    // As after a crash: another process has the file with its log.
    let path = database.path();
    let source = || WalSource::start(&path, FileMark::without_log(&path), 1 << 30, Arc::default());
    let again = source().unwrap();
    assert!(again.resume(&pages.end).unwrap());
    let rest = again.read().unwrap().unwrap();
    database.copy.apply(&rest);
    database.check();
    let stored = Position::from_bytes(&rest.end.to_bytes());
    assert_eq!(stored, rest.end);
    // Another history, or a place that is not there.
    let mut other = pages.end.clone();
    other.checksum[0] ^= 1;
    assert!(!source().unwrap().resume(&other).unwrap());
    other = rest.end;
    other.frame += 1;
    assert!(!source().unwrap().resume(&other).unwrap());
}

#[test]
fn a_file_that_was_left_in_order_is_known_again() {
    let mut database = Database::new();
    database.begin();
    database.insert(10);
    database.read().unwrap();
    let Database { folder, writer, source, copy, .. } = database;
    let emptied = AtomicUsize::new(0);
    source.finish(&writer, || {
        emptied.fetch_add(1, Ordering::Relaxed);
        writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    });
    let left = source.left().expect("nobody came between");
    assert_eq!(emptied.into_inner(), 1);
    drop((writer, source));
    let mut database = Database::start(folder, 1 << 30);
    database.copy = copy;
    assert!(database.source.resume_left(&FileMark::parse(&left.to_string())));
    database.insert(10);
    database.read().unwrap();
    database.check();
    // Somebody else changes the file.
    let Database { folder, writer, source, .. } = database;
    source.finish(&writer, || {
        writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    });
    let left = source.left().unwrap();
    drop((writer, source));
    let other = Connection::open(folder.path().join("data.db")).unwrap();
    let change = "INSERT INTO t (x) VALUES ('new'); PRAGMA wal_checkpoint(TRUNCATE)";
    other.execute_batch(change).unwrap();
    drop(other);
    let database = Database::start(folder, 1 << 30);
    assert!(!database.source.resume_left(&left));
}

#[test]
fn what_was_not_read_at_the_end_is_not_left_in_order() {
    let mut database = Database::new();
    database.begin();
    database.insert(10);
    database.source.finish(&database.writer, || {
        database.writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    });
    assert_eq!(database.source.left(), None);
}
