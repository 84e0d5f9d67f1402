//! Carrying out a run. A run may be begun several times, since who is at it may die: what it does must
//! bear that, or be one transaction with the note that it was done.

use std::time::Duration;

use crate::config::Task;
use crate::services::app::App;
use crate::services::auth::cleanup;
use crate::services::crons::catalogue::{self, System, Work};
use crate::services::crons::{call, keep};
use crate::services::failure::Failure;
use crate::services::{Error, backups, console, logs};
use crate::store::Tx;
use crate::store::crons::{self, Outcome, Run};

/// How long the statements of a job may take. On SQLite nobody else writes meanwhile.
const SQL_LIMIT: Duration = Duration::from_secs(60);

/// Does what the run called `run` is about; nothing when it is over.
///
/// # Errors
/// Why it could not be done, and whether it is tried again.
pub(in crate::services) async fn carry_out(app: &App, run: &str, job: &str) -> Result<(), Failure> {
    let (id, now) = (run.to_owned(), app.clock.now());
    let begun = app.store.write(move |tx| crons::begin(tx, &id, now)).await;
    let Some(run) = begun.map_err(Failure::for_now)? else { return Ok(()) };
    match catalogue::find(app, job).await {
        Ok(cron) => work(app, run, &cron.work).await,
        // Processes may have files of different ages: another one may know it.
        Err(Error::NotFound) => {
            Err(Failure::ForNow(format!("no server has a job called {job:?} any more")))
        }
        Err(error) => Err(Failure::for_now(error)),
    }
}

async fn work(app: &App, run: Run, work: &Work) -> Result<(), Failure> {
    let (config, place) = match work {
        Work::System(system) => return of_system(app, *system).await,
        Work::Declared(config, place) => (config, *place),
    };
    match &config.jobs[place].task {
        Task::Sql(statements) => sql(app, run.id, statements.clone()).await,
        Task::Keep(keeps) => keep::run(app, keeps).await,
        Task::Webhook(to) => call::run(app, to, &run).await,
        Task::Backup => backups::run_scheduled(app).await,
    }
}

async fn of_system(app: &App, system: System) -> Result<(), Failure> {
    let done = match system {
        System::Optimize => app.store.optimize().await.map_err(Error::from),
        System::Factors => cleanup::factors(app).await,
        System::Codes => cleanup::codes(app).await,
        System::Logs => logs::forget(app).await,
        System::Backup => return backups::run_scheduled(app).await,
        System::RateLimits => {
            app.rate_limits.sweep(app.clock.now());
            Ok(())
        }
    };
    done.map_err(failed)
}

/// Runs statements in one transaction with the note that they ran: once, whoever dies.
async fn sql(app: &App, run: String, statements: Vec<String>) -> Result<(), Failure> {
    let now = app.clock.now();
    let done = app.store.write_with(SQL_LIMIT, move |tx: &mut Tx| {
        if crons::finish(tx, &run, Outcome::Done, "", now)? {
            console::change(tx, &statements)?;
        }
        Ok::<_, Error>(())
    });
    // The next tick tries it again. What was too slow now would be so in a minute.
    done.await.map_err(|error| match error {
        Error::Unavailable(_) => Failure::ForGood(format!(
            "its statements were not done within {} seconds, waiting for others included; nothing of \
             them was kept",
            SQL_LIMIT.as_secs()
        )),
        error => Failure::for_good(error),
    })
}

/// What the database could not do now it may do in a moment; what was refused will be again.
pub(super) fn failed(error: Error) -> Failure {
    match error {
        Error::Unavailable(_) => Failure::for_now(error),
        error => Failure::for_good(error),
    }
}
