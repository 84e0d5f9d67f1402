//! Thumbnails of stored pictures (contract A 4.2): made when first asked for, kept beside their file.
//! However many are asked for, few are made at once, and each only once.

pub mod render;

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use moka::sync::Cache;
use tokio::sync::{Mutex as Turn, Semaphore};

use crate::domain::files::thumb::ThumbSize;
use crate::services::Error;
use crate::services::app::App;
use crate::services::blobs::Blob;
use crate::services::files::place;
use render::{Limits, RenderError, Thumb};

/// Most bytes of memory for one thumbnail: what a picture of some 40 million pixels may need at worst.
const MEMORY: u64 = 512 << 20;

/// Most thumbnails that are made at once, however many cores there are.
const MOST_WORKERS: usize = 4;

/// Most requests that wait for a thumbnail to be made.
const MOST_WAITING: usize = 256;

/// Pictures of which none can be made are remembered: finding out may have cost seconds.
const FAILURES: u64 = 10_000;
const FAILURE_LASTS: Duration = Duration::from_secs(60 * 60);

/// What is under way.
pub struct Thumbs {
    workers: Semaphore,
    waiting: Semaphore,
    making: Mutex<HashMap<String, Weak<Turn<()>>>>,
    failed: Cache<String, ()>,
}

impl Default for Thumbs {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            workers: Semaphore::new(cores.div_ceil(4).min(MOST_WORKERS)),
            waiting: Semaphore::new(MOST_WAITING),
            making: Mutex::default(),
            failed: Cache::builder().max_capacity(FAILURES).time_to_live(FAILURE_LASTS).build(),
        }
    }
}

/// The thumbnail of this size of the picture under `path`. None where none can be made.
///
/// # Errors
/// `Unavailable` when the storage cannot be reached, or too many wait.
pub async fn open(app: &App, path: &str, size: ThumbSize) -> Result<Option<Blob>, Error> {
    let target = place::thumb(path, &size.to_string());
    if let Some(blob) = app.files.blobs.open(&target).await? {
        return Ok(Some(blob));
    }
    let thumbs = &app.files.thumbs;
    if thumbs.failed.contains_key(&target) {
        return Ok(None);
    }
    let Ok(_place) = thumbs.waiting.try_acquire() else {
        return Err(Error::unavailable("too many requests wait for thumbnails"));
    };
    let turn = thumbs.turn(&target);
    let _turn = turn.lock().await;
    // Whoever had the turn before has made it.
    if let Some(blob) = app.files.blobs.open(&target).await? {
        return Ok(Some(blob));
    }
    let _worker = thumbs.workers.acquire().await.map_err(Error::unavailable)?;
    let Some(thumb) = make(app, path, size).await? else {
        thumbs.failed.insert(target, ());
        return Ok(None);
    };
    keep(app, path, &target, thumb).await.map(Some)
}

impl Thumbs {
    /// What everybody who wants the thumbnail `target` waits for in turn.
    fn turn(&self, target: &str) -> Arc<Turn<()>> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = making.get(target).and_then(Weak::upgrade) {
            return turn;
        }
        making.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::new(()));
        making.insert(target.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

/// None when the picture is none, is broken, or would cost too much.
async fn make(app: &App, path: &str, size: ThumbSize) -> Result<Option<Thumb>, Error> {
    let limits = Limits::default();
    let Some(blob) = app.files.blobs.open(path).await? else { return Ok(None) };
    if blob.size > limits.bytes {
        return Ok(None);
    }
    let picture = blob.bytes(limits.bytes).await?;
    // A panic of a decoder ends its thread's work, which is as good as a broken picture.
    let work = move || {
        let (width, height) = render::dimensions(Cursor::new(&picture), limits)?;
        if render::memory_needed(size, width, height) + picture.len() as u64 > MEMORY {
            return Err(RenderError::TooLarge);
        }
        render::render(Cursor::new(&picture), size, limits)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(thumb)) => Ok(Some(thumb)),
        Ok(Err(RenderError::Io(error))) => Err(Error::unavailable(error)),
        Ok(Err(error)) => {
            tracing::debug!(path, %error, "no thumbnail can be made");
            Ok(None)
        }
        Err(error) => {
            tracing::warn!(path, %error, "no thumbnail can be made");
            Ok(None)
        }
    }
}

/// Stores a thumbnail, unless its picture went away meanwhile. It is served all the same.
async fn keep(app: &App, path: &str, target: &str, thumb: Thumb) -> Result<Blob, Error> {
    let bytes = bytes::Bytes::from(thumb.bytes);
    let blobs = &app.files.blobs;
    if let Err(error) = blobs.put(target, bytes.clone(), thumb.mime).await {
        tracing::warn!(target, %error, "a thumbnail cannot be stored");
    } else if blobs.open(path).await?.is_none() {
        blobs.remove(target).await?;
    }
    let now = u64::try_from(app.clock.now().millis()).unwrap_or_default();
    Ok(Blob::of(bytes, SystemTime::UNIX_EPOCH + Duration::from_millis(now)))
}
