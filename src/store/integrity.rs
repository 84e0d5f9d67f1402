//! Whether a database is whole, and what time it has.

use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::tx::Db;

/// What is wrong with the file of the database, at most ten things. PostgreSQL looks after its own.
///
/// # Errors
/// What the database says.
pub fn faults(db: &mut Db) -> Result<Vec<String>, StoreError> {
    let Some(find) = db.dialect().find_damage() else { return Ok(Vec::new()) };
    let rows = db.fetch_all(find)?;
    let texts = rows.iter().map(|row| row.text(0).map(str::to_owned));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    Ok(texts.into_iter().filter(|text| text != "ok").collect())
}

/// What time it is where the database is, if that may be another machine.
///
/// # Errors
/// What the database says.
pub fn now(db: &mut Db) -> Result<Option<Timestamp>, StoreError> {
    let Some(clock) = db.dialect().clock() else { return Ok(None) };
    let millis = db.fetch_one(clock)?.int(0)?;
    Ok(Some(Timestamp::from_millis(millis)))
}
