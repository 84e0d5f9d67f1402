//! Hashes of the passwords in a body. They are made before the transaction, which must not wait for
//! anything but the database.

use std::collections::BTreeMap;

use crate::domain::JsonMap;
use crate::domain::changes::Changes;
use crate::domain::collection::Collection;
use crate::domain::fields::{self, FieldKind};
use crate::services::Error;
use crate::services::app::App;

/// Plain passwords by field, each with its hash.
#[derive(Clone, Default)]
pub struct Hashes(BTreeMap<String, Hashed>);

#[derive(Clone)]
struct Hashed {
    plain: String,
    hash: String,
}

/// What was found out about an old password outside of the transaction.
#[derive(Clone)]
pub struct KnownPassword {
    /// The hash that it was compared with; it counts only while the record has that hash.
    pub hash: String,
    /// Whether they belong together.
    pub right: bool,
}

impl Hashes {
    /// Hashes `passwords`, which are by field, each with a salt of its own.
    ///
    /// # Errors
    /// `Unavailable` when too many hashes wait already.
    pub async fn of(app: &App, passwords: BTreeMap<String, String>) -> Result<Self, Error> {
        let mut hashes = BTreeMap::new();
        for (field, plain) in passwords {
            let hash = app.passwords.hash(plain.clone()).await?;
            hashes.insert(field, Hashed { plain, hash });
        }
        Ok(Self(hashes))
    }

    /// Puts the hash of each password that `changes` bring into the record.
    ///
    /// # Errors
    /// `Unavailable` when one is missing: the fields of the collection changed since.
    pub(super) fn seal(&self, changes: &mut Changes) -> Result<(), Error> {
        for (field, plain) in std::mem::take(&mut changes.passwords) {
            let known = self.0.get(&field).filter(|known| known.plain == plain);
            let known = known.ok_or_else(|| {
                Error::unavailable("the fields changed while a password was hashed")
            })?;
            changes.set_hash(&field, known.hash.clone());
        }
        Ok(())
    }
}

/// Whether `body` has a password that must be hashed: anything that reads as a text, so a number
/// too.
pub(super) fn sends_password(collection: &Collection, body: &JsonMap) -> bool {
    collection
        .fields
        .iter()
        .filter(|field| matches!(field.kind, FieldKind::Password(_)))
        .any(|field| body.get(&field.name).is_some_and(|value| !fields::to_text(value).is_empty()))
}
