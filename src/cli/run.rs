//! `ferrobase serve` and `ferrobase dev`: a server with a person in front of it.

use std::io;
use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::boot::StartError;
use crate::cli::configuration::{Configuration, LoadError};
use crate::cli::serve::{self, Mode, ServeOptions, Server};
use crate::cli::terminal::{complain, is_coloured, say};
use crate::cli::watch::{Notice, Watch};
use crate::config::Colours;
use crate::services::plan;

/// Serves until the process is told to stop.
///
/// # Errors
/// Why the server does not start.
pub(super) async fn run(options: ServeOptions) -> Result<(), StartError> {
    let mode = options.mode;
    let mut signals = Signals::new().map_err(StartError::Server)?;
    let server = serve::start(options.clone()).await?;
    greet(&server, &options);
    match mode {
        Mode::Production => signals.stop().await,
        Mode::Development => tokio::select! {
            () = signals.stop() => {}
            () = follow(&server, &options) => {}
        },
    }
    server.stop().await;
    Ok(())
}

/// The first line of output says where the server listens; programs read it.
fn greet(server: &Server, options: &ServeOptions) {
    let start = server.start();
    let base = format!("http://{}", server.address());
    say(&format!("Ferrobase serves {base} from {}", options.dir.display()));
    if let Some(configuration) = &start.configuration {
        warn(configuration);
    }
    if let Some(applied) = start.applied.as_ref().filter(|applied| !applied.plan.is_empty()) {
        say(&plan::render(&applied.plan));
    }
    if let Some(token) = &start.set_up_token {
        say(&format!(
            "There is no superuser yet. Make one within 30 minutes:\n  {base}/_/#/pbinstall/{token}\n\
             or with: ferrobase superuser upsert EMAIL --dir {}",
            options.dir.display()
        ));
    }
}

/// Warnings of the file, once.
fn warn(configuration: &Configuration) {
    let warnings = &configuration.config.warnings;
    if !warnings.is_empty() {
        complain(&warnings.render(colours()));
    }
}

fn colours() -> Colours {
    if is_coloured() { Colours::Ansi } else { Colours::Plain }
}

/// Applies the file again whenever it changes. What cannot be used or needs a person is printed, and
/// the old configuration goes on.
async fn follow(server: &Server, options: &ServeOptions) {
    let Some(lookup) = options.lookup() else { return std::future::pending().await };
    let mut watch = match Watch::new(notice(options)) {
        Ok(watch) => watch,
        Err(error) => {
            complain(&format!("Cannot watch {}: {error}", lookup.file.display()));
            return std::future::pending().await;
        }
    };
    let mut known = Known::default();
    if let Some(configuration) = &server.start().configuration {
        known = Known::of(configuration);
        watch.add(configuration.files.iter().map(PathBuf::as_path));
    }
    loop {
        watch.changed().await;
        match lookup.load() {
            Ok(configuration) => {
                let now = Known::of(&configuration);
                watch.add(configuration.files.iter().map(PathBuf::as_path));
                if now != known {
                    known = now;
                    reload(server, &configuration).await;
                }
            }
            Err(error) => {
                let fault = Known::Fault(error.to_string());
                if fault != known {
                    known = fault;
                    tell(&error);
                }
            }
        }
    }
}

/// What the last look at the files found, so that changes of other files are passed over.
#[derive(PartialEq, Eq, Default)]
enum Known {
    #[default]
    Nothing,
    Files(Vec<(PathBuf, Option<Vec<u8>>)>),
    Fault(String),
}

impl Known {
    fn of(configuration: &Configuration) -> Self {
        let text = |file: &PathBuf| (file.clone(), std::fs::read(file).ok());
        Self::Files(configuration.files.iter().map(text).collect())
    }
}

async fn reload(server: &Server, configuration: &Configuration) {
    warn(configuration);
    match serve::apply(&server.app(), configuration).await {
        Ok(Some(applied)) if !applied.plan.is_empty() => {
            say(&plan::render(&applied.plan));
            say("Applied.");
        }
        Ok(_) => say("config.toml changed; the database is as it says."),
        Err(error) => {
            complain(&format!("{error}\nThe server goes on with what it had."));
        }
    }
}

fn tell(error: &LoadError) {
    let text = match error {
        LoadError::Invalid(report) => report.render(colours()),
        LoadError::Unreadable { .. } | LoadError::Dotenv(_) => error.to_string(),
    };
    complain(&format!("{text}\nThe server goes on with the old configuration."));
}

/// The system's notices, unless `FERROBASE_WATCH_POLL_MS` asks for a look at that interval (network
/// file systems send no notices).
fn notice(options: &ServeOptions) -> Notice {
    let interval = options.variables.variable("FERROBASE_WATCH_POLL_MS");
    interval
        .and_then(|text| text.parse().ok())
        .map_or(Notice::System, |millis| Notice::Poll(std::time::Duration::from_millis(millis)))
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on, so that a signal during the start is not lost.
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
