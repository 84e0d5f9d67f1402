//! `ferrobase import`: a data folder of PocketBase into an empty one, or into an empty database on a
//! server, with a config file that says what came.

mod file;
mod target;

use std::sync::Arc;

use crate::cli::boot::{self, StartError};
use crate::cli::environment::Environment;
use crate::cli::options::{ImportOptions, ImportSource, PocketbaseOptions};
use crate::cli::progress::Bar;
use crate::cli::terminal::{complain, say};
use crate::services::clock::Clock;
use crate::services::pocketbase::{self, Built, Import, Progress, Report};
use file::ConfigFile;
use target::Target;

/// Missing files that are named.
const NAMED: usize = 50;

/// Imports, and says what was imported.
///
/// # Errors
/// Why nothing was imported.
pub(super) async fn run(options: ImportOptions) -> Result<(), StartError> {
    let ImportSource::Pocketbase(options) = options.source;
    let bar = Arc::new(Bar::new());
    let imported = import(&options, &bar).await;
    bar.end();
    imported
}

async fn import(options: &PocketbaseOptions, bar: &Arc<Bar>) -> Result<(), StartError> {
    let variables = Environment::of_process()?;
    let keyring = boot::keyring(None, &variables)?;
    let encryption_key = match &options.encryption_env {
        None => None,
        Some(name) => {
            let key = variables.variable(name).filter(|key| !key.is_empty());
            Some(key.ok_or_else(|| StartError::NoKey(name.clone()))?)
        }
    };
    let target = Target::prepare(&options.dir, &variables)?;
    let shown = Arc::clone(bar);
    let report: Report = Arc::new(move |progress: &Progress| shown.show_import(progress));
    let import = Import {
        from: options.from.clone(),
        encryption_key,
        scratch: target.scratch().to_owned(),
        keyring: keyring.clone(),
        now: Clock::system().now(),
    };
    let built = pocketbase::build(import, report).await?;
    target.fill(&built, bar).await?;
    bar.end();
    let file = ConfigFile::write(options, &built)?;
    tell(&built, options);
    file.tell(options, keyring, &variables).await;
    Ok(())
}

fn tell(built: &Built, options: &PocketbaseOptions) {
    let width = built.tables.iter().map(|table| table.name.len()).max().unwrap_or_default();
    for table in &built.tables {
        say(&format!("{:width$}  {:>10}", table.name, table.rows));
    }
    let records: u64 = built.tables.iter().map(|table| table.rows).sum();
    let views = built.collections.iter().filter(|collection| collection.is_view()).count();
    let tables = built.collections.len() - views;
    let files = &built.files;
    say(&format!(
        "Imported {}: {tables} collections and {views} views, {records} records and {} files with {} \
         bytes. Records and files were read back and are the same on both sides.",
        options.from.display(),
        files.copied,
        files.bytes,
    ));
    if built.settings.s3.enabled {
        say("Files of records stay in the bucket of the settings.");
    }
    for note in &built.notes {
        complain(&format!("- {note}"));
    }
    if !files.missing.is_empty() {
        let named: Vec<&str> = files.missing.iter().take(NAMED).map(String::as_str).collect();
        let more = if files.missing.len() > NAMED { "\n    …" } else { "" };
        complain(&format!(
            "- {} files that records name are not in the folder:\n    {}{more}",
            files.missing.len(),
            named.join("\n    ")
        ));
    }
    complain("- Logs and backups stay where they are.");
    if built.in_use {
        complain(
            "PocketBase is running on the folder: this is its state of just now, and what it writes from \
             now on is not in it. For the last time, stop PocketBase before.",
        );
    }
}
