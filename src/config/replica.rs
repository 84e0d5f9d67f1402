//! `[backups.replica]`: where the log of the database is shipped to, and how long that is kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::{address, units};
use crate::domain::settings::S3;

/// Where the log of a SQLite database is shipped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The place.
    pub place: ReplicaPlace,
    /// How often it is brought up to date.
    pub sync: Duration,
    /// How often there is a new copy of the whole database.
    pub snapshot: Duration,
    /// How far back there are moments to restore.
    pub keep: Duration,
    /// Bytes of the log that wait at most, while the place cannot be reached.
    pub most: u64,
}

/// A place for what is shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaPlace {
    /// A folder; a relative one starts at the config file.
    Folder(PathBuf),
    /// What the names of objects begin with in a bucket.
    Bucket(Box<S3>, String),
}

const KEYS: [&str; 6] = ["folder", "s3", "sync", "snapshot", "keep", "max_log"];

/// The least that is worth waiting with.
const LEAST_LOG: i64 = 1 << 20;

impl ReplicaPlace {
    /// From the command line: the address of a bucket, or a folder. `None` for an address that is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with("https://") || text.starts_with("http://") {
            let (bucket, prefix) = address::bucket(text)?;
            return Some(Self::Bucket(Box::new(bucket), prefix));
        }
        (!text.is_empty()).then(|| Self::Folder(text.into()))
    }
}

/// Nothing when it is switched off by empty texts.
pub(super) fn read(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Replica> {
    section.only(&KEYS, reader);
    let hour = Duration::from_secs(3600);
    let sync = interval("sync", Duration::from_secs(1), section, reader);
    let snapshot = interval("snapshot", 24 * hour, section, reader);
    let keep = interval("keep", 7 * 24 * hour, section, reader);
    let what = "a size such as \"256MB\", of at least 1MB";
    let size = |text: &str| units::size(text).filter(|size| *size >= LEAST_LOG);
    let most = section.parse("max_log", what, reader, size).unwrap_or(256 << 20);
    let folder = section.text("folder", reader).filter(|folder| !folder.is_empty());
    let bucket = read_bucket(section, reader);
    let place = match (folder, bucket) {
        (Some(_), Some(_)) => {
            let place = section.key_place("s3");
            let fault = Fault::error("`backups.replica` has a `folder` and an `s3`").at(place);
            reader.fault(fault.help("the log is shipped to one place: leave one of them out"));
            return None;
        }
        (Some(folder), None) => ReplicaPlace::Folder(folder.into()),
        (None, Some(bucket)) => bucket,
        (None, None) => {
            if !section.has("folder") && !section.has("s3") {
                let fault = Fault::error("`backups.replica` has neither `folder` nor `s3`");
                reader.fault(fault.at(section.place).help("write folder = \"/mnt/backup/app\""));
            }
            return None;
        }
    };
    Some(Replica { place, sync, snapshot, keep, most: most.unsigned_abs() })
}

/// A duration above zero.
fn interval(
    key: &str,
    usual: Duration,
    section: &Section<'_>,
    reader: &mut Reader<'_>,
) -> Duration {
    match section.duration(key, reader) {
        Some(Duration::ZERO) => {
            let fault = Fault::error(format!("`{key}` is at least 1s"));
            reader.fault(fault.at(section.key_place(key)));
            usual
        }
        Some(duration) => duration,
        None => usual,
    }
}

fn read_bucket(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<ReplicaPlace> {
    let secret = section.secret("s3", reader, |text| !text.is_empty())?;
    if secret.is_empty() {
        return None;
    }
    let bucket = address::bucket(secret.expose());
    if bucket.is_none() {
        let place = section.node("s3").map_or(section.place, |node| &node.place);
        let fault = Fault::error("`s3` is not the address of a bucket").at(place);
        reader.fault(fault.help("write https://key:secret@host/bucket?region=…&prefix=…"));
    }
    let (bucket, prefix) = bucket?;
    Some(ReplicaPlace::Bucket(Box::new(bucket), prefix))
}
