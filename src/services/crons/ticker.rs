//! Looks at the clock, and takes the ticks that have come. Every process of a database has one; which
//! of them gets a tick is settled by the database.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::config::Missed;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::crons::catalogue::{self, Cron, System, Work};
use crate::services::crons::take::{Tick, mark};
use crate::store::crons::{self, Cause};

/// How often the clock is looked at. The machine's is looked at when its minute begins, too.
const POLL: Duration = Duration::from_secs(1);

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// How late a tick may be noticed by a server that runs: longer, and it was missed. A machine that was
/// busy, or a database that was away for a moment, loses none.
const LATEST: i64 = 5 * MINUTE;

/// How often the database is told that the jobs are still there, and how long they and their runs are
/// remembered after the last time.
const NOTE: i64 = DAY / 24;
const FORGET: i64 = 7 * DAY;

/// The ticker, until it is stopped or dropped.
pub struct Ticker(JoinHandle<()>);

impl Ticker {
    /// Starts it.
    pub fn start(app: Arc<App>) -> Self {
        Self(tokio::spawn(tick(app)))
    }

    /// Takes no more ticks.
    pub fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn tick(app: Arc<App>) {
    let mut watch = Watch::new(app.clock.now());
    let mut failed = false;
    loop {
        match watch.look(&app).await {
            Ok(()) => failed = false,
            Err(error) if failed => tracing::debug!(%error, "the clock is still not followed"),
            Err(error) => {
                tracing::warn!(%error, "jobs wait: what is due cannot be written down now");
                failed = true;
            }
        }
        let in_minute = app.clock.now().millis().rem_euclid(MINUTE);
        let rest = Duration::from_millis((MINUTE - in_minute).unsigned_abs());
        sleep(POLL.min(rest)).await;
    }
}

/// How far the clock was followed.
pub(super) struct Watch {
    /// The last minute whose ticks were taken.
    seen: Timestamp,
    /// The jobs that the database was told of, and when.
    noted: Option<(Vec<(String, String)>, Timestamp)>,
}

impl Watch {
    /// Ticks count after the minute of `now`, which has begun.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { seen: now.floor_to_minute(), noted: None }
    }

    /// Takes what has come since the last look. When that fails, the next look does it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(super) async fn look(&mut self, app: &App) -> Result<(), Error> {
        let now = app.clock.now();
        let minute = now.floor_to_minute();
        if minute == self.seen && self.noted.is_some() {
            return Ok(());
        }
        let jobs = catalogue::all(app).await?;
        self.note(app, &jobs, now).await?;
        // A clock that was put back: what was taken stays taken, the database sees to that.
        if minute > self.seen {
            sweep(app, &jobs, self.seen, minute);
            self.take(app, &jobs, minute, now).await?;
        }
        self.seen = minute;
        Ok(())
    }

    /// Takes the last tick of each job since the last look. Several that have passed are one, and one
    /// that has passed long ago counts only where the job makes up for it.
    async fn take(
        &self,
        app: &App,
        jobs: &[Cron],
        minute: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let ticks: Vec<Tick> = jobs
            .iter()
            .filter_map(|cron| {
                let moment = last_between(cron, self.seen, minute)?;
                let late = minute.millis() - moment.millis() > LATEST;
                match (late, cron.missed) {
                    (false, _) => Some(Tick::new(cron, moment, Cause::Schedule)),
                    (true, Missed::Run) => Some(Tick::new(cron, moment, Cause::Missed)),
                    (true, Missed::Skip) => None,
                }
            })
            .collect();
        if ticks.is_empty() {
            return Ok(());
        }
        let taken = app.store.write(move |tx| ticks.iter().try_for_each(|tick| tick.take(tx, now)));
        Ok(taken.await?)
    }

    /// Tells the database which jobs there are when it does not know, and now and then that they still
    /// are. The first time, which is a start, is when jobs make up for what they missed.
    async fn note(&mut self, app: &App, jobs: &[Cron], now: Timestamp) -> Result<(), Error> {
        let names: Vec<(String, String)> =
            jobs.iter().map(|cron| (cron.id.clone(), cron.expression.clone())).collect();
        let is_start = self.noted.is_none();
        if let Some((known, at)) = &self.noted
            && *known == names
            && (0..NOTE).contains(&(now.millis() - at.millis()))
        {
            return Ok(());
        }
        let (from, jobs) = (self.seen, jobs.to_vec());
        let noted = app.store.write(move |tx| {
            for cron in &jobs {
                let known = crons::mark(tx, &cron.id)?;
                if is_start
                    && cron.missed == Missed::Run
                    && let Some(known) = known.filter(|known| known.schedule == cron.expression)
                    && let Some(moment) = last_between(cron, known.tick, from)
                {
                    Tick::new(cron, moment, Cause::Missed).take(tx, now)?;
                }
                crons::note(tx, &mark(cron, from), now)?;
            }
            crons::forget_unseen(tx, now.plus_millis(-FORGET))
        });
        noted.await?;
        self.noted = Some((names, now));
        Ok(())
    }
}

/// The last moment of a job that is after `from` and not after `until`.
fn last_between(cron: &Cron, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
    // Most looks are about one minute, and need no search.
    if until.millis() - from.millis() == MINUTE {
        return cron.schedule.matches(until).then_some(until);
    }
    cron.schedule.last_until(until).filter(|moment| *moment > from)
}

/// What was counted of requests is in the memory of each process, so each forgets for itself; the run
/// that one of them gets is for everybody to see.
fn sweep(app: &App, jobs: &[Cron], from: Timestamp, until: Timestamp) {
    let limits = |cron: &&Cron| matches!(cron.work, Work::System(System::RateLimits));
    let cron = jobs.iter().find(limits);
    if cron.and_then(|cron| last_between(cron, from, until)).is_some() {
        app.rate_limits.sweep(until);
    }
}
