//! Codes that are handed out where the server runs, and not sent (contract B 5.2). Nobody proves an
//! address by one, since it came by no mail.

use std::time::Duration;

use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::system::OTPS;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::options;
use crate::services::auth::otp::{digits, lifetime, require_open};
use crate::services::auth::rows::{self, Ingredients};
use crate::services::records::hashes::Hashes;

/// A code that nobody but the caller has seen.
pub struct Issued {
    /// The id to name it by.
    pub otp_id: String,
    /// The code.
    pub code: String,
    /// How long it holds.
    pub lifetime: Duration,
    /// Whether somebody may be asked for another factor besides.
    pub is_one_of_two: bool,
}

/// Makes a code for the account `record`.
///
/// # Errors
/// `Forbidden` when nobody signs in by a code there, `NotFound` when the account is gone.
pub async fn issue(app: &App, record: &Record) -> Result<Issued, Error> {
    require_open(record.collection())?;
    let otp = &options(record.collection())?.otp;
    let mut random = Random::system();
    let (otp_id, code) = (random.record_id(), digits(otp, &mut random));
    let hashes = Hashes::of(app, [("password".to_owned(), code.clone())].into()).await?;
    let made_of = Ingredients { now: app.clock.now(), random, hashes };
    let is_one_of_two = options(record.collection())?.mfa.enabled;
    let issued = Issued { otp_id, code, lifetime: lifetime(otp), is_one_of_two };
    let (record, id, code) = (record.clone(), issued.otp_id.clone(), issued.code.clone());
    let made = app.store.write(move |tx| {
        let fields = [("id", id.as_str()), ("password", code.as_str())];
        rows::create(tx, OTPS, &record, fields, &made_of).map(|_| ())
    });
    made.await?;
    Ok(issued)
}
