//! The settings: the row of `_params` that they are stored in, their secrets sealed.

use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::store::error::StoreError;
use crate::store::params;
use crate::store::secrets::{self, Document};
use crate::store::tx::{Db, Tx};

/// The row of `_params` that settings are stored in.
pub const STORED: &str = "settings";

/// What is stored, over the defaults.
///
/// # Errors
/// What the database says, [`StoreError::Data`] when it has another shape, or
/// [`StoreError::Secret`].
pub fn load(db: &mut Db) -> Result<Settings, StoreError> {
    let mut map = match params::load(db, STORED)? {
        Some(Json::Object(map)) => map,
        Some(_) => return Err(StoreError::Data("the stored settings are no object".to_owned())),
        None => JsonMap::new(),
    };
    secrets::open(&db.keyring(), Document::Settings, &mut map)?;
    Settings::from_stored_json(&map)
        .map_err(|error| StoreError::Data(format!("the stored settings cannot be read: {error}")))
}

/// Stores the settings, and tells every process with the commit.
///
/// # Errors
/// What the database says, or [`StoreError::Secret`].
pub fn save(tx: &mut Tx, settings: &Settings, now: Timestamp) -> Result<(), StoreError> {
    let mut map = settings.to_stored_json();
    secrets::seal(&tx.keyring(), Document::Settings, &mut map)?;
    params::save(tx, STORED, &Json::Object(map), now)
}
