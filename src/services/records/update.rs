//! Changing a record (contract A 3.5, 3.7).

use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::changes::{Changes, Input};
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::files::uploads::{Stored, Uploads};
use crate::services::records::create::Written;
use crate::services::records::hashes::{Hashes, KnownPassword, sends_password};
use crate::services::records::record_view::RecordView;
use crate::services::records::sign_in_fields::{self, OldPassword, Secrets};
use crate::services::records::{Submission, access, account, answer, checks, own_password};
use crate::store::{Db, Tx, records};

/// Times that an update starts over because the password changed while the old one was checked.
const ATTEMPTS: usize = 3;

/// A change of a record, with everything that its transaction needs and may not make itself.
#[derive(Clone)]
pub struct Change {
    /// Id of the collection.
    pub collection: String,
    /// Id of the record.
    pub id: String,
    /// The body as it was sent.
    pub body: Arc<JsonMap>,
    /// The files that came with it; those that the record will name are stored.
    pub uploads: Uploads,
    /// The request that rules see, without its body.
    pub request: RequestInfo,
    /// Where keys come from.
    pub random: Random,
    /// Hashes of the passwords in the body.
    pub hashes: Hashes,
    /// What was found out about the old password in the body.
    pub known: Option<KnownPassword>,
}

/// What became of a change.
#[derive(Debug)]
pub enum Outcome {
    /// It is made, and this is the record now.
    Changed(Written),
    /// Nothing happened: the old password was not compared with this, the hash that the record
    /// has. [`find_out`] again.
    PasswordMoved(String),
}

/// Changes the record `id` of `collection` and answers it as the caller may see it.
///
/// # Errors
/// `Forbidden` when the rule is locked, `NotFound` when there is no such record or the rule does
/// not hold, `BadRequest` for views, `Invalid` when fields are wrong.
pub async fn update(
    app: &App,
    collection: &Collection,
    id: String,
    submission: impl Into<Submission>,
    request: RequestInfo,
) -> Result<RecordView, Error> {
    access::require_stored(collection)?;
    access::require_unlocked(collection.rules.update.as_ref(), &request)?;
    let mut change = Change::new(collection, id, submission, request.clone());
    let mut stored = None;
    for _ in 0..ATTEMPTS {
        if change.needs_preparation(collection) {
            find_out(app, &mut change).await?;
        }
        if stored.is_none() {
            stored = Some(store_uploads(app, &change).await?);
        }
        let attempt = change.clone();
        match app.store.write(move |tx| in_transaction(tx, &attempt)).await {
            Ok(Outcome::PasswordMoved(_)) => {}
            outcome => {
                let outcome = stored.take().unwrap_or_default().keep_if(app, outcome).await?;
                let Outcome::Changed(Written { record, body }) = outcome else { break };
                return answer::written(app, record, RequestInfo { body, ..request }).await;
            }
        }
    }
    stored.unwrap_or_default().discard(app).await;
    Err(Error::unavailable("the password of the record keeps changing"))
}

impl Change {
    /// The change of the record `id` of `collection` by `body`. When the body has a password,
    /// [`find_out`] must follow.
    pub fn new(
        collection: &Collection,
        id: String,
        submission: impl Into<Submission>,
        request: RequestInfo,
    ) -> Self {
        let Submission { body, uploads } = submission.into();
        Self {
            collection: collection.id.clone(),
            id,
            body,
            uploads,
            request,
            random: Random::system(),
            hashes: Hashes::default(),
            known: None,
        }
    }

    /// Whether something about passwords has to be found out before the transaction.
    fn needs_preparation(&self, collection: &Collection) -> bool {
        sends_password(collection, &self.body)
            || (collection.is_auth() && Secrets::read(&self.body).may_need_old())
    }
}

/// Puts the files that the record will name in their place, when nothing is wrong with the change:
/// otherwise the transaction says what.
async fn store_uploads(app: &App, change: &Change) -> Result<Stored, Error> {
    if change.uploads.is_empty() {
        return Ok(Stored::default());
    }
    let draft = first_draft(app, change).await?;
    if draft.changes.check().is_empty() {
        return change.uploads.store(app, &draft.changes.record).await;
    }
    Ok(Stored::default())
}

/// Finds out whether the old password is right, and makes the hash of the new one. The rule is asked
/// before: who may not change the record learns nothing from the time it takes, and costs no hash.
/// Neither does a new password that is refused.
///
/// # Errors
/// As [`update`].
pub async fn find_out(app: &App, change: &mut Change) -> Result<(), Error> {
    let mut draft = first_draft(app, change).await?;
    if let Some(hash) = draft.unknown {
        let old = Secrets::read(&change.body).old;
        let right = own_password::is_right(app, old, hash.clone()).await?;
        change.known = Some(KnownPassword { hash, right });
        // Now that it is known, every fault is told together.
        draft = first_draft(app, change).await?;
    }
    if draft.unknown.is_none() && draft.changes.check().is_empty() {
        change.hashes = Hashes::of(app, draft.changes.passwords).await?;
    }
    Ok(())
}

/// What the body makes of the record as it is stored before the transaction.
async fn first_draft(app: &App, change: &Change) -> Result<Draft, Error> {
    let change = change.clone();
    let read = app.store.read(move |db| {
        let collection = access::collection(db, &change.collection)?;
        let stored = records::by_id(db, &collection, &change.id)?.ok_or(Error::NotFound)?;
        draft(db, &stored, &change)
    });
    read.await
}

/// The part of [`update`] inside the transaction.
///
/// # Errors
/// As [`update`].
pub fn in_transaction(tx: &mut Tx, change: &Change) -> Result<Outcome, Error> {
    let collection = access::collection(tx, &change.collection)?;
    let old = records::lock(tx, &collection, &change.id)?.ok_or(Error::NotFound)?;
    let Draft { mut changes, unknown, mut random } = draft(tx, &old, change)?;
    if let Some(hash) = unknown {
        return Ok(Outcome::PasswordMoved(hash));
    }
    checks::require_changeable(tx, &old, &changes)?;
    let sets_password = changes.passwords.contains_key("password");
    change.hashes.seal(&mut changes)?;
    let mut new = changes.record;
    if collection.is_auth() {
        account::settle(tx, &old, &mut new, sets_password, &mut random)?;
    }
    change.uploads.settle(tx, Some(&old), &new, change.request.now)?;
    let new = account::save(tx, old, new)?;
    Ok(Outcome::Changed(Written { record: new, body: changes.body }))
}

/// What the body makes of a stored record, once the rule and the sign-in fields have let it through.
struct Draft {
    changes: Changes,
    /// The hash that the old password must be compared with first.
    unknown: Option<String>,
    random: Random,
}

fn draft(db: &mut Db, stored: &Record, change: &Change) -> Result<Draft, Error> {
    let sent = &change.request;
    let input = Input {
        body: &change.body,
        uploads: change.uploads.list(),
        caller: &sent.caller,
        now: sent.now,
    };
    let mut random = change.random.clone();
    let mut changes = Changes::update(stored, &input, &mut random);
    let request = RequestInfo { body: Arc::clone(&changes.body), ..sent.clone() };
    access::require_row(db, stored, stored.collection().rules.update.as_ref(), &request)?;
    let mut unknown = None;
    if stored.collection().is_auth() {
        unknown = check_sign_in(db, stored, &changes.record, change, &request)?;
    }
    changes.complete(sent.now, &mut random);
    Ok(Draft { changes, unknown, random })
}

/// Checks the sign-in fields; answers the hash that the old password is still to be compared with.
fn check_sign_in(
    db: &mut Db,
    stored: &Record,
    next: &Record,
    change: &Change,
    request: &RequestInfo,
) -> Result<Option<String>, Error> {
    let management = access::management(db, stored, request)?;
    let secrets = Secrets::read(&change.body);
    let hash = stored.text("password");
    let old = match &change.known {
        Some(known) if known.hash == hash && known.right => OldPassword::Right,
        Some(known) if known.hash == hash => OldPassword::Wrong,
        _ => OldPassword::Unknown,
    };
    if old == OldPassword::Unknown && sign_in_fields::compares_old_password(&secrets, management) {
        return Ok(Some(hash.to_owned()));
    }
    sign_in_fields::check_updated(stored, next, &secrets, management, old).into_result()?;
    Ok(None)
}
