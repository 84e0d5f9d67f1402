//! Keeps many realtime connections open, writes, and says how long it takes until the last of them was
//! told. One thread reads all of them, so that the other cores are the server's.
//!
//! It says `ready` once all are open. Each line of its input starts a measurement, which is answered by
//! a line of JSON; the connections stay until the input ends. It fails when a connection was not told of
//! every write exactly once.

mod fanout_readers;

use std::error::Error;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use fanout_readers::{DIGITS, MARK, Tally};

/// Opens connections, and measures how they are told of writes.
#[derive(Debug, Parser)]
struct Options {
    /// Address of the server, 127.0.0.1:8090
    #[arg(long)]
    address: SocketAddr,
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
    #[arg(long, default_value = "")]
    writer: String,
    /// Where to
    #[arg(long, default_value = "")]
    path: String,
    /// What, as JSON; {number} in it becomes a text that tells writes apart
    #[arg(long, default_value = "")]
    body: String,
    /// Writes that are measured, one after the other
    #[arg(long, default_value_t = 100)]
    writes: usize,
    /// Writes a second instead, or as many as everybody can be told of, for --seconds
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// How long
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

type Failure = Box<dyn Error + Send + Sync>;

/// Writes before those that count.
const WARM_UP: usize = 20;

/// With a rate: writes that are not answered or that not everybody was told of. Without this bound a
/// server that is too slow would show how long its queues may become, and nothing else.
const UNDER_WAY: usize = 64;

/// Who sends writes.
struct Writer {
    http: reqwest::Client,
    url: String,
    token: String,
    body: String,
    sent: AtomicUsize,
}

impl Writer {
    /// Sends a write with the next number; returns when it was answered.
    async fn write(&self) -> Result<(), Failure> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let body = self.body.replace("{number}", &format!("{MARK}{number:0DIGITS$}"));
        let request = self.http.post(&self.url).header("Authorization", &self.token);
        let request = request.header("Content-Type", "application/json").body(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    // The client wants one even where it speaks no TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = Arc::new(Tally::default());
    let Options { address, subscribers, tokens, topic, .. } = &options;
    runtime.block_on(fanout_readers::open(*address, *subscribers, tokens, topic, &tally))?;
    let writer = Arc::new(Writer {
        http: reqwest::Client::new(),
        url: format!("http://{address}{}", options.path),
        token: options.writer.clone(),
        body: options.body.clone(),
        sent: AtomicUsize::new(0),
    });
    let mut output = std::io::stdout();
    writeln!(output, "ready")?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let measured = runtime.block_on(async {
            match options.rate {
                None => one_by_one(&options, &writer, &tally).await,
                Some(rate) => at_rate(&options, &writer, &tally, rate).await,
            }
        })?;
        writeln!(output, "{measured}")?;
    }
    Ok(())
}

/// Milliseconds from the moment at which a write is sent to that at which the last connection was told.
async fn one_by_one(options: &Options, writer: &Writer, tally: &Tally) -> Result<Value, Failure> {
    let mut millis = Vec::new();
    let mut wanted = tally.messages();
    for number in 0..WARM_UP + options.writes {
        wanted += options.subscribers;
        let begun = Instant::now();
        writer.write().await?;
        let last = tally.wait_for(wanted).await?;
        if number >= WARM_UP {
            millis.push((last - begun).as_secs_f64() * 1e3);
        }
    }
    tally.assert_no_more_than(wanted).await?;
    millis.sort_by(f64::total_cmp);
    let at = |percent: usize| millis.get(millis.len() * percent / 100);
    Ok(json!({ "writes": WARM_UP + options.writes, "p50": at(50), "p99": at(99) }))
}

/// What is reached when so many writes a second are sent, as far as that is possible.
async fn at_rate(
    options: &Options,
    writer: &Arc<Writer>,
    tally: &Tally,
    rate: u32,
) -> Result<Value, Failure> {
    let before = tally.messages();
    let told = |writes: usize| before + writes * options.subscribers;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut writes = JoinSet::new();
    let (begun, time) = (Instant::now(), Duration::from_secs(options.seconds));
    let mut sent: usize = 0;
    while begun.elapsed() < time {
        ticks.tick().await;
        tally.wait_for(told((sent + 1).saturating_sub(UNDER_WAY))).await?;
        while writes.len() >= UNDER_WAY {
            writes.join_next().await.transpose()?.transpose()?;
        }
        let writer = Arc::clone(writer);
        writes.spawn(async move { writer.write().await });
        sent += 1;
        while let Some(done) = writes.try_join_next() {
            done??;
        }
    }
    while let Some(done) = writes.join_next().await {
        done??;
    }
    let last = tally.wait_for(told(sent)).await?;
    tally.assert_no_more_than(told(sent)).await?;
    let seconds = (last - begun).as_secs_f64();
    Ok(json!({ "writes": sent, "messages": told(sent) - before, "seconds": seconds }))
}
