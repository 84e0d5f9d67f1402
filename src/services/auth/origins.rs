//! The places that accounts signed in from, and the mail when there is a new one (contract B 3.14).

use std::net::IpAddr;
use std::sync::Arc;

use md5::{Digest, Md5};

use crate::domain::JsonMap;
use crate::domain::caller::Caller;
use crate::domain::changes::{Changes, Input};
use crate::domain::event::Event;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::system::AUTH_ORIGINS;
use crate::domain::time::Timestamp;
use crate::services::app::App;
use crate::services::auth::options;
use crate::services::auth::rows::{self, Ingredients};
use crate::services::mail::{self, Template};
use crate::services::queue::{self, Job};
use crate::services::{Error, settings};
use crate::store::{Tx, accounts, records};

/// Places that are known of one account; the oldest goes when there is another.
const MOST: usize = 5;

/// Characters of what a client calls itself.
const LONGEST_AGENT: usize = 200;

/// Notes that `record` signed in from `address`, and tells its owner when that is a new place. The
/// sign-in does not depend on it: what fails is logged.
pub(super) async fn note(app: &App, record: &Arc<Record>, address: IpAddr, request: &RequestInfo) {
    if let Err(err) = try_note(app, record, address, request).await {
        let cause = std::error::Error::source(&err).map(ToString::to_string);
        tracing::warn!(record = record.id(), cause, "a sign-in could not be noted: {err}");
    }
}

async fn try_note(
    app: &App,
    record: &Arc<Record>,
    address: IpAddr,
    request: &RequestInfo,
) -> Result<(), Error> {
    if !options(record.collection())?.auth_alert.enabled {
        return Ok(());
    }
    let agent = agent(request);
    let (now, fingerprint) = (app.clock.now(), fingerprint(address, &agent));
    let email = record.text("email");
    let alert = if email.is_empty() {
        None
    } else {
        let settings = settings::current(app).await?;
        let info = format!("{now} - {address} {agent}");
        let texts = [("ALERT_INFO", info.as_str())];
        Some(mail::compose(&settings, record, Template::AuthAlert, &texts, email)?)
    };
    let (record, made_of) = (Arc::clone(record), Ingredients::new(now));
    let noted = app.store.write(move |tx| {
        let is_new = remember(tx, &record, &fingerprint, &made_of)?;
        if is_new && let Some(alert) = &alert {
            queue::push(tx, Job::Mail(alert.clone()), now)?;
        }
        Ok::<_, Error>(())
    });
    noted.await
}

/// What the client calls itself, not too much of it.
pub(super) fn agent(request: &RequestInfo) -> String {
    let agent = request.headers.get("user_agent").map(String::as_str).unwrap_or_default();
    match agent.char_indices().nth(LONGEST_AGENT) {
        Some((end, _)) => format!("{}...", &agent[..end]),
        None => agent.to_owned(),
    }
}

fn fingerprint(address: IpAddr, agent: &str) -> String {
    let digits = Md5::digest(format!("{address}{agent}"));
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts the place first among those of `record`; whether it is another than those known before, of
/// which there are some.
fn remember(
    tx: &mut Tx,
    record: &Record,
    fingerprint: &str,
    made_of: &Ingredients,
) -> Result<bool, Error> {
    let origins = rows::collection(tx, AUTH_ORIGINS)?;
    let mut known = accounts::belongings(tx, &origins, record.collection(), record.id())?;
    known.sort_by(|a, b| b.text("updated").cmp(a.text("updated")));
    if let Some(place) = known.iter().find(|place| place.text("fingerprint") == fingerprint) {
        touch(tx, place, made_of.now)?;
        return Ok(false);
    }
    for place in known.iter().skip(MOST - 1) {
        records::remove(tx, &origins, place.id())?;
        tx.emit(Event::Deleted(Arc::new(place.clone())));
    }
    rows::create(tx, AUTH_ORIGINS, record, [("fingerprint", fingerprint)], made_of)?;
    Ok(!known.is_empty())
}

fn touch(tx: &mut Tx, place: &Record, now: Timestamp) -> Result<(), Error> {
    let origins = Arc::clone(place.collection());
    let Some(old) = records::lock(tx, &origins, place.id())? else { return Ok(()) };
    let (body, caller) = (JsonMap::new(), Caller::server());
    let input = Input { body: &body, uploads: &[], caller: &caller, now };
    let mut random = Random::system();
    let mut changes = Changes::update(&old, &input, &mut random);
    changes.complete(now, &mut random);
    records::update(tx, &old, &changes.record)?;
    let (old, new) = (Arc::new(old), Arc::new(changes.record));
    tx.emit(Event::Updated { old, new });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_and_what_the_client_calls_itself() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        // printf '192.0.2.1curl/8' | md5sum
        assert_eq!(fingerprint(address, "curl/8"), "8a4d32230f76c36c7880d9d1afd86a43");
        let request = |agent: &str| RequestInfo {
            headers: [("user_agent".to_owned(), agent.to_owned())].into(),
            ..RequestInfo::default()
        };
        assert_eq!(agent(&request("curl/8")), "curl/8");
        assert_eq!(agent(&RequestInfo::default()), "");
        assert_eq!(agent(&request(&"é".repeat(201))), format!("{}...", "é".repeat(200)));
    }
}
