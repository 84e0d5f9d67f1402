//! The task that ships: every moment it takes what was committed since and puts it into the replica as the
//! next segment. What cannot be stored now waits in the log of the database, and is stored when the place is
//! back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, timeout};

use crate::config;
use crate::domain::time::Timestamp;
use crate::services::app::App;
use crate::services::clock::Clock;
use crate::services::replica::ReplicaError;
use crate::services::replica::format::{self, Digest, FormatError, Head, Segment};
use crate::services::replica::local::{Left, Local};
use crate::services::replica::moments::Catalogue;
use crate::services::replica::names::{Generation, Kind, Name};
use crate::services::replica::owner::Owner;
use crate::services::replica::place::Place;
use crate::services::replica::snapshots::{Snapshots, Start};
use crate::services::replica::trouble::Trouble;
use crate::store::{FileMark, Lost, Pages, WalSource};

/// How long the last round may take at the end of the process.
const LAST: Duration = Duration::from_secs(10);

/// The task, until it is stopped or dropped; none where nothing is to be shipped.
pub struct Service(Option<Running>);

struct Running {
    app: Arc<App>,
    stop: oneshot::Sender<()>,
    working: JoinHandle<Shipper>,
}

/// What is to be done once the database is closed.
pub struct Closing(Option<(Arc<App>, Local, u64)>);

impl Service {
    /// Begins to ship, where the options of `app` say so.
    ///
    /// # Errors
    /// When the data folder cannot be used.
    pub fn start(app: Arc<App>) -> std::io::Result<Self> {
        let (Some(options), Some(wal)) = (app.replica.options.clone(), app.store.wal()) else {
            return Ok(Self(None));
        };
        let local = Local::read(app.backups.dir())?;
        // Before anything can be shipped under that name.
        local.write(app.backups.dir())?;
        let shipper = Shipper {
            owner: Owner::new(&local.owner),
            options,
            wal,
            local,
            place: None,
            line: None,
            has_resumed: false,
            trouble: Trouble::default(),
            app: Arc::clone(&app),
        };
        let (stop, stopped) = oneshot::channel();
        Ok(Self(Some(Running { app, stop, working: tokio::spawn(shipper.work(stopped)) })))
    }

    /// Ships what is left, and ends. The database is to be closed then.
    pub async fn stop(self) -> Closing {
        let Some(Running { app, stop, working }) = self.0 else { return Closing(None) };
        // It may have ended with its runtime.
        let _ = stop.send(());
        let Ok(shipper) = working.await else { return Closing(None) };
        let line = shipper.line.filter(|line| line.pending.is_none() && line.reading.is_none());
        Closing(line.map(|line| (app, shipper.local, line.number)))
    }
}

impl Closing {
    /// Remembers how the closed database was left, so that the next start need not begin anew.
    pub fn closed(self) {
        let Some((app, mut local, number)) = self.0 else { return };
        let Some(left) = app.store.wal().and_then(|wal| wal.left()) else { return };
        local.left = Some(Left { number, file: left.to_string() });
        if let Err(error) = local.write(app.backups.dir()) {
            tracing::warn!(%error, "the next start ships the whole database again");
        }
    }
}

struct Shipper {
    app: Arc<App>,
    options: config::Replica,
    wal: Arc<WalSource>,
    local: Local,
    owner: Owner,
    place: Option<Arc<Place>>,
    line: Option<Line>,
    /// Whether it was tried to go on where the last process was.
    has_resumed: bool,
    trouble: Trouble,
}

/// The generation that is written, and how far.
struct Line {
    generation: Generation,
    number: u64,
    digest: Digest,
    time: Timestamp,
    /// The next segment as it is read: whoever stops waiting for that must not lose it.
    reading: Option<JoinHandle<Result<Option<Pending>, ReplicaError>>>,
    /// A segment that is not stored yet.
    pending: Option<Pending>,
    snapshots: Snapshots,
}

struct Pending {
    name: Name,
    bytes: Bytes,
    digest: Digest,
}

impl Line {
    fn new(generation: Generation, now: Timestamp) -> Self {
        let digest = generation.digest();
        let snapshots = Snapshots::default();
        Self { generation, number: 0, digest, time: now, reading: None, pending: None, snapshots }
    }

    /// What turns pages into the next segment.
    fn packer(&self, clock: Clock) -> impl FnOnce(Pages) -> Result<Pending, ReplicaError> + use<> {
        let (generation, number, least) = (self.generation.clone(), self.number + 1, self.time);
        let previous = self.digest;
        move |pages| {
            // After the pages were read: nothing in them is younger.
            let time = clock.now().max(least);
            let head =
                Head { number, time, page_size: 0, size: 0, count: 0, position: None, previous };
            let kind = if pages.size.is_some() { Kind::Segment } else { Kind::Part };
            let (bytes, digest) = format::segment(head, &pages).map_err(std::io::Error::other)?;
            let name = Name { generation, kind, number, time };
            Ok(Pending { name, bytes: bytes.into(), digest })
        }
    }
}

impl Shipper {
    async fn work(mut self, mut stopped: oneshot::Receiver<()>) -> Self {
        let mut ticks = tokio::time::interval(self.options.sync);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // An error is a server that was dropped.
                _ = &mut stopped => break,
                _ = ticks.tick() => {}
            }
            // A store that does not answer must not hold up the end.
            tokio::select! {
                _ = &mut stopped => break,
                () = self.round_reported() => {}
            }
        }
        let last = async {
            self.round_reported().await;
            if let Some(place) = self.place.clone() {
                let _ = self.owner.release(&place).await;
            }
        };
        if timeout(LAST, last).await.is_err() {
            tracing::warn!(
                "the last changes could not be shipped: the place did not answer in time"
            );
            self.line = None;
        }
        if let Some(line) = &mut self.line {
            line.snapshots.stop();
        }
        self
    }

    async fn round_reported(&mut self) {
        let mut round = self.round().await;
        if let Err(ReplicaError::Lost(error)) = &round {
            tracing::warn!(%error, "the replica goes on with a new generation");
            self.line = None;
            round = self.round().await;
        }
        if matches!(round, Err(ReplicaError::Foreign(_) | ReplicaError::Lost(_))) {
            self.line = None;
        }
        if round.is_err() {
            self.app.replica.failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        self.trouble.report(&self.app, round).await;
    }

    async fn round(&mut self) -> Result<(), ReplicaError> {
        let place = match &self.place {
            Some(place) => Arc::clone(place),
            None => {
                let place = Arc::new(Place::open(&self.options.place)?);
                self.place = Some(Arc::clone(&place));
                place
            }
        };
        self.owner.hold(&place).await?;
        if self.line.is_none() {
            self.line = Some(self.begin(&place).await?);
        }
        self.drain(&place, usize::MAX).await?;
        self.take_snapshot(&place).await
    }

    /// Goes on with the generation that there is, or begins one.
    async fn begin(&mut self, place: &Place) -> Result<Line, ReplicaError> {
        place.tidy()?;
        let resumed = if self.has_resumed { None } else { self.resume(place).await? };
        let is_new = resumed.is_none();
        let line = resumed.unwrap_or_else(|| {
            let now = self.app.clock.now();
            Line::new(Generation::new(now), now)
        });
        self.local.generation = Some(line.generation.to_string());
        self.local.left = None;
        self.local.write(self.app.backups.dir())?;
        self.has_resumed = true;
        if is_new {
            // What is read from now on comes on top of that state, even if it is never copied.
            self.wal.stop();
            self.app.replica.generations.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        let generation = &line.generation;
        tracing::info!(place = place.shown(), %generation, is_new, "the log of the database is shipped");
        Ok(line)
    }

    /// The generation that the last process on this data folder wrote, if nothing is missing since.
    async fn resume(&self, place: &Place) -> Result<Option<Line>, ReplicaError> {
        let catalogue = Catalogue::read(place).await?;
        let Some((generation, files)) = catalogue.generations.last_key_value() else {
            return Ok(None);
        };
        if self.local.generation != Some(generation.to_string()) {
            return Ok(None);
        }
        let mut line = Line::new(generation.clone(), self.app.clock.now());
        line.snapshots.newest = files.snapshots.last().map(|name| name.time);
        let read = match (files.segments.last_key_value(), files.snapshots.last()) {
            (Some((_, name)), _) => {
                let bytes = place.get(&name.to_string()).await?;
                let segment = bytes.as_deref().map(Segment::read).transpose();
                segment.map(|segment| segment.map(|segment| (segment.head, segment.digest)))
            }
            (None, Some(name)) => {
                let bytes = place.head(&name.to_string()).await?;
                let head = bytes.as_deref().map(Head::of_snapshot).transpose();
                head.map(|head| head.map(|head| (head.clone(), head.previous)))
            }
            (None, None) => Ok(None),
        };
        let (head, digest) = match read {
            Ok(Some(read)) => read,
            Ok(None) => return Ok(None),
            Err(FormatError::Io(error)) => return Err(error.into()),
            Err(FormatError::Damaged(_)) => return Ok(None),
        };
        line.number = head.number;
        line.digest = digest;
        line.time = line.time.max(head.time);
        let left = self.local.left.as_ref().filter(|left| left.number == line.number);
        if left.is_some_and(|left| self.wal.resume_left(&FileMark::parse(&left.file))) {
            return Ok(Some(line));
        }
        let Some(position) = head.position else { return Ok(None) };
        let wal = Arc::clone(&self.wal);
        let is_there = blocking(move || wal.resume(&position)).await??;
        Ok(is_there.then_some(line))
    }

    /// Ships what was committed, up to so many segments.
    async fn drain(&mut self, place: &Place, most: usize) -> Result<(), ReplicaError> {
        let Some(line) = &mut self.line else { return Ok(()) };
        if line.snapshots.is_first() {
            // There is no state yet that pages could come on top of.
            return Ok(());
        }
        let mut count = 0;
        loop {
            if let Some(pending) = &line.pending {
                self.owner.hold(place).await?;
                place.put_new(&pending.name.to_string(), pending.bytes.clone()).await?;
                self.app.replica.shipped(pending.bytes.len() as u64);
                (line.number, line.time) = (pending.name.number, pending.name.time);
                line.digest = pending.digest;
                line.pending = None;
                count += 1;
            }
            if count >= most {
                return Ok(());
            }
            let before = self.app.clock.now();
            if line.reading.is_none() {
                let (wal, pack) = (Arc::clone(&self.wal), line.packer(self.app.clock.clone()));
                let read = move || wal.read()?.map(pack).transpose();
                line.reading = Some(tokio::task::spawn_blocking(read));
            }
            let Some(reading) = &mut line.reading else { return Ok(()) };
            let read = reading.await;
            line.reading = None;
            line.pending = read.map_err(std::io::Error::other)??;
            if line.pending.is_none() {
                self.app.replica.synced(before);
                self.owner.tell(line.generation.to_string(), before.max(line.time));
                return Ok(());
            }
        }
    }

    /// Begins a snapshot when it is time for one.
    async fn take_snapshot(&mut self, place: &Arc<Place>) -> Result<(), ReplicaError> {
        let Some(line) = &mut self.line else { return Ok(()) };
        let stored = line.snapshots.look().await;
        let now = self.app.clock.now();
        if !line.snapshots.is_due(now, self.options.snapshot) {
            return stored;
        }
        let wal = Arc::clone(&self.wal);
        let beginning = match blocking(move || wal.begin()).await? {
            Ok(beginning) => beginning,
            Err(Lost::Behind) => return stored,
            Err(error) => return Err(error.into()),
        };
        line.snapshots.begun();
        // The segments that the state has in it already.
        let before = beginning.before;
        if before > 0 {
            self.drain(place, before).await?;
        }
        let Some(line) = &mut self.line else { return Ok(()) };
        let time = self.app.clock.now().max(line.time);
        line.time = time;
        line.snapshots.start(Start {
            app: Arc::clone(&self.app),
            place: Arc::clone(place),
            name: Name {
                generation: line.generation.clone(),
                kind: Kind::Snapshot,
                number: line.number,
                time,
            },
            previous: line.digest,
            keep: self.options.keep,
            beginning,
        });
        stored
    }
}

/// Runs `work`, which waits for the disk, where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ReplicaError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ReplicaError::Io(std::io::Error::other(error)))
}
