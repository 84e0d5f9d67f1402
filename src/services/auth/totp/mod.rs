//! Authenticators: apps that make a code every half minute (TOTP, RFC 6238), as the second factor of
//! accounts whose owners want one, and recovery codes for when the app is lost (design §8).

mod code;
mod recovery;
mod sign_in;
mod tries;

use std::sync::Arc;

use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::app::App;
use crate::services::auth::sessions::{self, Owner};
use crate::services::auth::totp::tries::Tries;
use crate::services::tokens::Session;
use crate::services::{Error, settings};
use crate::store::Tx;
use crate::store::accounts::AccountKey;
use crate::store::authenticators::{self, Authenticator};
pub use sign_in::{Attempt, sign_in};

/// What somebody may know of their authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether a sign-in asks for a code of it.
    pub enabled: bool,
    /// Recovery codes that were not used yet.
    pub recovery_codes: usize,
}

/// What an app has to be told to make codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The secret in base32, to be typed in.
    pub secret: String,
    /// The same as an `otpauth:` address, to be shown as a QR code.
    pub url: String,
}

/// Refuses where accounts cannot have an authenticator.
///
/// # Errors
/// `Forbidden` when `collection` does not offer it.
pub fn require_open(collection: &Collection) -> Result<(), Error> {
    if collection.offers_totp() { Ok(()) } else { Err(Error::Forbidden) }
}

/// What there is to know of the authenticator of an account.
///
/// # Errors
/// When it cannot be read.
pub async fn status(app: &App, owner: &Owner) -> Result<Status, Error> {
    let active = active(app, owner.account()).await?;
    Ok(Status {
        enabled: active.is_some(),
        recovery_codes: active.map_or(0, |authenticator| authenticator.recovery.len()),
    })
}

/// Whether a sign-in as `record` asks for a code.
pub(super) async fn is_enrolled(app: &App, record: &Arc<Record>) -> Result<bool, Error> {
    Ok(active(app, record).await?.is_some())
}

/// The authenticator of `record` that counts: none where the collection does not offer it any more.
async fn active(app: &App, record: &Arc<Record>) -> Result<Option<Authenticator>, Error> {
    if !record.collection().offers_totp() {
        return Ok(None);
    }
    let account = AccountKey::from(&**record);
    let found = app.store.read(move |db| authenticators::of_account(db, &account)).await?;
    Ok(found.filter(|authenticator| authenticator.is_active))
}

/// Refuses an account with an address that nobody proved to be theirs: whoever signs up with the
/// address of somebody else could keep them out for good.
fn require_proven(record: &Record) -> Result<(), Error> {
    let is_proven = record.text("email").is_empty() || record.get("verified") == true;
    // Nobody signs up as a superuser.
    if is_proven || record.collection().name == SUPERUSERS {
        return Ok(());
    }
    Err(Error::Locked("Verify the address of the account first.".to_owned()))
}

/// Begins to give the holder of `session` an authenticator. It counts once a code of it was shown to
/// [`confirm`]; beginning again forgets the secret before.
///
/// # Errors
/// `Forbidden` where there are none, `Locked` unless the holder has just signed in and the address is
/// proven, `BadRequest` when there is one that counts already.
pub async fn enrol(app: &App, session: &Session) -> Result<Enrolment, Error> {
    let record = &session.record;
    require_open(record.collection())?;
    require_proven(record)?;
    sessions::require_fresh(app, session).await?;
    let mut random = Random::system();
    let secret = code::new_secret(&mut random);
    let issuer = settings::current(app).await?.meta.app_name.clone();
    let enrolment = Enrolment { url: code::url(&secret, &issuer, record)?, secret };
    let new = Authenticator {
        id: random.record_id(),
        account: AccountKey::from(&**record),
        is_active: false,
        secret: enrolment.secret.clone(),
        step: 0,
        recovery: Vec::new(),
        created: app.clock.now(),
    };
    let begun = app.store.write(move |tx| {
        if authenticators::lock(tx, &new.account)?.is_some_and(|known| known.is_active) {
            return Err(Error::bad_request("There is an authenticator: remove it first."));
        }
        authenticators::remove(tx, &new.account)?;
        Ok(authenticators::insert(tx, &new)?)
    });
    begun.await.map(|()| enrolment)
}

/// Lets the authenticator that was begun count, since `shown` is a code of it; the recovery codes,
/// which are never told again.
///
/// # Errors
/// `Invalid` when the code is not right, `BadRequest` when nothing was begun, `TooManyRequests` after
/// too many tries.
pub async fn confirm(app: &App, session: &Session, shown: &str) -> Result<Vec<String>, Error> {
    require_open(session.record.collection())?;
    require_proven(&session.record)?;
    sessions::require_fresh(app, session).await?;
    let (account, tries) = (AccountKey::from(&*session.record), Tries::of(&session.record));
    tries.count(app).await?;
    let codes = recovery::new_codes(&mut Random::system());
    let hashes = recovery::hashes(&account, &codes);
    let (now, shown) = (app.clock.now(), shown.to_owned());
    let confirmed = app.store.write(move |tx| {
        let found = authenticators::lock(tx, &account)?.filter(|known| !known.is_active);
        let mut new = found.ok_or_else(|| Error::bad_request("Ask for a secret first."))?;
        let Some(step) = code::step(&new.secret, &shown, now)? else { return Ok(false) };
        (new.is_active, new.step, new.recovery) = (true, step, hashes.clone());
        authenticators::update(tx, &new)?;
        tries.forget(tx)?;
        Ok::<_, Error>(true)
    });
    if confirmed.await? { Ok(codes) } else { Err(Error::invalid("code", code::wrong())) }
}

/// Other recovery codes for the holder of `session`; the ones before are void.
///
/// # Errors
/// `Locked` unless the holder has just signed in, `NotFound` without an authenticator.
pub async fn renew_recovery_codes(app: &App, session: &Session) -> Result<Vec<String>, Error> {
    sessions::require_fresh(app, session).await?;
    let account = AccountKey::from(&*session.record);
    let codes = recovery::new_codes(&mut Random::system());
    let hashes = recovery::hashes(&account, &codes);
    let renewed = app.store.write(move |tx| {
        let found = authenticators::lock(tx, &account)?.filter(|known| known.is_active);
        let new = Authenticator { recovery: hashes.clone(), ..found.ok_or(Error::NotFound)? };
        Ok::<_, Error>(authenticators::update(tx, &new)?)
    });
    renewed.await.map(|()| codes)
}

/// Removes the authenticator of `owner`, at the wish of the holder of `session`; whether there was one
/// does not matter.
///
/// # Errors
/// `Locked` unless the holder has just signed in.
pub async fn remove(app: &App, session: &Session, owner: &Owner) -> Result<(), Error> {
    sessions::require_fresh(app, session).await?;
    let account = owner.key();
    app.store.write(move |tx| authenticators::remove(tx, &account)).await?;
    Ok(())
}

/// Takes `shown` for a code of the account, if it is one that was not taken before: of its
/// authenticator or one of its recovery codes.
fn take(tx: &mut Tx, account: &AccountKey, shown: &str, now: Timestamp) -> Result<bool, Error> {
    let found = authenticators::lock(tx, account)?.filter(|known| known.is_active);
    let Some(mut known) = found else { return Ok(false) };
    if let Some(step) = code::step(&known.secret, shown, now)? {
        if step <= known.step {
            return Ok(false);
        }
        known.step = step;
    } else {
        let hash = recovery::hash(account, shown);
        let Some(at) = known.recovery.iter().position(|left| *left == hash) else {
            return Ok(false);
        };
        known.recovery.remove(at);
    }
    authenticators::update(tx, &known)?;
    Ok(true)
}
