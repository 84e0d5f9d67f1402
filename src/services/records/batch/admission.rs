//! Items count against the limits on requests as they would alone (contract A 1.11).

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::rate_limits::{Asked, Audience, Place, tags};
use crate::services::app::App;
use crate::services::rate_limits::{Limiter, Mode};
use crate::services::records::batch::{Item, Operation, steps};
use crate::services::{Error, admission};
use crate::store::Db;

/// Counts one item after the other, up to the first one too many, which fails in its turn. All are
/// counted before anything is done, since a transaction may run more than once; so those count too
/// that come after one that fails.
pub(super) async fn admit(app: &App, items: &mut [Item], address: IpAddr) -> Result<(), Error> {
    let Mode::On(limiter) = admission::mode(app).await else { return Ok(()) };
    for item in items {
        match count(app, &limiter, item, address).await {
            Err(Error::TooManyRequests { retry_after }) => {
                item.operation = Operation::TooMany(retry_after);
                break;
            }
            counted => counted?,
        }
    }
    Ok(())
}

async fn count(app: &App, limiter: &Limiter, item: &Item, address: IpAddr) -> Result<(), Error> {
    let Some(audience) = Audience::of(&item.request.caller) else { return Ok(()) };
    // What fails before it would be counted alone is told when its turn comes.
    let collection = app.store.schema().find(&item.collection).cloned();
    let Some(collection) = collection.filter(|collection| !collection.is_view()) else {
        return Ok(());
    };
    let Some((method, path)) = alone(app, &collection, item).await? else { return Ok(()) };
    let tagged = tags::find(method, &path);
    let place = tagged.map(|tagged| Place::new(&collection, tagged.action));
    limiter.count(&Asked { method, path: &path, place, audience }, address, app.clock.now())
}

/// Method and path of the request that an item would be alone. An upsert is what it comes to by what
/// is stored before the batch.
async fn alone(
    app: &App,
    collection: &Arc<Collection>,
    item: &Item,
) -> Result<Option<(&'static str, String)>, Error> {
    let (method, id) = match &item.operation {
        Operation::Create(_) => ("POST", None),
        Operation::Update(id, _) => ("PATCH", Some(id.clone())),
        Operation::Delete(id) => ("DELETE", Some(id.clone())),
        Operation::Upsert(body) => {
            let (collection, body) = (Arc::clone(collection), Arc::clone(body));
            let stored = move |db: &mut Db| steps::stored_id(db, &collection, &body);
            match app.store.read(stored).await? {
                Some(id) => ("PATCH", Some(id)),
                None => ("POST", None),
            }
        }
        Operation::Refused(_) | Operation::TooMany(_) => return Ok(None),
    };
    let mut path = format!("/api/collections/{}/records", item.collection);
    if let Some(id) = id {
        // A slash within an id is no slash of a path.
        path = format!("{path}/{}", id.replace('/', "%2F"));
    }
    Ok(Some((method, path)))
}
