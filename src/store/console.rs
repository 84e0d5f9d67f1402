//! Statements that superusers write by hand (contract A 2.14). What they may touch is decided
//! elsewhere; here they are run as they are, one at a time.

use crate::store::error::{Source, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};

/// What a statement answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns in order.
    pub columns: Vec<Column>,
    /// The rows, as far as they were asked for. A null is no text.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Most bytes of all values of a [`Table`].
const MOST_BYTES: usize = 32 << 20;

/// Collects the rows of a [`Table`] as long as they are not too large for one answer.
#[derive(Default)]
pub(in crate::store) struct Rows {
    pub(in crate::store) rows: Vec<Vec<Option<String>>>,
    bytes: usize,
}

impl Rows {
    /// Takes the next row.
    ///
    /// # Errors
    /// [`StoreError::Statement`] when that makes it too much.
    pub(in crate::store) fn push(&mut self, row: Vec<Option<String>>) -> Result<(), StoreError> {
        self.bytes += row.iter().flatten().map(String::len).sum::<usize>();
        if self.bytes > MOST_BYTES {
            return Err(too_large());
        }
        self.rows.push(row);
        Ok(())
    }
}

/// Most bytes of one value that a statement may make or read: no more than an answer may have, also
/// where it is written out as text.
pub(in crate::store) const MOST_BYTES_OF_VALUE: usize = MOST_BYTES / 2;

/// An answer is larger than one may be.
pub(in crate::store) fn too_large() -> StoreError {
    let message =
        "the answer has more than 32 MB: ask for fewer rows, or for parts of values with \
                   substr(…)"
            .to_owned();
    let source = Source::new(std::io::Error::other(message.clone()));
    StoreError::Statement { message, source }
}

/// One column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the engine calls it, empty where it has none.
    pub type_name: String,
}

/// The first `limit` rows that `sql` answers, as texts. What writes is refused, also here; and so is
/// what changes a connection that others use after: `ATTACH`, `SET`, `BEGIN` and their kin.
///
/// # Errors
/// What the database says, for one about several statements.
pub fn fetch(db: &mut Db, sql: &str, limit: usize) -> Result<Table, StoreError> {
    if db.dialect().only_looks(sql) {
        return db.fetch_table(sql, limit);
    }
    let message = "this statement neither asks for rows nor changes any: begin with SELECT, WITH, \
                   VALUES, EXPLAIN, INSERT, UPDATE, DELETE, REPLACE, CREATE, ALTER or DROP";
    let source = Source::new(std::io::Error::other(message));
    Err(StoreError::Statement { message: message.to_owned(), source })
}

/// Runs `sql`; how many rows it changed. Settings of the connection that it made are undone, for the
/// next transaction on it is somebody else's.
///
/// # Errors
/// What the database says, for one about several statements.
pub fn run(tx: &mut Tx, sql: &str) -> Result<u64, StoreError> {
    let changed = tx.run(Statement::new(sql.to_owned(), Vec::new()))?;
    if let Some(reset) = tx.dialect().reset_settings() {
        tx.run(reset)?;
    }
    Ok(changed)
}

/// A number that is another one once the transaction itself has changed `_revision`, whatever others do.
///
/// # Errors
/// What the database says.
pub fn revision_mark(tx: &mut Tx) -> Result<i64, StoreError> {
    let sql = tx.dialect().revision_mark();
    tx.fetch_one(Statement::new(sql, Vec::new()))?.int(0)
}
