//! A SQLite file, looked at from outside the server.

use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::quote;

/// A file, opened to be read.
pub(crate) struct File {
    path: PathBuf,
    connection: Connection,
}

/// The one file of a data folder that begins like a SQLite database, that of the logs not counted.
pub(super) fn find(data: &Path) -> PathBuf {
    let mut found = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    found
        .find(|path| !path.ends_with("auxiliary.db") && is_sqlite(path))
        .unwrap_or_else(|| panic!("no database in {data:?}"))
}

impl File {
    pub(super) fn open(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).unwrap();
        Self { path: path.to_owned(), connection }
    }

    pub(super) fn change(&self, sql: &str) {
        Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }

    pub(super) fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {}", quote(table));
        self.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    pub(super) fn column(&self, table: &str, column: &str) -> Vec<String> {
        let (table, column) = (quote(table), quote(column));
        let sql = format!("SELECT CAST({column} AS TEXT) FROM {table} ORDER BY rowid");
        let mut statement = self.connection.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Looks at the file, its log, and whatever else is beside them.
    pub(super) fn holds(&self, text: &str) -> bool {
        let files = fs::read_dir(self.path.parent().unwrap()).unwrap();
        let mut files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        files.any(|path| {
            let bytes = fs::read(path).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }

    pub(super) fn digest(&self) -> String {
        let mut digest = String::new();
        for table in self.tables().into_iter().filter(|table| !super::is_tally(table)) {
            let (rows, hash) = self.table_digest(&table);
            writeln!(digest, "{table}: {rows} rows, {hash:016x}").unwrap();
        }
        digest
    }

    fn tables(&self) -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let mut statement = self.connection.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    }

    /// The rows are hashed one by one and added up, so their order does not matter.
    fn table_digest(&self, table: &str) -> (usize, u64) {
        let sql = format!("SELECT * FROM {}", quote(table));
        let mut statement = self.connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let (mut count, mut sum) = (0, 0_u64);
        while let Some(row) = rows.next().unwrap() {
            let mut hasher = DefaultHasher::new();
            (0..columns).for_each(|at| hash_value(row.get_ref(at).unwrap(), &mut hasher));
            sum = sum.wrapping_add(hasher.finish());
            count += 1;
        }
        (count, sum)
    }
}

fn hash_value(value: ValueRef<'_>, hasher: &mut DefaultHasher) {
    match value {
        ValueRef::Null => 0_u8.hash(hasher),
        ValueRef::Integer(number) => (1_u8, number).hash(hasher),
        ValueRef::Real(number) => (2_u8, number.to_bits()).hash(hasher),
        ValueRef::Text(text) => (3_u8, text).hash(hasher),
        ValueRef::Blob(bytes) => (4_u8, bytes).hash(hasher),
    }
}

fn is_sqlite(path: &Path) -> bool {
    let mut head = [0; 16];
    path.is_file()
        && fs::File::open(path).unwrap().read_exact(&mut head).is_ok()
        && head == *b"SQLite format 3\0"
}
