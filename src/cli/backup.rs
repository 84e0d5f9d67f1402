//! `ferrobase backup`: a backup without a request, beside a running server or without one.

use std::sync::Arc;

use crate::cli::boot::{self, AppOptions, StartError};
use crate::cli::configuration::Lookup;
use crate::cli::environment::Environment;
use crate::cli::options::{BackupOptions, DataOptions};
use crate::cli::progress::Bar;
use crate::cli::terminal::say;
use crate::domain::keyring::Keyring;
use crate::services::Error;
use crate::services::app::App;
use crate::services::backups::{self, Progress, swap};
use crate::services::clock::Clock;
use crate::services::oauth2::Limits;

/// Makes a backup.
///
/// # Errors
/// Why there is none; nothing is left of it then.
pub(super) async fn run(
    options: BackupOptions,
    lookup: impl Fn(&DataOptions) -> Option<Lookup>,
) -> Result<(), StartError> {
    let app = Arc::new(open(&options.data, lookup(&options.data))?);
    let made = make(&app, &options).await;
    app.store.close().await;
    say(&format!("Made the backup {}.", made?));
    Ok(())
}

async fn make(app: &Arc<App>, options: &BackupOptions) -> Result<String, Error> {
    let bar = Arc::new(Bar::new());
    let shown = Arc::clone(&bar);
    let report = Arc::new(move |progress: Progress| shown.show_bytes(progress));
    let made = match &options.output {
        Some(path) => {
            let made = backups::create_file(app, path, report).await;
            made.map(|()| path.display().to_string())
        }
        None => {
            let name = options.name.as_deref().unwrap_or_default();
            let made = backups::create(app, name, report).await;
            made.map(|name| name.to_string())
        }
    };
    bar.end();
    made
}

/// The database of a data folder as it is: nobody is let in and nothing is served.
///
/// # Errors
/// Why it cannot be opened.
pub(super) fn open(data: &DataOptions, lookup: Option<Lookup>) -> Result<App, StartError> {
    let variables = Environment::of_process()?;
    let configuration = lookup.map(|lookup| lookup.load()).transpose()?;
    let config = configuration.as_ref().map(|configuration| configuration.config.as_ref());
    let database_url = variables.variable("DATABASE_URL");
    let is_elsewhere = database_url.as_ref().is_some_and(|url| !url.is_empty())
        || config.is_some_and(|config| config.database.url.is_some());
    if !is_elsewhere && !data.dir.join("data.db").exists() {
        let dir = data.dir.display();
        let why = format!("There is no database in {dir}. Name its folder with --dir.");
        return Err(StartError::Failed(Error::bad_request(why)));
    }
    if swap::is_under_way(&data.dir) {
        return Err(StartError::Failed(half_restored(&data.dir)));
    }
    boot::make_dir(&data.dir)?;
    boot::open(&AppOptions {
        dir: &data.dir,
        configuration: configuration.as_ref(),
        database_url,
        reset: false,
        keyring: match boot::keyring(config, &variables)? {
            // The settings may name a bucket, and its secret may be sealed.
            Keyring::Keys { key: None, previous: None } => Keyring::Blind,
            keyring => keyring,
        },
        clock: Clock::system(),
        throttle: None,
        metrics_token: None,
        oauth2: Limits::default(),
        locked: false,
        ships: false,
    })
}

/// A restore was cut off, and is taken up by whoever has the folder to themselves.
pub(super) fn half_restored(dir: &std::path::Path) -> Error {
    Error::bad_request(format!(
        "A restore in {} was cut off. Start the server (ferrobase serve), which ends it, and try again.",
        dir.display()
    ))
}
