//! On PostgreSQL: the schema that belongs to a test's folder, as the file in it does on SQLite.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::engine::TestSchema;

static SCHEMAS: Mutex<Vec<(PathBuf, TestSchema)>> = Mutex::new(Vec::new());

/// The address of the database for servers that run in `folder`, made when it is first asked for;
/// `None` on SQLite. It is dropped some time after the folder is gone.
pub(crate) fn database_url(folder: &Path) -> Option<String> {
    if let Some(url) = url_of(folder) {
        return Some(url);
    }
    drop(take_abandoned());
    let schema = TestSchema::on_postgres()?;
    let url = schema.url();
    schemas().push((folder.to_owned(), schema));
    Some(url)
}

fn url_of(folder: &Path) -> Option<String> {
    schemas().iter().find(|(owner, _)| owner == folder).map(|(_, schema)| schema.url())
}

/// Those whose folders are gone.
fn take_abandoned() -> Vec<(PathBuf, TestSchema)> {
    schemas().extract_if(.., |(folder, _)| !folder.exists()).collect()
}

/// A test that failed meanwhile leaves the list as it was.
fn schemas() -> std::sync::MutexGuard<'static, Vec<(PathBuf, TestSchema)>> {
    SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner)
}
