//! What a batch does inside of its transaction.

use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::collection::Collection;
use crate::domain::fields::to_text;
use crate::domain::random::Random;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::files::uploads::Uploads;
use crate::services::records::batch::settling::{Settled, Unsettled};
use crate::services::records::batch::{Answer, Item, Operation};
use crate::services::records::create::{self, Creation, Written};
use crate::services::records::delete::{self, Deletion};
use crate::services::records::hashes::{Hashes, KnownPassword, sent_passwords};
use crate::services::records::update::{self, Change, Outcome};
use crate::services::records::{Submission, access, answer};
use crate::store::{Db, StoreError, Tx, records};

/// An item with everything that its transaction needs and may not make itself.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) item: Item,
    /// Where ids and keys come from.
    pub(super) random: Random,
    /// What was found out about its passwords, and done about its files.
    pub(super) settled: Settled,
}

/// Why a batch ended without being done.
pub(super) enum Halt {
    /// This item failed.
    Item(usize, Error),
    /// The database failed, whatever the item.
    Whole(Error),
    /// The time is over.
    Late,
    /// There was no place for it; for a short time to wait, that is the same.
    Busy,
    /// All went well as far as it went, but on passwords and files that must be settled first.
    Unsettled(Unsettled),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Deadline => Self::Late,
            StoreError::Busy => Self::Busy,
            error => Self::Whole(error.into()),
        }
    }
}

impl Halt {
    fn of_item(index: usize, error: Error) -> Self {
        match error {
            Error::Unavailable(cause) => match cause.downcast::<StoreError>() {
                Ok(error) => (*error).into(),
                Err(cause) => Self::Whole(Error::Unavailable(cause)),
            },
            error @ Error::Internal(_) => Self::Whole(error),
            error => Self::Item(index, error),
        }
    }
}

/// Does one step after the other. Passwords that are not known yet are stood in for, so that one
/// pass finds all of them; the transaction is undone then.
pub(super) fn in_transaction(tx: &mut Tx, steps: &[Step]) -> Result<Vec<Answer>, Halt> {
    let mut unsettled = Unsettled::default();
    let mut answers = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        match perform(tx, index, step, &mut unsettled) {
            Ok(answer) => answers.push(answer),
            // The failure may follow from an old password that was taken for right.
            Err(_) if unsettled.is_guessed() => return Err(Halt::Unsettled(unsettled)),
            Err(error) => return Err(Halt::of_item(index, error)),
        }
    }
    if unsettled.is_empty() { Ok(answers) } else { Err(Halt::Unsettled(unsettled)) }
}

fn perform(
    tx: &mut Tx,
    index: usize,
    step: &Step,
    unsettled: &mut Unsettled,
) -> Result<Answer, Error> {
    let Item { collection: name, operation, request, .. } = &step.item;
    if let Some(error) = operation.refusal() {
        return Err(error);
    }
    let collection = tx.schema().find(name).cloned().ok_or(Error::NotFound)?;
    access::require_stored(&collection)?;
    let mut act = Act { tx, collection, step, index, unsettled };
    match operation {
        Operation::Create(body) => act.create(body, request),
        Operation::Update(id, body) => act.update(id, body, request),
        Operation::Upsert(body) => act.upsert(body, request),
        Operation::Delete(id) => act.delete(id, request),
        Operation::Refused(_) | Operation::TooMany(_) => {
            Err(Error::internal("an operation that was refused cannot be begun"))
        }
    }
}

/// One step under way.
struct Act<'a> {
    tx: &'a mut Tx,
    collection: Arc<Collection>,
    step: &'a Step,
    index: usize,
    unsettled: &'a mut Unsettled,
}

impl Act<'_> {
    fn upsert(&mut self, body: &Arc<JsonMap>, request: &RequestInfo) -> Result<Answer, Error> {
        let with = |method: &str| RequestInfo { method: method.to_owned(), ..request.clone() };
        match stored_id(self.tx, &self.collection, body)? {
            Some(id) => self.update(&id, body, &with("PATCH")),
            None => self.create(body, &with("POST")),
        }
    }

    fn create(&mut self, body: &Arc<JsonMap>, request: &RequestInfo) -> Result<Answer, Error> {
        access::require_unlocked(self.collection.rules.create.as_ref(), request)?;
        let creation = Creation {
            collection: self.collection.id.clone(),
            body: Arc::clone(body),
            uploads: self.uploads(),
            request: request.clone(),
            random: self.step.random.clone(),
            hashes: self.hashes(body),
            made_up: None,
        };
        let written = create::in_transaction(self.tx, &creation)?;
        self.note(body, &written);
        self.show(written, request)
    }

    fn update(
        &mut self,
        id: &str,
        body: &Arc<JsonMap>,
        request: &RequestInfo,
    ) -> Result<Answer, Error> {
        access::require_unlocked(self.collection.rules.update.as_ref(), request)?;
        let submission = Submission { body: Arc::clone(body), uploads: self.uploads() };
        let mut change = Change::new(&self.collection, id.to_owned(), submission, request.clone());
        change.random = self.step.random.clone();
        change.hashes = self.hashes(body);
        change.known.clone_from(&self.step.settled.known);
        let mut outcome = update::in_transaction(self.tx, &change)?;
        if let Outcome::PasswordMoved(hash) = outcome {
            self.unsettled.guess(self.index, &hash);
            change.known = Some(KnownPassword { hash, right: true });
            outcome = update::in_transaction(self.tx, &change)?;
        }
        let Outcome::Changed(written) = outcome else {
            return Err(Error::unavailable("a locked record has changed"));
        };
        self.note(body, &written);
        self.show(written, request)
    }

    fn delete(&mut self, id: &str, request: &RequestInfo) -> Result<Answer, Error> {
        access::require_unlocked(self.collection.rules.delete.as_ref(), request)?;
        let collection = self.collection.id.clone();
        let deletion = Deletion { collection, id: id.to_owned(), request: request.clone() };
        delete::in_transaction(self.tx, &deletion)?;
        Ok(Answer::Deleted)
    }

    fn hashes(&self, body: &JsonMap) -> Hashes {
        let made = self.step.settled.hashes.clone();
        made.unwrap_or_else(|| Hashes::stand_in(sent_passwords(&self.collection, body)))
    }

    fn uploads(&self) -> Uploads {
        let uploads = &self.step.item.uploads;
        if self.step.settled.stored { uploads.clone() } else { uploads.rehearsed() }
    }

    /// The step went well, so its passwords are worth their hashes, and its files their room.
    fn note(&mut self, body: &JsonMap, written: &Written) {
        if !self.step.settled.stored {
            self.unsettled.files(self.index, &written.record);
        }
        let made = self.step.settled.hashes.is_some();
        if !made && !sent_passwords(&self.collection, body).is_empty() {
            self.unsettled.hash(self.index);
        }
    }

    /// Shown here, since a later step may change or remove it.
    fn show(&mut self, written: Written, request: &RequestInfo) -> Result<Answer, Error> {
        let Written { record, body } = written;
        let request = RequestInfo { body, ..request.clone() };
        answer::one(self.tx, record, &request).map(Answer::Written)
    }
}

/// The id in `body`, when there is such a record.
pub(super) fn stored_id(
    db: &mut Db,
    collection: &Collection,
    body: &JsonMap,
) -> Result<Option<String>, Error> {
    let id = body.get("id").map(to_text).unwrap_or_default();
    if id.is_empty() {
        return Ok(None);
    }
    let collection = access::collection(db, &collection.id)?;
    Ok(records::by_id(db, &collection, &id)?.map(|_| id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_fails_with_is_about_no_item() {
        let halt = |error: StoreError| Halt::of_item(3, error.into());
        assert!(matches!(halt(StoreError::Deadline), Halt::Late));
        assert!(matches!(halt(StoreError::Full), Halt::Whole(Error::Unavailable(_))));
        assert!(matches!(halt(StoreError::Panicked), Halt::Whole(Error::Internal(_))));
        let busy = Error::unavailable("too many hashes");
        assert!(matches!(Halt::of_item(3, busy), Halt::Whole(Error::Unavailable(_))));
        assert!(matches!(Halt::of_item(3, Error::Forbidden), Halt::Item(3, Error::Forbidden)));
    }
}
