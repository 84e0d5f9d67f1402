//! Tokens of other accounts, for superusers (contract B 3.10).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::collection::Collection;
use crate::domain::invalid::Fault;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::{SignedIn, own_view};
use crate::services::auth::sessions::{self, Beginning, IMPERSONATED};
use crate::services::tokens::{Grant, Lifetime};
use crate::store::records;

/// A token of the account `id`, good for so many `seconds`, or as long as the collection's tokens are
/// where there are none. It cannot be renewed. It is a session of the account, asked for from
/// `address`, and can be ended as such.
///
/// # Errors
/// `NotFound` when there is no such account, `Invalid` for a duration below zero.
pub async fn impersonate(
    app: &App,
    collection: &Arc<Collection>,
    id: String,
    seconds: i64,
    address: IpAddr,
    request: RequestInfo,
) -> Result<SignedIn, Error> {
    if seconds < 0 {
        return Err(Error::invalid("duration", Fault::below(0)));
    }
    let of = Arc::clone(collection);
    let record = app.store.read(move |db| records::by_id(db, &of, &id)).await?;
    let record = Arc::new(record.ok_or(Error::NotFound)?);
    let lifetime = match seconds {
        0 => Lifetime::Usual,
        seconds => Lifetime::Of(Duration::from_secs(seconds.unsigned_abs())),
    };
    let grant = Grant::Auth { refreshable: false };
    let beginning = Beginning { method: IMPERSONATED, address, grant, lifetime };
    let token = sessions::begin(app, &record, beginning, &request).await?;
    Ok(SignedIn { record: own_view(app, record, request).await?, token, meta: None })
}
