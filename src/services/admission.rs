//! Who is let in at all: limits by address, as the settings say (contract B 6.4). What a request
//! means is decided elsewhere, after it was counted.

use std::net::IpAddr;

use crate::domain::caller::Caller;
use crate::domain::collection::Collection;
use crate::domain::rate_limits::tags::SIGN_UP;
use crate::domain::rate_limits::{Asked, Audience, Place};
use crate::services::app::App;
use crate::services::rate_limits::Mode;
use crate::services::{Error, settings};

/// Whether requests are counted now, and by which limits. Settings that cannot be read leave the
/// limits as they were: a database that is away must not take with it what needs none.
pub async fn mode(app: &App) -> Mode {
    let version = app.settings.version();
    if let Some(mode) = app.rate_limits.mode(version) {
        return mode;
    }
    match settings::current(app).await {
        Ok(settings) => app.rate_limits.renew(version, &settings),
        Err(error) => {
            tracing::warn!(%error, "the limits on requests stay as they were");
            app.rate_limits.last()
        }
    }
}

/// Counts an account that a sign-in through another provider is about to make, besides the request
/// that it is part of.
///
/// # Errors
/// `TooManyRequests` when it is one too many.
pub(in crate::services) async fn admit_sign_up(
    app: &App,
    collection: &Collection,
    caller: &Caller,
    address: IpAddr,
) -> Result<(), Error> {
    let Mode::On(limiter) = mode(app).await else { return Ok(()) };
    let Some(audience) = Audience::of(caller) else { return Ok(()) };
    let path = SIGN_UP.route.replace("{collection}", &collection.name);
    let place = Some(Place::new(collection, SIGN_UP));
    let asked = Asked { method: "POST", path: &path, place, audience };
    limiter.count(&asked, address, app.clock.now())
}
