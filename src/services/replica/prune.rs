//! What is older than anybody may want goes.

use crate::domain::time::Timestamp;
use crate::services::replica::ReplicaError;
use crate::services::replica::moments::{Catalogue, Files};
use crate::services::replica::names::{Generation, Name};
use crate::services::replica::place::Place;

/// Removes what no moment from `since` on is put together from. The generation `current` stays.
///
/// # Errors
/// What cannot be removed; the rest is for the next time.
pub(super) async fn prune(
    place: &Place,
    current: &Generation,
    since: Timestamp,
) -> Result<(), ReplicaError> {
    let catalogue = Catalogue::read(place).await?;
    for (generation, files) in &catalogue.generations {
        // Snapshots first: one whose segments go would promise what it cannot keep.
        for name in superfluous(files, since, generation == current) {
            place.remove(&name.to_string()).await?;
        }
    }
    Ok(())
}

/// The snapshots and then the segments that are not needed from `since` on.
fn superfluous(files: &Files, since: Timestamp, is_current: bool) -> Vec<&Name> {
    let is_over = !is_current && files.last().is_some_and(|last| last < since);
    if is_over {
        return files.snapshots.iter().chain(files.segments.values()).collect();
    }
    let Some(base) = files.snapshots.iter().rfind(|snapshot| snapshot.time <= since) else {
        return Vec::new();
    };
    let snapshots = files.snapshots.iter().filter(|name| name.time < base.time);
    let segments = files.segments.values().filter(|name| name.number <= base.number);
    snapshots.chain(segments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::replica::names::Kind;

    #[test]
    fn what_moments_are_put_together_from_stays() {
        let generation = Generation::new(Timestamp::from_millis(5));
        let name = |kind, number, time| {
            let time = Timestamp::from_millis(time);
            Name { generation: generation.clone(), kind, number, time }
        };
        let snapshots =
            [(0, 10), (2, 30), (4, 50)].map(|(number, time)| name(Kind::Snapshot, number, time));
        let segments = [(1, 20), (2, 30), (3, 40), (4, 50), (5, 60)];
        let segments = segments.map(|(number, time)| (number, name(Kind::Segment, number, time)));
        let files =
            Files { snapshots: snapshots.to_vec(), segments: segments.into_iter().collect() };
        let gone = |since, is_current| {
            let since = Timestamp::from_millis(since);
            let names = superfluous(&files, since, is_current).into_iter();
            let short =
                |name: &Name| format!("{}{}", &format!("{:?}", name.kind)[..2], name.number);
            names.map(short).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(gone(9, false), "");
        assert_eq!(gone(29, false), "");
        assert_eq!(gone(30, false), "Sn0 Se1 Se2");
        assert_eq!(gone(60, false), "Sn0 Sn2 Se1 Se2 Se3 Se4");
        assert_eq!(gone(61, false), "Sn0 Sn2 Sn4 Se1 Se2 Se3 Se4 Se5");
        assert_eq!(gone(61, true), "Sn0 Sn2 Se1 Se2 Se3 Se4");
    }
}
