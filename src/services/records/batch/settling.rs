//! The passwords and files of a batch. They are hashed, compared and stored outside of the transaction,
//! but which of them count is only known inside: a step may be about a record that an earlier one
//! makes. So the transaction is tried first, and costs neither hash nor room when it is refused.

use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::record::Record;
use crate::services::Error;
use crate::services::app::App;
use crate::services::files::uploads::Stored;
use crate::services::records::batch::steps::Step;
use crate::services::records::hashes::{Hashes, KnownPassword, STAND_IN, sent_passwords};
use crate::services::records::own_password;
use crate::services::records::sign_in_fields::Secrets;

/// What was found out about the passwords of a step.
#[derive(Clone, Default)]
pub(super) struct Settled {
    /// Hashes of the new ones.
    pub(super) hashes: Option<Hashes>,
    /// Whether the old one is right.
    pub(super) known: Option<KnownPassword>,
    /// Whether its files are in their place.
    pub(super) stored: bool,
}

/// What is to be found out.
#[derive(Default)]
pub(super) struct Unsettled {
    /// Steps whose new passwords have no hashes.
    hashes: Vec<usize>,
    /// Steps whose old password is to be compared with this hash.
    old: Vec<(usize, String)>,
    /// Steps whose files are not stored, with the record that names them.
    files: Vec<(usize, Arc<Record>)>,
    guessed: bool,
}

impl Unsettled {
    pub(super) const fn is_empty(&self) -> bool {
        self.hashes.is_empty() && self.old.is_empty() && self.files.is_empty()
    }

    /// Whether an old password was taken for right.
    pub(super) const fn is_guessed(&self) -> bool {
        self.guessed
    }

    pub(super) fn hash(&mut self, step: usize) {
        self.hashes.push(step);
    }

    /// The files of `step` are named by `record` and not stored.
    pub(super) fn files(&mut self, step: usize, record: &Arc<Record>) {
        self.files.push((step, Arc::clone(record)));
    }

    /// The old password of `step` was taken for right. A hash that is stood in for is compared with
    /// the next time.
    pub(super) fn guess(&mut self, step: usize, hash: &str) {
        self.guessed = true;
        if hash != STAND_IN {
            self.old.push((step, hash.to_owned()));
        }
    }
}

/// Finds out and puts in its place what is not settled. Files that are stored are added to `stored`.
pub(super) async fn settle(
    app: &App,
    steps: &mut [Step],
    stored: &mut Vec<Stored>,
    unsettled: Unsettled,
) -> Result<(), Error> {
    for (index, hash) in unsettled.old {
        let step = &mut steps[index];
        let old = step.item.body().map(|body| Secrets::read(body).old).unwrap_or_default();
        let right = own_password::is_right(app, old, hash.clone()).await?;
        step.settled.known = Some(KnownPassword { hash, right });
        if !right {
            // The batch is refused because of it: no reason to hash anything.
            return Ok(());
        }
    }
    let schema = app.store.schema();
    for index in unsettled.hashes {
        let step = &mut steps[index];
        let collection = schema.find(&step.item.collection).ok_or(Error::NotFound)?;
        let passwords = step.item.body().map(|body: &JsonMap| sent_passwords(collection, body));
        step.settled.hashes = Some(Hashes::of(app, passwords.unwrap_or_default()).await?);
    }
    for (index, record) in unsettled.files {
        let step = &mut steps[index];
        stored.push(step.item.uploads.store(app, &record).await?);
        step.settled.stored = true;
    }
    Ok(())
}
