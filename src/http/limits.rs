//! Where limits on requests stand in the order of refusals: after the caller is known, before bodies
//! and guards (contract B 9.2), and at records after what contract A 3.4 refuses first.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::web::Data;

use crate::domain::collection::Collection;
use crate::domain::rate_limits::tags::{self, Action};
use crate::domain::rate_limits::{Asked, Audience, Place};
use crate::http::address::real_ip;
use crate::http::caller::Sender;
use crate::http::error::ApiError;
use crate::http::records;
use crate::services::app::App;
use crate::services::rate_limits::Mode;
use crate::services::{Error, admission};

/// Counts a request.
///
/// # Errors
/// `TooManyRequests` when it is one too many, `NotFound` when there is no such collection, and what
/// is refused uncounted.
pub(super) async fn admit(request: &ServiceRequest) -> Result<(), ApiError> {
    let Some(app) = request.app_data::<Data<App>>() else { return Ok(()) };
    let Mode::On(limiter) = admission::mode(app).await else { return Ok(()) };
    let sender = Sender::seen(app, request.request()).await?;
    let Some(audience) = Audience::of(&sender.caller) else { return Ok(()) };
    // The path as routes are matched: an escaped letter is that letter.
    let (method, path) = (request.method().as_str(), request.match_info().as_str());
    let tagged = tagged(app, method, path)?;
    if let Some((collection, action)) = &tagged
        && action.is_of_records()
    {
        records::refuse_uncounted(request.request(), collection)?;
    }
    let place = tagged.as_ref().map(|(collection, action)| Place::new(collection, *action));
    let asked = Asked { method, path, place, audience };
    Ok(limiter.count(&asked, real_ip(request.request()), app.clock.now())?)
}

/// The collection and the action of a request that labels have a word for.
fn tagged(app: &App, method: &str, path: &str) -> Result<Option<(Arc<Collection>, Action)>, Error> {
    let Some(tagged) = tags::find(method, path) else { return Ok(None) };
    let collection = app.store.schema().find(tagged.collection).cloned();
    Ok(Some((collection.ok_or(Error::NotFound)?, tagged.action)))
}
