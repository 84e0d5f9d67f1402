//! Listing records (contract A 3.2).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::rules::{self, RequestInfo};
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::paging::{Page, Paging, Total, parameter, signed};
use crate::services::records::empty_lists::Pace;
use crate::services::records::record_view::RecordView;
use crate::services::records::{access, answer};
use crate::store::filter::{FilterError, Query};
use crate::store::{Db, Row, records};

/// Longest wait in milliseconds of whoever probes a rule.
const LONGEST_WAIT: u32 = 500;

/// What `render` makes of the records of `collection` that the caller may list and the filter lets through, one
/// page of them. `address` is where the request comes from.
///
/// The page is rendered where it was read: what a thread allocates is cheap to free on that thread alone, and a
/// page has some hundred values.
///
/// # Errors
/// `Forbidden` when the rule is locked or the filter reads what only superusers may, `BadRequest`
/// for parameters that mean nothing.
pub async fn list<T: Send + 'static>(
    app: &App,
    collection: &Collection,
    request: RequestInfo,
    address: IpAddr,
    render: impl Fn(&Page<RecordView>) -> T + Send + 'static,
) -> Result<T, Error> {
    access::require_unlocked(collection.rules.list.as_ref(), &request)?;
    require_permitted_texts(&request)?;
    let paging = Paging::read(&request)?;
    let probes = may_probe(collection, &request);
    let now = request.now;
    let id = collection.id.clone();
    let read = app.store.read(move |db| {
        let page = within(db, &id, paging, &request)?;
        Ok::<_, Error>((page.items.is_empty(), render(&page)))
    });
    let (is_empty, rendered) = read.await?;
    if probes && is_empty {
        slow_down(app, collection, address, now).await;
    }
    Ok(rendered)
}

/// Refuses what only superusers may ask before anything else that may be wrong with the request.
fn require_permitted_texts(request: &RequestInfo) -> Result<(), Error> {
    let asks = |name| parameter(request, name).is_some_and(rules::needs_superuser);
    if !request.caller.is_superuser() && (asks("filter") || asks("sort")) {
        return Err(Error::Forbidden);
    }
    Ok(())
}

/// The part of [`list`] inside the transaction.
fn within(
    db: &mut Db,
    collection: &str,
    paging: Paging,
    request: &RequestInfo,
) -> Result<Page<RecordView>, Error> {
    let collection = access::collection(db, collection)?;
    access::require_unlocked(collection.rules.list.as_ref(), request)?;
    let schema = db.schema();
    let mut query = Query::rows(db.dialect(), &schema, &collection, request);
    if let Some(rule) = collection.rules.list.as_ref().filter(|_| !request.caller.is_superuser()) {
        query = query.require(rule).map_err(refused)?;
    }
    query = query.filter(parameter(request, "filter").unwrap_or_default()).map_err(refused)?;
    query = query.search(parameter(request, "search").unwrap_or_default()).map_err(refused)?;
    query = query.sort(parameter(request, "sort").unwrap_or_default()).map_err(refused)?;
    let (rows, counted) = fetch(db, &query, paging)?;
    let found = rows.len() as u64;
    let rows = rows.into_iter().map(|row| Ok(Arc::new(records::decode(&collection, row)?)));
    let items = answer::page(db, &collection, rows.collect::<Result<_, Error>>()?, request)?;
    let total = match paging.total {
        Total::Skipped => None,
        Total::Counted => Some(counted.map_or_else(|| count(db, &query, paging, found), Ok)?),
    };
    Ok(Page::new(items, paging, total))
}

/// The rows of the page, and how many there are on all pages where that comes with them.
fn fetch(db: &mut Db, query: &Query<'_>, paging: Paging) -> Result<(Vec<Row>, Option<u64>), Error> {
    let (limit, offset) = (signed(paging.per_page), signed(paging.offset()));
    if paging.total == Total::Counted
        && let Some(statement) = query.counted_page(limit, offset).map_err(refused)?
    {
        let (rows, counted) = db.fetch_counted(statement)?;
        // Where one row at most can be found by a unique key, nothing is sorted and so nothing is
        // counted: a count below what is there is none.
        let found = paging.offset().saturating_add(rows.len() as u64);
        let counted = Some(counted).filter(|&counted| !rows.is_empty() && counted >= found);
        return Ok((rows, counted));
    }
    Ok((db.fetch_all(query.page(limit, offset).map_err(refused)?)?, None))
}

/// What a filter, sort or rule that cannot be used means to a list. What is wrong with a rule is
/// not for its readers.
fn refused(error: FilterError) -> Error {
    match error {
        FilterError::Forbidden => Error::Forbidden,
        FilterError::Invalid(message) => Error::BadRequest(message),
        FilterError::Rule(_) => Error::bad_request("The rule of the collection cannot be used."),
    }
}

/// How many records there are on all pages. A first page that is not full has them all.
fn count(db: &mut Db, query: &Query<'_>, paging: Paging, found: u64) -> Result<u64, Error> {
    let last = found < paging.per_page && (found > 0 || paging.page == 1);
    if last {
        return Ok(paging.offset() + found);
    }
    let statement = query.count().map_err(refused)?;
    Ok(u64::try_from(db.fetch_one(statement)?.int(0)?).unwrap_or_default())
}

/// Whether an empty answer could tell what a rule hides.
fn may_probe(collection: &Collection, request: &RequestInfo) -> bool {
    let ruled = collection.rules.list.as_ref().is_some_and(|rule| !rule.is_public());
    let searches = !collection.ext.search.is_empty() && parameter(request, "search").is_some();
    let asks = searches || parameter(request, "filter").is_some();
    ruled && !request.caller.is_superuser() && asks
}

async fn slow_down(app: &App, collection: &Collection, address: IpAddr, now: Timestamp) {
    if app.empty_lists.note(&collection.id, address, now) == Pace::Delayed {
        let millis = Random::system().below(LONGEST_WAIT);
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
    }
}
