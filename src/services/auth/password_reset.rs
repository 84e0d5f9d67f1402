//! A new password for who forgot the old one (contract B 3.12).

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::fields::{FieldKind, PasswordOptions};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::random::Random;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::links::{self, Link, Mailing};
use crate::services::auth::mailed_token::MailedToken;
use crate::services::auth::options;
use crate::services::mail::Template;
use crate::services::records::account::{self, Alteration};
use crate::services::records::system_refs::INSTALLER;
use crate::services::tokens::{Grant, TokenKind};

/// Most bytes of a password in a request.
const LONGEST: usize = 255;

/// A new password and the token that allows it.
#[derive(Clone)]
pub struct NewPassword {
    /// The token of the mail.
    pub token: String,
    /// The password.
    pub password: String,
    /// The password once more.
    pub confirm: String,
}

/// Sends the mail, when there is such an account.
///
/// # Errors
/// `BadRequest` where nobody signs in by password, `Invalid` when `email` is no address.
pub async fn request(
    app: &App,
    collection: &Arc<Collection>,
    email: &str,
) -> Result<Mailing, Error> {
    if !options(collection)?.password_auth.enabled {
        return Err(Error::bad_request("Nobody signs in by password here."));
    }
    let link = Link {
        template: Template::PasswordReset,
        grant: Grant::PasswordReset,
        is_wanted: |record| record.text("email") != INSTALLER,
    };
    links::send(app, collection, email, link).await
}

/// Sets the password. Every token of the account ends, this one too.
///
/// # Errors
/// `Invalid` when the token is not good for it or the password is refused.
pub async fn confirm(app: &App, collection: &Collection, sent: NewPassword) -> Result<(), Error> {
    let password = password_field(collection)?;
    let mut errors = check(&sent, password);
    let kind = TokenKind::PasswordReset;
    let token = MailedToken::read(app, collection, &sent.token, kind).await?;
    let token = token.map_err(|fault| errors.add("token", fault)).ok();
    errors.into_result()?;
    let token = token.ok_or_else(|| Error::internal("a token that is neither good nor bad"))?;
    password.check_plain(&sent.password).map_err(|fault| Error::invalid("password", fault))?;
    let hash = app.passwords.hash(sent.password).await?;
    let (now, random) = (app.clock.now(), Random::system());
    let confirmed = app.store.write(move |tx| {
        let account = token.lock(tx)?;
        links::forget(tx, kind, &account)?;
        let alteration = Alteration {
            verify: token.claims.text("email") == account.text("email"),
            password: Some(hash.clone()),
            ..Alteration::default()
        };
        account::alter(tx, account, &alteration, now, random.clone()).map(|_| ())
    });
    confirmed.await
}

fn check(sent: &NewPassword, field: &PasswordOptions) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let least = usize::try_from(field.min).unwrap_or_default();
    if sent.password.is_empty() {
        errors.add("password", Fault::required());
    } else if !(least..=LONGEST).contains(&sent.password.len()) {
        errors.add("password", Fault::length(least, LONGEST));
    }
    if sent.confirm.is_empty() {
        errors.add("passwordConfirm", Fault::required());
    } else if sent.confirm != sent.password {
        let message = "The two passwords are not the same.";
        errors.add("passwordConfirm", Fault::new("validation_values_mismatch", message));
    }
    errors
}

fn password_field(collection: &Collection) -> Result<&PasswordOptions, Error> {
    match collection.field("password").map(|field| &field.kind) {
        Some(FieldKind::Password(options)) => Ok(options),
        _ => Err(Error::internal("an auth collection without a password")),
    }
}
