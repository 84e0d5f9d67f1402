//! Confirming that an address is its account's own (contract B 3.11).

use std::sync::Arc;

use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::invalid::Fault;
use crate::domain::random::Random;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::links::{self, Link, Mailing};
use crate::services::auth::mailed_token::MailedToken;
use crate::services::auth::options;
use crate::services::mail::Template;
use crate::services::records::account::{self, Alteration};
use crate::services::tokens::{Grant, TokenKind, claims_of_any};

/// Sends the mail, when there is an account that wants it.
///
/// # Errors
/// `BadRequest` for superusers, who need no verification; `Invalid` when `email` is no address.
pub async fn request(
    app: &App,
    collection: &Arc<Collection>,
    email: &str,
) -> Result<Mailing, Error> {
    if collection.name == SUPERUSERS {
        return Err(Error::bad_request("Superusers need no verification."));
    }
    let link = Link {
        template: Template::Verification,
        grant: Grant::Verification,
        is_wanted: |record| record.get("verified") == false,
    };
    links::send(app, collection, email, link).await
}

/// Takes the token of the mail. A second time it changes nothing.
///
/// # Errors
/// `Invalid` when the token is not good for it.
pub async fn confirm(app: &App, collection: &Collection, token: &str) -> Result<(), Error> {
    let invalid = |fault| Error::invalid("token", fault);
    if token.is_empty() {
        return Err(invalid(Fault::required()));
    }
    let claims = claims_of_any(token);
    if claims.is_none_or(|claims| claims.get("email").is_none_or(|email| email == "")) {
        let message = "The token says nothing of an address.";
        return Err(invalid(Fault::new("validation_invalid_token_claims", message)));
    }
    let kind = TokenKind::Verification;
    let token = MailedToken::read(app, collection, token, kind).await?.map_err(invalid)?;
    if token.claims.text("email") != token.record.text("email") {
        let message = "The account has another address by now.";
        return Err(invalid(Fault::new("validation_token_email_mismatch", message)));
    }
    let mut alteration = Alteration { verify: true, ..Alteration::default() };
    let by_password = options(collection)?.password_auth.enabled;
    if !by_password && token.record.get("verified") == false {
        alteration.password = Some(app.passwords.hash(Random::system().secret()).await?);
    }
    let (now, random) = (app.clock.now(), Random::system());
    let confirmed = app.store.write(move |tx| {
        let account = token.lock(tx)?;
        links::forget(tx, kind, &account)?;
        if account.get("verified") == true {
            return Ok(());
        }
        account::alter(tx, account, &alteration, now, random.clone()).map(|_| ())
    });
    confirmed.await
}
