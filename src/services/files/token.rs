//! Tokens for protected files (contract A 4.4): they go into addresses, so they are good for nothing
//! else and not for long.

use std::net::IpAddr;

use crate::domain::caller::Caller;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::session::holder_of;
use crate::services::superusers;
use crate::services::tokens::{Grant, Lifetime, Session, TokenKind, issue_within};

/// A token with which the files of the holder of `session` can be read for a few minutes.
///
/// # Errors
/// When it cannot be signed.
pub fn within(app: &App, session: &Session) -> Result<String, Error> {
    let (id, now) = (&session.claims.session, app.clock.now());
    issue_within(id, &session.record, Grant::File, Lifetime::Usual, now)
}

/// Who asks for a file, or a page to be shown, with `token`: a guest, unless it is a file token that holds, and
/// a superuser's comes from `address`, from where superusers may come.
///
/// # Errors
/// When the database cannot be asked.
pub async fn caller_of(app: &App, token: &str, address: IpAddr) -> Result<Caller, Error> {
    if token.is_empty() {
        return Ok(Caller::guest());
    }
    let holder = holder_of(app, token, &[TokenKind::File]).await?;
    let caller = holder.as_ref().map_or_else(Caller::guest, Session::caller);
    if !caller.is_superuser() {
        return Ok(caller);
    }
    match superusers::require_known_address(app, address).await {
        Ok(()) => Ok(caller),
        Err(Error::Forbidden) => Ok(Caller::guest()),
        Err(error) => Err(error),
    }
}
