//! The rows that `make bench` measures: the same in every database, in the same order.
//!
//! The users are not among them: passwords must be hashed, so they are made through the API.

use std::ops::Range;

use chrono::{DateTime, Duration, SecondsFormat, TimeZone, Utc};

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

/// A table that is filled, with the columns of its rows.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
}

/// A value of a row.
pub(crate) enum Cell {
    Text(String),
    Int(i64),
}

/// The tables in the order in which they are filled.
pub(crate) const TABLES: [Table; 3] = [
    Table { name: "room", columns: &["id", "name", "created", "updated"] },
    Table { name: "room_members", columns: &["id", "user", "room", "created", "updated"] },
    Table {
        name: "message",
        columns: &["id", "owner", "room", "data", "rank", "created", "updated"],
    },
];

type Rows<'a> = Box<dyn Iterator<Item = Vec<Cell>> + 'a>;

/// The rows of each of [`TABLES`], for a database with these users.
pub(crate) fn rows(users: &[String], messages: u64) -> [(&'static Table, Rows<'_>); 3] {
    let [room_table, members_table, message_table] = &TABLES;
    [
        (room_table, Box::new((0..ROOMS).map(room))),
        (members_table, Box::new(memberships(users))),
        (message_table, Box::new((0..messages).map(move |at| message(users, messages, at)))),
    ]
}

fn room(number: u64) -> Vec<Cell> {
    let name = Cell::Text(format!("Room {number}"));
    vec![id("r", number), name, moment(number), moment(number)]
}

/// The first user is in every room, the others are in some.
fn memberships(users: &[String]) -> impl Iterator<Item = Vec<Cell>> {
    let pairs = (0..).zip(users).flat_map(|(number, user)| {
        let rooms = if number == 0 { ROOMS } else { ROOMS_OF_A_USER };
        (0..rooms).map(move |room| (user, (number * ROOMS_OF_A_USER + room) % ROOMS))
    });
    (0..).zip(pairs).map(|(number, (user, room))| {
        let user = Cell::Text(user.clone());
        vec![id("b", number), user, id("r", room), moment(number), moment(number)]
    })
}

fn message(users: &[String], messages: u64, number: u64) -> Vec<Cell> {
    let others = users.len() as u64 - 1;
    let owner = if number.is_multiple_of(OWNED) { 0 } else { 1 + number % others };
    vec![
        id("m", number),
        Cell::Text(users[owner as usize].clone()),
        id("r", scatter(number + messages) % ROOMS),
        words(number),
        Cell::Int(rank(number) as i64),
        moment(number),
        moment(number),
    ]
}

/// The ids that requests ask for: of all rooms, of messages spread over all of them, and of the
/// caller's.
pub(crate) fn asked_for(messages: u64) -> [(&'static str, Vec<String>); 3] {
    let step = messages.div_ceil(SAMPLE) as usize;
    let ids = |letter: &str, numbers: Range<u64>, step: usize| {
        numbers.step_by(step).map(|number| text_id(letter, number)).collect()
    };
    [
        ("rooms", ids("r", 0..ROOMS, 1)),
        ("messages", ids("m", 0..messages, step)),
        ("owned", ids("m", 0..messages.min(SAMPLE * OWNED), OWNED as usize)),
    ]
}

fn id(letter: &str, number: u64) -> Cell {
    Cell::Text(text_id(letter, number))
}

/// An id of fifteen characters that follows from the number and whose order tells nothing of it.
fn text_id(letter: &str, number: u64) -> String {
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

fn words(number: u64) -> Cell {
    let word = |at| WORDS[(scatter(number * 64 + at) % WORDS.len() as u64) as usize];
    Cell::Text((0..14).map(word).collect::<Vec<_>>().join(" "))
}

/// Ten seconds later for each number, as both servers write a time.
fn moment(number: u64) -> Cell {
    let first: DateTime<Utc> =
        Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).single().unwrap_or_default();
    let time = first + Duration::seconds(10 * number as i64);
    Cell::Text(time.to_rfc3339_opts(SecondsFormat::Millis, true).replace('T', " "))
}
