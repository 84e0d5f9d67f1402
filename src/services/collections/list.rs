//! Looking at collections (contract A 2.3).

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::filter::Filter;
use crate::services::paging::{Page, Paging, Total, parameter};

type Compare = fn(&Collection, &Collection) -> Ordering;

/// Most entries of a sort (contract A 1.10).
const MOST_KEYS: usize = 8;

/// What an entry of a sort asks for.
enum Key {
    /// The order of a column, or its reverse.
    Column(Compare, bool),
    /// The order in which they were made, or its reverse.
    Made(bool),
    /// Any order.
    Random,
}

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
/// `BadRequest` for parameters that mean nothing.
pub fn list(app: &App, request: &RequestInfo) -> Result<Page<JsonMap>, Error> {
    let paging = Paging::read(request)?;
    let mut collections = app.store.schema().collections().to_vec();
    if let Some(text) = parameter(request, "filter") {
        let filter = Filter::parse(text, request.now)?;
        collections.retain(|collection| filter.matches(collection));
    }
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
    if text.trim().is_empty() {
        return Ok(());
    }
    let keys: Vec<Key> =
        text.split(',').map(|entry| sort_key(entry.trim())).collect::<Result<_, _>>()?;
    if keys.len() > MOST_KEYS {
        return Err(Error::bad_request(format!("A sort has at most {MOST_KEYS} entries.")));
    }
    let made: HashMap<String, usize> = collections
        .iter()
        .enumerate()
        .map(|(position, collection)| (collection.id.clone(), position))
        .collect();
    for key in keys.into_iter().rev() {
        // Stable, so that the order of the less important entries remains among equals.
        match key {
            Key::Column(compare, false) => collections.sort_by(|a, b| compare(a, b)),
            Key::Column(compare, true) => collections.sort_by(|a, b| compare(b, a)),
            Key::Made(false) => collections.sort_by_key(|collection| made.get(&collection.id)),
            Key::Made(true) => {
                collections.sort_by_key(|collection| Reverse(made.get(&collection.id)));
            }
            Key::Random => {
                let mut random = Random::system();
                collections.sort_by_cached_key(|_| random.bytes::<8>());
            }
        }
    }
    Ok(())
}

fn sort_key(entry: &str) -> Result<Key, Error> {
    let (name, descending) = match entry.strip_prefix('-') {
        Some(name) => (name, true),
        None => (entry.strip_prefix('+').unwrap_or(entry), false),
    };
    match name {
        "@rowid" => return Ok(Key::Made(descending)),
        "@random" => return Ok(Key::Random),
        _ => {}
    }
    let known = COLUMNS.iter().find(|(column, _)| *column == name);
    known.map(|(_, compare)| Key::Column(*compare, descending)).ok_or_else(|| {
        Error::bad_request(format!(
            "Collections cannot be sorted by \"{name}\": there is id, created, updated, name, \
             system, type, @rowid and @random."
        ))
    })
}
