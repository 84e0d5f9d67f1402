//! Jobs as superusers see them: which there are, and what came of them.

use std::sync::Arc;

use serde::Serialize;

use crate::domain::rules::RequestInfo;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::crons::catalogue::{self, Cron};
use crate::services::paging::{Page, Paging, Total, signed};
use crate::store::StoreError;
use crate::store::crons::{self, Run};

/// A job, as the contract has it.
#[derive(Debug, Serialize)]
pub struct CronView {
    /// What it is called by.
    pub id: String,
    /// When it runs: five segments, also where it is written as one word.
    pub expression: String,
}

/// The same, with what is more than PocketBase tells.
#[derive(Debug, Serialize)]
pub struct DetailedView {
    /// The job.
    #[serde(flatten)]
    pub cron: CronView,
    /// When it runs next; empty when that day never comes.
    pub next: String,
    /// Its last run, if there was one.
    pub last: Option<RunView>,
}

/// A run of a job.
#[derive(Debug, Serialize)]
pub struct RunView {
    /// What it is told apart by.
    pub id: String,
    /// Name of the job.
    pub job: String,
    /// `schedule`, `missed` or `hand`.
    pub cause: &'static str,
    /// The tick, or when somebody asked for it.
    pub tick: String,
    /// Since when somebody is at it; empty before.
    pub started: String,
    /// When it ended; empty before.
    pub finished: String,
    /// `waiting`, `running`, `done`, `failed` or `skipped`.
    pub outcome: &'static str,
    /// Why it failed or was left out, else empty.
    pub error: String,
}

/// All jobs.
///
/// # Errors
/// When the settings cannot be read.
pub async fn list(app: &App) -> Result<Vec<CronView>, Error> {
    Ok(catalogue::all(app).await?.into_iter().map(view).collect())
}

/// All jobs, with when they run next and their last runs.
///
/// # Errors
/// When they cannot be read.
pub async fn detailed(app: &App) -> Result<Vec<DetailedView>, Error> {
    let jobs: Arc<[Cron]> = catalogue::all(app).await?.into();
    let now = app.clock.now();
    let asked = Arc::clone(&jobs);
    let read = app.store.read(move |db| {
        let last = |cron: &Cron| crons::last(db, &cron.id);
        asked.iter().map(last).collect::<Result<Vec<_>, StoreError>>()
    });
    let last = read.await?;
    let detailed = jobs.iter().zip(last).map(|(cron, last)| DetailedView {
        next: text(cron.schedule.next_after(now)),
        last: last.map(run_view),
        cron: view(cron.clone()),
    });
    Ok(detailed.collect())
}

/// One page of the runs of the job called `id`, the newest first.
///
/// # Errors
/// `NotFound` when there is no such job, `BadRequest` for parameters that mean nothing.
pub async fn runs(app: &App, id: &str, request: &RequestInfo) -> Result<Page<RunView>, Error> {
    let cron = catalogue::find(app, id).await?;
    let paging = Paging::read(request)?;
    let (limit, offset) = (signed(paging.per_page), signed(paging.offset()));
    let read = app.store.read(move |db| {
        let runs = crons::page(db, &cron.id, limit, offset)?;
        let total = match paging.total {
            Total::Skipped => None,
            Total::Counted => Some(crons::count(db, &cron.id)?),
        };
        Ok::<_, StoreError>((runs, total))
    });
    let (runs, total) = read.await?;
    let total = total.map(|total| u64::try_from(total).unwrap_or_default());
    Ok(Page::new(runs.into_iter().map(run_view).collect(), paging, total))
}

fn view(cron: Cron) -> CronView {
    CronView { id: cron.id, expression: cron.expression }
}

fn run_view(run: Run) -> RunView {
    RunView {
        id: run.id,
        job: run.job,
        cause: run.cause.word(),
        tick: run.tick.to_string(),
        started: text(run.started),
        finished: text(run.finished),
        outcome: run.outcome.word(),
        error: run.error,
    }
}

fn text(moment: Option<Timestamp>) -> String {
    moment.map(|moment| moment.to_string()).unwrap_or_default()
}
