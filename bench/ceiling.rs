//! What no server on these libraries could do better: `http` answers fixed bytes through actix-web
//! and does nothing else, `sql` runs the statements of a workload in a bare loop and sends nothing.
//! `make bench` measures both as it measures the servers.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use actix_web::http::header::ContentType;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{App, HttpResponse, HttpServer, web};
use clap::{Parser, ValueEnum};
use futures_util::StreamExt;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

/// Functions that a group commit takes together when 64 connections write.
const GROUP: usize = 64;

/// Measures what is left when everything but one library is taken away.
#[derive(Debug, Parser)]
enum Ceiling {
    /// Answers the bytes of a file to every request
    Http {
        /// Where to listen
        #[arg(long)]
        http: String,
        /// The body of every answer
        #[arg(long)]
        body: PathBuf,
    },
    /// Prints how many statements ran and how many CPU microseconds each took
    Sql {
        /// A copy of Ferrobase's data.db
        #[arg(long)]
        database: PathBuf,
        /// Whose statements
        #[arg(long)]
        workload: Workload,
        /// For how long
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Workload {
    /// The rule's question, the two references, the row; sixty-four under one COMMIT
    W1,
    /// One row by its id
    W2,
    /// The newest 30 of a room, and their number
    W3,
    /// As W3 without the number
    W3n,
    /// The 30 of the lowest rank above a bound, and the number above it
    W3b,
    /// The first 30 rows, and the number of all
    W3c,
    /// As W3, and the room
    W4,
    /// One row by its id, and its change; sixty-four under one COMMIT
    W5,
}

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    match Ceiling::parse() {
        Ceiling::Http { http, body } => answer(&http, &body),
        Ceiling::Sql { database, workload, seconds } => repeat(&database, workload, seconds),
    }
}

/// As many workers as the server has: actix-web's own number.
#[actix_web::main]
async fn answer(http: &str, body: &PathBuf) -> Result<(), Failure> {
    let body = Data::new(Bytes::from(std::fs::read(body)?));
    let server =
        HttpServer::new(move || App::new().app_data(body.clone()).default_service(web::to(fixed)));
    let server = server.bind(http)?;
    writeln!(std::io::stdout(), "serves http://{http}")?;
    Ok(server.run().await?)
}

async fn fixed(body: Data<Bytes>, mut payload: Payload) -> HttpResponse {
    while let Some(Ok(_)) = payload.next().await {}
    HttpResponse::Ok().content_type(ContentType::json()).body(body.get_ref().clone())
}

fn repeat(database: &PathBuf, workload: Workload, seconds: f64) -> Result<(), Failure> {
    let mut statements = Statements::open(database)?;
    let (begun, before) = (Instant::now(), cpu()?);
    let mut done = 0;
    while begun.elapsed() < Duration::from_secs_f64(seconds) {
        done += statements.run(workload, done)?;
    }
    let spent = (cpu()? - before).as_secs_f64() * 1e6 / done as f64;
    let elapsed = begun.elapsed().as_secs_f64();
    writeln!(std::io::stdout(), r#"{{"cpu":{spent:.3},"rate":{:.0}}}"#, done as f64 / elapsed)?;
    Ok(())
}

/// A connection and values to bind.
struct Statements {
    database: Connection,
    messages: Vec<String>,
    owned: Vec<String>,
    rooms: Vec<String>,
    caller: String,
}

impl Statements {
    fn open(path: &PathBuf) -> Result<Self, Failure> {
        let database = Connection::open(path)?;
        // A value that is bound must not make SQLite plan again.
        database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        database.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;
             PRAGMA wal_autocheckpoint = 4000;",
        )?;
        let ids = |sql: &str| -> rusqlite::Result<Vec<String>> {
            database.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let caller = ids("SELECT id FROM users ORDER BY id LIMIT 1")?.remove(0);
        let owned = ids(&format!("SELECT id FROM message WHERE owner = '{caller}' LIMIT 10000"))?;
        let messages = ids("SELECT id FROM message ORDER BY rank LIMIT 10000")?;
        let rooms = ids("SELECT id FROM room")?;
        Ok(Self { database, messages, owned, rooms, caller })
    }

    /// Runs the statements of one request, or of a group of writes; how many requests that was.
    fn run(&mut self, workload: Workload, number: usize) -> Result<usize, Failure> {
        let message = &self.messages[number % self.messages.len()];
        let room = &self.rooms[number % self.rooms.len()];
        match workload {
            Workload::W1 => return self.create(number),
            Workload::W5 => return self.update(number),
            Workload::W2 => {
                self.rows(VIEW, params![message])?;
            }
            Workload::W3n => self.rows(NEWEST, params![room])?,
            Workload::W3 => {
                self.rows(NEWEST, params![room])?;
                self.rows(COUNT_OF_ROOM, params![room])?;
            }
            Workload::W4 => {
                self.rows(NEWEST, params![room])?;
                self.rows(COUNT_OF_ROOM, params![room])?;
                self.rows(ROOM, params![room])?;
            }
            Workload::W3b => {
                let bound = 400_000 + number as i64 * 211 % 200_000;
                self.rows(LOWEST, params![bound])?;
                self.rows(COUNT_ABOVE, params![bound])?;
            }
            Workload::W3c => {
                self.rows(FIRST, params![])?;
                self.rows(COUNT, params![])?;
            }
        }
        Ok(1)
    }

    /// Reads every column of every row, as whoever answers them must.
    fn rows(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), Failure> {
        let mut statement = self.database.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            std::hint::black_box(length(row, columns)?);
        }
        Ok(())
    }

    fn create(&mut self, first: usize) -> Result<usize, Failure> {
        let transaction = self.database.transaction()?;
        for number in first..first + GROUP {
            let room = &self.rooms[number % self.rooms.len()];
            transaction.prepare_cached(MEMBER)?.exists(params![self.caller, room])?;
            transaction.prepare_cached(ROOM_EXISTS)?.exists(params![room])?;
            transaction.prepare_cached(USER_EXISTS)?.exists(params![self.caller])?;
            let mut insert = transaction.prepare_cached(INSERT)?;
            insert.execute(params![self.caller, room, DATA, number as i64, moment(number)])?;
        }
        transaction.commit()?;
        Ok(GROUP)
    }

    fn update(&mut self, first: usize) -> Result<usize, Failure> {
        let transaction = self.database.transaction()?;
        for number in first..first + GROUP {
            let message = &self.owned[number % self.owned.len()];
            let mut select = transaction.prepare_cached(VIEW)?;
            select.query_row(params![message], |row| Ok(length(row, 7).unwrap_or(0)))?;
            let mut update = transaction.prepare_cached(UPDATE)?;
            update.execute(params![message, DATA, moment(number)])?;
        }
        transaction.commit()?;
        Ok(GROUP)
    }
}

/// A time, as the servers write it; another one for the next row.
fn moment(number: usize) -> String {
    format!("2026-01-01 00:00:00.{:03}Z", number % 1000)
}

const VIEW: &str =
    "SELECT id, owner, room, data, rank, created, updated FROM message WHERE id = ?1";
const NEWEST: &str = "SELECT id, owner, room, data, rank, created, updated FROM message
                      WHERE room = ?1 ORDER BY created DESC LIMIT 30";
const LOWEST: &str = "SELECT id, owner, room, data, rank, created, updated FROM message
                      WHERE rank > ?1 ORDER BY rank LIMIT 30";
const FIRST: &str = "SELECT id, owner, room, data, rank, created, updated FROM message
                     ORDER BY rowid LIMIT 30";
const COUNT: &str = "SELECT COUNT(*) FROM message";
const COUNT_OF_ROOM: &str = "SELECT COUNT(*) FROM message WHERE room = ?1";
const COUNT_ABOVE: &str = "SELECT COUNT(*) FROM message WHERE rank > ?1";
const ROOM: &str = "SELECT id, name, created, updated FROM room WHERE id = ?1";
const MEMBER: &str = "SELECT 1 FROM room_members WHERE user = ?1 AND room = ?2";
const ROOM_EXISTS: &str = "SELECT 1 FROM room WHERE id = ?1";
const USER_EXISTS: &str = "SELECT 1 FROM users WHERE id = ?1";
const INSERT: &str = "INSERT INTO message (id, owner, room, data, rank, created, updated)
                      VALUES (lower(hex(randomblob(8))), ?1, ?2, ?3, ?4, ?5, ?5)";
const UPDATE: &str = "UPDATE message SET data = ?2, updated = ?3 WHERE id = ?1";
const DATA: &str =
    "lantern amber fjord kettle garnet island delta pebble cedar orchard ember nectar";

fn length(row: &Row<'_>, columns: usize) -> rusqlite::Result<usize> {
    (0..columns).try_fold(0, |sum, column| {
        Ok(sum
            + match row.get_ref(column)? {
                ValueRef::Text(text) => text.len(),
                _ => 8,
            })
    })
}

/// User and system time of this process, which has one thread.
fn cpu() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = stat.split(' ').next().unwrap_or_default();
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
