//! Mails with a link that carries a token: to confirm an address, to set a new password (contract B
//! 3.11, 3.12). Who has no account is answered as everybody else, after the same work.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::collection::Collection;
use crate::domain::mail::Message;
use crate::domain::record::Record;
use crate::services::app::App;
use crate::services::auth::address;
use crate::services::mail::{self, Template};
use crate::services::queue::{self, Job};
use crate::services::throttle::{Key, Limit};
use crate::services::tokens::{Grant, Lifetime, TokenKind, issue};
use crate::services::{Error, settings};
use crate::store::Tx;

/// How often an address gets a mail of one kind.
const OFTEN: Limit = Limit { most: 1, window: Duration::from_secs(120) };

/// A kind of mail.
pub(super) struct Link {
    pub(super) template: Template,
    pub(super) grant: Grant<'static>,
    /// Whether an account wants it at all.
    pub(super) is_wanted: fn(&Record) -> bool,
}

/// What became of a request for a mail. Whoever asked must not learn it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailing {
    /// The mail is on its way.
    Queued,
    /// There is none, for this reason.
    Withheld(&'static str),
}

/// Sends the mail to the account with this address, when there is one that wants it and did not get
/// one within the last two minutes.
///
/// # Errors
/// `Invalid` when `email` is no address.
pub(super) async fn send(
    app: &App,
    collection: &Arc<Collection>,
    email: &str,
    link: Link,
) -> Result<Mailing, Error> {
    address::check(email).map_err(|fault| Error::invalid("email", fault))?;
    let (of, asked) = (Arc::clone(collection), email.to_owned());
    let record = app.store.read(move |db| address::account(db, &of, &asked)).await?;
    let message = match record.filter(link.is_wanted) {
        Some(record) => sendable(compose(app, &record, &link).await)?,
        None => None,
    };
    let (key, now) = (key(link.grant.kind(), collection, email), app.clock.now());
    let sent = app.store.write(move |tx| {
        let too_often = OFTEN.count(tx, &key, now)?.is_some();
        match &message {
            Some(message) if !too_often => {
                queue::push(tx, Job::Mail(message.clone()), now)?;
                Ok::<_, Error>(Mailing::Queued)
            }
            Some(_) => Ok(Mailing::Withheld("the account had such a mail a moment ago")),
            None => Ok(Mailing::Withheld("no account of this address wants such a mail")),
        }
    });
    sent.await
}

/// The mail, unless its account has an address that no mail can be sent to: whoever asks must not learn
/// by it that there is an account.
pub(super) fn sendable(composed: Result<Message, Error>) -> Result<Option<Message>, Error> {
    match composed {
        Ok(message) => Ok(Some(message)),
        Err(Error::BadRequest(cause)) => {
            tracing::warn!(cause, "a mail to an account cannot be sent");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn compose(app: &App, record: &Record, link: &Link) -> Result<Message, Error> {
    let token = issue(record, link.grant, Lifetime::Usual, app.clock.now())?;
    let settings = settings::current(app).await?;
    let texts = [("TOKEN", token.as_str())];
    mail::compose(&settings, record, link.template, &texts, record.text("email"))
}

/// Lets the address of `record` get another mail at once.
///
/// # Errors
/// What the database says.
pub(super) fn forget(tx: &mut Tx, kind: TokenKind, record: &Record) -> Result<(), Error> {
    Ok(Limit::forget(tx, &key(kind, record.collection(), record.text("email")))?)
}

fn key(kind: TokenKind, collection: &Collection, email: &str) -> Key {
    Key::of("mail", &[&kind.as_str(), &collection.id, &email.to_ascii_lowercase()])
}
