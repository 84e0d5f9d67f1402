//! The workers of this process: they claim jobs that are due, a few at a time, do them, and write
//! down how it went.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::task::{Id, JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::failure::Failure;
use crate::services::queue::Job;
use crate::services::queue::carry_out::{carry_out, when_done, when_given_up};
use crate::store::StoreError;
use crate::store::queue::{self, Claim, Claimed};

/// Jobs of one lane that are done at one time. There are few lanes: one for each webhook and one for
/// all else.
const AT_ONCE: usize = 4;

/// How often workers look for jobs that nobody told them of: retries, and what other processes left.
const POLL: Duration = Duration::from_secs(1);

/// How long a claim lasts, in milliseconds, and how often it is prolonged while a job is being done.
/// When a process dies, its jobs wait for so long.
const LEASE: i64 = 20_000;
const RENEW: Duration = Duration::from_secs(5);

/// Milliseconds until the second attempt, and the most there are between two.
const FIRST_PAUSE: i64 = 5_000;
const LONGEST_PAUSE: i64 = 60 * 60 * 1_000;

/// How long jobs may take to end once the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// The workers, until they are stopped or dropped.
pub struct Workers {
    stop: oneshot::Sender<()>,
    working: JoinHandle<()>,
}

impl Workers {
    /// Starts them.
    pub fn start(app: Arc<App>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, working: tokio::spawn(work(app, stopped)) }
    }

    /// Claims no more jobs, lets those end that are being done, and gives back what takes too long.
    pub async fn stop(self) {
        // They may have ended with their runtime.
        let _ = self.stop.send(());
        let _ = self.working.await;
    }
}

/// Jobs that are being done.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    claims: HashMap<Id, (Claim, String)>,
    /// When their claims were last prolonged together.
    renewed: Timestamp,
}

impl Running {
    fn start(&mut self, app: &Arc<App>, claimed: Claimed) {
        let claim = (claimed.claim.clone(), claimed.lane.clone());
        let task = self.tasks.spawn(attempt(Arc::clone(app), claimed));
        self.claims.insert(task.id(), claim);
    }

    /// How many more jobs of `lane` may be done.
    fn room(&self, lane: &str) -> usize {
        AT_ONCE.saturating_sub(self.claims.values().filter(|(_, of)| of == lane).count())
    }

    /// The claims that are to be prolonged before others are made: where the database stood still, they have
    /// run out, and this process would take its own jobs for somebody else's.
    fn overdue(&self, now: Timestamp) -> Vec<Claim> {
        if now.millis() - self.renewed.millis() < LEASE / 2 {
            return Vec::new();
        }
        self.claims.values().map(|(claim, _)| claim.clone()).collect()
    }

    /// Waits for one to end, for ever when there is none.
    async fn one_ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => self.claims.remove(&id),
            Some(Err(error)) => self.claims.remove(&error.id()),
            None => std::future::pending().await,
        };
    }

    async fn all_ended(&mut self) {
        while !self.tasks.is_empty() {
            self.one_ended().await;
        }
    }
}

async fn work(app: Arc<App>, mut stopped: oneshot::Receiver<()>) {
    if let Err(error) = end_leases(&app).await {
        tracing::warn!(%error, "jobs of the last run wait until their leases end");
    }
    let mut running = Running::default();
    loop {
        let now = app.clock.now();
        let overdue = running.overdue(now);
        let renews = !overdue.is_empty();
        match claim(&app, overdue, |lane| running.room(lane)).await {
            Ok(claimed) => {
                if renews {
                    running.renewed = now;
                }
                for claimed in claimed {
                    running.start(&app, claimed);
                }
            }
            Err(error) => tracing::warn!(%error, "the queue cannot be read now"),
        }
        tokio::select! {
            // An error is a server that was dropped.
            _ = &mut stopped => break,
            () = app.queue.pushed() => {}
            () = running.one_ended() => {}
            () = sleep(POLL) => {}
        }
    }
    if timeout(DRAIN, running.all_ended()).await.is_err() {
        running.tasks.shutdown().await;
        let claims = std::mem::take(&mut running.claims).into_values();
        let claims = claims.map(|(claim, _)| claim).collect();
        if let Err(error) = release(&app, claims).await {
            tracing::warn!(%error, "jobs that were cut off wait until their leases end");
        }
    }
}

async fn end_leases(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    app.store.write(move |tx| queue::end_leases(tx, now)).await.map(|_| ())
}

/// Claims jobs that are due, of each lane as many as there is room for, once the claims that are `overdue`
/// were prolonged.
async fn claim(
    app: &App,
    overdue: Vec<Claim>,
    room: impl Fn(&str) -> usize,
) -> Result<Vec<Claimed>, StoreError> {
    let now = app.clock.now();
    let due = app.store.read(move |db| queue::due_lanes(db, now)).await?;
    let lanes = due.into_iter().map(|lane| (room(&lane) as i64, lane));
    let lanes: Vec<(i64, String)> = lanes.filter(|(room, _)| *room > 0).collect();
    if lanes.is_empty() && overdue.is_empty() {
        return Ok(Vec::new());
    }
    let lease = now.plus_millis(LEASE);
    app.store
        .write(move |tx| {
            for claim in &overdue {
                queue::renew(tx, claim, lease)?;
            }
            let mut claimed = Vec::new();
            for (room, lane) in &lanes {
                claimed.extend(queue::claim(tx, now, lease, lane, *room)?);
            }
            Ok(claimed)
        })
        .await
}

async fn release(app: &App, claims: Vec<Claim>) -> Result<(), StoreError> {
    let now = app.clock.now();
    app.store
        .write(move |tx| {
            for claim in &claims {
                queue::release(tx, claim, now)?;
            }
            Ok(())
        })
        .await
}

/// Does a job once and writes down how it went. When that fails, the claim ends by itself and the
/// job is done again.
async fn attempt(app: Arc<App>, claimed: Claimed) {
    let Claimed { claim, kind, payload, .. } = claimed;
    let settled = match Job::of_row(&kind, payload) {
        // Whoever was at it before is gone, every time.
        Ok(job) if claim.attempts > job.most_attempts() => {
            let reason = "it never came to an end: the servers that were at it stopped or died";
            settle(&app, claim, job, Err(Failure::ForGood(reason.to_owned()))).await
        }
        Ok(job) => {
            let outcome = tokio::select! {
                outcome = undisturbed(&app, &job, claim.attempts) => outcome,
                () = keep(&app, &claim) => return,
            };
            settled(&app, claim, job, outcome).await
        }
        Err(reason) => bury(&app, claim, format!("this version cannot do it: {reason}")).await,
    };
    if let Err(error) = settled {
        tracing::warn!(%error, kind, "how a job went could not be written down");
    }
}

/// Writes down how a job went, for as long as the database has no time for that: what was done should not be
/// done again.
async fn settled(
    app: &App,
    claim: Claim,
    job: Job,
    outcome: Result<(), Failure>,
) -> Result<(), Error> {
    loop {
        match settle(app, claim.clone(), job.clone(), outcome.clone()).await {
            Err(error @ Error::Unavailable(_)) => {
                tracing::warn!(%error, job = claim.id, "how a job went cannot be written down yet");
                sleep(POLL).await;
            }
            settled => return settled,
        }
    }
}

/// A job that panics is one that failed.
async fn undisturbed(app: &App, job: &Job, attempts: i64) -> Result<(), Failure> {
    let done = AssertUnwindSafe(carry_out(app, job, attempts)).catch_unwind().await;
    done.unwrap_or_else(|_| Err(Failure::ForNow("it panicked, see the log".to_owned())))
}

/// Prolongs a claim; ends when it is lost, for then somebody else does the job.
async fn keep(app: &App, claim: &Claim) {
    loop {
        sleep(RENEW).await;
        let (claim, lease) = (claim.clone(), app.clock.now().plus_millis(LEASE));
        match app.store.write(move |tx| queue::renew(tx, &claim, lease)).await {
            Ok(true) => {}
            Ok(false) => return,
            // As long as the database is away, nobody else claims anything either.
            Err(error) => tracing::warn!(%error, "a lease could not be prolonged"),
        }
    }
}

async fn settle(
    app: &App,
    claim: Claim,
    job: Job,
    outcome: Result<(), Failure>,
) -> Result<(), Error> {
    let now = app.clock.now();
    let failure = match outcome {
        Ok(()) => {
            let done = app.store.write(move |tx| {
                if queue::finish(tx, &claim)? {
                    when_done(tx, &job, now)?;
                }
                Ok::<_, StoreError>(())
            });
            return Ok(done.await?);
        }
        Err(failure) => failure,
    };
    app.metrics.job_failed();
    let reason = failure.to_string();
    let is_over = matches!(failure, Failure::ForGood(_)) || claim.attempts >= job.most_attempts();
    let (id, attempts) = (&claim.id, claim.attempts);
    tracing::warn!(reason, job = id, of = job.label(), attempts, is_over, "a job failed");
    let run_at = now.plus_millis(pause(claim.attempts, &mut Random::system()));
    let written = app.store.write(move |tx| {
        if !is_over {
            queue::retry(tx, &claim, run_at, &reason)?;
            return Ok(());
        }
        let given_up = if job.is_kept() {
            queue::bury(tx, &claim, now, &reason)?
        } else {
            queue::finish(tx, &claim)?
        };
        if given_up {
            when_given_up(tx, &job, &reason, now)?;
        }
        Ok::<_, StoreError>(())
    });
    Ok(written.await?)
}

async fn bury(app: &App, claim: Claim, reason: String) -> Result<(), Error> {
    let now = app.clock.now();
    Ok(app.store.write(move |tx| queue::bury(tx, &claim, now, &reason)).await.map(|_| ())?)
}

/// Milliseconds to wait after so many attempts: twice as long each time, less up to a half by chance,
/// so that what failed together is not tried together.
fn pause(attempts: i64, random: &mut Random) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(20);
    let full = (FIRST_PAUSE << doublings).min(LONGEST_PAUSE);
    let half = u32::try_from(full / 2).unwrap_or(u32::MAX);
    full - i64::from(random.below(half + 1))
}

/// Does every job that is due, one after the other, as the workers would.
#[cfg(test)]
pub(crate) async fn work_off(app: &Arc<App>) {
    loop {
        let claimed = claim(app, Vec::new(), |_| 1).await.unwrap();
        if claimed.is_empty() {
            return;
        }
        for claimed in claimed {
            attempt(Arc::clone(app), claimed).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::queue::push;
    use crate::services::test_app::{START, TestApp};

    #[actix_web::test]
    async fn where_the_database_stood_still_nobody_claims_what_they_are_at() {
        let test = TestApp::start(Vec::new()).await;
        let app = &test.app;
        let job = Job::Cron { run: "r1".to_owned(), job: "nightly".to_owned() };
        app.store.write(move |tx| push(tx, job.clone(), START)).await.unwrap();
        let mut claimed = claim(app, Vec::new(), |_| 4).await.unwrap();
        let own = claimed.remove(0).claim;
        let later = LEASE.unsigned_abs() + 1;
        app.clock.advance(Duration::from_millis(later));
        assert_eq!(claim(app, vec![own.clone()], |_| 4).await.unwrap(), []);
        assert_eq!(claim(app, Vec::new(), |_| 4).await.unwrap(), []);
        app.clock.advance(Duration::from_millis(later));
        let again = claim(app, Vec::new(), |_| 4).await.unwrap().remove(0).claim;
        assert_eq!((again.id, again.attempts), (own.id, own.attempts + 1), "somebody else's now");
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_are_shortened_by_half_at_most() {
        let mut random = Random::seeded(1);
        let mut bounds = |attempts| {
            let pauses: Vec<i64> = (0..500).map(|_| pause(attempts, &mut random)).collect();
            (*pauses.iter().min().unwrap() / 100, *pauses.iter().max().unwrap() / 100)
        };
        assert_eq!(bounds(1), (25, 49));
        assert_eq!(bounds(2).1 / 10, 9);
        let (least, most) = bounds(60);
        assert!(least >= 18_000 && most <= 36_000 && most > 35_000, "{least} {most}");
    }
}
