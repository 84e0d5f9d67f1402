//! Signing in and who is signed in (contract B 3). Knows no HTTP.

mod address;
mod answer;
pub mod cleanup;
pub mod email_change;
mod factors;
pub mod impersonate;
mod links;
mod mailed_token;
pub mod methods;
pub mod oauth2;
mod origins;
pub mod otp;
pub mod otp_issue;
pub mod password;
pub mod password_reset;
pub mod refresh;
mod rows;
pub mod session;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod totp;
pub mod verification;

use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use answer::{Entry, SignedIn};
pub use links::Mailing;

use crate::domain::collection::{AuthOptions, Collection};
use crate::domain::random::LOWER_ALPHANUMERIC;
use crate::domain::record::Record;
use crate::services::Error;
use crate::services::app::App;
use crate::store::{Tx, records};

/// A way to sign in that two factors can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Identity and password.
    Password,
    /// Another provider.
    OAuth2,
    /// A code that was sent by mail.
    Otp,
    /// A code of an authenticator, which is only ever the second factor.
    Totp,
}

impl Method {
    /// Its name in `_mfas` and in `@request.context`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::OAuth2 => "oauth2",
            Self::Otp => "otp",
            Self::Totp => "totp",
        }
    }
}

/// The auth collection with this id or name.
///
/// # Errors
/// `NotFound` when there is none, or its records cannot sign in.
pub fn auth_collection(app: &App, id_or_name: &str) -> Result<Arc<Collection>, Error> {
    let schema = app.store.schema();
    let collection = schema.find(id_or_name).filter(|collection| collection.is_auth());
    collection.cloned().ok_or(Error::NotFound)
}

/// The account `record` as it is now, kept from changing until the transaction ends; nothing when it is
/// gone.
fn current_account(tx: &mut Tx, record: &Record) -> Result<Option<Record>, Error> {
    let collection = tx.schema().by_id(&record.collection().id).cloned();
    let Some(collection) = collection.filter(|collection| collection.is_auth()) else {
        return Ok(None);
    };
    Ok(records::lock(tx, &collection, record.id())?)
}

/// An id for `text` that is always the same, and that nobody knows who does not know the secrets of
/// `collection`: what stands for an account that is not there.
fn unguessable(collection: &Collection, purpose: &str, text: &str) -> String {
    let secret = collection.auth().map(|auth| auth.auth_token.secret.as_str()).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [secret, purpose, &collection.id, text] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digits = hash.finalize();
    let letter =
        |byte: &u8| char::from(LOWER_ALPHANUMERIC[usize::from(*byte) % LOWER_ALPHANUMERIC.len()]);
    digits.iter().take(15).map(letter).collect()
}

/// The options of an auth collection.
fn options(collection: &Collection) -> Result<&AuthOptions, Error> {
    collection.auth().ok_or(Error::NotFound)
}
