//! Snapshots of the whole database, made beside the segments that go on meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempPath;
use tokio::task::JoinHandle;

use crate::domain::time::Timestamp;
use crate::services::app::App;
use crate::services::backups::Scratch;
use crate::services::replica::ReplicaError;
use crate::services::replica::format::{self, Digest, Head};
use crate::services::replica::names::Name;
use crate::services::replica::place::Place;
use crate::services::replica::prune::prune;
use crate::services::threads::aside;
use crate::store::{Beginning, CopyReport};

/// How long it waits after one that failed.
const PAUSE: Duration = Duration::from_secs(30);

/// The snapshots of a generation.
#[derive(Default)]
pub(super) struct Snapshots {
    /// When the newest one was made.
    pub(super) newest: Option<Timestamp>,
    has_begun: bool,
    making: Option<(Timestamp, JoinHandle<Result<(), ReplicaError>>)>,
    /// When one failed.
    failed: Option<Instant>,
}

/// What a snapshot is made from.
pub(super) struct Start {
    pub(super) app: Arc<App>,
    pub(super) place: Arc<Place>,
    pub(super) name: Name,
    /// The digest of the segment before it.
    pub(super) previous: Digest,
    /// How far back there are moments to restore.
    pub(super) keep: Duration,
    pub(super) beginning: Beginning,
}

impl Snapshots {
    /// Whether none was ever begun.
    pub(super) const fn is_first(&self) -> bool {
        !self.has_begun && self.newest.is_none()
    }

    /// Whether one should be begun.
    pub(super) fn is_due(&self, now: Timestamp, interval: Duration) -> bool {
        let millis = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let is_old = self.newest.is_none_or(|newest| newest.plus_millis(millis) <= now);
        let may = self.failed.is_none_or(|failed| failed.elapsed() >= PAUSE);
        is_old && may && self.making.is_none()
    }

    /// Its state is fixed; it fails unless it is started.
    pub(super) fn begun(&mut self) {
        self.has_begun = true;
        self.failed = Some(Instant::now());
    }

    /// Makes one beside everything else.
    pub(super) fn start(&mut self, start: Start) {
        self.failed = None;
        self.making = Some((start.name.time, tokio::spawn(make(start))));
    }

    /// Takes note of one that is made, or says why not.
    pub(super) async fn look(&mut self) -> Result<(), ReplicaError> {
        let Some((time, making)) = self.making.take_if(|(_, making)| making.is_finished()) else {
            return Ok(());
        };
        let made = making.await.map_err(|error| ReplicaError::Io(std::io::Error::other(error)));
        match made.and_then(|made| made) {
            Ok(()) => self.newest = Some(time),
            Err(error) => {
                self.failed = Some(Instant::now());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Gives up one that is being made.
    pub(super) fn stop(&mut self) {
        if let Some((_, making)) = self.making.take() {
            making.abort();
        }
    }
}

async fn make(start: Start) -> Result<(), ReplicaError> {
    let Start { app, place, name, previous, keep, beginning } = start;
    let scratch = Scratch::new(app.backups.dir())?;
    let folder = scratch.path();
    let head = Head {
        number: name.number,
        time: name.time,
        page_size: 0,
        size: 0,
        count: 0,
        position: beginning.position.clone(),
        previous,
    };
    let packed = aside("snapshot", move || pack(beginning, head, folder)).await;
    let file = packed.ok_or_else(|| std::io::Error::other("it panicked, see the log"))??;
    let size = std::fs::metadata(&file)?.len();
    place.put_file(&name.to_string(), file).await?;
    app.replica.shipped(size);
    tracing::info!(bytes = size, %name, "a snapshot of the database is in the replica");
    let millis = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    let since = app.clock.now().plus_millis(millis.saturating_neg());
    if let Err(error) = prune(&place, &name.generation, since).await {
        tracing::warn!(%error, "what is too old cannot be removed from the replica now");
    }
    Ok(())
}

fn pack(beginning: Beginning, head: Head, folder: PathBuf) -> Result<TempPath, ReplicaError> {
    let copy = folder.join("data.db");
    let report: CopyReport = Arc::new(|_, _| ());
    beginning.copy(&copy, &report)?;
    let packed = tempfile::Builder::new().tempfile_in(&folder)?;
    format::write_snapshot(head, &copy, packed.reopen()?).map_err(std::io::Error::other)?;
    std::fs::remove_file(copy)?;
    Ok(packed.into_temp_path())
}
