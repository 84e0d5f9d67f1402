//! Forgetting what is old enough: in batches, so that nobody waits long for any of them.

use std::time::Duration;

use crate::config::{Keep, Kept};
use crate::domain::event::Event;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::crons::run::failed;
use crate::services::failure::Failure;
use crate::services::logs;
use crate::services::records::delete;
use crate::store::{StoreError, Tx, crons, mails, queue, records, sessions};

/// Sessions of one transaction, and records.
const SESSIONS: i64 = 500;
const RECORDS: i64 = 100;

/// How long one batch of records may take, with all that goes with them.
const LIMIT: Duration = Duration::from_secs(60);

/// Forgets what is older than `keeps` say. What one of them fails at does not keep the others from it.
///
/// # Errors
/// What the first of them failed at.
pub(super) async fn run(app: &App, keeps: &[Keep]) -> Result<(), Failure> {
    let mut first = Ok(());
    for keep in keeps {
        let age = i64::try_from(keep.age.as_millis()).unwrap_or(i64::MAX);
        let before = app.clock.now().plus_millis(age.saturating_neg());
        let done = one(app, &keep.kept, before).await;
        first = first.and(done);
    }
    first
}

async fn one(app: &App, kept: &Kept, before: Timestamp) -> Result<(), Failure> {
    let done = match kept {
        Kept::Logs => logs::forget_before(app, before).await,
        Kept::Sessions => forget_sessions(app, before).await,
        Kept::Mails => app.store.write(move |tx| mails::forget(tx, before)).await.map(|_| ()),
        Kept::DeadJobs => {
            app.store.write(move |tx| queue::remove_dead(tx, before)).await.map(|_| ())
        }
        Kept::Runs => app.store.write(move |tx| crons::forget_runs(tx, before)).await.map(|_| ()),
        Kept::Records { collection, field } => {
            return forget_records(app, collection, field, before).await;
        }
    };
    done.map_err(|error| failed(error.into()))
}

async fn forget_sessions(app: &App, before: Timestamp) -> Result<(), StoreError> {
    let mut ended = SESSIONS as usize;
    while ended == SESSIONS as usize {
        let batch = app.store.write(move |tx| {
            let accounts = sessions::remove_unused(tx, before, SESSIONS)?;
            let count = accounts.len();
            for account in accounts {
                tx.emit(Event::SignedOut { record: account.record });
            }
            Ok::<_, StoreError>(count)
        });
        ended = batch.await?;
    }
    Ok(())
}

/// Deletes records one by one as anybody does, with all that refers to them and their files. Those that
/// others need stay, and are told of.
async fn forget_records(
    app: &App,
    collection: &str,
    field: &str,
    before: Timestamp,
) -> Result<(), Failure> {
    let (mut last, mut refused, mut reason) = (String::new(), 0_u64, String::new());
    loop {
        let (name, field) = (collection.to_owned(), field.to_owned());
        let (after, now) = (last.clone(), app.clock.now());
        let work = move |tx: &mut Tx| delete_some(tx, (&name, &field), before, &after, now);
        let batch = app.store.write_with(LIMIT, work).await.map_err(failed)?;
        refused += batch.refused.len() as u64;
        if let Some(first) = batch.refused.into_iter().next().filter(|_| reason.is_empty()) {
            reason = first;
        }
        match batch.last {
            Some(id) => last = id,
            None => break,
        }
    }
    if refused == 0 {
        return Ok(());
    }
    Err(Failure::ForGood(format!(
        "{refused} records of {collection} are older and could not be deleted, the first because: \
         {reason}"
    )))
}

/// What a batch came to.
struct Batch {
    /// The id of the last record that was looked at; none when there was none.
    last: Option<String>,
    /// Why records stayed.
    refused: Vec<String>,
}

fn delete_some(
    tx: &mut Tx,
    (collection, field): (&str, &str),
    before: Timestamp,
    after: &str,
    now: Timestamp,
) -> Result<Batch, Error> {
    let schema = tx.schema();
    let collection = schema.by_name(collection).ok_or_else(|| gone(collection))?;
    let dated =
        collection.fields.iter().find(|one| one.name == field).ok_or_else(|| gone(field))?;
    let some = records::dated_before(tx, collection, dated, before, after, RECORDS)?;
    let last = some.last().map(|record| record.id().to_owned());
    let mut refused = Vec::new();
    for record in some {
        let deleted = tx.attempt(|tx| {
            // An earlier one may have taken it along, or somebody changed it since.
            let Some(found) = records::lock(tx, collection, record.id())? else { return Ok(()) };
            let is_same = found.text(field) == record.text(field);
            if is_same { delete::remove(tx, found, now) } else { Ok(()) }
        });
        match deleted {
            Ok(()) => {}
            Err(Error::BadRequest(reason)) => refused.push(reason),
            Err(Error::Invalid(errors)) => refused.push(Error::Invalid(errors).to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(Batch { last, refused })
}

fn gone(name: &str) -> Error {
    Error::bad_request(format!("The database has no {name} as the config file declares it."))
}
