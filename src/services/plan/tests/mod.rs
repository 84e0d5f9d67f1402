//! The plan as a whole: first the comparison alone, then on databases in temporary folders.

mod database;
mod difference;

use serde_json::{Value as Json, json};

use crate::config::CollectionSpec;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::services::plan::Declared;

/// The collection that `body`, JSON of the collections API, describes.
pub(super) fn collection(body: &Json) -> Collection {
    let body = body.as_object().unwrap();
    let (now, mut random) = (Timestamp::default(), Random::seeded(7));
    Collection::create(body, &Schema::default(), now, &mut random).unwrap()
}

/// A file that declares these collections.
pub(super) fn file(bodies: &[Json]) -> Declared {
    let collections = bodies.iter().map(|body| CollectionSpec::new(collection(body)));
    Declared { collections: collections.collect(), ..Declared::default() }
}

/// A base collection `posts` with these fields and closed rules.
pub(super) fn posts(fields: &Json) -> Json {
    json!({ "name": "posts", "fields": fields })
}
