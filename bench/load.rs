//! Fills a stopped server's database with the rows that `make bench` measures, and says what it
//! then holds. Ferrobase and PocketBase keep these tables alike (same names, same texts, same
//! indexes), so one program writes the same rows into both, in the same order.
//!
//! The users are not written here: passwords must be hashed, so they are made through the API.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Duration, SecondsFormat, TimeZone, Utc};
use clap::Parser;
use rusqlite::{Connection, Transaction, params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ROOMS: u64 = 100;
const ROOMS_OF_A_USER: u64 = 10;
/// Every tenth message is the caller's.
const OWNED: u64 = 10;
/// How many ids are printed, for requests to ask for.
const SAMPLE: u64 = 10_000;
const WORDS: [&str; 16] = [
    "amber", "beacon", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "island", "jasper",
    "kettle", "lantern", "meadow", "nectar", "orchard", "pebble",
];

/// Writes rooms, memberships and messages into a database that has the users.
#[derive(Debug, Parser)]
struct Options {
    /// The server's data.db; no server may be running on it
    #[arg(long)]
    database: PathBuf,
    /// Rows of message
    #[arg(long)]
    messages: u64,
}

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let mut database = Connection::open(&options.database)?;
    let transaction = database.transaction()?;
    let users: Vec<String> = transaction
        .prepare("SELECT id FROM users ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    fill_rooms(&transaction, &users)?;
    fill_messages(&transaction, &users, options.messages)?;
    transaction.commit()?;
    // Both planners shall know the same about the rows.
    database.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")?;
    let description = describe(&database, options.messages)?;
    writeln!(std::io::stdout().lock(), "{description}")?;
    Ok(())
}

/// The first user is in every room, the others are in some.
fn fill_rooms(transaction: &Transaction<'_>, users: &[String]) -> Result<(), Failure> {
    let mut insert = transaction
        .prepare("INSERT INTO room (id, name, created, updated) VALUES (?1, ?2, ?3, ?3)")?;
    for room in 0..ROOMS {
        insert.execute(params![id("r", room), format!("Room {room}"), moment(room)])?;
    }
    let mut insert = transaction.prepare(
        "INSERT INTO room_members (id, user, room, created, updated) VALUES (?1, ?2, ?3, ?4, ?4)",
    )?;
    let mut members = 0;
    for (number, user) in (0..).zip(users) {
        let rooms = if number == 0 { ROOMS } else { ROOMS_OF_A_USER };
        for room in 0..rooms {
            let room = (number * ROOMS_OF_A_USER + room) % ROOMS;
            insert.execute(params![id("b", members), user, id("r", room), moment(members)])?;
            members += 1;
        }
    }
    Ok(())
}

fn fill_messages(
    transaction: &Transaction<'_>,
    users: &[String],
    messages: u64,
) -> Result<(), Failure> {
    let mut insert = transaction.prepare(
        "INSERT INTO message (id, owner, room, data, rank, created, updated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?;
    let others = users.len() as u64 - 1;
    for number in 0..messages {
        let owner = if number.is_multiple_of(OWNED) { 0 } else { 1 + number % others };
        insert.execute(params![
            id("m", number),
            users[owner as usize],
            id("r", scatter(number + messages) % ROOMS),
            words(number),
            rank(number) as i64,
            moment(number),
        ])?;
    }
    Ok(())
}

/// An id of fifteen characters that follows from the number and whose order tells nothing of it.
fn id(letter: &str, number: u64) -> String {
    let mut rest = scatter(number);
    let mut digits = [b'0'; 14];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
        rest /= 36;
    }
    format!("{letter}{}", String::from_utf8_lossy(&digits))
}

/// Another number for each number, spread over the whole range (splitmix64).
fn scatter(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// No two of the first million rows have the same, so a list sorted by it has one order only.
fn rank(number: u64) -> u64 {
    number * 48_271 % 1_000_003
}

fn words(number: u64) -> String {
    let word = |at| WORDS[(scatter(number * 64 + at) % WORDS.len() as u64) as usize];
    (0..14).map(word).collect::<Vec<_>>().join(" ")
}

/// Ten seconds later for each number, as both servers write a time.
fn moment(number: u64) -> String {
    let first: DateTime<Utc> =
        Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).single().unwrap_or_default();
    let time = first + Duration::seconds(10 * number as i64);
    time.to_rfc3339_opts(SecondsFormat::Millis, true).replace('T', " ")
}

/// What must be equal in both databases, and the ids that requests ask for.
fn describe(database: &Connection, messages: u64) -> Result<Value, Failure> {
    let text = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0));
    let hash = text("SELECT password FROM users ORDER BY id LIMIT 1")?;
    let step = messages.div_ceil(SAMPLE);
    let sampled = (0..messages).step_by(step as usize);
    Ok(json!({
        "rows": digest(database)?,
        "indexes": indexes(database)?,
        "statistics": statistics(database)?,
        "rooms": (0..ROOMS).map(|number| id("r", number)).collect::<Vec<_>>(),
        "messages": sampled.map(|number| id("m", number)).collect::<Vec<_>>(),
        "owned": (0..messages.min(SAMPLE * OWNED)).step_by(OWNED as usize)
            .map(|number| id("m", number)).collect::<Vec<_>>(),
        "caller": text("SELECT email FROM users ORDER BY id LIMIT 1")?,
        "callerId": text("SELECT id FROM users ORDER BY id LIMIT 1")?,
        "hash": hash_parameters(&hash),
    }))
}

/// One digest over all rows in the order they were written.
fn digest(database: &Connection) -> Result<String, Failure> {
    let mut digest = Sha256::new();
    let tables = [
        ("room", "id, name, created, updated"),
        ("room_members", "id, user, room, created, updated"),
        ("message", "id, owner, room, data, rank, created, updated"),
    ];
    for (table, columns) in tables {
        let mut rows = database
            .prepare(&format!("SELECT json_array({columns}) FROM {table} ORDER BY rowid"))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            digest.update(row.get::<_, String>(0)?);
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The columns of each index, since the two name their indexes differently.
fn indexes(database: &Connection) -> Result<Value, Failure> {
    lines(
        database,
        "SELECT tables.value || ': ' || group_concat(columns.name, ', ')
                || iif(list.\"unique\", ' unique', '')
         FROM json_each('[\"room\", \"room_members\", \"message\"]') AS tables,
              pragma_index_list(tables.value) AS list, pragma_index_info(list.name) AS columns
         GROUP BY tables.value, list.name ORDER BY 1",
    )
}

/// What ANALYZE found out.
fn statistics(database: &Connection) -> Result<Value, Failure> {
    lines(
        database,
        "SELECT tbl || ': ' || stat FROM sqlite_stat1
         WHERE tbl IN ('room', 'room_members', 'message') ORDER BY 1",
    )
}

fn lines(database: &Connection, sql: &str) -> Result<Value, Failure> {
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    Ok(json!(rows.collect::<Result<Vec<_>, _>>()?))
}

/// The algorithm and its cost without salt and digest, as `$2a$10` or `$argon2id$v=19$m=19456,…`.
fn hash_parameters(hash: &str) -> String {
    let kept = if hash.starts_with("$argon2") { 4 } else { 3 };
    hash.split('$').take(kept).collect::<Vec<_>>().join("$")
}
