//! The queue as superusers see it: what waits, what was given up, and why. What a job is about is
//! said in a line; what it holds stays in the database, for mails carry secrets of their receivers.

use serde::Serialize;

use crate::domain::event::Event;
use crate::services::Error;
use crate::services::app::App;
use crate::services::queue::Job;
use crate::store::queue::{self, Entry, State};
use crate::store::{StoreError, Tx};

/// Jobs that are listed at most.
const MOST: i64 = 200;

/// Some jobs, and how many there are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backlog {
    /// The jobs, those first that were touched last.
    pub items: Vec<JobView>,
    /// How many there are of this state.
    pub total_items: i64,
}

/// A job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// What it is told apart by.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// Of a mail, where it goes; of a message to a webhook, the name of that. Else empty.
    pub to: String,
    /// Of a mail, its subject; of a message to a webhook, its type. Else empty.
    pub subject: String,
    /// `waiting` or `dead`.
    pub state: &'static str,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last attempt failed.
    pub error: String,
    /// When it is due; of a dead one, when it was given up.
    pub run_at: String,
    /// When it was queued.
    pub created: String,
}

/// The jobs of the state called `state`; nothing is `dead`.
///
/// # Errors
/// `BadRequest` when there is no such state.
pub async fn list(app: &App, state: &str) -> Result<Backlog, Error> {
    let state = if state.is_empty() { Some(State::Dead) } else { State::of_word(state) };
    let state = state.ok_or_else(|| Error::bad_request("state must be dead or waiting."))?;
    let read = app.store.read(move |db| {
        let entries = queue::list(db, state, MOST)?;
        let listed = entries.len() as i64;
        // Two statements may see two moments: only a list that is cut off is counted by itself.
        let total_items = if listed < MOST { listed } else { queue::count(db, state)? };
        Ok::<_, StoreError>((entries, total_items))
    });
    let (entries, total_items) = read.await?;
    Ok(Backlog { items: entries.into_iter().map(view).collect(), total_items })
}

/// Has a job done now: a dead one again, one that waits for its next attempt without waiting.
///
/// # Errors
/// `NotFound` when there is no such one, `BadRequest` when somebody is at it.
pub async fn replay(app: &App, id: &str) -> Result<(), Error> {
    let (id, now) = (id.to_owned(), app.clock.now());
    let replay = move |tx: &mut Tx| {
        if !queue::replay(tx, &id, now)? {
            return Err(refusal(tx, &id)?);
        }
        tx.emit(Event::Queued);
        Ok(())
    };
    app.store.write(replay).await
}

/// Forgets a job that is dead or waits.
///
/// # Errors
/// `NotFound` when there is no such one, `BadRequest` when somebody is at it or waits for it.
pub async fn remove(app: &App, id: &str) -> Result<(), Error> {
    let (id, now) = (id.to_owned(), app.clock.now());
    let remove = move |tx: &mut Tx| {
        let entry = queue::one(tx, &id)?.ok_or(Error::NotFound)?;
        let job = Job::of_row(&entry.kind, entry.payload);
        if entry.state == State::Waiting && job.is_ok_and(|job| !job.is_kept()) {
            return Err(Error::bad_request("What happens by the clock cannot be taken back."));
        }
        if queue::remove(tx, &id, now)? { Ok(()) } else { Err(refusal(tx, &id)?) }
    };
    app.store.write(remove).await
}

/// Why nothing was done about a job.
fn refusal(tx: &mut Tx, id: &str) -> Result<Error, StoreError> {
    Ok(match queue::one(tx, id)? {
        Some(_) => Error::bad_request("It is being done at this moment."),
        None => Error::NotFound,
    })
}

fn view(entry: Entry) -> JobView {
    let job = Job::of_row(&entry.kind, entry.payload);
    let told = |of_job: fn(&Job) -> &str| job.as_ref().map(of_job).unwrap_or_default().to_owned();
    JobView {
        to: told(Job::to),
        subject: told(Job::subject),
        id: entry.id,
        kind: entry.kind,
        state: entry.state.word(),
        attempts: entry.attempts,
        error: entry.error,
        run_at: entry.run_at.to_string(),
        created: entry.created.to_string(),
    }
}
