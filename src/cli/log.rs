//! Lines of the process on standard error, for people or for programs; and a tap on those of them that
//! superusers should find among the logs of the server.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Debug;
use std::panic::PanicHookInfo;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use clap::ValueEnum;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::cli::terminal;
use crate::domain::logs::{ERROR, WARN};
use crate::domain::{Json, JsonMap};
use crate::services::logs::{LineLog, Logs};

/// How lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Hands warnings and errors to the logs of the server, once there is one.
#[derive(Debug, Clone, Default)]
pub struct Tap(Arc<ArcSwapOption<Logs>>);

impl Tap {
    /// From now on lines go to `logs`, too.
    pub(super) fn open(&self, logs: &Arc<Logs>) {
        self.0.store(Some(Arc::clone(logs)));
    }

    /// No longer.
    pub(super) fn close(&self) {
        self.0.store(None);
    }
}

/// Begins to write lines. `FERROBASE_LOG` says which, as `RUST_LOG` does elsewhere: `debug`,
/// `ferrobase::store=trace`, …
pub(super) fn start(format: Format) -> Tap {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .with_env_var("FERROBASE_LOG")
        .from_env_lossy();
    // The driver warns of options of an address that it does not know, with what they say; a
    // misspelt `password` is one. What is no HTTP comes from whoever scans ports, and is answered.
    let silent = ["sqlx_postgres::options=off", "actix_http::h1::dispatcher=off"];
    let filter = silent
        .iter()
        .filter_map(|text| text.parse().ok())
        .fold(filter, |filter, silent| filter.add_directive(silent));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        Format::Text => lines.with_ansi(terminal::is_coloured()).boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    // What the writer of logs has to say of itself would come back to it.
    let tapped = Targets::new()
        .with_target("ferrobase", LevelFilter::WARN)
        .with_target("ferrobase::services::logs", LevelFilter::OFF);
    let tap = Tap::default();
    let layers = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(Tapped(tap.clone()).with_filter(tapped));
    // Only a second call in one process fails, and then the first one's logger serves.
    let _ = layers.try_init();
    terminal::write_json(format == Format::Json);
    std::panic::set_hook(Box::new(tell_of_panic));
    tap
}

/// A panic is a line like others, so that it looks as they do and superusers find it.
fn tell_of_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_captured.then(|| backtrace.to_string());
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    tracing::error!(place, thread = name, backtrace, "panicked: {}", text.unwrap_or("no reason"));
}

/// The layer behind a [`Tap`].
struct Tapped(Tap);

impl<S: Subscriber> Layer<S> for Tapped {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let logs = self.0.0.load();
        let Some(logs) = logs.as_ref() else { return };
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.put("target", metadata.target().into());
        fields.put("type", "server".into());
        fields.data.sort_keys();
        let level = if *metadata.level() == Level::ERROR { ERROR } else { WARN };
        let message = match fields.message {
            Some(message) => message,
            // The line that tells of a failed request has none.
            None => fields.data.get("request").and_then(Json::as_str).unwrap_or("").to_owned(),
        };
        logs.line(LineLog { level, message, data: fields.data });
    }
}

/// What an event carries.
#[derive(Default)]
struct Fields {
    message: Option<String>,
    data: JsonMap,
}

impl Fields {
    fn put(&mut self, name: &str, value: Json) {
        match (name, value) {
            ("message", Json::String(text)) => self.message = Some(text),
            (name, value) => {
                self.data.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field.name(), format!("{value:?}").into());
    }
}
