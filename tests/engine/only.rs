//! Tests that have nothing to say on one of the engines.

use crate::engine::is_postgres;

/// Whether the tests run on PostgreSQL, where this test has nothing to say; prints why.
#[expect(clippy::print_stdout, reason = "whoever reads the test's output is told the reason")]
pub(crate) fn sqlite_only(reason: &str) -> bool {
    if is_postgres() {
        println!("on SQLite only: {reason}");
    }
    is_postgres()
}

/// Whether the tests run on SQLite, where this test has nothing to say; prints why.
#[expect(clippy::print_stdout, reason = "whoever reads the test's output is told the reason")]
pub(crate) fn postgres_only(reason: &str) -> bool {
    if !is_postgres() {
        println!("on PostgreSQL only: {reason}");
    }
    !is_postgres()
}
