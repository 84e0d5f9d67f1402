//! Deleting every record of a collection (contract A 2.14).

use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::LIMIT;
use crate::services::records::{delete, require_stored};
use crate::store::records;

/// How many records are read at once.
const AT_ONCE: i64 = 500;

/// Deletes all records of the collection with this id or name, each as if it alone were deleted: all
/// of them, or none when one cannot go.
///
/// # Errors
/// `NotFound`, `BadRequest` for views and for records that others need.
pub async fn truncate(app: &App, id_or_name: &str) -> Result<(), Error> {
    let schema = app.store.schema();
    let collection = schema.find(id_or_name).ok_or(Error::NotFound)?;
    require_stored(collection)?;
    let (id, now) = (collection.id.clone(), app.clock.now());
    app.store
        .write_with(LIMIT, move |tx| {
            let schema = tx.schema();
            let collection = schema.by_id(&id).ok_or(Error::NotFound)?;
            loop {
                let some = records::oldest(tx, collection, AT_ONCE)?;
                if some.is_empty() {
                    return Ok(());
                }
                for record in some {
                    // An earlier one of these may have taken it along.
                    if let Some(record) = records::lock(tx, collection, record.id())? {
                        delete::remove(tx, record, now)?;
                    }
                }
            }
        })
        .await
}
