//! Mails: what they say, and how they leave. A request never waits for one to be sent: it queues the
//! mail with the change that it is about ([`crate::services::queue`]).

pub mod alert;
pub mod inbox;
mod layout;
mod send;
mod smtp;
#[cfg(test)]
mod tests;
pub mod trial;

pub use send::deliver;
pub(in crate::services) use smtp::greet;

use html2text::config;

use crate::domain::collection::{EmailTemplate, MailTexts};
use crate::domain::mail::placeholders::{Place, Values, fill};
use crate::domain::mail::{Address, Line, Message, Sender};
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::record::Record;
use crate::domain::settings::Settings;
use crate::services::Error;
use crate::services::mail::layout::Page;

/// Characters of a line of the plain text. Links are longer and stay whole.
const WIDTH: usize = 78;

/// Which of a collection's texts a mail has (contract B 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Asks to confirm an address.
    Verification,
    /// Offers a new password.
    PasswordReset,
    /// Asks to confirm another address.
    EmailChange,
    /// Carries a code.
    Otp,
    /// Tells of a sign-in.
    AuthAlert,
    /// Tells the old address of a new one.
    AddressChanged,
}

impl Template {
    const fn of(self, texts: &MailTexts) -> &EmailTemplate {
        match self {
            Self::Verification => &texts.verification,
            Self::PasswordReset => &texts.password_reset,
            Self::EmailChange => &texts.email_change,
            Self::Otp => &texts.otp,
            Self::AuthAlert => &texts.auth_alert,
            Self::AddressChanged => &texts.address_changed,
        }
    }
}

/// The mail to `to` about `record`, in the words of the record's collection. `extra` are the
/// placeholders of this template, such as `("TOKEN", token)`; they are plain texts, which are escaped
/// here where they go into HTML.
///
/// # Errors
/// `BadRequest` when `to` is no address, `Internal` when the record is of no auth collection.
pub fn compose(
    settings: &Settings,
    record: &Record,
    template: Template,
    extra: &[(&str, &str)],
    to: &str,
) -> Result<Message, Error> {
    let options = record.collection().auth();
    let options = options.ok_or_else(|| Error::internal("mails are for records that sign in"))?;
    let language = settings.mail_language;
    let texts = MailTexts::of(options, language);
    let text = template.of(&texts);
    let meta = &settings.meta;
    let literal =
        [("APP_NAME", meta.app_name.as_str()), ("APP_URL", meta.app_url.trim_end_matches('/'))];
    let values = Values { literal: &literal, texts: extra, record };
    let subject = Line::new(&fill(&text.subject, &values, Place::Line));
    let body = fill(&text.body, &values, Place::Html).replace('\0', "");
    let page =
        Page { subject: subject.as_str(), body: &body, language, accent: &meta.accent_color };
    let html = layout::render(&page)?;
    let text = plain(&body)?;
    let to = Address::parse(to)
        .ok_or_else(|| Error::bad_request("The address to send the mail to is none."))?;
    let id = Random::system().text(24, LOWER_ALPHANUMERIC);
    Ok(Message { id, from: sender(settings)?, to, subject, html, text })
}

fn sender(settings: &Settings) -> Result<Sender, Error> {
    let meta = &settings.meta;
    let address = Address::parse(&meta.sender_address)
        .ok_or_else(|| Error::bad_request("The sender's address in the settings is none."))?;
    Ok(Sender { name: Line::new(&meta.sender_name), address })
}

/// The text of HTML, with the addresses of its links below it.
fn plain(html: &str) -> Result<String, Error> {
    let text = config::plain().no_link_wrapping().string_from_read(html.as_bytes(), WIDTH);
    text.map_err(Error::internal)
}
