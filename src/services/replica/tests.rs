//! Files of a replica that were changed, lost or put elsewhere, and what can be restored from the rest.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::format::{
    Digest, FormatError, HEAD, Head, Segment, read_snapshot, segment, write_snapshot,
};
use super::moments::Catalogue;
use super::names::{Generation, Kind, Name};
use super::place::Place;
use super::*;
use crate::config::ReplicaPlace;
use crate::domain::keyring::Keyring;
use crate::services::backups::silent;
use crate::store::{CopyReport, Pages, Store, StoreOptions, WalSource};

fn head(number: u64, time: i64, previous: Digest) -> Head {
    let time = Timestamp::from_millis(time);
    Head { number, time, page_size: 0, size: 0, count: 0, position: None, previous }
}

/// A real database with a replica that is filled by hand: a snapshot at 10, segments at 20, 30, 40, 50.
struct Made {
    folder: tempfile::TempDir,
    store: Store,
    wal: Arc<WalSource>,
    generation: Generation,
    digest: Digest,
    number: u64,
}

impl Made {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            shipped_log: Some(1 << 30),
            ..StoreOptions::new(folder.path().join("data"))
        };
        let store = Store::open(options).unwrap();
        let generation = Generation::new(Timestamp::from_millis(1));
        let (wal, digest) = (store.wal().unwrap(), generation.digest());
        let mut made = Self { folder, store, wal, generation, digest, number: 0 };
        made.snapshot(10);
        for time in [20, 30, 40, 50] {
            made.note(time).await;
            let pages = made.wal.read().unwrap().unwrap();
            made.segment(time, &pages);
            assert_eq!(made.wal.read().unwrap(), None);
        }
        made
    }

    /// A row that says what time it is.
    async fn note(&self, time: i64) {
        let now = Timestamp::from_millis(time);
        let key = format!("note{time}");
        let note = move |tx: &mut crate::store::Tx| {
            crate::store::params::save(tx, &key, &time.into(), now)
        };
        self.store.write(note).await.unwrap();
    }

    fn name(&self, kind: Kind, time: i64) -> Name {
        let (generation, time) = (self.generation.clone(), Timestamp::from_millis(time));
        Name { generation, kind, number: self.number, time }
    }

    fn path(&self, name: &Name) -> PathBuf {
        let path = self.folder.path().join("replica").join(name.to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn snapshot(&self, time: i64) {
        let beginning = self.wal.begin().unwrap();
        assert_eq!(beginning.before, 0);
        let copy = self.folder.path().join("copy.db");
        let report: CopyReport = Arc::new(|_, _| ());
        beginning.copy(&copy, &report).unwrap();
        let to = fs::File::create(self.path(&self.name(Kind::Snapshot, time))).unwrap();
        write_snapshot(head(self.number, time, self.digest), &copy, to).unwrap();
        fs::remove_file(copy).unwrap();
    }

    fn segment(&mut self, time: i64, pages: &Pages) {
        self.number += 1;
        let (bytes, digest) = segment(head(self.number, time, self.digest), pages).unwrap();
        self.digest = digest;
        fs::write(self.path(&self.name(Kind::Segment, time)), bytes).unwrap();
    }

    fn segment_path(&self, number: u64) -> PathBuf {
        let time = Timestamp::from_millis(10 + number as i64 * 10);
        self.path(&Name { number, time, ..self.name(Kind::Segment, 0) })
    }

    fn place(&self) -> ReplicaPlace {
        ReplicaPlace::Folder(self.folder.path().join("replica"))
    }

    /// The notes that are there at a moment, or why it cannot be restored.
    async fn restore(&self, moment: i64) -> Result<Vec<i64>, String> {
        let dir = self.folder.path().join("restored");
        fs::create_dir_all(&dir).unwrap();
        let moment = Timestamp::from_millis(moment);
        let rebuilt = rebuild(&self.place(), moment, &dir, Keyring::default(), &silent()).await;
        let rebuilt = rebuilt.map_err(|error| error.to_string())?;
        let store = Store::open(StoreOptions::new(rebuilt.restored.path())).unwrap();
        let mut found = Vec::new();
        for time in [20, 30, 40, 50, 60] {
            let key = format!("note{time}");
            let read = store.read(move |db| crate::store::params::load(db, &key));
            found.extend(read.await.unwrap().map(|_| time));
        }
        store.close().await;
        Ok(found)
    }
}

#[tokio::test]
async fn a_moment_has_what_was_shipped_until_then() {
    let mut made = Made::new().await;
    assert_eq!(made.restore(10).await.unwrap(), [0_i64; 0]);
    assert_eq!(made.restore(19).await.unwrap(), [0_i64; 0]);
    assert_eq!(made.restore(20).await.unwrap(), [20]);
    assert_eq!(made.restore(39).await.unwrap(), [20, 30]);
    assert_eq!(made.restore(50).await.unwrap(), [20, 30, 40, 50]);
    for moment in [9, 51] {
        let why = made.restore(moment).await.unwrap_err();
        assert!(why.contains("1970-01-01T00:00:00.01Z to 1970-01-01T00:00:00.05Z"), "{why}");
    }
    // A later snapshot, and what comes on top of it.
    made.snapshot(55);
    made.note(60).await;
    let pages = made.wal.read().unwrap().unwrap();
    made.segment(60, &pages);
    for number in 1..=4 {
        fs::remove_file(made.segment_path(number)).unwrap();
    }
    assert_eq!(made.restore(60).await.unwrap(), [20, 30, 40, 50, 60]);
    assert_eq!(made.restore(55).await.unwrap(), [20, 30, 40, 50]);
}

#[tokio::test]
async fn what_is_damaged_or_missing_is_named_with_the_last_good_moment() {
    let made = Made::new().await;
    let (path, whole) = (made.segment_path(3), fs::read(made.segment_path(3)).unwrap());
    let good = "The last good moment before that is 1970-01-01T00:00:00.03Z";
    let mut flipped = whole.clone();
    flipped[200] ^= 16;
    let other = fs::read(made.segment_path(2)).unwrap();
    for (content, reason) in [
        (&flipped[..], "its checksum is wrong"),
        (&whole[..whole.len() - 1], "its checksum is wrong"),
        (&whole[..20], "it is too short"),
        (&other[..], "it is another one than its name says"),
    ] {
        fs::write(&path, content).unwrap();
        let why = made.restore(50).await.unwrap_err();
        assert!(why.contains("0003-") && why.contains(reason) && why.contains(good), "{why}");
        assert_eq!(made.restore(30).await.unwrap(), [20, 30]);
    }
    fs::remove_file(&path).unwrap();
    let why = made.restore(50).await.unwrap_err();
    assert!(why.contains("segment 3") && why.contains("missing") && why.contains(good), "{why}");
    assert!(made.restore(31).await.unwrap_err().contains(good));
    assert_eq!(made.restore(30).await.unwrap(), [20, 30]);
    // One of another history has a good checksum of its own.
    let pages = Segment::read(&whole).unwrap();
    assert_eq!(pages.head.number, 3);
    let forged = Pages {
        page_size: pages.head.page_size,
        numbers: vec![1],
        bytes: vec![0; pages.head.page_size as usize],
        size: Some(1),
        end: pages.head.position.unwrap(),
    };
    fs::write(&path, segment(head(3, 40, [7; 32]), &forged).unwrap().0).unwrap();
    let why = made.restore(50).await.unwrap_err();
    assert!(why.contains("it does not come after the one before it"), "{why}");
}

#[tokio::test]
async fn an_older_snapshot_takes_the_place_of_a_damaged_one() {
    let made = Made::new().await;
    made.snapshot(50);
    let path = made.path(&made.name(Kind::Snapshot, 50));
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(made.restore(50).await.unwrap(), [20, 30, 40, 50]);
    let first = Name { number: 0, ..made.name(Kind::Snapshot, 10) };
    fs::remove_file(made.path(&first)).unwrap();
    assert!(made.restore(50).await.unwrap_err().contains("is damaged"));
}

#[tokio::test]
async fn a_transaction_of_which_a_part_is_missing_is_not_there() {
    let made = Made::new().await;
    let last = made.segment_path(4);
    let part = last.with_extension("part");
    fs::rename(last, part).unwrap();
    let place = Place::open(&made.place()).unwrap();
    let ranges = Catalogue::read(&place).await.unwrap().ranges();
    assert_eq!(ranges.0[0].last.millis(), 40);
    assert_eq!(made.restore(40).await.unwrap(), [20, 30, 40]);
    assert!(made.restore(50).await.unwrap_err().contains("cannot be restored"));
}

#[test]
fn names_are_read_as_they_are_written() {
    let generation = Generation::new(Timestamp::from_millis(1_700_000_000_000));
    for kind in [Kind::Snapshot, Kind::Segment, Kind::Part] {
        let time = Timestamp::from_millis(1_700_000_000_123);
        let name = Name { generation: generation.clone(), kind, number: 12, time };
        assert_eq!(Name::parse(&name.to_string()), Some(name));
    }
    let good = format!("generations/{generation}/segments/000000000012-1700000000123.segment");
    assert!(Name::parse(&good).is_some());
    for bad in ["", "owner.json", &good[1..], &format!("{good}x"), &good.replace("12-", "-")] {
        assert_eq!(Name::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_page_that_is_there_twice_is_shipped_once() {
    let end = crate::store::Position::from_bytes(&[1; 20]);
    let pages = Pages {
        page_size: 512,
        numbers: vec![2, 1, 2, 9],
        bytes: [[1; 512], [2; 512], [3; 512], [4; 512]].concat(),
        size: Some(8),
        end,
    };
    let (bytes, digest) = segment(head(1, 5, [0; 32]), &pages).unwrap();
    let read = Segment::read(&bytes).unwrap();
    let found: Vec<_> = read.pages().map(|(number, page)| (number, page[0])).collect();
    assert_eq!((found, read.digest), (vec![(1, 2), (2, 3)], digest));
    assert_eq!((read.head.size, read.head.position), (8, Some(pages.end)));
}

#[test]
fn a_snapshot_comes_back_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut database = vec![0_u8; 3 * 1024];
    database[16..18].copy_from_slice(&1024_u16.to_be_bytes());
    database[3000] = 7;
    fs::write(path("db"), &database).unwrap();
    let to = fs::File::create(path("packed")).unwrap();
    write_snapshot(head(3, 5, [9; 32]), &path("db"), to).unwrap();
    let read = read_snapshot(&path("packed"), &path("out")).unwrap();
    assert_eq!(fs::read(path("out")).unwrap(), database);
    assert_eq!((read.number, read.page_size, read.count, read.previous), (3, 1024, 3, [9; 32]));
    let packed = fs::read(path("packed")).unwrap();
    for place in 0..packed.len() {
        let mut changed = packed.clone();
        changed[place] ^= 4;
        fs::write(path("changed"), changed).unwrap();
        let _ = fs::remove_file(path("bad"));
        let read = read_snapshot(&path("changed"), &path("bad"));
        assert!(matches!(read, Err(FormatError::Damaged(_))), "{place}");
    }
}

proptest! {
    #[test]
    fn no_change_to_a_segment_goes_unseen(place in 0_usize..100_000, bit in 0_u8..8, cut in any::<bool>()) {
        let pages = Pages {
            page_size: 512,
            numbers: (1..=8).collect(),
            bytes: (0..512 * 8).map(|number| (number % 251) as u8).collect(),
            size: Some(8),
            end: crate::store::Position::from_bytes(&[1; 20]),
        };
        let (mut bytes, _) = segment(head(1, 5, [0; 32]), &pages).unwrap();
        prop_assert!(Segment::read(&bytes).is_ok() && bytes.len() > HEAD);
        let place = place % bytes.len();
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] ^= 1 << bit;
        }
        prop_assert!(Segment::read(&bytes).is_err());
    }
}
