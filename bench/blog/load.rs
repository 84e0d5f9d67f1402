//! Fills a running server with the blog's rows through its HTTP API, as its users would: users
//! sign in, authors write posts, everybody comments and likes, every rule is asked.
//!
//! Ferrobase has the collections from `config.toml`; PocketBase gets the same ones with
//! `--make-collections`. Ids and contents follow from a row's number, so both servers hold the
//! same rows, and a run that was interrupted goes on where it stopped.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const COLLECTIONS: &str = include_str!("pocketbase.json");
const PASSWORD: &str = "a password for benches";
const TAGS: u64 = 50;
const WORDS: [&str; 16] = [
    "amber", "beacon", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "island", "jasper",
    "kettle", "lantern", "meadow", "nectar", "orchard", "pebble",
];

/// Loads the blog's rows into a running server.
#[derive(Debug, Parser)]
struct Options {
    /// Where the server listens
    #[arg(long, default_value = "http://127.0.0.1:8090")]
    url: String,
    /// E-mail address of a superuser
    #[arg(long)]
    superuser: String,
    /// Password of that superuser
    #[arg(long)]
    password: String,
    /// Make the collections first (PocketBase)
    #[arg(long)]
    make_collections: bool,
    /// Requests under way at one time
    #[arg(long, default_value_t = 64)]
    connections: u64,
    /// Rows of users, half of them authors
    #[arg(long, default_value_t = 200)]
    users: u64,
    /// Rows of posts, one in five a draft
    #[arg(long, default_value_t = 100_000)]
    posts: u64,
    /// Rows of comments
    #[arg(long, default_value_t = 500_000)]
    comments: u64,
    /// Rows of likes
    #[arg(long, default_value_t = 50_000)]
    likes: u64,
}

type Failure = Box<dyn Error + Send + Sync>;

/// Who sends a row: a superuser, or the user of that number.
#[derive(Clone, Copy)]
enum Sender {
    Superuser,
    User(u64),
}

/// A collection to fill: how many rows, and what the row of a number is.
struct Rows {
    collection: &'static str,
    count: u64,
    row: fn(u64, &Sizes) -> (Sender, Value),
}

/// What a row needs to know to refer to others.
struct Sizes {
    users: u64,
    posts: u64,
}

/// A server and the tokens of everybody who writes to it.
struct Server {
    http: Client,
    url: String,
    superuser: String,
    users: Vec<String>,
    sizes: Sizes,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let mut server = connect(&options).await?;
    if options.make_collections {
        let body = serde_json::from_str(COLLECTIONS)?;
        server.send(Method::PUT, "/api/collections/import", Sender::Superuser, &body).await?;
    }
    let fixed = [
        Rows { collection: "users", count: options.users, row: user },
        Rows { collection: "tags", count: TAGS, row: tag },
    ];
    for rows in fixed {
        server = fill(server, rows, options.connections).await?;
    }
    server.users = sign_in_all(&server).await?;
    let written = [
        Rows { collection: "posts", count: options.posts, row: post },
        Rows { collection: "comments", count: options.comments, row: comment },
        Rows { collection: "likes", count: options.likes, row: like },
    ];
    for rows in written {
        server = fill(server, rows, options.connections).await?;
    }
    Ok(())
}

async fn connect(options: &Options) -> Result<Server, Failure> {
    let mut server = Server {
        http: Client::new(),
        url: options.url.trim_end_matches('/').to_owned(),
        superuser: String::new(),
        users: Vec::new(),
        sizes: Sizes { users: options.users, posts: options.posts },
    };
    server.superuser =
        sign_in(&server, "_superusers", &options.superuser, &options.password).await?;
    Ok(server)
}

async fn sign_in(
    server: &Server,
    collection: &str,
    identity: &str,
    password: &str,
) -> Result<String, Failure> {
    let url = format!("{}/api/collections/{collection}/auth-with-password", server.url);
    let body = json!({ "identity": identity, "password": password });
    let answer = server.http.post(url).json(&body).send().await?.error_for_status()?;
    let answer: Value = answer.json().await?;
    Ok(answer["token"].as_str().ok_or("an answer without a token")?.to_owned())
}

/// One after the other: hashing is slow on purpose, and this is not what is measured.
async fn sign_in_all(server: &Server) -> Result<Vec<String>, Failure> {
    let mut tokens = Vec::new();
    for number in 0..server.sizes.users {
        tokens.push(sign_in(server, "users", &email(number), PASSWORD).await?);
    }
    Ok(tokens)
}

/// Sends the rows that are missing and prints how fast they were taken.
async fn fill(server: Server, rows: Rows, connections: u64) -> Result<Server, Failure> {
    let there = server.total(rows.collection).await?;
    // Rows are sent in order, so all but the last few of an interrupted run are there.
    let first = there.saturating_sub(2 * connections);
    let next = Arc::new(AtomicU64::new(first));
    let (server, rows) = (Arc::new(server), Arc::new(rows));
    let started = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(work(server.clone(), rows.clone(), next.clone()));
    }
    while let Some(outcome) = workers.join_next().await {
        outcome??;
    }
    let total = server.total(rows.collection).await?;
    let (new, seconds) = (total - there, started.elapsed().as_secs_f64());
    say(format_args!(
        "{:<10}{total:>8} rows, {new:>8} new in {seconds:>7.1} s, {:>8.0} a second",
        rows.collection,
        new as f64 / seconds
    ))?;
    if total < rows.count {
        return Err(
            format!("{} rows of {} are missing", rows.count - total, rows.collection).into()
        );
    }
    Arc::into_inner(server).ok_or_else(|| "a worker is still running".into())
}

async fn work(server: Arc<Server>, rows: Arc<Rows>, next: Arc<AtomicU64>) -> Result<(), Failure> {
    let path = format!("/api/collections/{}/records", rows.collection);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= rows.count {
            return Ok(());
        }
        let (sender, row) = (rows.row)(number, &server.sizes);
        server.send(Method::POST, &path, sender, &row).await?;
    }
}

impl Server {
    /// Sends a request; a row that is already there counts as written.
    async fn send(
        &self,
        method: Method,
        path: &str,
        sender: Sender,
        body: &Value,
    ) -> Result<(), Failure> {
        let token = match sender {
            Sender::Superuser => &self.superuser,
            Sender::User(number) => &self.users[number as usize],
        };
        let request = self.http.request(method, format!("{}{path}", self.url));
        let answer = request.header("Authorization", token).json(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() || (status == StatusCode::BAD_REQUEST && is_there(&text)) {
            return Ok(());
        }
        Err(format!("{status} from {path} for {body}: {text}").into())
    }

    async fn total(&self, collection: &str) -> Result<u64, Failure> {
        let url = format!("{}/api/collections/{collection}/records?perPage=1", self.url);
        let request = self.http.get(url).header("Authorization", &self.superuser);
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        Ok(answer["totalItems"].as_u64().ok_or("a list without a total")?)
    }
}

/// Whether all complaints are about values that are taken: by the same row of an earlier run.
fn is_there(text: &str) -> bool {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    let taken = |fault: &Value| {
        ["validation_not_unique", "validation_pk_invalid"].iter().any(|code| fault["code"] == *code)
    };
    answer["data"].as_object().is_some_and(|data| !data.is_empty() && data.values().all(taken))
}

/// An id of fifteen characters that tells which row it is.
fn id(letter: char, number: u64) -> String {
    format!("{letter}{number:014}")
}

fn email(number: u64) -> String {
    format!("user{number}@example.com")
}

/// The same number for the same number, spread over the whole range.
fn scatter(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 16
}

fn words(number: u64, count: u64) -> String {
    let word = |at| WORDS[(scatter(number * 64 + at) % WORDS.len() as u64) as usize];
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

/// Half of the users are authors; posts whose number is a multiple of five are drafts.
fn user(number: u64, _: &Sizes) -> (Sender, Value) {
    let row = json!({
        "id": id('u', number), "email": email(number), "name": format!("User {number}"),
        "password": PASSWORD, "passwordConfirm": PASSWORD,
        "role": if number.is_multiple_of(2) { "author" } else { "reader" },
    });
    (Sender::Superuser, row)
}

fn tag(number: u64, _: &Sizes) -> (Sender, Value) {
    let row = json!({
        "id": id('t', number), "name": format!("Tag {number}"), "slug": format!("tag-{number}"),
    });
    (Sender::Superuser, row)
}

fn post(number: u64, sizes: &Sizes) -> (Sender, Value) {
    let author = scatter(number) % sizes.users.div_ceil(2) * 2;
    let (first, second) = (scatter(number * 2) % TAGS, scatter(number * 2 + 1) % TAGS);
    let tags = if first == second { vec![first] } else { vec![first, second] };
    let draft = number.is_multiple_of(5);
    let row = json!({
        "id": id('p', number), "title": format!("{} {number}", words(number, 5)),
        "slug": format!("post-{number}"), "body": format!("<p>{}</p>", words(number + 7, 60)),
        "status": if draft { "draft" } else { "published" },
        "published_at": if draft { Value::Null } else { json!(minute(number)) },
        "author": id('u', author),
        "tags": tags.into_iter().map(|tag| id('t', tag)).collect::<Vec<_>>(),
    });
    (Sender::User(author), row)
}

/// A moment in 2025 that is later for a greater number, up to half a million of them.
fn minute(number: u64) -> String {
    let (day, minute) = (number / 1440, number % 1440);
    let (month, day) = (day / 28, day % 28 + 1);
    let (year, month) = (2000 + month / 12, month % 12 + 1);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:00.000Z", minute / 60, minute % 60)
}

fn published(number: u64, sizes: &Sizes) -> u64 {
    let post = scatter(number) % sizes.posts;
    if post.is_multiple_of(5) { (post + 1) % sizes.posts } else { post }
}

fn comment(number: u64, sizes: &Sizes) -> (Sender, Value) {
    let author = scatter(number + 3) % sizes.users;
    let row = json!({
        "id": id('c', number), "post": id('p', published(number, sizes)),
        "author": id('u', author), "text": words(number + 11, 14),
    });
    (Sender::User(author), row)
}

/// Users like posts in turn, so that nobody likes one twice.
fn like(number: u64, sizes: &Sizes) -> (Sender, Value) {
    let user = number % sizes.users;
    let post = id('p', number / sizes.users * 7 % sizes.posts);
    let row = json!({ "id": id('l', number), "post": post, "user": id('u', user) });
    (Sender::User(user), row)
}

fn say(line: impl Display) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")
}
