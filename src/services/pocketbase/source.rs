//! What PocketBase's data folder holds, as the product's own types. Knows PocketBase's tables, and
//! nothing of where the records go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::domain::collection::Collection;
use crate::domain::schema::Schema;
use crate::domain::settings::Settings;
use crate::services::pocketbase::error::ImportError;
use crate::services::pocketbase::{Import, collections, settings};
use crate::store::{Db, OpenError, Snapshot, Statement, StoreError};

/// Tables of PocketBase's own that belong to no collection.
const OWN_TABLES: [&str; 3] = ["_collections", "_migrations", "_params"];

/// One state of PocketBase's database.
pub(super) struct Source {
    /// The database, with the collections of `schema`.
    pub(super) snapshot: Snapshot,
    schema: Arc<Schema>,
    settings: Settings,
    /// What was left out or changed, for people.
    pub(super) notes: Vec<String>,
    /// Whether PocketBase has the folder open.
    pub(super) in_use: bool,
    path: PathBuf,
    /// The files as they were, where nobody has them open.
    seen: Option<[Option<(u64, SystemTime)>; 2]>,
}

impl Source {
    /// Opens the folder that `import` names.
    ///
    /// # Errors
    /// [`ImportError`] when this is no folder that can be imported.
    pub(super) fn open(import: &Import) -> Result<Self, ImportError> {
        let folder = &import.from;
        if !folder.is_dir() {
            return Err(ImportError::NoFolder { path: folder.clone() });
        }
        let path = folder.join("data.db");
        let in_use = Snapshot::is_in_use(&path);
        let seen = (!in_use).then(|| look(&path));
        let opened = Snapshot::open_foreign(&path, &import.scratch);
        let mut snapshot = opened.map_err(|error| match error {
            OpenError::Nothing { .. } => not_pocketbase(folder, "there is no data.db in it"),
            error => ImportError::Open(error),
        })?;
        recognise(&mut snapshot, folder)?;
        let key = import.encryption_key.as_deref();
        let (settings, mut notes) = settings::read(&mut snapshot, key)?;
        let read = collections::read(&mut snapshot)?;
        notes.extend(read.notes);
        let schema = Arc::new(Schema::new(0, read.collections));
        snapshot.set_schema(Arc::clone(&schema));
        notes.extend(foreign_tables(&mut snapshot, &schema).map_err(ImportError::Source)?);
        Ok(Self { snapshot, schema, settings, notes, in_use, path, seen })
    }

    /// The collections in the order in which they were made.
    pub(super) fn collections(&self) -> &[Arc<Collection>] {
        self.schema.collections()
    }

    /// The settings.
    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes sure that the files are what was read, where nobody had them open at the beginning.
    ///
    /// # Errors
    /// [`ImportError::SourceChanged`].
    pub(super) fn confirm(&self) -> Result<(), ImportError> {
        match &self.seen {
            Some(seen) if *seen != look(&self.path) => {
                Err(ImportError::SourceChanged { path: self.path.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Length and time of the database and of its log.
fn look(path: &Path) -> [Option<(u64, SystemTime)>; 2] {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path.to_owned(), PathBuf::from(log)].map(|path| {
        let found = path.metadata().ok()?;
        // A program that opens the database and does nothing leaves an empty log.
        (found.len() > 0).then_some((found.len(), found.modified().ok()?))
    })
}

/// Refuses what is not PocketBase's, or too old.
fn recognise(db: &mut Db, folder: &Path) -> Result<(), ImportError> {
    let tables = tables(db).map_err(ImportError::Source)?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if has("_admins") || has("_collections") && !has("_superusers") && !has("_revision") {
        return Err(ImportError::TooOld { path: folder.to_owned() });
    }
    if has("_revision") {
        return Err(not_pocketbase(folder, "it is one of Ferrobase already"));
    }
    if !OWN_TABLES.iter().all(|name| has(name)) {
        return Err(not_pocketbase(folder, "data.db has no tables of PocketBase's"));
    }
    Ok(())
}

fn not_pocketbase(folder: &Path, reason: &'static str) -> ImportError {
    ImportError::NotPocketBase { path: folder.to_owned(), reason }
}

fn tables(db: &mut Db) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT \"name\" FROM sqlite_schema WHERE \"type\" = 'table' ORDER BY \"name\"";
    let rows = db.fetch_all(Statement::new(sql, Vec::new()))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// A line about tables that no collection has, if there are any.
fn foreign_tables(db: &mut Db, schema: &Schema) -> Result<Option<String>, StoreError> {
    let is_foreign = |name: &String| {
        let name = name.as_str();
        !OWN_TABLES.contains(&name)
            && !name.starts_with("sqlite_")
            && schema.by_name(name).is_none()
    };
    let foreign: Vec<String> = tables(db)?.into_iter().filter(is_foreign).collect();
    let names = foreign.join(", ");
    Ok((!foreign.is_empty()).then(|| format!("Tables that belong to no collection: {names}.")))
}
