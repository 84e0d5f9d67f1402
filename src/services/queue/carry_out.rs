//! What is done for each kind of job, and what follows from its end.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::system::OTPS;
use crate::domain::time::Timestamp;
use crate::services::app::App;
use crate::services::crons;
use crate::services::failure::Failure;
use crate::services::mail;
use crate::services::queue::Job;
use crate::services::webhooks;
use crate::store::crons::{self as runs, Outcome};
use crate::store::{StoreError, Tx, records};

/// Does it, for the time number `attempts`.
///
/// # Errors
/// Why it could not be done, and whether it may be later.
pub(super) async fn carry_out(app: &App, job: &Job, attempts: i64) -> Result<(), Failure> {
    match job {
        Job::Mail(message) | Job::OtpMail { message, .. } => mail::deliver(app, message).await,
        Job::Webhook { id, webhook, body, .. } => {
            webhooks::deliver(app, webhook, webhooks::Message { id, body }, attempts).await
        }
        Job::Cron { run, job } => crons::carry_out(app, run, job).await,
    }
}

/// What follows in the transaction that strikes out a job that is done.
///
/// # Errors
/// What the database says.
pub(super) fn when_done(tx: &mut Tx, job: &Job, now: Timestamp) -> Result<(), StoreError> {
    match job {
        Job::Mail(_) | Job::Webhook { .. } => Ok(()),
        Job::OtpMail { otp, message } => sent_to(tx, otp, message.to.as_str(), now),
        Job::Cron { run, .. } => runs::finish(tx, run, Outcome::Done, "", now).map(|_| ()),
    }
}

/// What follows in the transaction that gives up a job because of `reason`.
///
/// # Errors
/// What the database says.
pub(super) fn when_given_up(
    tx: &mut Tx,
    job: &Job,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    match job {
        Job::Mail(_) | Job::Webhook { .. } => Ok(()),
        Job::OtpMail { otp, .. } => drop_otp(tx, otp),
        Job::Cron { run, .. } => runs::finish(tx, run, Outcome::Failed, reason, now).map(|_| ()),
    }
}

/// Writes down where the code went, unless that is known: an account may have another address by now,
/// which this code must not prove.
fn sent_to(tx: &mut Tx, id: &str, address: &str, now: Timestamp) -> Result<(), StoreError> {
    let Some((_, old)) = otp(tx, id)? else { return Ok(()) };
    if !old.text("sentTo").is_empty() {
        return Ok(());
    }
    let mut new = old.clone();
    new.set("sentTo", Json::from(address));
    new.set("updated", Json::from(now.to_string()));
    records::update(tx, &old, &new)?;
    tx.emit(Event::Updated { old: Arc::new(old), new: Arc::new(new) });
    Ok(())
}

fn drop_otp(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    let Some((otps, old)) = otp(tx, id)? else { return Ok(()) };
    records::remove(tx, &otps, id)?;
    tx.emit(Event::Deleted(Arc::new(old)));
    Ok(())
}

/// The record of `_otps` with this id, which may be used or over by now.
fn otp(tx: &mut Tx, id: &str) -> Result<Option<(Arc<Collection>, Record)>, StoreError> {
    let schema = tx.schema();
    let Some(otps) = schema.by_name(OTPS) else { return Ok(None) };
    Ok(records::lock(tx, otps, id)?.map(|record| (Arc::clone(otps), record)))
}
