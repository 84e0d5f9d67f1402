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

/// Bytes of a row besides its texts, more or less.
const ROW_HEAD: i64 = 40;

/// Most bytes that wait while the database takes none, before they are compressed.
const MOST_HELD: i64 = 2 * MOST_BYTES as i64;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// What whoever writes out knows.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// What could not be written yet, the oldest first.
    batches: VecDeque<Batch>,
    /// Entries that were lost and not told of yet.
    lost: u64,
    /// The number of the next entry.
    number: u32,
    /// What was written since `room` was found.
    written: Written,
    /// How many entries there is room for, by the size of those that came lately.
    room: Option<i64>,
    /// Whether the table is known to be empty, since nothing is to be kept.
    is_cleared: bool,
}

/// How much was written.
#[derive(Debug, Default, Clone, Copy)]
struct Written {
    entries: i64,
    bytes: i64,
}

impl Written {
    /// How many entries of this size are kept, `most` if they are usual ones: of large ones fewer.
    fn room(self, most: i64) -> i64 {
        let (entries, bytes) = (i128::from(self.entries), i128::from(self.bytes.max(1)));
        let fit = i128::from(most) * i128::from(ROW_SIZE) * entries / bytes;
        i64::try_from(fit).unwrap_or(most).clamp(1, most)
    }
}

/// Writes what there is, as batches. What the database does not take now is kept for the next time, up to a bound.
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
    while let Some(batch) = pending.batches.front().cloned() {
        let (entries, bytes) = (batch.entries(), batch.size() + ROW_HEAD * batch.entries());
        app.logs.has_batches.store(true, Ordering::Release);
        app.store.write_logs(move |tx| logs::add(tx, &batch)).await?;
        pending.batches.pop_front();
        pending.written.entries += entries;
        pending.written.bytes += bytes;
    }
    let most = most(app);
    // A few say nothing of the size of the others.
    if pending.written.entries < (most / 20).clamp(1, 10_000) {
        return Ok(());
    }
    pending.room = Some(std::mem::take(&mut pending.written).room(most));
    trim(app, &pending).await
}

/// Makes rows of some of the oldest batches, if this process has left any.
///
/// # Errors
/// What the database says.
pub(super) async fn unfold_some(app: &App, at_most: usize) -> Result<(), Error> {
    if app.logs.has_batches.load(Ordering::Acquire) { unfold(app, at_most).await } else { Ok(()) }
}

/// Makes rows of the oldest batches that all processes have written up to now, `at_most` of them.
///
/// # Errors
/// What the database says.
pub async fn unfold(app: &App, at_most: usize) -> Result<(), Error> {
    // Before it is looked, since more may come meanwhile.
    app.logs.has_batches.store(false, Ordering::Release);
    let unfolded = unfold_oldest(app, at_most).await;
    if !matches!(unfolded, Ok(Unfolded { is_all: true, .. })) {
        app.logs.has_batches.store(true, Ordering::Release);
    }
    if unfolded?.is_none {
        return Ok(());
    }
    trim(app, &*app.logs.pending.lock().await).await
}

/// What became of batches.
struct Unfolded {
    /// Whether there was none.
    is_none: bool,
    /// Whether none is left.
    is_all: bool,
}

async fn unfold_oldest(app: &App, at_most: usize) -> Result<Unfolded, StoreError> {
    let Some(last) = app.store.read_logs(logs::last).await? else {
        return Ok(Unfolded { is_none: true, is_all: true });
    };
    for _ in 0..at_most {
        if !app.store.write_logs(move |tx| logs::unfold(tx, last)).await? {
            return Ok(Unfolded { is_none: false, is_all: true });
        }
    }
    Ok(Unfolded { is_none: false, is_all: false })
}

/// Takes the entries out of memory and makes a batch of them.
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
        Batch::pack(taken.entries(|| numbers.next().unwrap_or_default()))
    });
    pending.batches.push_back(batch.await.map_err(Error::internal)?.map_err(Error::internal)?);
    let held = |pending: &Pending| pending.batches.iter().map(Batch::size).sum::<i64>();
    while pending.batches.len() > 1 && held(pending) > MOST_HELD {
        let oldest = pending.batches.pop_front().map_or(0, |batch| batch.entries() as u64);
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

/// Holds the tables to their size.
async fn trim(app: &App, pending: &Pending) -> Result<(), Error> {
    let most = most(app);
    let room = pending.room.map_or(most, |room| room.min(most));
    Ok(app.store.write_logs(move |tx: &mut Tx| logs::trim(tx, room)).await?)
}

/// How many entries are kept.
fn most(app: &App) -> i64 {
    let of_file = app.configuration.config().and_then(|config| config.logs.rows);
    of_file.unwrap_or(MOST_ROWS)
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
    app.store.write_logs(move |tx| logs::forget_batches(tx, moment)).await?;
    // Of those that are left, some may be older in part.
    while let Some(last) = app.store.read_logs(move |db| logs::last_before(db, moment)).await? {
        app.store.write_logs(move |tx| logs::unfold(tx, last)).await?;
    }
    let mut removed = AT_ONCE as u64;
    while removed >= AT_ONCE as u64 {
        let forget = move |tx: &mut Tx| logs::forget(tx, moment, AT_ONCE);
        removed = app.store.write_logs(forget).await?;
    }
    Ok(())
}
