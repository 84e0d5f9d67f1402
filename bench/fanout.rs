//! Keeps many realtime connections open, writes, and says how long it takes until the last of them was
//! told. One thread reads all of them, so that the other cores are the server's.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

/// Opens connections, writes, and prints what was measured as one line of JSON.
#[derive(Debug, Parser)]
struct Options {
    /// Address of the server, 127.0.0.1:8090
    #[arg(long)]
    address: String,
    /// Connections, shared out among the tokens
    #[arg(long)]
    subscribers: usize,
    /// Tokens of the subscribers, with commas between; none are guests
    #[arg(long, value_delimiter = ',')]
    tokens: Vec<String>,
    /// What all of them subscribe to
    #[arg(long)]
    topic: String,
    /// Token of who writes
    #[arg(long)]
    writer: String,
    /// Where to
    #[arg(long)]
    path: String,
    /// What, as JSON
    #[arg(long)]
    body: String,
    /// Writes that are measured, one after the other
    #[arg(long, default_value_t = 100)]
    writes: usize,
    /// Writes a second instead, for so long as --seconds says, however long they take
    #[arg(long)]
    rate: Option<u32>,
    /// How long
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

type Failure = Box<dyn Error>;

/// Writes before those that count.
const WARM_UP: usize = 20;

/// Writes under way at once when there is a rate.
const AT_ONCE: usize = 64;

/// When messages that must come are given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many messages came, and when the last one did.
struct Tally {
    state: Mutex<(usize, Instant)>,
    wanted: Mutex<usize>,
    all: Notify,
}

impl Tally {
    fn add(&self, messages: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (state.0 + messages, Instant::now());
        if state.0 >= *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) {
            self.all.notify_one();
        }
    }

    fn count(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn want(&self, messages: usize) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = messages;
    }

    /// Waits for all wanted messages; when the last one came.
    async fn wait(&self, wanted: usize) -> Result<Instant, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            let (count, last) = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if count >= wanted {
                return Ok(last);
            }
            if Instant::now() >= until {
                return Err(format!("{count} messages of {wanted} came").into());
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), self.all.notified()).await;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let options = Arc::new(Options::parse());
    let http = reqwest::Client::new();
    let tally = Arc::new(Tally {
        state: Mutex::new((0, Instant::now())),
        wanted: Mutex::new(0),
        all: Notify::new(),
    });
    for number in 0..options.subscribers {
        let token = options.tokens.get(number % options.tokens.len().max(1)).cloned();
        subscribe(&options, &http, token.unwrap_or_default(), &tally).await?;
    }
    let measured = match options.rate {
        None => one_by_one(&options, &http, &tally).await?,
        Some(rate) => at_rate(&options, &http, &tally, rate).await?,
    };
    writeln!(std::io::stdout().lock(), "{measured}")?;
    Ok(())
}

/// Opens a connection that counts what it is told.
async fn subscribe(
    options: &Options,
    http: &reqwest::Client,
    token: String,
    tally: &Arc<Tally>,
) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(&options.address).await?;
    let head = format!(
        "GET /api/realtime HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
        options.address
    );
    stream.write_all(head.as_bytes()).await?;
    let mut first = Vec::new();
    while !first.ends_with(b"\n\n") && !first.ends_with(b"\n\n\r\n") {
        if stream.read_buf(&mut first).await? == 0 {
            return Err("the connection was closed".into());
        }
    }
    let text = String::from_utf8(first)?;
    let id = text.split("\"clientId\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let id = id.ok_or("the first message names no client")?;
    let body = json!({ "clientId": id, "subscriptions": [options.topic] });
    let url = format!("http://{}/api/realtime", options.address);
    let asked = http.post(url).header("Authorization", token).json(&body).send().await?;
    asked.error_for_status()?;
    let tally = Arc::clone(tally);
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        let mut last = 0;
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            let mut ends = 0;
            for &byte in &buffer[..read] {
                ends += usize::from(byte == b'\n' && last == b'\n');
                last = byte;
            }
            tally.add(ends);
        }
    });
    Ok(())
}

async fn write(options: &Options, http: &reqwest::Client) -> Result<(), Failure> {
    let url = format!("http://{}{}", options.address, options.path);
    let request = http.post(url).header("Authorization", &options.writer);
    let request = request.header("Content-Type", "application/json").body(options.body.clone());
    request.send().await?.error_for_status()?;
    Ok(())
}

/// Milliseconds from the moment a write is sent to that at which the last connection was told.
async fn one_by_one(
    options: &Options,
    http: &reqwest::Client,
    tally: &Tally,
) -> Result<Value, Failure> {
    let mut millis = Vec::new();
    for number in 0..WARM_UP + options.writes {
        let wanted = tally.count() + options.subscribers;
        tally.want(wanted);
        let begun = Instant::now();
        write(options, http).await?;
        let last = tally.wait(wanted).await?;
        if number >= WARM_UP {
            millis.push((last - begun).as_secs_f64() * 1_000.0);
        }
    }
    millis.sort_by(f64::total_cmp);
    let at = |part: usize| millis.get(millis.len() * part / 100).or(millis.last());
    Ok(json!({ "p50": at(50), "p99": at(99), "writes": WARM_UP + options.writes }))
}

/// What is reached when writes are sent at a fixed rate.
async fn at_rate(
    options: &Arc<Options>,
    http: &reqwest::Client,
    tally: &Tally,
    rate: u32,
) -> Result<Value, Failure> {
    tally.want(usize::MAX);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let (begun, time) = (Instant::now(), Duration::from_secs(options.seconds));
    let mut sent = 0;
    let mut writes = tokio::task::JoinSet::new();
    while begun.elapsed() < time {
        ticks.tick().await;
        let place = Arc::clone(&places).acquire_owned().await?;
        let (options, http) = (Arc::clone(options), http.clone());
        writes.spawn(async move {
            let done = write(&options, &http).await.map_err(|error| error.to_string());
            drop(place);
            done
        });
        sent += 1;
        while let Some(done) = writes.try_join_next() {
            done??;
        }
    }
    while let Some(done) = writes.join_next().await {
        done??;
    }
    let elapsed = begun.elapsed().as_secs_f64();
    let wanted = sent * options.subscribers;
    let last = tally.wait(wanted).await?;
    Ok(json!({
        "writes": sent,
        "seconds": elapsed,
        "messages": tally.count(),
        "behind": (last - begun).as_secs_f64() - elapsed,
    }))
}
