//! From memory to the database, and out of it again when it is old or too much.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use tokio::task::spawn_blocking;

use crate::domain::logs::{MOST_ROWS, NUMBERS, ROW_SIZE, WARN};
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::app::App;
use crate::services::logs::buffer::MOST_BYTES;
use crate::services::logs::entry::LineLog;
use crate::services::logs::{Policy, policy};
use crate::store::logs::{self, Batch};
use crate::store::{StoreError, Tx};

/// Entries that one transaction removes.
const AT_ONCE: i64 = 5_000;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// What whoever writes out knows.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// What could not be written yet, the oldest first, with the bytes of each.
    batches: VecDeque<(usize, Batch)>,
    /// Entries that were lost and not told of yet.
    lost: u64,
    /// The number of the next entry.
    number: u32,
    /// Entries that were written since the table was last looked at for its size, and their bytes.
    since_trim: (i64, i64),
    /// Whether the table is known to be empty, since nothing is to be kept.
    is_cleared: bool,
}

/// Writes what there is. What the database does not take now is kept for the next time, up to a bound.
///
/// # Errors
/// Why not all is written.
pub async fn write_out(app: &App) -> Result<(), Error> {
    let mut pending = app.logs.pending.lock().await;
    let policy = policy(app).await;
    if policy.max_days == 0 {
        return keep_nothing(app, &mut pending).await;
    }
    pending.is_cleared = false;
    take(app, &mut pending, policy).await?;
    while let Some((bytes, batch)) = pending.batches.front().cloned() {
        let count = batch.len() as i64;
        app.store.write_logs(move |tx| logs::add(tx, &batch)).await?;
        pending.batches.pop_front();
        pending.since_trim.0 += count;
        pending.since_trim.1 += bytes as i64;
    }
    trim(app, &mut pending).await
}

/// Takes the entries out of memory and makes rows of them.
async fn take(app: &App, pending: &mut Pending, policy: Policy) -> Result<(), Error> {
    let mut taken = app.logs.buffer.take();
    let lost = taken.dropped + std::mem::take(&mut pending.lost);
    if lost > 0 {
        let (head, text) = told(lost).put_together(policy, app.logs.now());
        taken.push(head, &text);
    }
    let count = taken.len();
    if count == 0 {
        return Ok(());
    }
    let first = app.logs.number.wrapping_add(pending.number);
    pending.number = pending.number.wrapping_add(count as u32);
    let batch = spawn_blocking(move || {
        let mut numbers = (0_u32..).map(|place| first.wrapping_add(place) % NUMBERS);
        let rows = taken.into_rows(|| numbers.next().unwrap_or_default());
        let bytes = rows.iter().map(|row| row.message.len() + row.data.len() + 64).sum();
        (bytes, Batch::new(rows))
    });
    pending.batches.push_back(batch.await.map_err(Error::internal)?);
    let held = |pending: &Pending| pending.batches.iter().map(|(bytes, _)| bytes).sum::<usize>();
    while pending.batches.len() > 1 && held(pending) > 2 * MOST_BYTES {
        let oldest = pending.batches.pop_front().map_or(0, |(_, batch)| batch.len() as u64);
        pending.lost += oldest;
        app.logs.dropped.fetch_add(oldest, Ordering::Relaxed);
    }
    Ok(())
}

/// The entry that says how many there are not.
fn told(lost: u64) -> LineLog {
    tracing::warn!(lost, "more happened than could be logged");
    let data = [("dropped", Json::from(lost)), ("type", Json::from("logs"))];
    LineLog {
        level: WARN,
        message: format!("{lost} log entries were dropped: more happened than could be written."),
        data: data.map(|(key, value)| (key.to_owned(), value)).into_iter().collect::<JsonMap>(),
    }
}

async fn keep_nothing(app: &App, pending: &mut Pending) -> Result<(), Error> {
    drop(app.logs.buffer.take());
    pending.batches.clear();
    pending.lost = 0;
    if !pending.is_cleared {
        clear_rows(app).await?;
        pending.is_cleared = true;
    }
    Ok(())
}

/// Removes every entry, those in memory included.
///
/// # Errors
/// When the database cannot do it now.
pub(super) async fn clear_all(app: &App) -> Result<(), Error> {
    let mut pending = app.logs.pending.lock().await;
    drop(app.logs.buffer.take());
    pending.batches.clear();
    clear_rows(app).await
}

async fn clear_rows(app: &App) -> Result<(), Error> {
    app.store.write_logs(logs::clear).await?;
    Ok(app.store.reclaim_logs().await?)
}

/// Holds the table to its size: now and then, for that many entries more or less do not matter. Of entries
/// that are large on average fewer are kept.
async fn trim(app: &App, pending: &mut Pending) -> Result<(), Error> {
    let of_file = app.configuration.config().and_then(|config| config.logs.rows);
    let most = of_file.unwrap_or(MOST_ROWS);
    let (count, bytes) = pending.since_trim;
    if count < (most / 20).clamp(1, 10_000) {
        return Ok(());
    }
    let fit =
        i128::from(most) * i128::from(ROW_SIZE) * i128::from(count) / i128::from(bytes.max(1));
    let most = i64::try_from(fit).unwrap_or(i64::MAX).clamp(1, most);
    app.store.write_logs(move |tx: &mut Tx| logs::trim(tx, most)).await?;
    pending.since_trim = (0, 0);
    Ok(())
}

/// Removes what is older than the settings say.
///
/// # Errors
/// When the database cannot do it now.
pub async fn forget(app: &App) -> Result<(), Error> {
    let policy = policy(app).await;
    if policy.max_days == 0 {
        return write_out(app).await;
    }
    let age = policy.max_days.saturating_mul(DAY);
    Ok(forget_before(app, app.clock.now().plus_millis(age.saturating_neg())).await?)
}

/// Removes what is from before `moment`.
///
/// # Errors
/// What the database says.
pub async fn forget_before(app: &App, moment: Timestamp) -> Result<(), StoreError> {
    let mut removed = AT_ONCE as u64;
    while removed >= AT_ONCE as u64 {
        let forget = move |tx: &mut Tx| logs::forget(tx, moment, AT_ONCE);
        removed = app.store.write_logs(forget).await?;
    }
    Ok(())
}
