//! What the files of a replica are called. A name says enough to know which moments there are without
//! opening any file.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::time::Timestamp;
use crate::services::replica::format::Digest;

/// The folder of all generations.
pub(super) const GENERATIONS: &str = "generations/";

/// The file that says who ships.
pub(super) const OWNER: &str = "owner.json";

/// Snapshots with all segments that come after them without a gap. A name sorts by when it began.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Generation(String);

/// A file of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) generation: Generation,
    pub(super) kind: Kind,
    /// The number of a segment, or of the one that a snapshot comes after.
    pub(super) number: u64,
    /// When everything that is in it had been committed.
    pub(super) time: Timestamp,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All pages.
    Snapshot,
    /// Pages of whole transactions.
    Segment,
    /// Pages, and the last transaction goes on in the next segment.
    Part,
}

impl Generation {
    /// A new one that begins at `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        let random = Random::system().text(8, LOWER_ALPHANUMERIC);
        Self(format!("{:013}-{random}", now.millis().max(0)))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (time, random) = text.split_once('-')?;
        let is_time = time.len() == 13 && time.bytes().all(|byte| byte.is_ascii_digit());
        let is_random =
            random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_time && is_random).then(|| Self(text.to_owned()))
    }

    /// What stands for the digest of a segment in front of the first one.
    pub(super) fn digest(&self) -> Digest {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Kind {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Snapshot => ("snapshots", "snapshot"),
            Self::Segment => ("segments", "segment"),
            Self::Part => ("segments", "part"),
        }
    }
}

impl Name {
    /// From a path below the place of the replica.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix(GENERATIONS)?.split('/');
        let (generation, folder, file) = (parts.next()?, parts.next()?, parts.next()?);
        let (stem, extension) = file.split_once('.')?;
        let (number, time) = stem.split_once('-')?;
        let kinds = [Kind::Snapshot, Kind::Segment, Kind::Part];
        let kind = kinds.into_iter().find(|kind| kind.words() == (folder, extension))?;
        let name = Self {
            generation: Generation::parse(generation)?,
            kind,
            number: number.parse().ok()?,
            time: Timestamp::from_millis(time.parse().ok()?),
        };
        (parts.next().is_none() && name.to_string() == path).then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, kind, number, time } = self;
        let (folder, extension) = kind.words();
        let millis = time.millis();
        write!(f, "{GENERATIONS}{generation}/{folder}/{number:012}-{millis:013}.{extension}")
    }
}
