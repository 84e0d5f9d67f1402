//! Tokens that came back from a mail: what is wrong with one, told under `token` (contract B 3.11 to
//! 3.13).

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::invalid::Fault;
use crate::domain::record::Record;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::current_account;
use crate::services::auth::session::holder_of;
use crate::services::tokens::{Claims, TokenKind, is_signed_by};
use crate::store::Tx;

/// A token of a mail that holds, and the account that it was made for.
#[derive(Clone)]
pub(super) struct MailedToken {
    text: String,
    kind: TokenKind,
    /// Its claims.
    pub(super) claims: Claims,
    /// The account.
    pub(super) record: Arc<Record>,
}

impl MailedToken {
    /// Reads `text`, which must be a token of this kind for an account of `collection`; else what is
    /// wrong with it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(super) async fn read(
        app: &App,
        collection: &Collection,
        text: &str,
        kind: TokenKind,
    ) -> Result<Result<Self, Fault>, Error> {
        if text.is_empty() {
            return Ok(Err(Fault::required()));
        }
        let Some(session) = holder_of(app, text, &[kind]).await? else { return Ok(Err(invalid())) };
        if session.record.collection().id != collection.id {
            return Ok(Err(Fault::new(
                "validation_token_collection_mismatch",
                "The token is for an account of another collection.",
            )));
        }
        let (claims, record) = (session.claims, session.record);
        Ok(Ok(Self { text: text.to_owned(), kind, claims, record }))
    }

    /// The account, locked, when the token still holds for it: a token that was used up a moment ago
    /// is refused as if it always had been.
    ///
    /// # Errors
    /// `Invalid` when it does not.
    pub(super) fn lock(&self, tx: &mut Tx) -> Result<Record, Error> {
        let account = current_account(tx, &self.record)?;
        let account = account.filter(|account| is_signed_by(&self.text, account, self.kind));
        account.ok_or_else(|| Error::invalid("token", invalid()))
    }
}

/// A token that does not hold.
pub(super) fn invalid() -> Fault {
    Fault::new("validation_invalid_token", "The token is not valid, or no longer.")
}
