//! Which moments a replica can be restored to, as the names of its files say.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::ReplicaPlace;
use crate::domain::time::Timestamp;
use crate::services::replica::ReplicaError;
use crate::services::replica::names::{GENERATIONS, Generation, Kind, Name};
use crate::services::replica::owner::{self, Card};
use crate::services::replica::place::Place;

/// Moments that can be restored, the first and the last included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The generation that they are in.
    pub generation: String,
    /// The first one.
    pub first: Timestamp,
    /// The last one.
    pub last: Timestamp,
    /// How many snapshots there are.
    pub snapshots: usize,
    /// How many segments there are.
    pub segments: usize,
}

/// All moments that can be restored, the newest generation last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges(pub Vec<Range>);

/// Says which moments can be restored from the replica in `place`.
///
/// # Errors
/// Why it cannot be read.
pub async fn list(place: &ReplicaPlace) -> Result<Ranges, ReplicaError> {
    Ok(Catalogue::read(&Place::open(place)?).await?.ranges())
}

/// The files of one generation.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// By number.
    pub(super) snapshots: Vec<Name>,
    /// By number.
    pub(super) segments: BTreeMap<u64, Name>,
}

/// All files of a replica.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    pub(super) generations: BTreeMap<Generation, Files>,
    card: Option<Card>,
    shown: String,
}

/// What a moment is put together from.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) snapshot: Name,
    /// In their order. They end with a whole transaction.
    pub(super) segments: Vec<Name>,
    /// The number of a segment that is missing behind them.
    pub(super) missing: Option<u64>,
}

impl Catalogue {
    /// Everything that is in `place`.
    pub(super) async fn read(place: &Place) -> Result<Self, ReplicaError> {
        // What is told there first can only become more until the names are listed.
        let card = owner::read(place).await?;
        let names = place.list(GENERATIONS).await?;
        let shown = place.shown().to_owned();
        let mut catalogue = Self { card, shown, ..Self::default() };
        for name in names.iter().filter_map(|name| Name::parse(name)) {
            let files = catalogue.generations.entry(name.generation.clone()).or_default();
            match name.kind {
                Kind::Snapshot => files.snapshots.push(name),
                Kind::Segment | Kind::Part => drop(files.segments.insert(name.number, name)),
            }
        }
        for files in catalogue.generations.values_mut() {
            files.snapshots.sort_by_key(|name| (name.number, name.time));
        }
        Ok(catalogue)
    }

    /// Which moments can be restored.
    pub(super) fn ranges(&self) -> Ranges {
        let ranges = self.generations.iter().filter_map(|(generation, files)| {
            let first = files.snapshots.first()?;
            let newest = files.snapshots.last()?;
            let parts = files.after(newest, Timestamp::LATEST);
            let shipped = parts.time();
            let told = self.card.as_ref().filter(|card| {
                parts.missing.is_none() && card.generation == Some(generation.to_string())
            });
            let told = told.map_or(shipped, |card| Timestamp::from_millis(card.synced));
            Some(Range {
                generation: generation.to_string(),
                first: first.time,
                last: shipped.max(told),
                snapshots: files.snapshots.len(),
                segments: files.segments.len(),
            })
        });
        Ranges(ranges.collect())
    }

    /// What `moment` can be put together from: the shortest way first, then those from older snapshots.
    pub(super) fn ways(&self, moment: Timestamp) -> Result<Vec<Parts>, ReplicaError> {
        let ranges = self.ranges();
        if ranges.0.is_empty() {
            return Err(ReplicaError::Nothing(self.shown.clone()));
        }
        let began = ranges.0.iter().rev().find(|range| range.first <= moment);
        let found = began.and_then(|range| {
            let (generation, files) = self
                .generations
                .iter()
                .find(|(generation, _)| generation.to_string() == range.generation)?;
            Some((generation, files, range))
        });
        let Some((generation, files, range)) = found else {
            return Err(ReplicaError::Outside(moment, ranges));
        };
        let snapshots = files.snapshots.iter().rev().filter(|snapshot| snapshot.time <= moment);
        let mut ways: Vec<Parts> =
            snapshots.map(|snapshot| files.after(snapshot, moment)).collect();
        let is_cut_off = |way: &Parts| way.missing.is_some() && way.time() < moment;
        if let Some(way) = ways.first().filter(|way| is_cut_off(way)) {
            return Err(ReplicaError::Missing {
                number: way.missing.unwrap_or_default(),
                generation: generation.to_string(),
                good: Some(way.time()),
            });
        }
        ways.retain(|way| !is_cut_off(way));
        if moment > range.last {
            return Err(ReplicaError::Outside(moment, ranges));
        }
        Ok(ways)
    }
}

impl Parts {
    /// When everything that comes of it had been committed.
    fn time(&self) -> Timestamp {
        self.segments.last().map_or(self.snapshot.time, |last| last.time)
    }
}

impl Files {
    /// The segments behind `snapshot` without a gap, up to `moment`.
    fn after(&self, snapshot: &Name, moment: Timestamp) -> Parts {
        let mut segments: Vec<Name> = Vec::new();
        let mut missing = None;
        for (number, segment) in self.segments.range(snapshot.number + 1..) {
            let wanted = snapshot.number + 1 + segments.len() as u64;
            if *number != wanted {
                missing = Some(wanted);
                break;
            }
            if segment.time > moment {
                break;
            }
            segments.push(segment.clone());
        }
        while segments.last().is_some_and(|last| last.kind == Kind::Part) {
            segments.pop();
        }
        Parts { snapshot: snapshot.clone(), segments, missing }
    }

    /// The last moment that it holds anything of.
    pub(super) fn last(&self) -> Option<Timestamp> {
        let snapshots = self.snapshots.iter().map(|name| name.time);
        snapshots.chain(self.segments.values().map(|name| name.time)).max()
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.0.iter().enumerate() {
            let end = if place == 0 { "" } else { "\n" };
            let (first, last) = (range.first.to_rfc3339(), range.last.to_rfc3339());
            write!(f, "{end}{first} to {last} (generation {})", range.generation)?;
        }
        Ok(())
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, first, last, snapshots, segments } = self;
        let (first, last) = (first.to_rfc3339(), last.to_rfc3339());
        write!(f, "{first} to {last}  {generation}, snapshots: {snapshots}, segments: {segments}")
    }
}
