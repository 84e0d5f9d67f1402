//! A mail that is sent to see whether mails are sent (contract B 6.5): at once, and whoever asked
//! hears how it went.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::fields::{FieldKind, is_email};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::record::Record;
use crate::services::app::App;
use crate::services::mail::{self, Template};
use crate::services::{Error, settings};

/// Most bytes of an address.
const LONGEST: usize = 255;

/// The words for templates.
const TEMPLATES: [(&str, Template); 5] = [
    ("verification", Template::Verification),
    ("password-reset", Template::PasswordReset),
    ("email-change", Template::EmailChange),
    ("otp", Template::Otp),
    ("login-alert", Template::AuthAlert),
];

/// What stands for the secrets of a real mail.
const EXAMPLES: [(&str, &str); 4] = [
    ("TOKEN", "example-token"),
    ("OTP", "12345678"),
    ("OTP_ID", "example-otp-id"),
    ("ALERT_INFO", "example of a place"),
];

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// Where the mail goes.
    pub email: String,
    /// One of the words for templates.
    pub template: String,
    /// Id or name of an auth collection; empty is the superusers'.
    pub collection: String,
}

/// Sends a mail with the texts of a collection, about a record that there is not.
///
/// # Errors
/// `Invalid` for what is wrong with `trial`, `BadRequest` with the reason when the mail was not sent.
pub async fn send(app: &App, trial: &Trial) -> Result<(), Error> {
    let (template, collection) = check(app, trial)?;
    let settings = settings::current(app).await?;
    let record = example(collection, &trial.email);
    let message = mail::compose(&settings, &record, template, &EXAMPLES, &trial.email)?;
    mail::deliver(app, &message).await.map_err(|failure| {
        Error::bad_request(format!("Failed to send the test email. Raw error: {failure}"))
    })
}

fn check(app: &App, trial: &Trial) -> Result<(Template, Arc<Collection>), Error> {
    let mut errors = FieldErrors::new();
    errors.check("email", check_address(&trial.email));
    let template = TEMPLATES.into_iter().find(|(word, _)| *word == trial.template);
    if template.is_none() {
        let words = TEMPLATES.map(|(word, _)| word).join(", ");
        let fault = if trial.template.is_empty() {
            Fault::required()
        } else {
            Fault::new("validation_in_invalid", format!("Must be one of {words}."))
        };
        errors.add("template", fault);
    }
    let name = if trial.collection.is_empty() { SUPERUSERS } else { &trial.collection };
    let schema = app.store.schema();
    let collection = schema.find(name).filter(|collection| collection.is_auth());
    if collection.is_none() {
        let message = "Must be an auth collection.";
        errors.add("collection", Fault::new("validation_invalid_auth_collection", message));
    }
    match (template, collection) {
        (Some((_, template)), Some(collection)) if errors.is_empty() => {
            Ok((template, Arc::clone(collection)))
        }
        _ => Err(errors.into()),
    }
}

fn check_address(email: &str) -> Result<(), Fault> {
    if email.is_empty() {
        return Err(Fault::required());
    }
    if email.len() > LONGEST {
        return Err(Fault::length(1, LONGEST));
    }
    if is_email(email) {
        return Ok(());
    }
    let message = "Must be an e-mail address, such as name@example.com.";
    Err(Fault::new("validation_is_email", message))
}

/// A record whose texts say which field they are of.
fn example(collection: Arc<Collection>, email: &str) -> Record {
    let value = |field: &crate::domain::fields::Field| match &field.kind {
        FieldKind::Email(_) => Json::from(email),
        FieldKind::Text(_) => Json::from(format!("example {}", field.name)),
        _ => field.zero(),
    };
    let values = collection.fields.iter().map(value).collect();
    Record::new(collection, values)
}
