//! What time a database has.

use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::tx::Db;

/// What time it is where the database is, if that may be another machine.
///
/// # Errors
/// What the database says.
pub fn now(db: &mut Db) -> Result<Option<Timestamp>, StoreError> {
    let Some(clock) = db.dialect().clock() else { return Ok(None) };
    let millis = db.fetch_one(clock)?.int(0)?;
    Ok(Some(Timestamp::from_millis(millis)))
}
