//! Fills a stopped server's database with the rows that `make bench` measures, and says what it
//! then holds. Ferrobase and PocketBase keep these tables alike on SQLite (same names, same texts,
//! same indexes), and on PostgreSQL the rows are the same, so one program writes them all.
//!
//! The users are not written here: passwords must be hashed, so they are made through the API.

mod postgres;
mod rows;
mod sqlite;

use std::error::Error;
use std::io::Write;

use clap::Parser;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Writes rooms, memberships and messages into a database that has the users.
#[derive(Debug, Parser)]
struct Options {
    /// The server's data.db, or postgres://… of its database; no server may be running on it
    #[arg(long)]
    database: String,
    /// Rows of message
    #[arg(long)]
    messages: u64,
}

type Failure = Box<dyn Error>;

/// What a database holds after it was filled.
struct Filled {
    /// One digest over all rows in the order they were written.
    rows: String,
    /// What only files of SQLite are compared by.
    more: Map<String, Value>,
    /// Address, id and password hash of the first user.
    caller: [String; 3],
}

fn main() -> Result<(), Failure> {
    let Options { database, messages } = Options::parse();
    let filled = if database.starts_with("postgres") {
        postgres::fill(&database, messages)?
    } else {
        sqlite::fill(&database, messages)?
    };
    let [caller, id, hash] = filled.caller;
    let mut description = filled.more;
    description.insert("rows".to_owned(), json!(filled.rows));
    for (kind, ids) in rows::asked_for(messages) {
        description.insert(kind.to_owned(), json!(ids));
    }
    description.insert("caller".to_owned(), json!(caller));
    description.insert("callerId".to_owned(), json!(id));
    description.insert("hash".to_owned(), json!(hash_parameters(&hash)));
    writeln!(std::io::stdout().lock(), "{}", Value::Object(description))?;
    Ok(())
}

/// The digest of rows, each as a JSON list.
#[derive(Default)]
struct RowsDigest(Sha256);

impl RowsDigest {
    fn add(&mut self, row: &str) {
        self.0.update(row);
    }

    fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The algorithm and its cost without salt and digest, as `$2a$10` or `$argon2id$v=19$m=19456,…`.
fn hash_parameters(hash: &str) -> String {
    let kept = if hash.starts_with("$argon2") { 4 } else { 3 };
    hash.split('$').take(kept).collect::<Vec<_>>().join("$")
}
