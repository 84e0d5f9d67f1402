//! Another address for an account (contract B 3.13). The new one proves itself by a mail, and the old
//! one is told.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::mail::Message;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::settings::Settings;
use crate::services::app::App;
use crate::services::auth::address;
use crate::services::auth::mailed_token::{self, MailedToken};
use crate::services::mail::{self, Template};
use crate::services::queue::{self, Job};
use crate::services::records::account::{self, Alteration};
use crate::services::records::own_password;
use crate::services::throttle::{Key, Limit};
use crate::services::tokens::{Grant, Lifetime, TokenKind, claims_of_any, issue};
use crate::services::{Error, settings};

/// Mails that one account may have sent to addresses that are not its own.
const OFTEN: Limit = Limit { most: 10, window: Duration::from_secs(60 * 60) };

/// Most bytes of the password that confirms a change.
const LONGEST_PASSWORD: usize = 100;

/// Sends the mail to the new address of `record`.
///
/// # Errors
/// `BadRequest` for superusers, who change their address themselves; `Invalid` when `new_email` is no
/// address, or taken; `TooManyRequests` after too many mails.
pub async fn request(app: &App, record: &Arc<Record>, new_email: &str) -> Result<(), Error> {
    let collection = record.collection();
    if collection.name == SUPERUSERS {
        return Err(Error::bad_request("Superusers change their address in their record."));
    }
    check(new_email, record).map_err(|fault| Error::invalid("newEmail", fault))?;
    if is_taken(app, collection, new_email).await? {
        let fault = Fault::new("validation_invalid_new_email", "The address cannot be used.");
        return Err(Error::invalid("newEmail", fault));
    }
    let now = app.clock.now();
    let token = issue(record, Grant::EmailChange { new_email }, Lifetime::Usual, now)?;
    let settings = settings::current(app).await?;
    let texts = [("TOKEN", token.as_str())];
    let message = mail::compose(&settings, record, Template::EmailChange, &texts, new_email)?;
    let key = Key::of("mail", &[&TokenKind::EmailChange.as_str(), &collection.id, &record.id()]);
    let sent = app.store.write(move |tx| {
        let wait = OFTEN.count(tx, &key, now)?;
        if wait.is_none() {
            queue::push(tx, Job::Mail(message.clone()), now)?;
        }
        Ok::<_, Error>(wait)
    });
    match sent.await? {
        Some(retry_after) => Err(Error::TooManyRequests { retry_after }),
        None => Ok(()),
    }
}

fn check(new_email: &str, record: &Record) -> Result<(), Fault> {
    address::check(new_email)?;
    if new_email == record.text("email") {
        let message = "It is the address of the account already.";
        return Err(Fault::new("validation_not_in_invalid", message));
    }
    Ok(())
}

async fn is_taken(app: &App, collection: &Arc<Collection>, email: &str) -> Result<bool, Error> {
    let (of, email) = (Arc::clone(collection), email.to_owned());
    let found = app.store.read(move |db| address::account(db, &of, &email)).await?;
    Ok(found.is_some())
}

/// Changes the address. Every token of the account ends, this one too.
///
/// # Errors
/// `Invalid` when the token is not good for it, the address is taken meanwhile or the password is not
/// that of the account.
pub async fn confirm(
    app: &App,
    collection: &Arc<Collection>,
    token: &str,
    password: String,
) -> Result<(), Error> {
    let mut errors = FieldErrors::new();
    let read = read_token(app, collection, token).await?;
    let token = read.map_err(|fault| errors.add("token", fault)).ok();
    let hash = token.as_ref().map(|token| token.record.text("password").to_owned());
    let checked = check_password(app, password, hash.as_deref()).await?;
    checked.unwrap_or_else(|fault| errors.add("password", fault));
    errors.into_result()?;
    let (token, hash) =
        token.zip(hash).ok_or_else(|| Error::internal("a token that is neither good nor bad"))?;
    let new_email = token.claims.text("newEmail").to_owned();
    let settings = settings::current(app).await?;
    let notice = notice(&settings, &token.record, &new_email)?;
    let alteration = Alteration { email: Some(new_email), verify: true, ..Alteration::default() };
    let (now, random) = (app.clock.now(), Random::system());
    let confirmed = app.store.write(move |tx| {
        let account = token.lock(tx)?;
        if account.text("password") != hash {
            return Err(Error::invalid("token", mailed_token::invalid()));
        }
        if let Some(notice) = &notice {
            queue::push(tx, Job::Mail(notice.clone()), now)?;
        }
        account::alter(tx, account, &alteration, now, random.clone()).map(|_| ())
    });
    confirmed.await.map_err(|error| match error {
        // Somebody else was faster.
        Error::Invalid(errors) if errors.iter().any(|(field, _)| field == "email") => {
            Error::invalid("token", taken())
        }
        error => error,
    })
}

fn taken() -> Fault {
    Fault::new("validation_invalid_token_email", "The address cannot be used any more.")
}

/// The mail to the old address, where there was one.
fn notice(settings: &Settings, record: &Record, new_email: &str) -> Result<Option<Message>, Error> {
    let (old_email, texts) = (record.text("email"), [("NEW_EMAIL", new_email)]);
    if old_email.is_empty() {
        return Ok(None);
    }
    mail::compose(settings, record, Template::AddressChanged, &texts, old_email).map(Some)
}

async fn read_token(
    app: &App,
    collection: &Arc<Collection>,
    token: &str,
) -> Result<Result<MailedToken, Fault>, Error> {
    let claims = claims_of_any(token);
    let has_address = |claims: &crate::domain::JsonMap| {
        claims.get("newEmail").is_some_and(|email| email.as_str().is_some_and(|e| !e.is_empty()))
    };
    if !token.is_empty() && !claims.is_some_and(|claims| has_address(&claims)) {
        let message = "The token says nothing of a new address.";
        return Ok(Err(Fault::new("validation_invalid_token_payload", message)));
    }
    let read = MailedToken::read(app, collection, token, TokenKind::EmailChange).await?;
    let Ok(token) = read else { return Ok(read) };
    if is_taken(app, collection, token.claims.text("newEmail")).await? {
        return Ok(Err(taken()));
    }
    Ok(Ok(token))
}

/// Without an account no password is right.
async fn check_password(
    app: &App,
    password: String,
    hash: Option<&str>,
) -> Result<Result<(), Fault>, Error> {
    if password.is_empty() {
        return Ok(Err(Fault::required()));
    }
    if password.len() > LONGEST_PASSWORD {
        return Ok(Err(Fault::length(1, LONGEST_PASSWORD)));
    }
    let right = match hash {
        Some(hash) => own_password::is_right(app, password, hash.to_owned()).await?,
        None => false,
    };
    let message = "That is not the password of the account.";
    Ok(if right { Ok(()) } else { Err(Fault::new("validation_invalid_password", message)) })
}
