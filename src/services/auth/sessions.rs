//! Sessions: every sign-in is one, can be seen, and can be ended (design §8). The tokens of a session
//! name it, so they end with it; tokens that name none are as good as they always were.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::caller::Caller;
use crate::domain::event::Event;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::{current_account, origins};
use crate::services::records::account::{self, Alteration};
use crate::services::tokens::{
    Grant, Lifetime, Session, TokenKind, expiry, is_signed_by, issue_within,
};
use crate::store::accounts::AccountKey;
pub use crate::store::sessions::StoredSession;
use crate::store::{Tx, records, sessions as stored};

/// Sessions that an account may have; the ones used longest ago end when there are more.
const MOST: i64 = 1_000;

/// How long after a sign-in it may change how its account signs in.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// How a session begins.
#[derive(Debug, Clone)]
pub(super) struct Beginning {
    /// The way in: what `_sessions` calls it.
    pub(super) method: &'static str,
    /// Where from.
    pub(super) address: IpAddr,
    /// What its tokens may do.
    pub(super) grant: Grant<'static>,
    /// How long they last.
    pub(super) lifetime: Lifetime,
}

/// Begins a session of `record`; its first token.
///
/// # Errors
/// `BadRequest` when the account has changed since it was read, so that the token would not hold.
pub(super) async fn begin(
    app: &App,
    record: &Arc<Record>,
    beginning: Beginning,
    request: &RequestInfo,
) -> Result<String, Error> {
    let (grant, lifetime, now) = (beginning.grant, beginning.lifetime, app.clock.now());
    let session = StoredSession {
        id: Random::system().record_id(),
        account: AccountKey::from(&**record),
        method: beginning.method.to_owned(),
        address: beginning.address.to_canonical().to_string(),
        agent: origins::agent(request),
        created: now,
        used: now,
        expires: expires(record, lifetime, now),
    };
    let token = issue_within(&session.id, record, grant, lifetime, now)?;
    let (record, signed) = (Arc::clone(record), token.clone());
    let begun = app.store.write(move |tx| {
        let account = current_account(tx, &record)?;
        if !account.is_some_and(|account| is_signed_by(&signed, &account, TokenKind::Auth)) {
            return Err(Error::bad_request("The account has just changed: sign in again."));
        }
        stored::insert(tx, &session)?;
        if stored::remove_beyond(tx, &session.account, MOST)? > 0 {
            tx.emit(Event::SignedOut { record: session.account.record.clone() });
        }
        Ok(())
    });
    begun.await.map(|()| token)
}

/// Another token for the holder of `session`, which lasts as long as the new token.
///
/// # Errors
/// `Unauthenticated` when the session has just ended.
pub(super) async fn renew(app: &App, session: &Session) -> Result<String, Error> {
    let (record, id) = (&session.record, session.claims.session.clone());
    let (grant, lifetime) = (Grant::Auth { refreshable: true }, Lifetime::Usual);
    let now = app.clock.now();
    let token = issue_within(&id, record, grant, lifetime, now)?;
    let expires = expires(record, lifetime, now);
    let is_there = app.store.write(move |tx| stored::extend(tx, &id, now, expires)).await?;
    if is_there { Ok(token) } else { Err(Error::Unauthenticated) }
}

fn expires(record: &Record, lifetime: Lifetime, now: Timestamp) -> Timestamp {
    let seconds = expiry(record, TokenKind::Auth, lifetime, now);
    Timestamp::from_millis(seconds.saturating_mul(1_000)).min(Timestamp::LATEST)
}

/// Notes now and then that `session` is used. Nothing waits for it, and nothing depends on it.
pub(super) fn note_use(app: &App, session: &Session, now: Timestamp) {
    if !session.takes_note(now) {
        return;
    }
    let (store, id) = (app.store.clone(), session.claims.session.clone());
    tokio::spawn(async move {
        if let Err(error) = store.write(move |tx| stored::touch(tx, &id, now)).await {
            tracing::debug!(%error, "the use of a session could not be noted");
        }
    });
}

/// An account whose sessions are looked at or ended.
#[derive(Debug, Clone)]
pub struct Owner {
    account: Arc<Record>,
}

impl Owner {
    /// The caller itself, or for superusers the account `id` of a collection where one is named.
    ///
    /// # Errors
    /// `Unauthenticated` for guests, `Forbidden` for who names somebody else and is no superuser,
    /// `NotFound` when there is no such account.
    pub async fn find(
        app: &App,
        caller: &Caller,
        (collection, id): (&str, &str),
    ) -> Result<Self, Error> {
        let own = caller.record().ok_or(Error::Unauthenticated)?;
        if collection.is_empty() && id.is_empty() {
            return Ok(Self { account: Arc::clone(own) });
        }
        if !caller.is_superuser() {
            return Err(Error::Forbidden);
        }
        let (of, id) = (super::auth_collection(app, collection)?, id.to_owned());
        let account = app.store.read(move |db| records::by_id(db, &of, &id)).await?;
        Ok(Self { account: Arc::new(account.ok_or(Error::NotFound)?) })
    }

    /// Whether it is this account.
    pub fn is(&self, record: &Record) -> bool {
        self.key() == AccountKey::from(record)
    }

    /// The account.
    pub(super) const fn account(&self) -> &Arc<Record> {
        &self.account
    }

    /// What its rows name it by.
    pub(super) fn key(&self) -> AccountKey {
        AccountKey::from(&*self.account)
    }
}

/// The sessions of an account that hold, the one used last first.
///
/// # Errors
/// When they cannot be read.
pub async fn list(app: &App, owner: &Owner) -> Result<Vec<StoredSession>, Error> {
    let (account, now) = (owner.key(), app.clock.now());
    let mut sessions = app.store.read(move |db| stored::of_account(db, &account)).await?;
    sessions.retain(|session| session.expires > now);
    Ok(sessions)
}

/// Ends the session `id`, which is the caller's own, or anybody's for superusers.
///
/// # Errors
/// `Unauthenticated` for guests, `NotFound` when there is no such session, also where it is somebody
/// else's.
pub async fn end(app: &App, caller: &Caller, id: &str) -> Result<(), Error> {
    let own = AccountKey::from(&**caller.record().ok_or(Error::Unauthenticated)?);
    let (any, id) = (caller.is_superuser(), id.to_owned());
    let ended = app.store.write(move |tx| {
        let session = stored::by_id(tx, &id)?.filter(|session| any || session.account == own);
        let session = session.ok_or(Error::NotFound)?;
        stored::remove(tx, &id)?;
        tx.emit(Event::SignedOut { record: session.account.record });
        Ok(())
    });
    ended.await
}

/// Ends all sessions of an account but the one called `kept`; tokens of no session, whose session is
/// called nothing, go on then. Without one to keep nothing holds any more that was signed for the
/// account.
///
/// # Errors
/// `NotFound` when the account has gone.
pub async fn end_all(app: &App, owner: &Owner, kept: Option<String>) -> Result<(), Error> {
    let (account, now, random) = (Arc::clone(&owner.account), app.clock.now(), Random::system());
    let ended = app.store.write(move |tx| {
        let current = current_account(tx, &account)?.ok_or(Error::NotFound)?;
        match &kept {
            Some(kept) => end_others(tx, &current, kept),
            None => {
                let alteration = Alteration { sign_out: true, ..Alteration::default() };
                account::alter(tx, current, &alteration, now, random.clone()).map(|_| ())
            }
        }
    });
    ended.await
}

fn end_others(tx: &mut Tx, account: &Record, kept: &str) -> Result<(), Error> {
    if stored::remove_others(tx, &AccountKey::from(account), kept)? > 0 {
        tx.emit(Event::SignedOut { record: account.id().to_owned() });
    }
    Ok(())
}

/// Ends the session of a token.
///
/// # Errors
/// `BadRequest` for a token of no session: it holds until it expires, and saying otherwise would be
/// a lie.
pub async fn sign_out(app: &App, session: &Session) -> Result<(), Error> {
    if session.claims.session.is_empty() {
        return Err(Error::bad_request(
            "The token belongs to no session and holds until it expires. \
             End all sessions, or change the password, to make it void.",
        ));
    }
    match end(app, &session.caller(), &session.claims.session).await {
        // Somebody else was faster.
        Err(Error::NotFound) => Ok(()),
        ended => ended,
    }
}

/// Refuses who has not signed in a moment ago: what changes how somebody signs in must not be done
/// with a token that was picked up somewhere.
///
/// # Errors
/// `Forbidden` unless the session is fresh.
pub(super) async fn require_fresh(app: &App, session: &Session) -> Result<(), Error> {
    let id = session.claims.session.clone();
    let stored = app.store.read(move |db| stored::by_id(db, &id)).await?;
    let age = |session: StoredSession| app.clock.now().millis() - session.created.millis();
    let fresh = i64::try_from(FRESH.as_millis()).unwrap_or(i64::MAX);
    let has_signed_in =
        |session: &StoredSession| !matches!(session.method.as_str(), IMPERSONATED | ADOPTED);
    if stored.filter(has_signed_in).is_some_and(|session| age(session) <= fresh) {
        return Ok(());
    }
    Err(Error::Locked("Sign in again to change how somebody signs in.".to_owned()))
}

/// What `_sessions` calls the way in of superusers who act as somebody else.
pub(super) const IMPERSONATED: &str = "impersonate";

/// What it calls that of a token which named no session and was renewed: whoever has it may not be
/// whoever signed in.
pub(super) const ADOPTED: &str = "token";
