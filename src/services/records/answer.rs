//! Records on their way out: what the caller may see of them, with what they asked to expand.

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::paging::parameter;
use crate::services::records::expand::expand;
use crate::services::records::expand_tree::ExpandTree;
use crate::services::records::record_view::RecordView;
use crate::services::records::visibility;
use crate::store::Db;

/// A record that was just written, as the caller may see it: whoever may write it sees the answer,
/// whatever the view rule says.
pub async fn written(
    app: &App,
    record: Arc<Record>,
    request: RequestInfo,
) -> Result<RecordView, Error> {
    if visibility::is_uniform(record.collection(), &request)
        && parameter(&request, "expand").is_none()
    {
        let shape = visibility::shape(record.collection(), &request);
        return Ok(RecordView::new(shape, record, Vec::new()));
    }
    app.store.read(move |db| one(db, Arc::clone(&record), &request)).await
}

/// One record as the caller may see it, inside of a transaction.
pub fn one(db: &mut Db, record: Arc<Record>, request: &RequestInfo) -> Result<RecordView, Error> {
    let collection = Arc::clone(record.collection());
    let mut views = page(db, &collection, vec![record], request)?;
    Ok(views.remove(0))
}

/// Records of `collection` as the caller may see them.
pub(super) fn page(
    db: &mut Db,
    collection: &Arc<Collection>,
    records: Vec<Arc<Record>>,
    request: &RequestInfo,
) -> Result<Vec<RecordView>, Error> {
    let mut views = visibility::show(db, collection, records, request)?;
    expand_as_asked(db, collection, &mut views, request)?;
    Ok(views)
}

/// Puts beside `views`, which all belong to `collection`, what the `expand` parameter asks for.
pub(super) fn expand_as_asked(
    db: &mut Db,
    collection: &Arc<Collection>,
    views: &mut [RecordView],
    request: &RequestInfo,
) -> Result<(), Error> {
    match parameter(request, "expand") {
        Some(paths) => expand(db, collection, views, &ExpandTree::parse(paths), request),
        None => Ok(()),
    }
}
