//! A new token for the old one (contract B 3.9).

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::{SignedIn, own_view, require_auth_rule};
use crate::services::auth::sessions::{self, ADOPTED, Beginning};
use crate::services::tokens::{Grant, Lifetime, Session};

/// Renews the session of `token`, which came from `address`. A token of no session gets one; a token
/// that is not refreshable stays as it is.
///
/// # Errors
/// `Forbidden` when the `authRule` says no, `Unauthenticated` when the session has just ended.
pub async fn refresh(
    app: &App,
    session: &Session,
    token: &str,
    address: IpAddr,
    request: RequestInfo,
) -> Result<SignedIn, Error> {
    require_auth_rule(app, &session.record, &request).await?;
    let record = Arc::clone(&session.record);
    let token = if !session.claims.refreshable {
        token.to_owned()
    } else if session.claims.session.is_empty() {
        sessions::begin(app, &record, adopted(address), &request).await?
    } else {
        sessions::renew(app, session).await?
    };
    let record = own_view(app, record, request).await?;
    Ok(SignedIn { record, token, meta: None })
}

/// The beginning of a session whose first token was of none: how somebody came in is forgotten.
const fn adopted(address: IpAddr) -> Beginning {
    let grant = Grant::Auth { refreshable: true };
    Beginning { method: ADOPTED, address, grant, lifetime: Lifetime::Usual }
}
