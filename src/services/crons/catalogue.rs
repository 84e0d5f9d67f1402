//! Which jobs there are: those of the config file by name, then those of the product in the order of
//! the contract.

use std::sync::Arc;

use crate::config::{Config, Job, Missed};
use crate::domain::cron::{Schedule, expand};
use crate::domain::settings::Settings;
use crate::services::app::App;
use crate::services::{Error, settings};

/// Something that happens by the clock.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    /// What it is called by.
    pub(super) id: String,
    /// When, in five segments.
    pub(super) expression: String,
    /// The same, to be asked for its moments.
    pub(super) schedule: Schedule,
    /// What becomes of a time at which no server ran.
    pub(super) missed: Missed,
    /// What happens.
    pub(super) work: Work,
}

/// What a job does.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// What the config file says, at this place of its jobs.
    Declared(Arc<Config>, usize),
    /// What the product does for itself.
    System(System),
}

/// What the product does for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// Lets the database work well.
    Optimize,
    /// Removes first factors and sessions that are of no use.
    Factors,
    /// Removes codes that are of no use.
    Codes,
    /// Removes old logs.
    Logs,
    /// Makes a backup.
    Backup,
    /// Forgets what was counted of requests.
    RateLimits,
}

const SYSTEM: [(&str, &str, System); 4] = [
    ("__pbDBOptimize__", "0 0 * * *", System::Optimize),
    ("__pbMFACleanup__", "0 * * * *", System::Factors),
    ("__pbOTPCleanup__", "0 * * * *", System::Codes),
    ("__pbLogsCleanup__", "0 */6 * * *", System::Logs),
];

/// All jobs.
///
/// # Errors
/// When the settings cannot be read.
pub(super) async fn all(app: &App) -> Result<Vec<Cron>, Error> {
    let settings = settings::current(app).await?;
    let mut crons = app.configuration.config().map(declared).transpose()?.unwrap_or_default();
    crons.sort_by(|left, right| left.id.cmp(&right.id));
    for (id, expression, work) in SYSTEM {
        crons.push(system(id, expression, work)?);
    }
    crons.extend(conditional(&settings)?);
    Ok(crons)
}

/// The job called `id`.
///
/// # Errors
/// `NotFound` when there is none.
pub(super) async fn find(app: &App, id: &str) -> Result<Cron, Error> {
    all(app).await?.into_iter().find(|cron| cron.id == id).ok_or(Error::NotFound)
}

fn declared(config: Arc<Config>) -> Result<Vec<Cron>, Error> {
    let cron = |(place, job): (usize, &Job)| {
        Ok(Cron {
            id: job.name.clone(),
            expression: expand(&job.schedule).to_owned(),
            schedule: schedule(&job.schedule)?,
            missed: job.missed,
            work: Work::Declared(Arc::clone(&config), place),
        })
    };
    config.jobs.iter().enumerate().map(cron).collect()
}

/// Those that depend on the settings.
fn conditional(settings: &Settings) -> Result<Vec<Cron>, Error> {
    let mut crons = Vec::new();
    if !settings.backups.cron.is_empty() {
        crons.push(system("__pbAutoBackup__", &settings.backups.cron, System::Backup)?);
    }
    if settings.rate_limits.enabled {
        crons.push(system("__pbRateLimitersCleanup__", "2 * * * *", System::RateLimits)?);
    }
    Ok(crons)
}

fn system(id: &str, expression: &str, work: System) -> Result<Cron, Error> {
    Ok(Cron {
        id: id.to_owned(),
        expression: expand(expression).to_owned(),
        schedule: schedule(expression)?,
        missed: Missed::Skip,
        work: Work::System(work),
    })
}

/// Settings and files were checked when they were saved and loaded.
fn schedule(expression: &str) -> Result<Schedule, Error> {
    Schedule::parse(expression)
        .map_err(|reason| Error::internal(format!("{expression:?} is no schedule: {reason}")))
}
