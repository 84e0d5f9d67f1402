//! The least that a program on sqlx could do: the statements that Ferrobase sends for a request of
//! each workload, over as many connections, and nothing else. No HTTP, no JSON, no rules.
//! `make bench` on PostgreSQL measures it beside Ferrobase.
//!
//! It says `ready` once it is connected. Each line of its input is a number of seconds to run for,
//! and is answered by a line of JSON.

mod bare_statements;

use std::error::Error;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

use bare_statements::{Ids, Workload};

// As Ferrobase has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the statements of a workload.
#[derive(Debug, Parser)]
struct Options {
    /// postgres://… of a database that was loaded and that Ferrobase has set up
    #[arg(long)]
    database: String,
    /// Whose statements
    #[arg(long)]
    workload: Workload,
    /// Connections to the server
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Requests under way at a time
    #[arg(long, default_value_t = 64)]
    callers: usize,
    /// Who runs them
    #[arg(long, value_enum, default_value_t = Shape::Pool)]
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// A task for each caller, and sqlx's own pool
    Pool,
    /// A thread for each connection, that waits for nobody; there are no callers
    Threads,
}

type Failure = Box<dyn Error + Send + Sync>;

/// How long each request took, in microseconds.
type Times = Vec<u32>;

/// What all callers share.
struct Run {
    ids: Ids,
    workload: Workload,
    /// The number of the next request.
    next: AtomicUsize,
}

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let connect: PgConnectOptions = options.database.parse()?;
    // As Ferrobase has it: what a list takes to be compiled is longer than the list.
    let connect = connect.disable_statement_logging().options([("jit", "off")]);
    let ids = current_thread()?.block_on(async {
        let mut connection = PgConnection::connect_with(&connect).await?;
        let ids = Ids::read(&mut connection).await?;
        connection.close().await.map(|()| ids)
    })?;
    let run = Arc::new(Run { ids, workload: options.workload, next: AtomicUsize::new(0) });
    match options.shape {
        Shape::Pool => on_pool(&run, connect, &options),
        Shape::Threads => on_threads(&run, &connect, options.connections),
    }
}

fn on_pool(run: &Arc<Run>, connect: PgConnectOptions, options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let pool = PgPoolOptions::new()
        .min_connections(options.connections)
        .max_connections(options.connections)
        // A question before each use would be one more than Ferrobase asks.
        .test_before_acquire(false);
    let pool = runtime.block_on(pool.connect_with(connect))?;
    for_each_line(|duration| {
        runtime.block_on(async {
            let until = Instant::now() + duration;
            let caller = |_| tokio::spawn(call_on_pool(Arc::clone(run), pool.clone(), until));
            let callers: Vec<_> = (0..options.callers).map(caller).collect();
            let mut times = Vec::new();
            for caller in callers {
                times.append(&mut caller.await??);
            }
            Ok(times)
        })
    })
}

async fn call_on_pool(run: Arc<Run>, pool: PgPool, until: Instant) -> Result<Times, Failure> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        let number = run.next.fetch_add(1, Ordering::Relaxed);
        let mut connection = pool.acquire().await?;
        run.workload.request(&mut connection, &run.ids, number).await?;
        drop(connection);
        times.push(begun.elapsed().as_micros() as u32);
    }
    Ok(times)
}

fn on_threads(run: &Arc<Run>, connect: &PgConnectOptions, connections: u32) -> Result<(), Failure> {
    let mut connected = Vec::new();
    for _ in 0..connections {
        let runtime = current_thread()?;
        let connection = runtime.block_on(PgConnection::connect_with(connect))?;
        connected.push((runtime, connection));
    }
    for_each_line(|duration| {
        let until = Instant::now() + duration;
        std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for (runtime, connection) in &mut connected {
                let call = call_on(run, connection, until);
                threads.push(scope.spawn(|| runtime.block_on(call)));
            }
            let mut times = Vec::new();
            for thread in threads {
                times.append(&mut thread.join().map_err(|_| "a thread panicked")??);
            }
            Ok(times)
        })
    })
}

async fn call_on(
    run: &Run,
    connection: &mut PgConnection,
    until: Instant,
) -> Result<Times, Failure> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        let number = run.next.fetch_add(1, Ordering::Relaxed);
        run.workload.request(connection, &run.ids, number).await?;
        times.push(begun.elapsed().as_micros() as u32);
    }
    Ok(times)
}

/// Runs `work` for as long as each line of the input says, and answers what came of it.
fn for_each_line(mut work: impl FnMut(Duration) -> Result<Times, Failure>) -> Result<(), Failure> {
    let mut output = std::io::stdout();
    writeln!(output, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let begun = Instant::now();
        let mut times = work(Duration::from_secs_f64(line?.trim().parse()?))?;
        let seconds = begun.elapsed().as_secs_f64();
        times.sort_unstable();
        let share = |share: f64| f64::from(times[(times.len() as f64 * share) as usize]) / 1e3;
        let (p50, p99) = (share(0.5), share(0.99));
        let result = json!({ "requests": times.len(), "seconds": seconds, "p50": p50, "p99": p99 });
        writeln!(output, "{result}")?;
    }
    Ok(())
}

fn current_thread() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
