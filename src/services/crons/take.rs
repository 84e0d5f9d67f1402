//! Taking a tick: by one process, once, and as a run that the queue carries out. Everything about one
//! tick is one transaction.

use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::crons::MOST_RUNS;
use crate::services::crons::catalogue::{self, Cron};
use crate::services::queue::{self, Job};
use crate::store::crons::{self, Cause, Mark, Run};
use crate::store::{StoreError, Tx};

/// Why a tick is left out.
const OVERRUN: &str = "the run before it was not over, or had not begun";

/// A tick of a job that is due.
#[derive(Debug, Clone)]
pub(super) struct Tick {
    mark: Mark,
    cause: Cause,
    run: String,
}

impl Tick {
    /// The tick of `cron` at `moment`.
    pub(super) fn new(cron: &Cron, moment: Timestamp, cause: Cause) -> Self {
        Self { mark: mark(cron, moment), cause, run: Random::system().record_id() }
    }

    /// Takes it, unless somebody else has.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn take(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        if crons::take(tx, &self.mark, now)? {
            let run = Run::new(self.run.clone(), &self.mark.job, self.cause, self.mark.tick);
            add(tx, run, now)?;
        }
        Ok(())
    }
}

/// Where a job that is new counts from.
pub(super) fn mark(cron: &Cron, tick: Timestamp) -> Mark {
    Mark { job: cron.id.clone(), schedule: cron.expression.clone(), tick }
}

/// Runs the job called `id`, whatever the time. While it runs already, that is noted and nothing else.
///
/// # Errors
/// `NotFound` when there is no such job.
pub async fn start(app: &App, id: &str) -> Result<(), Error> {
    let cron = catalogue::find(app, id).await?;
    let now = app.clock.now();
    // A job that nobody has noted yet counts from the minute before: its tick of this one is to come.
    let mark = mark(&cron, now.plus_millis(-60_000).floor_to_minute());
    let run = Run::new(Random::system().record_id(), id, Cause::Hand, now);
    let started = app.store.write(move |tx| {
        crons::note(tx, &mark, now)?;
        add(tx, run.clone(), now)
    });
    Ok(started.await?)
}

/// Queues a run of a job whose mark is locked, or notes that it was left out.
fn add(tx: &mut Tx, run: Run, now: Timestamp) -> Result<(), StoreError> {
    if crons::unfinished(tx, &run.job, now)?.is_some() {
        return crons::add(tx, &run.skipped(OVERRUN, now), MOST_RUNS);
    }
    crons::add(tx, &run, MOST_RUNS)?;
    queue::push(tx, Job::Cron { run: run.id, job: run.job }, now)
}
