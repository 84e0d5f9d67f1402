//! `ferrobase serve` and `ferrobase dev`: a server with a person in front of it.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::boot::StartError;
use crate::cli::configuration::Configuration;
use crate::cli::dev;
use crate::cli::front;
use crate::cli::serve::{self, Mode, ServeOptions, Server};
use crate::cli::terminal::{complain, is_coloured, say};
use crate::config::Colours;
use crate::domain::keyring::Keyring;
use crate::services::app::App;
use crate::services::{plan, settings};

/// Serves until the process is told to stop.
///
/// # Errors
/// Why the server does not start.
pub(super) async fn run(options: ServeOptions) -> Result<(), StartError> {
    let mode = options.mode;
    front::allow_files();
    let mut signals = Signals::new().map_err(StartError::Server)?;
    let server = serve::start(options.clone()).await?;
    greet(&server, &options);
    let app = server.app();
    warn_of_links(&server, &app).await;
    let follow = async {
        match mode {
            Mode::Production => std::future::pending().await,
            Mode::Development => dev::follow(&server, &options).await,
        }
    };
    let starts_again = tokio::select! {
        () = signals.stop() => false,
        () = follow => false,
        () = app.backups.restart_wanted() => true,
    };
    complain(if starts_again {
        "Starting again with the restored data: requests in flight are finished first."
    } else {
        "Stopping: requests in flight are finished first."
    });
    drop(app);
    let (http, https) = (server.address(), server.https_address());
    server.stop().await;
    if starts_again { Err(start_again(http, https)) } else { Ok(()) }
}

/// Puts a new run of the same executable, with the same options, in the place of this process: its id
/// stays, and so do its addresses where any port was asked for. Answers only why that failed.
fn start_again(http: SocketAddr, https: Option<SocketAddr>) -> StartError {
    let again = || -> io::Result<std::convert::Infallible> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(without_addresses(std::env::args_os().skip(1)));
        command.env("FERROBASE_HTTP", http.to_string());
        command.envs(https.map(|https| ("FERROBASE_HTTPS", https.to_string())));
        Err(command.exec())
    };
    match again() {
        Ok(never) => match never {},
        Err(error) => StartError::Server(error),
    }
}

/// The arguments but for `--http`, `--https` and what follows them.
fn without_addresses(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let bytes = argument.as_encoded_bytes();
        if bytes == b"--http" || bytes == b"--https" {
            arguments.next();
        } else if !bytes.starts_with(b"--http=") && !bytes.starts_with(b"--https=") {
            kept.push(argument);
        }
    }
    kept
}

/// The first line of output says where the server listens; programs read it.
fn greet(server: &Server, options: &ServeOptions) {
    let start = server.start();
    let base = server.base();
    say(&format!("Ferrobase serves {base} from {}", options.dir.display()));
    if let Some(more) = server.https_report() {
        say(&more);
    }
    if let Some(configuration) = &start.configuration {
        warn(configuration);
    }
    if let Some(applied) = start.applied.as_ref().filter(|applied| !applied.plan.is_empty()) {
        say(&plan::render(&applied.plan));
    }
    if start.renewed_secrets > 0 {
        say(&renewed(start.renewed_secrets, &server.app().secrets));
    }
    if let Some(email) = &start.first_superuser {
        say(&format!("Created the superuser {email}, the first one."));
    }
    if let Some(token) = &start.set_up_token {
        say(&format!(
            "There is no superuser yet. Make one within 30 minutes:\n  {base}/_/#/pbinstall/{token}\n\
             or with: ferrobase superuser upsert EMAIL --dir {}",
            options.dir.display()
        ));
    }
}

/// Links of a server with HTTPS that lead to plain HTTP are most likely those that nobody has set.
async fn warn_of_links(server: &Server, app: &App) {
    let Ok(settings) = settings::current(app).await else { return };
    let url = &settings.meta.app_url;
    if server.https_address().is_some() && url.starts_with("http://") {
        let base = server.base();
        complain(&format!(
            "Links in mails lead to {url}: set url in [app] of the config file, or in the settings, to the \
             address that people use, such as {base}."
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_taken_out_of_the_arguments_however_it_is_written() {
        let rest = |arguments: &[&str]| {
            without_addresses(arguments.iter().map(OsString::from)).join(&OsString::from(" "))
        };
        assert_eq!(rest(&["serve", "--http", "127.0.0.1:0", "--dir", "data"]), "serve --dir data");
        assert_eq!(rest(&["serve", "--http=127.0.0.1:0"]), "serve");
        assert_eq!(rest(&["serve", "--https", "x", "a.example"]), "serve a.example");
        assert_eq!(rest(&["serve", "--https=x", "--httpx"]), "serve --httpx");
    }
}
