//! Signing in by a code that was sent by mail (contract B 3.6, 3.7). Who has no account is answered
//! as everybody else, after the same work.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::collection::{Collection, Otp};
use crate::domain::event::Event;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::domain::system::OTPS;
use crate::domain::time::Timestamp;
use crate::services::app::App;
use crate::services::auth::answer::{self, Entry, Way};
use crate::services::auth::rows::{self, Ingredients};
use crate::services::auth::{Method, address, current_account, links, options, unguessable};
use crate::services::mail::{self, Template};
use crate::services::queue::{self, Job};
use crate::services::records::account::{self, Alteration};
use crate::services::records::hashes::Hashes;
use crate::services::throttle::{Key, Limit, network};
use crate::services::{Error, settings};
use crate::store::{Db, Tx, accounts, records};

/// Codes of one account that may hold at one time; more are not sent (contract B 3.6).
const MOST_CODES: usize = 10;

/// Digits of a code that a password field can hold.
const MOST_DIGITS: usize = 71;

/// Most bytes of an id.
const LONGEST_ID: usize = 255;

/// Tries that an address has at the codes of one account (contract B 3.7).
const BY_ADDRESS: Limit = Limit { most: 5, window: Duration::from_secs(180) };

/// Tries that all addresses together have at one code.
const MOST_TRIES: usize = 20;

/// A code that somebody types in.
#[derive(Clone)]
pub struct Attempt {
    /// The id that [`request`] answered.
    pub otp_id: String,
    /// The code.
    pub code: String,
    /// Where the attempt comes from.
    pub address: IpAddr,
}

/// Refuses when `collection` does not let anybody in by a code. Asked before the body is read.
///
/// # Errors
/// `Forbidden` when this way in is closed.
pub fn require_open(collection: &Collection) -> Result<(), Error> {
    if options(collection)?.otp.enabled { Ok(()) } else { Err(Error::Forbidden) }
}

/// Sends a code to the account with this address; the id to name it by. Without such an account
/// nothing is sent, and the code that nobody knows is nobody's.
///
/// # Errors
/// `Forbidden` when this way in is closed, `Invalid` when `email` is no address.
pub async fn request(
    app: &App,
    collection: &Arc<Collection>,
    email: String,
) -> Result<String, Error> {
    require_open(collection)?;
    address::check(&email).map_err(|fault| Error::invalid("email", fault))?;
    let mut random = Random::system();
    let (id, code) = (random.record_id(), digits(&options(collection)?.otp, &mut random));
    let hashes = Hashes::of(app, [("password".to_owned(), code.clone())].into()).await?;
    let made_of = Ingredients { now: app.clock.now(), random, hashes };
    let (of, asked) = (Arc::clone(collection), email.clone());
    let record = app.store.read(move |db| address::account(db, &of, &asked)).await?;
    let mail = match &record {
        Some(record) => {
            let settings = settings::current(app).await?;
            let texts = [("OTP", code.as_str()), ("OTP_ID", id.as_str())];
            let to = record.text("email");
            links::sendable(mail::compose(&settings, record, Template::Otp, &texts, to))?
        }
        None => None,
    };
    let (of, duration) = (Arc::clone(collection), lifetime(&options(collection)?.otp));
    let limit = Limit { most: MOST_CODES, window: duration };
    let asked = Key::of("codes", &[&collection.id, &email.to_ascii_lowercase()]);
    let owner = record.as_ref().map_or_else(|| nobody(collection, &email), |of| of.id().to_owned());
    let sent = app.store.write(move |tx| {
        if let Some(newest) = instead(tx, (limit, &asked), (&of, &owner), made_of.now)? {
            return Ok(newest);
        }
        let fields = [("id", id.as_str()), ("password", code.as_str())];
        rows::create_for(tx, OTPS, (&of.id, &owner), fields, &made_of)?;
        if let Some(mail) = &mail {
            let job = Job::OtpMail { otp: id.clone(), message: mail.clone() };
            queue::push(tx, job, made_of.now)?;
        }
        Ok::<_, Error>(id.clone())
    });
    sent.await
}

/// Whose the codes are that are made for an address without an account: nobody's, but each time the
/// same, so that all that follows is as for an account.
fn nobody(collection: &Collection, email: &str) -> String {
    unguessable(collection, "nobody", &email.to_ascii_lowercase())
}

pub(super) fn digits(otp: &Otp, random: &mut Random) -> String {
    let length = usize::try_from(otp.length).unwrap_or_default().min(MOST_DIGITS);
    random.text(length, b"0123456789")
}

pub(super) const fn lifetime(otp: &Otp) -> Duration {
    Duration::from_secs(otp.duration.unsigned_abs())
}

/// The id of the newest code of the account `owner`, when so many were asked for that there are no
/// more; otherwise one more is counted.
fn instead(
    tx: &mut Tx,
    (limit, asked): (Limit, &Key),
    (collection, owner): (&Collection, &str),
    now: Timestamp,
) -> Result<Option<String>, Error> {
    if limit.count(tx, asked, now)?.is_none() {
        return Ok(None);
    }
    let otps = rows::collection(tx, OTPS)?;
    let codes = accounts::belongings(tx, &otps, collection, owner)?.into_iter();
    let holding = codes.filter(|code| !rows::is_older(code, limit.window, now));
    let newest = holding.max_by(|a, b| a.text("created").cmp(b.text("created")));
    if newest.is_none() {
        // All of them are used up, so what holds is counted from here.
        limit.begin(tx, asked, now)?;
    }
    Ok(newest.map(|code| code.id().to_owned()))
}

/// Signs in by a code. `request` is what the caller was before, with the body as it was sent.
///
/// # Errors
/// `Forbidden` when this way in is closed or the `authRule` says no, `Invalid` for fields that are
/// missing or too long, `TooManyRequests` after too many tries, `BadRequest` when the code is not
/// that of the id, or no longer.
pub async fn sign_in(
    app: &App,
    collection: &Arc<Collection>,
    attempt: Attempt,
    request: RequestInfo,
) -> Result<Entry, Error> {
    require_open(collection)?;
    check(&attempt).into_result()?;
    let way = Way { method: Method::Otp, address: attempt.address };
    let code = find(app, collection, &attempt.otp_id).await?;
    count(app, collection, code.as_ref(), &attempt).await?;
    let hash = code.as_ref().map(|code| code.row.text("password").to_owned());
    let right = app.passwords.verify(attempt.code, hash.unwrap_or_default()).await?;
    let Some(code) = code.filter(|_| right) else { return Err(refusal()) };
    let record = redeem(app, code).await?.ok_or_else(refusal)?;
    let request = RequestInfo { context: RequestContext::Otp, ..request };
    answer::conclude(app, record, way, request).await
}

fn refusal() -> Error {
    Error::bad_request("The code is not right, or no longer.")
}

fn check(attempt: &Attempt) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let texts = [("otpId", &attempt.otp_id, LONGEST_ID), ("password", &attempt.code, MOST_DIGITS)];
    for (name, value, longest) in texts {
        if value.is_empty() {
            errors.add(name, Fault::required());
        } else if value.len() > longest {
            errors.add(name, Fault::length(1, longest));
        }
    }
    errors
}

/// A code that holds, and whose it is: nobody's, where there was no account to send it to.
struct Code {
    row: Record,
    record: Option<Record>,
}

async fn find(app: &App, collection: &Arc<Collection>, id: &str) -> Result<Option<Code>, Error> {
    let (of, id, now) = (Arc::clone(collection), id.to_owned(), app.clock.now());
    app.store.read(move |db| find_within(db, &of, &id, now)).await
}

fn find_within(
    db: &mut Db,
    collection: &Arc<Collection>,
    id: &str,
    now: Timestamp,
) -> Result<Option<Code>, Error> {
    let otps = rows::collection(db, OTPS)?;
    let row = records::by_id(db, &otps, id)?;
    let duration = lifetime(&options(collection)?.otp);
    let holds = |row: &Record| {
        row.text("collectionRef") == collection.id && !rows::is_older(row, duration, now)
    };
    let Some(row) = row.filter(holds) else { return Ok(None) };
    let record = records::by_id(db, collection, row.text("recordRef"))?;
    Ok(Some(Code { row, record }))
}

/// Counts a try before the code is compared, so that none is free. The right code counts too, and so
/// does one that there is not.
async fn count(
    app: &App,
    collection: &Collection,
    code: Option<&Code>,
    attempt: &Attempt,
) -> Result<(), Error> {
    let owner = code.map_or(attempt.otp_id.as_str(), |code| code.row.text("recordRef"));
    let place = network(attempt.address);
    let by_address = Key::of("code", &[&collection.id, &owner, &place]);
    let by_code = Key::of("code", &[&attempt.otp_id]);
    let of_code = Limit { most: MOST_TRIES, window: lifetime(&options(collection)?.otp) };
    let now = app.clock.now();
    let wait = app.store.write(move |tx| {
        let wait = BY_ADDRESS.count(tx, &by_address, now)?;
        Ok::<_, Error>(wait.max(of_code.count(tx, &by_code, now)?))
    });
    match wait.await? {
        Some(retry_after) => Err(Error::TooManyRequests { retry_after }),
        None => Ok(()),
    }
}

/// Uses the code up; the account as it is now. Nothing when somebody else was faster. A code proves
/// that whoever types it in reads the mails of the address that it was sent to.
async fn redeem(app: &App, code: Code) -> Result<Option<Arc<Record>>, Error> {
    let Code { row, record: Some(record) } = code else { return Ok(None) };
    let proves = row.text("sentTo");
    let proves = !proves.is_empty() && proves == record.text("email");
    let mut alteration = Alteration::default();
    if proves && record.get("verified") == false {
        alteration.verify = true;
        // Whoever made the account before the owner of the address came may know its password.
        if !options(record.collection())?.mfa.enabled {
            alteration.password = Some(app.passwords.hash(Random::system().secret()).await?);
        }
    }
    let (now, random) = (app.clock.now(), Random::system());
    let redeemed = app.store.write(move |tx| {
        let Some(record) = use_up(tx, &row, &record)? else { return Ok(None) };
        if record.get("verified") == true {
            return Ok(Some(Arc::new(record)));
        }
        account::alter(tx, record, &alteration, now, random.clone()).map(Some)
    });
    redeemed.await
}

/// Removes the code; the account behind it, locked, when both are still what they were.
fn use_up(tx: &mut Tx, row: &Record, record: &Record) -> Result<Option<Record>, Error> {
    let otps = rows::collection(tx, OTPS)?;
    let stored = records::lock(tx, &otps, row.id())?;
    let unchanged = |stored: &Record| stored.text("password") == row.text("password");
    let Some(stored) = stored.filter(unchanged) else { return Ok(None) };
    let account = current_account(tx, record)?;
    records::remove(tx, &otps, stored.id())?;
    tx.emit(Event::Deleted(Arc::new(stored)));
    Ok(account.filter(|account| account.text("email") == record.text("email")))
}
