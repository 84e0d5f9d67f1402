//! Accounts by the address of their mails (contract B 3.6, 3.11, 3.12).

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::fields::is_email;
use crate::domain::invalid::Fault;
use crate::domain::record::Record;
use crate::services::Error;
use crate::store::records::{self, Case};
use crate::store::{Db, StoreError};

/// Most bytes of an address.
const LONGEST: usize = 255;

/// Checks that `email` can be an address.
pub(super) fn check(email: &str) -> Result<(), Fault> {
    if email.is_empty() {
        return Err(Fault::required());
    }
    if email.len() > LONGEST {
        return Err(Fault::length(1, LONGEST));
    }
    if is_email(email) {
        Ok(())
    } else {
        Err(Fault::new("validation_is_email", "Must be an e-mail address."))
    }
}

/// The account of `collection` with this address: to the letter, unless the index of addresses
/// ignores their case.
///
/// # Errors
/// What the database says, or `Internal` when two accounts could have one address.
pub(super) fn account(
    db: &mut Db,
    collection: &Arc<Collection>,
    email: &str,
) -> Result<Option<Record>, Error> {
    let (field, index) = collection
        .field("email")
        .zip(collection.unique_index("email"))
        .ok_or_else(|| Error::internal("email has no unique index"))?;
    let case = if index.is_nocase() { Case::Insensitive } else { Case::Sensitive };
    let found: Result<_, StoreError> = records::by_identity(db, collection, field, email, case);
    Ok(found?)
}
