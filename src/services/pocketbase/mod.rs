//! Taking over a data folder that PocketBase made: its collections, records, accounts, files and
//! settings. The folder is read and never written. What comes of it is built aside, as a data folder
//! of its own, read back and compared; putting that in its place is the caller's last step, so half an
//! import never exists.

mod collections;
mod error;
mod files;
mod fill;
mod progress;
mod settings;
mod source;
mod texts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::ImportError;
pub use files::FilesFound;
pub use progress::{Phase, Progress, Report};
use source::Source;

use crate::domain::collection::Collection;
use crate::domain::keyring::Keyring;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::services::copy::TableSum;
use crate::services::threads::aside;
use crate::store::{Durability, Store, StoreError, StoreOptions};

/// What is to be taken over.
#[derive(Clone)]
pub struct Import {
    /// PocketBase's data folder.
    pub from: PathBuf,
    /// The key that its settings are encrypted with, if they are.
    pub encryption_key: Option<String>,
    /// An empty folder, on the disk of the target, for what is built.
    pub scratch: PathBuf,
    /// What secrets are sealed with in the new database.
    pub keyring: Keyring,
    /// What time it is.
    pub now: Timestamp,
}

/// What was built: a data folder that nobody uses yet.
#[derive(Debug, Clone)]
pub struct Built {
    /// The folder, with `data.db` and perhaps `storage`.
    pub folder: PathBuf,
    /// The collections in the order in which they were made.
    pub collections: Vec<Arc<Collection>>,
    /// The settings.
    pub settings: Settings,
    /// What is the same on both sides, a row a table.
    pub tables: Vec<TableSum>,
    /// The files.
    pub files: FilesFound,
    /// What was left out or changed, for people.
    pub notes: Vec<String>,
    /// Whether PocketBase had the folder open.
    pub in_use: bool,
}

/// Builds a data folder from what `import` names.
///
/// # Errors
/// [`ImportError`]; the folder of PocketBase is as it was.
pub async fn build(import: Import, report: Report) -> Result<Built, ImportError> {
    let folder = import.scratch.join("new");
    let opening = import.clone();
    let source = aside("import", move || Source::open(&opening)).await;
    let source = source.unwrap_or(Err(ImportError::Source(StoreError::Panicked)))?;
    let collections = source.collections().to_vec();
    let (settings, in_use) = (source.settings().clone(), source.in_use);
    let mut notes = source.notes.clone();
    let store = Store::open(StoreOptions {
        durability: Durability::Normal,
        keyring: import.keyring.clone(),
        ..StoreOptions::new(&folder)
    })?;
    let filled = fill::fill(&store, source, import.now, Arc::clone(&report)).await;
    store.close().await;
    let filled = filled?;
    let is_local = !settings.s3.enabled;
    let files = if is_local {
        let (from, to) = (import.from.join("storage"), folder.join("storage"));
        let copied = aside("import", move || files::copy(&from, &to, filled.files, &report)).await;
        copied.unwrap_or(Err(ImportError::Source(StoreError::Panicked)))?
    } else {
        FilesFound::default()
    };
    notes.extend(beside(&import.from));
    Ok(Built { folder, collections, settings, tables: filled.tables, files, notes, in_use })
}

/// What PocketBase has beside its data folder and has no counterpart.
fn beside(from: &Path) -> Vec<String> {
    let from = from.canonicalize().unwrap_or_else(|_| from.to_owned());
    let count = |name: &str, ending: &str| -> usize {
        let entries = from.parent().map(|parent| parent.join(name)).map(std::fs::read_dir);
        let entries = entries.into_iter().flatten().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(ending)).count()
    };
    let mut notes = Vec::new();
    let mut note = |name: &str, ending: &str, what: &str| match count(name, ending) {
        0 => {}
        1 => notes.push(format!("1 file in {name}: {what}")),
        files => notes.push(format!("{files} files in {name}: {what}")),
    };
    note(
        "pb_hooks",
        ".js",
        "there are no hooks in JavaScript. Rules, webhooks and jobs of config.toml take their place.",
    );
    note(
        "pb_migrations",
        ".js",
        "migrations are not needed. The collections are as they are in the database, and config.toml \
         is where they change from now on.",
    );
    note("pb_public", "", "static files are not served. Let a web server in front do it.");
    notes
}
