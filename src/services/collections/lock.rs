//! A server that works by a config file changes no collections (config.md §5).

use crate::services::Error;
use crate::services::app::App;

/// Refuses changes of collections where a config file says what they are.
///
/// # Errors
/// `Locked`, with what to do instead.
pub fn require_unlocked(app: &App) -> Result<(), Error> {
    if !app.options.locked {
        return Ok(());
    }
    let file = app.configuration.file().unwrap_or("config.toml");
    Err(Error::Locked(format!(
        "The collections of this server come from {file} and cannot be changed here: edit the file \
         and start the server again, or work on it with `ferrobase dev`."
    )))
}

/// The same for an update of the collection with this id or name, which the file may leave to the API
/// with `managed = false`.
///
/// # Errors
/// As [`require_unlocked`].
pub fn require_changeable(app: &App, id_or_name: &str) -> Result<(), Error> {
    let schema = app.store.schema();
    let found = schema.find(id_or_name);
    match found.filter(|found| app.configuration.leaves_free(&found.name)) {
        Some(_) => Ok(()),
        None => require_unlocked(app),
    }
}
