//! A disk that fails at every single change: the folder holds the old data or the new, whole.

use std::cell::Cell;

use tempfile::TempDir;

use super::*;

fn put(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join("storage/c/r")).unwrap();
    fs::write(folder.join("data.db"), text).unwrap();
    fs::write(folder.join("storage/c/r/file"), text).unwrap();
}

/// A data folder and, in it, what is to come.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "old");
    fs::write(dir.path().join("data.db-wal"), "old").unwrap();
    fs::write(dir.path().join(".lock"), "1").unwrap();
    put(&dir.path().join(".scratch/new"), "new");
    dir
}

fn new(dir: &TempDir) -> PathBuf {
    dir.path().join(".scratch/new")
}

/// Which data is there; the test fails when it is some of each.
#[track_caller]
fn holds(dir: &Path) -> String {
    let text = fs::read_to_string(dir.join("data.db")).unwrap();
    assert_eq!(fs::read_to_string(dir.join("storage/c/r/file")).unwrap(), text);
    assert_eq!(dir.join("data.db-wal").exists(), text == "old");
    text
}

fn burning(dir: &TempDir, changes: usize) -> Swap {
    Swap { dir: dir.path().to_owned(), fuse: Some(Cell::new(changes)) }
}

#[test]
fn new_data_comes_in_and_the_old_is_kept() {
    let dir = folder();
    assert!(resume(dir.path()).unwrap().is_none());
    prepare(dir.path(), &new(&dir)).unwrap();
    assert!(is_under_way(dir.path()) && holds(dir.path()) == "old");
    let swapped = resume(dir.path()).unwrap().unwrap();
    assert_eq!(holds(dir.path()), "new");
    swapped.keep().unwrap();
    assert!(!is_under_way(dir.path()) && !dir.path().join(UNDER_WAY).exists());
    assert_eq!((holds(dir.path()), holds(&dir.path().join(BEFORE))), ("new".into(), "old".into()));
    // And back, and back again.
    for (here, before) in [("old", "new"), ("new", "old")] {
        assert!(prepare_undo(dir.path()).unwrap());
        resume(dir.path()).unwrap().unwrap().keep().unwrap();
        assert_eq!(
            (holds(dir.path()), holds(&dir.path().join(BEFORE))),
            (here.into(), before.into())
        );
    }
    assert!(dir.path().join(".lock").exists());
}

/// What comes of a replica has neither files nor logs.
#[test]
fn a_database_alone_leaves_everything_else_where_it_is() {
    let shows = |dir: &Path| {
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
        [read("data.db"), read("data.db-wal"), read("auxiliary.db"), read("storage/c/r/file")]
    };
    let old = ["old", "old", "logs", "old"];
    let new_database = ["new", "", "logs", "old"];
    for changes in 0..200 {
        let dir = folder();
        fs::write(dir.path().join("auxiliary.db"), "logs").unwrap();
        fs::remove_dir_all(new(&dir).join("storage")).unwrap();
        fs::write(new(&dir).join(DATABASE_ALONE), "").unwrap();
        let swap = burning(&dir, changes);
        let work = || -> io::Result<()> {
            swap.prepare(&new(&dir))?;
            assert!(swap.run()?);
            swap.go_on(Step::Keep)?;
            assert_eq!(shows(dir.path()), new_database);
            swap.begin(Step::Fetch)?;
            assert!(swap.run()?);
            swap.go_on(Step::Keep)
        };
        let ended = work().is_ok();
        if let Some(swapped) = resume(dir.path()).unwrap() {
            swapped.keep().unwrap();
        }
        let found = shows(dir.path());
        assert!(found == old || found == new_database, "{found:?}");
        if ended {
            assert_eq!(found, old);
            return;
        }
    }
    panic!("it never ended");
}

#[test]
fn what_cannot_be_opened_goes_away_again() {
    let dir = folder();
    prepare(dir.path(), &new(&dir)).unwrap();
    resume(dir.path()).unwrap().unwrap().undo().unwrap();
    assert_eq!(holds(dir.path()), "old");
    assert!(!is_under_way(dir.path()) && !dir.path().join(BEFORE).exists());
    assert!(!prepare_undo(dir.path()).unwrap(), "there is nothing to undo");
    assert!(resume(dir.path()).unwrap().is_none());
}

#[test]
fn a_crash_at_any_change_leaves_one_whole() {
    let mut seen = std::collections::BTreeSet::new();
    for is_kept in [true, false] {
        for changes in 0..200 {
            let dir = folder();
            let swap = burning(&dir, changes);
            let work = || -> io::Result<()> {
                swap.prepare(&new(&dir))?;
                assert!(swap.run()?);
                swap.go_on(if is_kept { Step::Keep } else { Step::Empty })
            };
            let ended = work().is_ok();
            // Whoever starts next.
            let found = match resume(dir.path()).unwrap() {
                Some(swapped) => {
                    assert_eq!(holds(dir.path()), "new");
                    swapped.keep().unwrap();
                    "cut off, then new"
                }
                None if holds(dir.path()) == "new" => "new",
                None => "old",
            };
            holds(dir.path());
            assert!(!dir.path().join(UNDER_WAY).exists());
            seen.insert(found);
            if ended {
                assert_eq!(found == "new", is_kept);
                break;
            }
            assert!(changes < 199, "it never ended");
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn an_undo_that_is_cut_off_loses_neither() {
    for changes in 0..200 {
        let dir = folder();
        prepare(dir.path(), &new(&dir)).unwrap();
        resume(dir.path()).unwrap().unwrap().keep().unwrap();
        let swap = burning(&dir, changes);
        let work = || -> io::Result<()> {
            swap.begin(Step::Fetch)?;
            assert!(swap.run()?);
            swap.go_on(Step::Keep)
        };
        let ended = work().is_ok();
        if let Some(swapped) = resume(dir.path()).unwrap() {
            swapped.keep().unwrap();
        }
        let both = [holds(dir.path()), holds(&dir.path().join(BEFORE))];
        assert!(both.contains(&"old".to_owned()) && both.contains(&"new".to_owned()), "{both:?}");
        if ended {
            return;
        }
    }
    panic!("it never ended");
}

/// Somebody wrote to the folder while a restore was cut off.
#[test]
fn what_is_in_the_way_is_named_and_everything_goes_back() {
    let dir = folder();
    prepare(dir.path(), &new(&dir)).unwrap();
    let old = dir.path().join(UNDER_WAY).join("old");
    fs::create_dir(&old).unwrap();
    fs::rename(dir.path().join("data.db"), old.join("data.db")).unwrap();
    fs::write(dir.path().join("data.db"), "a stranger").unwrap();
    let error = resume(dir.path()).unwrap_err().to_string();
    assert!(error.contains("data.db") && error.contains("somebody wrote"), "{error}");
}
