//! Creating a record (contract A 3.4).

use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::changes::{Changes, Input};
use crate::domain::collection::Collection;
use crate::domain::event::Event;
use crate::domain::fields::fits_hash;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::files::uploads::{Stored, Uploads};
use crate::services::records::hashes::{Hashes, sends_password};
use crate::services::records::record_view::RecordView;
use crate::services::records::sign_in_fields::{self, Secrets};
use crate::services::records::{Submission, access, answer, checks, system_refs};
use crate::store::{Db, Tx, records};

/// A record to be created, with everything that its transaction needs and may not make itself.
#[derive(Clone)]
pub struct Creation {
    /// Id of the collection.
    pub collection: String,
    /// The body as it was sent.
    pub body: Arc<JsonMap>,
    /// The files that came with it; those that the record will name are stored.
    pub uploads: Uploads,
    /// The request that rules see, without its body.
    pub request: RequestInfo,
    /// Where ids and keys come from.
    pub random: Random,
    /// Hashes of the passwords in the body.
    pub hashes: Hashes,
    /// The hash of a password that the server made up, for an account that somebody else vouches for.
    /// It takes the place of the body's, and no check of passwords is about it.
    pub made_up: Option<String>,
}

/// A record that is stored now.
#[derive(Debug)]
pub struct Written {
    /// The record.
    pub record: Arc<Record>,
    /// What `@request.body` holds in the rules that decide what is shown of it.
    pub body: Arc<JsonMap>,
}

/// Creates a record of `collection` and answers it as the caller may see it.
///
/// # Errors
/// `Forbidden` when the rule is locked, `BadRequest` when it does not hold and for views, `Invalid`
/// when fields are wrong.
pub async fn create(
    app: &App,
    collection: &Collection,
    submission: impl Into<Submission>,
    request: RequestInfo,
) -> Result<RecordView, Error> {
    access::require_stored(collection)?;
    access::require_unlocked(collection.rules.create.as_ref(), &request)?;
    let (creation, stored) = prepare(app, collection, submission, request.clone()).await?;
    let written = app.store.write(move |tx| in_transaction(tx, &creation)).await;
    let Written { record, body } = stored.keep_if(app, written).await?;
    answer::written(app, record, RequestInfo { body, ..request }).await
}

/// Everything that [`in_transaction`] needs and that must be made outside of it: the ids to come, the
/// hashes of passwords, and the files in their place.
///
/// # Errors
/// As [`create`], when a password or a file is sent: a refused request must cost neither a hash nor
/// room, so all is checked before.
pub async fn prepare(
    app: &App,
    collection: &Collection,
    submission: impl Into<Submission>,
    request: RequestInfo,
) -> Result<(Creation, Stored), Error> {
    prepare_with(app, collection, Creation::new(collection, submission, request)).await
}

/// The same for a creation that has more to it.
///
/// # Errors
/// As [`prepare`].
pub async fn prepare_with(
    app: &App,
    collection: &Collection,
    mut creation: Creation,
) -> Result<(Creation, Stored), Error> {
    let mut stored = Stored::default();
    if sends_password(collection, &creation.body) || !creation.uploads.is_empty() {
        let checked = creation.clone();
        let draft = app.store.read(move |db| draft(db, &checked)).await?;
        if draft.check().is_empty() {
            creation.hashes = Hashes::of(app, draft.passwords).await?;
            stored = creation.uploads.store(app, &draft.record).await?;
        }
    }
    Ok((creation, stored))
}

impl Creation {
    /// The creation of a record of `collection` from what was sent. When that has a password or a
    /// file, [`prepare_with`] must follow.
    pub fn new(
        collection: &Collection,
        submission: impl Into<Submission>,
        request: RequestInfo,
    ) -> Self {
        let Submission { body, uploads } = submission.into();
        Self {
            collection: collection.id.clone(),
            body,
            uploads,
            request,
            random: Random::system(),
            hashes: Hashes::default(),
            made_up: None,
        }
    }
}

/// The part of [`create`] inside the transaction.
///
/// # Errors
/// As [`create`].
pub fn in_transaction(tx: &mut Tx, creation: &Creation) -> Result<Written, Error> {
    let mut draft = draft(tx, creation)?;
    checks::require_creatable(tx, &draft)?;
    creation.hashes.seal(&mut draft)?;
    let record = Arc::new(draft.record);
    creation.uploads.settle(tx, None, &record, creation.request.now)?;
    records::insert(tx, &record).map_err(|error| checks::not_unique(&record, error))?;
    system_refs::retire_installer(tx, &record)?;
    tx.emit(Event::Created(Arc::clone(&record)));
    Ok(Written { record, body: draft.body })
}

/// The same for a record that the product makes by itself and knows to be right.
///
/// # Errors
/// What the database says.
pub(in crate::services) fn unchecked(
    tx: &mut Tx,
    creation: &Creation,
) -> Result<Arc<Record>, Error> {
    let mut draft = draft(tx, creation)?;
    creation.hashes.seal(&mut draft)?;
    let record = Arc::new(draft.record);
    records::insert(tx, &record)?;
    tx.emit(Event::Created(Arc::clone(&record)));
    Ok(record)
}

/// What the body makes of the record, once the rule and the sign-in fields have let it through.
fn draft(db: &mut Db, creation: &Creation) -> Result<Changes, Error> {
    let collection = access::collection(db, &creation.collection)?;
    let sent = &creation.request;
    let input = Input {
        body: &creation.body,
        uploads: creation.uploads.list(),
        caller: &sent.caller,
        now: sent.now,
    };
    let mut random = creation.random.clone();
    let mut changes = Changes::create(&collection, &input, &mut random);
    let request = RequestInfo { body: Arc::clone(&changes.body), ..sent.clone() };
    require_rule(db, &changes, &request)?;
    if collection.is_auth() {
        let management = access::would_be_management(db, &changes.record, &request)?;
        let secrets = creation.made_up.is_none().then(|| Secrets::read(&creation.body));
        let faults = sign_in_fields::check_created(&changes.record, secrets.as_ref(), management);
        faults.into_result()?;
    }
    if let Some(hash) = &creation.made_up {
        changes.set_hash("password", hash.clone());
    }
    changes.complete(sent.now, &mut random);
    Ok(changes)
}

/// The rule runs over the row as it would be, and its refusal names no field. Neither does that of a
/// password that no row can have (contract B 1.1).
fn require_rule(db: &mut Db, changes: &Changes, request: &RequestInfo) -> Result<(), Error> {
    let record = &changes.record;
    if request.caller.is_superuser() {
        return Ok(());
    }
    let rule = record.collection().rules.create.as_ref().ok_or(Error::Forbidden)?;
    if !changes.passwords.values().all(|password| fits_hash(password)) {
        return Err(Error::bad_request(
            "The record cannot be created: a password is longer than 72 bytes.",
        ));
    }
    if access::would_hold(db, record, rule, request)? {
        Ok(())
    } else {
        Err(Error::bad_request("The record cannot be created: the rules do not allow it."))
    }
}
