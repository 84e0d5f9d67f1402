//! The page that Prometheus reads.

use std::fmt::{Display, Write};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use crate::services::app::App;
use crate::services::metrics::process::Process;
use crate::services::metrics::requests::{BOUNDS, Method, Series};
use crate::store::StoreError;
use crate::store::queue::{self, State};

/// How long the database may take for its figures.
const PATIENCE: Duration = Duration::from_secs(2);

/// All figures as they are now. What the database does not say now is left out.
pub async fn page(app: &App) -> String {
    let mut page = Page::default();
    let engine = app.store.dialect().name();
    page.head("ferrobase_build_info", "gauge", "What runs here; always 1.");
    let labels = format!("version=\"{}\",database=\"{engine}\"", env!("CARGO_PKG_VERSION"));
    page.line("ferrobase_build_info", &labels, 1);
    requests(&mut page, app);
    database(&mut page, app);
    replica(&mut page, app);
    let connections = app.realtime.connections() as u64;
    page.one("ferrobase_realtime_connections", "gauge", "Open realtime connections.", connections);
    jobs(&mut page, app).await;
    let (waiting, dropped) = app.logs.figures();
    page.one("ferrobase_logs_waiting", "gauge", "Log entries that are not stored yet.", waiting);
    page.one("ferrobase_logs_dropped_total", "counter", "Log entries that were lost.", dropped);
    process(&mut page);
    page.0
}

fn requests(page: &mut Page, app: &App) {
    let routes = app.metrics.requests.all();
    let series = || {
        routes.iter().flat_map(|route| {
            let named = Method::ALL.into_iter().zip(&route.methods);
            named.filter_map(|(method, series)| {
                let labels = format!("method=\"{}\",route=\"{}\"", method.name(), route.pattern);
                Some((labels, OnceLock::get(series)?))
            })
        })
    };
    let name = "ferrobase_http_requests_total";
    page.head(name, "counter", "Requests that were answered.");
    for (labels, series) in series() {
        for (class, count) in series.classes.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                page.line(name, &format!("{labels},status=\"{}xx\"", class + 1), count);
            }
        }
    }
    let name = "ferrobase_http_request_duration_seconds";
    page.head(name, "histogram", "How long requests took, up to the head of the answer.");
    for (labels, series) in series() {
        page.histogram(name, &labels, series);
    }
}

fn database(page: &mut Page, app: &App) {
    let figures = app.store.figures();
    let text = "Writes that wait for the database.";
    page.one("ferrobase_database_queue_length", "gauge", text, figures.waiting);
    let text = "Writes that were run.";
    page.one("ferrobase_database_writes_total", "counter", text, figures.functions);
    let text = "Commits; writes by commits is the size of a group.";
    page.one("ferrobase_database_commits_total", "counter", text, figures.groups);
    let text = "Writes that found no place in the queue.";
    page.one("ferrobase_database_refused_total", "counter", text, figures.refused);
    let text = "Time in which something was written.";
    let busy = figures.busy.as_secs_f64();
    page.one("ferrobase_database_busy_seconds_total", "counter", text, busy);
}

fn replica(page: &mut Page, app: &App) {
    let Some(figures) = app.replica.figures() else { return };
    let behind = app.clock.now().millis() - figures.synced.millis();
    let text = "Time since everything that was committed was in the replica.";
    let seconds = behind.max(0) as f64 / 1e3;
    page.one("ferrobase_replica_behind_seconds", "gauge", text, seconds);
    let counters = [
        ("ferrobase_replica_bytes_total", "Bytes that were shipped.", figures.bytes),
        ("ferrobase_replica_files_total", "Files that were shipped.", figures.files),
        (
            "ferrobase_replica_generations_total",
            "Generations that were begun.",
            figures.generations,
        ),
        (
            "ferrobase_replica_failures_total",
            "Rounds in which nothing was shipped.",
            figures.failures,
        ),
    ];
    for (name, text, value) in counters {
        page.one(name, "counter", text, value);
    }
}

async fn jobs(page: &mut Page, app: &App) {
    let read = app.store.read(|db| {
        Ok::<_, StoreError>((queue::count(db, State::Waiting)?, queue::count(db, State::Dead)?))
    });
    // Whoever asks for figures gives up after seconds, and wants the others most while the database is away.
    if let Ok(Ok((waiting, dead))) = timeout(PATIENCE, read).await {
        let name = "ferrobase_queue_jobs";
        page.head(name, "gauge", "Queued jobs of all processes.");
        page.line(name, "state=\"waiting\"", waiting);
        page.line(name, "state=\"dead\"", dead);
    }
    let failed = app.metrics.failed_jobs.load(Ordering::Relaxed);
    let text = "Attempts at queued jobs that failed.";
    page.one("ferrobase_queue_failures_total", "counter", text, failed);
}

fn process(page: &mut Page) {
    let process = Process::look();
    let figures = [
        ("process_resident_memory_bytes", "Memory in use.", process.resident),
        ("process_virtual_memory_bytes", "Memory that is mapped.", process.mapped),
        ("process_open_fds", "Open files and connections.", process.open_files),
        ("process_max_fds", "Most open files and connections.", process.most_files),
        ("process_threads", "Threads.", process.threads),
    ];
    for (name, help, value) in figures {
        if let Some(value) = value {
            page.one(name, "gauge", help, value);
        }
    }
    if let Some(cpu) = process.cpu {
        let name = "process_cpu_seconds_total";
        page.one(name, "counter", "Time of the processor.", cpu.as_secs_f64());
    }
}

/// The text as it grows.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to memory does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.0, "{name}{{{labels}}} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.head(name, kind, help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn histogram(&mut self, name: &str, labels: &str, series: &Series) {
        let mut sum = 0;
        let bucket = format!("{name}_bucket");
        for (place, count) in series.durations.iter().enumerate() {
            sum += count.load(Ordering::Relaxed);
            let bound = BOUNDS.get(place).map(|&micros| (micros as f64 / 1e6).to_string());
            let bound = bound.unwrap_or_else(|| "+Inf".to_owned());
            self.line(&bucket, &format!("{labels},le=\"{bound}\""), sum);
        }
        let seconds = series.micros.load(Ordering::Relaxed) as f64 / 1e6;
        self.line(&format!("{name}_sum"), labels, seconds);
        self.line(&format!("{name}_count"), labels, sum);
    }
}
