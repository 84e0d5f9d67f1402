//! Tokens for protected files (contract A 4.4): they go into addresses, so they are good for nothing
//! else and not for long.

use crate::domain::caller::Caller;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::session::holder_of;
use crate::services::tokens::{Grant, Lifetime, Session, TokenKind, issue};

/// A token with which the caller's files can be read for a few minutes.
///
/// # Errors
/// `Unauthenticated` for guests.
pub fn for_caller(app: &App, caller: &Caller) -> Result<String, Error> {
    let record = caller.record().ok_or(Error::Unauthenticated)?;
    issue(record, Grant::File, Lifetime::Usual, app.clock.now())
}

/// Who asks for a file, or a page to be shown, with `token`: a guest, unless it is a file token that holds.
///
/// # Errors
/// When the database cannot be asked.
pub async fn caller_of(app: &App, token: &str) -> Result<Caller, Error> {
    if token.is_empty() {
        return Ok(Caller::guest());
    }
    let holder = holder_of(app, token, &[TokenKind::File]).await?;
    Ok(holder.as_ref().map_or_else(Caller::guest, Session::caller))
}
