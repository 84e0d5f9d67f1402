//! `ferrobase serve` and `ferrobase dev`: a server with a person in front of it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::boot::StartError;
use crate::cli::configuration::Configuration;
use crate::cli::dev;
use crate::cli::serve::{self, Mode, ServeOptions, Server};
use crate::cli::terminal::{complain, is_coloured, say};
use crate::config::Colours;
use crate::domain::keyring::Keyring;
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
            () = dev::follow(&server, &options) => {}
        },
    }
    complain("Stopping: requests in flight are finished first.");
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
    if start.renewed_secrets > 0 {
        say(&renewed(start.renewed_secrets, &server.app().secrets));
    }
    if let Some(token) = &start.set_up_token {
        say(&format!(
            "There is no superuser yet. Make one within 30 minutes:\n  {base}/_/#/pbinstall/{token}\n\
             or with: ferrobase superuser upsert EMAIL --dir {}",
            options.dir.display()
        ));
    }
}

/// What became of secrets that were stored in another form.
fn renewed(count: usize, keyring: &Keyring) -> String {
    match keyring {
        Keyring::Keys { key: Some(_), previous: Some(_) } => {
            format!(
                "Encrypted {count} stored secrets anew: the previous key is not needed any more."
            )
        }
        Keyring::Keys { key: Some(_), previous: None } => {
            format!("Encrypted {count} stored secrets.")
        }
        _ => format!("Decrypted {count} stored secrets: there is a previous key, and no key."),
    }
}

/// Warnings of the file, once.
pub(super) fn warn(configuration: &Configuration) {
    let warnings = &configuration.config.warnings;
    if !warnings.is_empty() {
        complain(&warnings.render(colours()));
    }
}

pub(super) fn colours() -> Colours {
    if is_coloured() { Colours::Ansi } else { Colours::Plain }
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
