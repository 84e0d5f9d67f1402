//! Reading one record (contract A 3.3).

use crate::domain::collection::Collection;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::records::record_view::RecordView;
use crate::services::records::{access, answer};
use crate::store::Db;

/// What `render` makes of the record `id` of `collection` as the caller may see it, where it was read.
///
/// # Errors
/// `Forbidden` when the rule is locked, `NotFound` when there is no such record or the rule does
/// not hold.
pub async fn view<T: Send + 'static>(
    app: &App,
    collection: &Collection,
    id: String,
    request: RequestInfo,
    render: impl Fn(&RecordView) -> T + Send + 'static,
) -> Result<T, Error> {
    access::require_unlocked(collection.rules.view.as_ref(), &request)?;
    let collection = collection.id.clone();
    app.store.read(move |db| within(db, &collection, &id, &request).map(|view| render(&view))).await
}

/// The part of [`view`] inside the transaction.
fn within(
    db: &mut Db,
    collection: &str,
    id: &str,
    request: &RequestInfo,
) -> Result<RecordView, Error> {
    let collection = access::collection(db, collection)?;
    access::require_unlocked(collection.rules.view.as_ref(), request)?;
    let mut records = access::viewable(db, &collection, &[id], request)?;
    let record = records.pop().ok_or(Error::NotFound)?;
    answer::one(db, record, request)
}
