//! Where the two engines' SQL differs. Only this file matches on [`Dialect`]; everything else asks
//! it for a word.

/// The SQL that an engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL 14 and what speaks like it.
    Postgres,
}
