//! Looking at collections (contract A 2.3).

use std::cmp::Ordering;
use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::collection::Collection;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::paging::{Page, Paging, Total, parameter};

type Compare = fn(&Collection, &Collection) -> Ordering;

/// What collections are sorted by.
const COLUMNS: [(&str, Compare); 6] = [
    ("id", |a, b| a.id.cmp(&b.id)),
    ("created", |a, b| a.created.cmp(&b.created)),
    ("updated", |a, b| a.updated.cmp(&b.updated)),
    ("name", |a, b| a.name.cmp(&b.name)),
    ("system", |a, b| a.system.cmp(&b.system)),
    ("type", |a, b| a.kind.type_name().cmp(b.kind.type_name())),
];

/// One page of all collections, in the order in which they were made unless another is asked for.
///
/// # Errors
/// `BadRequest` for parameters that mean nothing, and for `filter`, which this version cannot
/// answer.
pub fn list(app: &App, request: &RequestInfo) -> Result<Page<JsonMap>, Error> {
    let paging = Paging::read(request)?;
    if parameter(request, "filter").is_some() {
        let message =
            "Collections cannot be filtered yet: leave out filter and pick from the list.";
        return Err(Error::bad_request(message));
    }
    let mut collections = app.store.schema().collections().to_vec();
    sort(&mut collections, parameter(request, "sort").unwrap_or_default())?;
    let total = (paging.total == Total::Counted).then_some(collections.len() as u64);
    let offset = usize::try_from(paging.offset()).unwrap_or(usize::MAX);
    let limit = usize::try_from(paging.per_page).unwrap_or(usize::MAX);
    let items = collections.iter().skip(offset).take(limit).map(|collection| collection.to_json());
    Ok(Page::new(items.collect(), paging, total))
}

/// The collection with this id or name.
///
/// # Errors
/// `NotFound` when there is none.
pub fn view(app: &App, id_or_name: &str) -> Result<JsonMap, Error> {
    let schema = app.store.schema();
    schema.find(id_or_name).map(|collection| collection.to_json()).ok_or(Error::NotFound)
}

/// Sorts by the entries of `text`; the first one counts most.
fn sort(collections: &mut [Arc<Collection>], text: &str) -> Result<(), Error> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let keys: Vec<(Compare, bool)> = entries.map(sort_key).collect::<Result<_, _>>()?;
    for (compare, descending) in keys.into_iter().rev() {
        // Stable, so that the order of the less important entries remains among equals.
        collections.sort_by(|a, b| if descending { compare(b, a) } else { compare(a, b) });
    }
    Ok(())
}

fn sort_key(entry: &str) -> Result<(Compare, bool), Error> {
    let (name, descending) = match entry.strip_prefix('-') {
        Some(name) => (name, true),
        None => (entry.strip_prefix('+').unwrap_or(entry), false),
    };
    let known = COLUMNS.iter().find(|(column, _)| *column == name);
    known.map(|(_, compare)| (*compare, descending)).ok_or_else(|| {
        Error::bad_request(format!(
            "Collections cannot be sorted by \"{name}\": there is id, created, updated, name, \
             system and type."
        ))
    })
}
