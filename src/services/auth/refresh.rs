//! A new token for the old one (contract B 3.9).

use std::sync::Arc;

use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::{SignedIn, own_view, require_auth_rule, signed_in};
use crate::services::tokens::Session;

/// Renews the session of `token`. A token that is not refreshable stays as it is.
///
/// # Errors
/// `Forbidden` when the `authRule` says no.
pub async fn refresh(
    app: &App,
    session: &Session,
    token: &str,
    request: RequestInfo,
) -> Result<SignedIn, Error> {
    require_auth_rule(app, &session.record, &request).await?;
    let record = Arc::clone(&session.record);
    if session.claims.refreshable {
        return signed_in(app, record, request).await;
    }
    let record = own_view(app, record, request).await?;
    Ok(SignedIn { record, token: token.to_owned(), meta: None })
}
