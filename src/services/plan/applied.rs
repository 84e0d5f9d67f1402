//! The configuration that was applied last, as people ask about it.

use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::plan::state::State;
use crate::store::config_states;

/// What was applied last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastApplied {
    /// Counts from 1.
    pub number: i64,
    /// Who applied it.
    pub author: String,
    /// When it was applied.
    pub at: Timestamp,
    /// Version of the product that applied it.
    pub version: String,
    /// Fingerprint of the configuration.
    pub hash: String,
    /// Collections that an earlier file had and this one lacked, by name.
    pub parked_collections: Vec<String>,
    /// Fields that an earlier file had and this one lacked, as `collection.field`.
    pub parked_fields: Vec<String>,
}

/// The configuration that was applied last, if there ever was one.
///
/// # Errors
/// When the database cannot be read.
pub async fn last_applied(app: &App) -> Result<Option<LastApplied>, Error> {
    let Some(stored) = app.store.read(config_states::last).await? else { return Ok(None) };
    let state: State = serde_json::from_value(stored.state).map_err(Error::internal)?;
    let (parked_collections, parked_fields) = state.parked();
    Ok(Some(LastApplied {
        number: stored.number,
        author: stored.author,
        at: stored.created,
        version: stored.version,
        hash: stored.hash,
        parked_collections,
        parked_fields,
    }))
}
