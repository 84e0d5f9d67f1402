//! The inbox of mails that are not sent, since there is no mail server: for superusers to look at.

use crate::domain::mail::Message;
use crate::services::Error;
use crate::services::app::App;
use crate::store::mails;
pub use crate::store::mails::{Envelope, StoredMail};

/// Keeps a mail; keeping it twice is keeping it once.
pub(super) async fn keep(app: &App, message: &Message) -> Result<(), Error> {
    let mail = StoredMail {
        envelope: Envelope {
            id: message.id.clone(),
            message_id: message.message_id(),
            sender: message.from.to_string(),
            recipient: message.to.to_string(),
            subject: message.subject.to_string(),
            created: app.clock.now(),
        },
        html: message.html.clone(),
        text: message.text.clone(),
    };
    Ok(app.store.write(move |tx| mails::keep(tx, &mail)).await?)
}

/// All mails, the newest first.
///
/// # Errors
/// When they cannot be read.
pub async fn list(app: &App) -> Result<Vec<Envelope>, Error> {
    Ok(app.store.read(mails::list).await?)
}

/// The mail with this id.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn view(app: &App, id: &str) -> Result<StoredMail, Error> {
    let id = id.to_owned();
    app.store.read(move |db| mails::by_id(db, &id)).await?.ok_or(Error::NotFound)
}

/// Forgets all mails.
///
/// # Errors
/// When they cannot be removed.
pub async fn clear(app: &App) -> Result<(), Error> {
    Ok(app.store.write(mails::clear).await?)
}
