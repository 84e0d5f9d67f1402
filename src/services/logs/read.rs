//! Logs as superusers see them.

use std::sync::Arc;

use serde::Serialize;

use crate::domain::Json;
use crate::domain::rules::{self, RequestInfo};
use crate::services::Error;
use crate::services::app::App;
use crate::services::logs::write::{clear_all, unfold, write_out};
use crate::services::paging::{Page, Paging, Total, parameter, signed};
use crate::store::filter::FilterError;
use crate::store::logs::{self, StoredLog};

/// An entry.
#[derive(Debug, Serialize)]
pub struct LogView {
    /// What it is told apart by.
    pub id: Json,
    /// When it happened.
    pub created: Json,
    /// The rest.
    pub data: Json,
    /// What happened, in a line.
    pub message: Json,
    /// How bad it is.
    pub level: Json,
}

/// How much happened in an hour.
#[derive(Debug, Serialize)]
pub struct HourView {
    /// Its beginning.
    pub date: String,
    /// Entries of it.
    pub total: i64,
}

/// One page of the entries that the filter of `request` finds, those of this process up to now.
///
/// # Errors
/// `BadRequest` for parameters that mean nothing.
pub async fn list(app: &Arc<App>, request: RequestInfo) -> Result<Page<LogView>, Error> {
    let paging = Paging::read(&request)?;
    let filter = filter(&request)?;
    let sort = parameter(&request, "sort").unwrap_or_default().to_owned();
    refuse_foreign_names(&sort)?;
    up_to_now(app).await;
    let read = app.store.read_logs(move |db| {
        let window = (signed(paging.per_page), signed(paging.offset()));
        let page = logs::page(db, &request, (&filter, &sort), window)?.map_err(refused)?;
        let total = match paging.total {
            Total::Skipped => None,
            Total::Counted => {
                let count = logs::count(db, &request, &filter)?.map_err(refused)?;
                Some(u64::try_from(count).unwrap_or_default())
            }
        };
        Ok::<_, Error>((page, total))
    });
    let (entries, total) = read.await?;
    Ok(Page::new(entries.into_iter().map(shown).collect(), paging, total))
}

/// How many entries each hour has that the filter of `request` finds, from the first hour on.
///
/// # Errors
/// `BadRequest` for a filter that means nothing.
pub async fn stats(app: &Arc<App>, request: RequestInfo) -> Result<Vec<HourView>, Error> {
    let filter = filter(&request)?;
    up_to_now(app).await;
    let read = app.store.read_logs(move |db| {
        let hours = logs::hours(db, &request, &filter)?.map_err(refused)?;
        Ok::<_, Error>(hours)
    });
    let hours = read.await?.into_iter();
    Ok(hours.map(|(date, total)| HourView { date, total }).collect())
}

/// The entry called `id`.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn view(app: &Arc<App>, id: &str) -> Result<LogView, Error> {
    up_to_now(app).await;
    let id = id.to_owned();
    let found = app.store.read_logs(move |db| logs::by_id(db, &id)).await?;
    found.map(shown).ok_or(Error::NotFound)
}

/// Removes all entries, and what they took of the disk.
///
/// # Errors
/// When the database cannot do it now.
pub async fn clear(app: &Arc<App>) -> Result<(), Error> {
    let app = Arc::clone(app);
    tokio::spawn(async move { clear_all(&app).await }).await.map_err(Error::internal)?
}

/// Makes rows of all that there is, so that whoever reads sees what happened before. What cannot be written is no
/// reason to show nothing. It goes on when nobody waits for it any more: entries on their way to the database would
/// be lost, or come there twice.
async fn up_to_now(app: &Arc<App>) {
    let app = Arc::clone(app);
    let work = tokio::spawn(async move {
        // The service tells of it.
        let _ = write_out(&app).await;
        let _ = unfold(&app, usize::MAX).await;
    });
    // A panic was reported.
    let _ = work.await;
}

fn filter(request: &RequestInfo) -> Result<String, Error> {
    let filter = parameter(request, "filter").unwrap_or_default();
    refuse_foreign_names(filter)?;
    Ok(filter.to_owned())
}

/// Entries have fields of their own, and nothing of the request or of collections is among them.
fn refuse_foreign_names(text: &str) -> Result<(), Error> {
    if rules::needs_superuser(text) {
        let message = "Logs are filtered and sorted by id, created, level, message and data alone.";
        return Err(Error::bad_request(message));
    }
    Ok(())
}

fn refused(error: FilterError) -> Error {
    Error::bad_request(error.to_string())
}

fn shown(log: StoredLog) -> LogView {
    let StoredLog { id, level, message, data, created } = log;
    LogView { id, created, data, message, level }
}
