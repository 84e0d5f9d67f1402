//! Putting the database together as it was at a moment. Every file is checked before any page of it counts,
//! and the whole database in the end.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::config::ReplicaPlace;
use crate::domain::keyring::Keyring;
use crate::domain::time::Timestamp;
use crate::services::backups::{DATABASE_ALONE, Progress, Report, Restored, Scratch, Stage};
use crate::services::replica::ReplicaError;
use crate::services::replica::format::{self, Digest, FormatError, Segment};
use crate::services::replica::moments::{Catalogue, Parts};
use crate::services::replica::names::Name;
use crate::services::replica::place::Place;
use crate::services::threads::aside;
use crate::store::{self, Dialect};

/// A database as it was.
#[derive(Debug)]
pub struct Rebuilt {
    /// Where it is.
    pub restored: Restored,
    /// When everything that is in it had been committed.
    pub time: Timestamp,
}

/// Puts the database together as it was at `moment`, in the data folder `dir`, beside the one there. What
/// `keyring` opens has to be in it.
///
/// # Errors
/// [`ReplicaError`]; nothing has changed then.
pub async fn rebuild(
    place: &ReplicaPlace,
    moment: Timestamp,
    dir: &Path,
    keyring: Keyring,
    report: &Report,
) -> Result<Rebuilt, ReplicaError> {
    let place = Place::open(place)?;
    let ways = Catalogue::read(&place).await?.ways(moment)?;
    let restored = Restored::new(Scratch::new(dir)?);
    let folder = restored.path();
    fs::create_dir(&folder)?;
    let database = folder.join("data.db");
    let mut ways = ways.into_iter().peekable();
    let time = loop {
        let Some(way) = ways.next() else {
            return Err(ReplicaError::Nothing(place.shown().into()));
        };
        match put_together(&place, &way, &database, report).await {
            Ok(time) => break time,
            Err(Fault::Snapshot(error)) if ways.peek().is_some() => {
                tracing::warn!(%error, "an older snapshot takes its place");
                let _ = fs::remove_file(&database);
            }
            Err(Fault::Snapshot(error) | Fault::Other(error)) => return Err(error),
        }
    };
    let checked = aside("restore", move || check(&database, keyring)).await;
    checked.ok_or_else(|| std::io::Error::other("it panicked, see the log"))??;
    File::create(folder.join(DATABASE_ALONE))?;
    Ok(Rebuilt { restored, time })
}

enum Fault {
    /// Another snapshot may do.
    Snapshot(ReplicaError),
    Other(ReplicaError),
}

impl<E: Into<ReplicaError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

async fn put_together(
    place: &Place,
    way: &Parts,
    database: &Path,
    report: &Report,
) -> Result<Timestamp, Fault> {
    let of = way.segments.len() as u64 + 1;
    let snapshot = &way.snapshot;
    let packed = database.with_extension("packed");
    if !place.fetch(&snapshot.to_string(), &packed).await? {
        return Err(Fault::Snapshot(damaged(snapshot, "it is gone", None)));
    }
    let to = database.to_owned();
    let from = packed.clone();
    let read = aside("restore", move || format::read_snapshot(&from, &to)).await;
    let head = match read.ok_or_else(|| std::io::Error::other("it panicked, see the log"))? {
        Ok(head) => head,
        Err(FormatError::Io(error)) => return Err(error.into()),
        Err(FormatError::Damaged(reason)) => {
            return Err(Fault::Snapshot(damaged(snapshot, reason, None)));
        }
    };
    fs::remove_file(packed)?;
    report(Progress { stage: Stage::Rebuilding, done: 1, of });
    let file = File::options().write(true).open(database)?;
    let (mut digest, mut good, mut time) = (head.previous, snapshot.time, snapshot.time);
    for (segment, done) in way.segments.iter().zip(2..) {
        let Some(bytes) = place.get(&segment.to_string()).await? else {
            return Err(Fault::Other(damaged(segment, "it is gone", Some(good))));
        };
        let read = check_next(&bytes, segment, &digest, head.page_size);
        let read = read.map_err(|reason| damaged(segment, reason, Some(good)))?;
        write(&file, &read)?;
        (digest, time) = (read.digest, segment.time);
        if read.head.size > 0 {
            good = segment.time;
        }
        report(Progress { stage: Stage::Rebuilding, done, of });
    }
    file.sync_all()?;
    Ok(time)
}

/// Takes a segment apart, if it is the one that `name` says and comes after the one with the digest `previous`.
fn check_next(
    bytes: &[u8],
    name: &Name,
    previous: &Digest,
    page_size: u32,
) -> Result<Segment, &'static str> {
    let segment = Segment::read(bytes).map_err(|error| match error {
        FormatError::Damaged(reason) => reason,
        FormatError::Io(_) => "it cannot be read",
    })?;
    let head = &segment.head;
    if head.number != name.number || head.time != name.time || head.page_size != page_size {
        return Err("it is another one than its name says");
    }
    if head.previous != *previous {
        return Err("it does not come after the one before it");
    }
    Ok(segment)
}

fn write(file: &File, segment: &Segment) -> std::io::Result<()> {
    let page_size = u64::from(segment.head.page_size);
    for (number, page) in segment.pages() {
        let place = u64::from(number).saturating_sub(1) * page_size;
        file.write_all_at(page, place)?;
    }
    if segment.head.size > 0 {
        file.set_len(u64::from(segment.head.size) * page_size)?;
    }
    Ok(())
}

fn damaged(name: &Name, reason: &str, good: Option<Timestamp>) -> ReplicaError {
    ReplicaError::Damaged { file: name.to_string(), reason: reason.to_owned(), good }
}

fn check(database: &Path, keyring: Keyring) -> Result<(), ReplicaError> {
    if let Some(fault) = store::find_fault(database)? {
        return Err(ReplicaError::Broken(fault));
    }
    store::check_file(database, keyring, Dialect::Sqlite).map_err(ReplicaError::Unusable)?;
    // Looking at it may have made them.
    for extension in ["db-shm", "db-wal"] {
        let _ = fs::remove_file(database.with_extension(extension));
    }
    Ok(())
}
