//! The command line: reads options and the environment, wires the floors below together. Nothing
//! below this floor prints, reads the environment or looks for files.

mod backup;
mod boot;
pub mod configuration;
mod copy;
mod dev;
mod doctor;
mod environment;
mod first_superuser;
mod front;
mod health;
mod https;
mod import;
mod log;
mod options;
mod progress;
mod restore;
mod run;
pub mod serve;
mod superuser;
mod terminal;
mod watch;

use std::process::ExitCode;

use clap::Parser;

pub use boot::StartError;
pub use environment::{Environment, SECRETS};
pub use https::HttpsOptions;
pub use log::Tap;

use configuration::{Lookup, usual_file};
use options::{Command, ConfigOptions, DataOptions, ListenOptions, Options};
use run::colours;
use serve::{Mode, ServeOptions};
use terminal::{complain, say};

use crate::config::explain;
use crate::services::clock::Clock;

/// Runs the command that the process was started with and answers its exit code: 0 when all is
/// fine, 1 when it failed or was called wrongly.
pub fn run() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => return usage(&error),
    };
    let tap = log::start(options.log_format);
    let outcome = actix_web::rt::System::new().block_on(carry_out(options.command, tap));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&message);
            ExitCode::FAILURE
        }
    }
}

/// clap's own exit code for wrong usage is 2, which means "differences found" here.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe at the other end is no reason for another exit code.
    let _ = error.print();
    if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

async fn carry_out(command: Command, tap: Tap) -> Result<(), String> {
    let failure = |error: StartError| match error {
        StartError::Config(error) => error.render(colours()),
        other => other.to_string(),
    };
    match command {
        Command::Serve(options) => {
            let mut serve = serving(Mode::Production, options.data, options.listen, tap)?;
            serve.locked = options.locked;
            serve.https.add(options.acme);
            run::run(serve).await.map_err(failure)
        }
        Command::Dev(options) => {
            let mut serve = serving(Mode::Development, options.data, options.listen, tap)?;
            serve.reset = options.reset;
            run::run(serve).await.map_err(failure)
        }
        Command::Check(options) => check(options),
        Command::Explain(options) => explain_collection(&options.collection, options.config),
        Command::Backup(options) => {
            let lookup = |data: &DataOptions| lookup(data.config.clone(), Mode::Production).ok();
            backup::run(options, lookup).await.map_err(failure)
        }
        Command::Restore(options) => {
            let lookup = |data: &DataOptions| lookup(data.config.clone(), Mode::Production).ok();
            restore::run(options, lookup).await.map_err(failure)
        }
        Command::Copy(options) => copy::run(options).await.map_err(failure),
        Command::Import(options) => import::run(options).await.map_err(failure),
        Command::Doctor(options) => doctor::run(&options).await,
        Command::Health(options) => {
            health::run(options).await.map_err(|unhealthy| unhealthy.to_string())
        }
        Command::Superuser(options) => {
            let lookup = |data: &DataOptions| lookup(data.config.clone(), Mode::Production).ok();
            superuser::run(options.action, lookup).await.map_err(failure)
        }
    }
}

fn serving(
    mode: Mode,
    data: DataOptions,
    listen: ListenOptions,
    tap: Tap,
) -> Result<ServeOptions, String> {
    if let Some(refusal) = listen.foreign.refusal() {
        return Err(refusal);
    }
    Ok(ServeOptions {
        config: data.config.config.or_else(usual_file),
        http: listen.http,
        https: HttpsOptions::new(listen.https, listen.certificate, listen.certificate_key),
        origins: listen.origins,
        public: listen.public,
        spa: listen.spa,
        allow_public: listen.allow_public,
        env: data.config.env,
        mode,
        variables: Environment::of_process().map_err(|error| error.to_string())?,
        clock: Clock::system(),
        tap,
        ..ServeOptions::new(data.dir)
    })
}

fn lookup(options: ConfigOptions, mode: Mode) -> Result<Lookup, String> {
    let file = options.config.or_else(usual_file);
    let file = file.ok_or("There is no config.toml here. Name one with --config.")?;
    Ok(Lookup {
        file,
        environment: options.env.unwrap_or_else(|| mode.environment().to_owned()),
        variables: Environment::of_process().map_err(|error| error.to_string())?,
        dotenv: mode == Mode::Development,
    })
}

/// `ferrobase check`: everything that is wrong with the file, without a database.
fn check(options: ConfigOptions) -> Result<(), String> {
    let lookup = lookup(options, Mode::Production)?;
    let configuration = lookup.load().map_err(|error| error.render(colours()))?;
    boot::keyring(Some(&configuration.config), &lookup.variables)
        .map_err(|error| error.to_string())?;
    front::site_of_file(&configuration, true).map_err(|error| error.render(colours()))?;
    let warnings = &configuration.config.warnings;
    if !warnings.is_empty() {
        complain(&warnings.render(colours()));
    }
    let collections = configuration.config.collections.len();
    say(&format!("{} is fine: {collections} collections.", lookup.file.display()));
    Ok(())
}

/// `ferrobase explain COLLECTION`: what the file's short forms mean.
fn explain_collection(name: &str, options: ConfigOptions) -> Result<(), String> {
    let lookup = lookup(options, Mode::Production)?;
    let config = lookup.load().map_err(|error| error.render(colours()))?.config;
    let Some(collection) = config.collection(name) else {
        let names = config.collections.iter().map(|spec| spec.collection.name.as_str());
        let names: Vec<&str> = names.collect();
        return Err(format!(
            "{} has no collection {name:?}. It has: {}.",
            lookup.file.display(),
            names.join(", ")
        ));
    };
    say(explain(collection, &config.schema).trim_end());
    Ok(())
}
