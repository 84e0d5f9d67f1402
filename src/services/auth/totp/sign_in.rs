//! The second step of a sign-in: a code of the authenticator, or a recovery code.

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::record::Record;
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::{self, Entry, Way};
use crate::services::auth::totp::code::is_code;
use crate::services::auth::totp::tries::Tries;
use crate::services::auth::totp::{require_open, take};
use crate::services::auth::{Method, factors};
use crate::store::accounts::AccountKey;

/// Most bytes of what is sent.
const LONGEST: usize = 255;

/// A code that somebody types in after another way to sign in.
#[derive(Clone)]
pub struct Attempt {
    /// The code.
    pub code: String,
    /// Where the attempt comes from.
    pub address: IpAddr,
}

/// Signs in by a code, after a first factor, whose id `request` has. It is what the caller was before,
/// with the body as it was sent.
///
/// # Errors
/// `Forbidden` where there are no authenticators or the `authRule` says no, `Invalid` for fields that
/// are missing or too long, `TooManyRequests` after too many tries, `BadRequest` when the first factor
/// does not count or the code is not right.
pub async fn sign_in(
    app: &App,
    collection: &Arc<Collection>,
    attempt: Attempt,
    request: RequestInfo,
) -> Result<Entry, Error> {
    require_open(collection)?;
    let mfa_id = factors::first_factor(&request);
    check(&mfa_id, &attempt.code).into_result()?;
    let record = factors::account_of(app, collection, &mfa_id).await?;
    let record = Arc::new(record.ok_or_else(factors::does_not_count)?);
    show(app, &record, attempt.code).await?;
    let way = Way { method: Method::Totp, address: attempt.address };
    let request = RequestInfo { context: RequestContext::Totp, ..request };
    answer::conclude(app, record, way, request).await
}

fn check(mfa_id: &str, code: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (name, value) in [("mfaId", mfa_id), ("code", code)] {
        if value.is_empty() {
            errors.add(name, Fault::required());
        } else if value.len() > LONGEST {
            errors.add(name, Fault::length(1, LONGEST));
        }
    }
    errors
}

/// Uses `code` up, if it is one of the account. Recovery codes cannot be guessed and are not counted:
/// somebody who found out the password must not be able to keep the owner out by guessing.
async fn show(app: &App, record: &Record, code: String) -> Result<(), Error> {
    let (account, tries, now) = (AccountKey::from(record), Tries::of(record), app.clock.now());
    if is_code(&code) {
        tries.count(app).await?;
    }
    let shown = app.store.write(move |tx| {
        let is_right = take(tx, &account, &code, now)?;
        if is_right {
            tries.forget(tx)?;
        }
        Ok::<_, Error>(is_right)
    });
    if shown.await? {
        Ok(())
    } else {
        Err(Error::bad_request("The code is not right, or no longer."))
    }
}
