//! Hashes of the passwords in a body. They are made before the transaction, which must not wait for
//! anything but the database.

use std::collections::BTreeMap;

use crate::domain::JsonMap;
use crate::domain::changes::Changes;
use crate::domain::collection::Collection;
use crate::domain::fields::{self, FieldKind};
use crate::services::Error;
use crate::services::app::App;

/// What stands for a hash that is not made yet. No password has it.
pub(super) const STAND_IN: &str = "-";

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

    /// Stand-ins for the hashes of `passwords`, for a transaction that is going to be undone.
    pub(super) fn stand_in(passwords: BTreeMap<String, String>) -> Self {
        let hashed = |plain| Hashed { plain, hash: STAND_IN.to_owned() };
        Self(passwords.into_iter().map(|(field, plain)| (field, hashed(plain))).collect())
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

/// Whether `body` has a password that must be hashed.
pub(super) fn sends_password(collection: &Collection, body: &JsonMap) -> bool {
    !sent_passwords(collection, body).is_empty()
}

/// The passwords of `body` by field: anything that reads as a text, so a number too.
pub(super) fn sent_passwords(collection: &Collection, body: &JsonMap) -> BTreeMap<String, String> {
    let fields = collection.fields.iter();
    fields
        .filter(|field| matches!(field.kind, FieldKind::Password(_)))
        .map(|field| (&field.name, body.get(&field.name).map(fields::to_text).unwrap_or_default()))
        .filter(|(_, plain)| !plain.is_empty())
        .map(|(name, plain)| (name.clone(), plain))
        .collect()
}
