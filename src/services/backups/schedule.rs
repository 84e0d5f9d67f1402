//! Backups by the clock. Of those only the last ones are kept, and when one fails all superusers get a
//! mail: nobody sits there to see it.

use crate::domain::backups::BackupName;
use crate::services::app::App;
use crate::services::backups::busy::Busy;
use crate::services::backups::create::make_scheduled;
use crate::services::backups::place::{Place, Stored};
use crate::services::failure::Failure;
use crate::services::mail::alert::{self, Alert};
use crate::services::{Error, settings};

/// Makes a backup and removes the oldest ones.
///
/// # Errors
/// Why there is none. It is for the next tick to try again; superusers are told.
pub(in crate::services) async fn run(app: &App) -> Result<(), Failure> {
    let Err(error) = make(app).await else { return Ok(()) };
    tracing::error!(%error, "a scheduled backup failed");
    let failure = Failure::for_good(error);
    if let Err(error) = alert::tell_superusers(app, Alert::Backup, &failure.to_string()).await {
        tracing::error!(%error, "superusers could not be told that a backup failed");
    }
    Err(failure)
}

async fn make(app: &App) -> Result<(), Error> {
    let busy = Busy::begin(app).await?;
    let made = make_and_prune(app).await;
    busy.end().await;
    made
}

async fn make_and_prune(app: &App) -> Result<(), Error> {
    let settings = settings::current(app).await?;
    let place = Place::of(app).await?;
    let name = BackupName::scheduled(&settings.meta.app_name, app.clock.now());
    make_scheduled(app, &place, &name).await?;
    prune(&place, settings.backups.cron_max_keep).await
}

/// Removes the oldest scheduled backups but for so many.
async fn prune(place: &Place, keep: i64) -> Result<(), Error> {
    let keep = usize::try_from(keep.max(1)).unwrap_or(usize::MAX);
    let mut scheduled = place.list().await?;
    scheduled.retain(|stored| stored.name.is_scheduled());
    let age = |stored: &Stored| (stored.modified, stored.name.clone());
    scheduled.sort_by_key(|stored| std::cmp::Reverse(age(stored)));
    for stored in scheduled.into_iter().skip(keep) {
        place.remove(&stored.name).await?;
    }
    Ok(())
}
