//! Archives that nobody should send, and the ones that everybody does.

use std::io::Cursor;

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::services::backups::silent;
use crate::store::{Durability, Store, StoreOptions};

const NEEDS: (Keyring, Dialect) = (Keyring::Blind, Dialect::Sqlite);

/// The bytes of an empty database of ours.
async fn database() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let durability = Durability::Normal;
    let store =
        Store::open(StoreOptions { durability, ..StoreOptions::new(folder.path()) }).unwrap();
    store.close().await;
    fs::read(folder.path().join("data.db")).unwrap()
}

/// An archive with these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Takes an archive apart; the reason against it, if there is one. Nothing is left of it then.
fn take_apart(bytes: &[u8]) -> (TempDir, Result<Restored, String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("archive.zip");
    fs::write(&path, bytes).unwrap();
    let restored = Archive::open(&path, dir.path())
        .and_then(|archive| archive.unpack(Scratch::new(dir.path()).unwrap(), NEEDS, &silent()));
    if restored.is_err() {
        let left = fs::read_dir(dir.path().join(".scratch"));
        assert_eq!(left.map_or(0, Iterator::count), 0, "something is left");
    }
    (dir, restored.map_err(|error| error.to_string()))
}

#[track_caller]
fn refuses(bytes: &[u8], reason: &str) {
    let (_dir, restored) = take_apart(bytes);
    let error = restored.expect_err("it was taken");
    assert!(error.contains(reason), "{reason:?} is not in {error}");
}

#[tokio::test]
async fn a_whole_archive_is_taken_apart() {
    let database = database().await;
    let bytes = archive(&[
        ("data.db", &database),
        ("auxiliary.db", b"logs"),
        ("types.d.ts", b"of another program"),
        ("storage/", b""),
        ("storage/c/r/photo_1.png", b"png"),
        ("storage/c/r/thumbs_photo_1.png/100x100_photo_1.png", b"thumb"),
        ("storage/.uploads/half", b"half"),
    ]);
    let (_dir, restored) = take_apart(&bytes);
    let folder = restored.as_ref().unwrap().path();
    assert_eq!(fs::read(folder.join("data.db")).unwrap(), database);
    assert_eq!(fs::read(folder.join("auxiliary.db")).unwrap(), b"logs");
    assert_eq!(fs::read(folder.join("storage/c/r/photo_1.png")).unwrap(), b"png");
    assert!(!folder.join("types.d.ts").exists() && !folder.join("storage/.uploads").exists());
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let database = database().await;
    let deep = format!("storage/{}", "a/".repeat(8) + "b");
    let long = format!("storage/c/r/{}", "x".repeat(256));
    for name in [
        "../evil",
        "/etc/passwd",
        "storage/../../evil",
        "storage/./x",
        "storage//x",
        "a\\..\\evil",
        "C:/evil",
        "storage/c/r/a\nb",
        "storage/c/r/a\0b",
        &deep,
        &long,
    ] {
        refuses(&archive(&[("data.db", &database), (name, b"x")]), "may lead elsewhere");
    }
}

#[tokio::test]
async fn links_and_other_kinds_of_files_are_refused() {
    let database = database().await;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.start_file("data.db", options).unwrap();
    zip.write_all(&database).unwrap();
    zip.add_symlink("storage/c", "/etc", options).unwrap();
    refuses(&zip.finish().unwrap().into_inner(), "neither a file nor a folder");
}

#[tokio::test]
async fn what_is_no_whole_archive_is_refused() {
    let whole = archive(&[("data.db", &database().await), ("storage/c/r/f", &[7; 5_000])]);
    refuses(b"no archive at all", "not a zip archive");
    refuses(b"", "not a zip archive");
    refuses(&whole[..whole.len() - 100], "");
    refuses(&whole[..whole.len() / 2], "");
    let mut flipped = whole.clone();
    flipped[200] ^= 0xFF;
    refuses(&flipped, "");
    refuses(&archive(&[("storage/c/r/f", b"x")]), "no data.db");
    refuses(&archive(&[("data.db/", b"")]), "");
    refuses(&archive(&[]), "");
}

#[tokio::test]
async fn what_is_no_whole_database_is_refused() {
    let database = database().await;
    refuses(&archive(&[("data.db", b"no database, but a text that is long enough")]), "data.db");
    refuses(&archive(&[("data.db", b"")]), "another program");
    refuses(&archive(&[("data.db", &database[..database.len() / 2])]), "damaged");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.db");
    let foreign = rusqlite_file(&path, "CREATE TABLE theirs (x)");
    refuses(&archive(&[("data.db", &foreign)]), "another program");
    fs::write(&path, &database).unwrap();
    let newer = rusqlite_file(&path, "INSERT INTO _migrations VALUES ('9999_later')");
    refuses(&archive(&[("data.db", &newer)]), "9999_later");
    fs::write(&path, &database).unwrap();
    let without = "INSERT INTO _collections VALUES ('x', 'numbers', 1, '{}')";
    refuses(&archive(&[("data.db", &rusqlite_file(&path, without))]), "numbers");
}

/// The bytes of a database after a change by hand.
fn rusqlite_file(path: &Path, sql: &str) -> Vec<u8> {
    crate::store::testing::change_file(path, sql);
    fs::read(path).unwrap()
}

#[tokio::test]
async fn archives_that_fill_the_disk_are_refused() {
    let database = database().await;
    let path = tempfile::NamedTempFile::new().unwrap();
    let zeros = vec![0; 64 << 20];
    let mut zip = ZipWriter::new(File::create(path.path()).unwrap());
    zip.start_file("data.db", SimpleFileOptions::default()).unwrap();
    zip.write_all(&database).unwrap();
    for number in 0..17 {
        zip.start_file(format!("storage/c/r/{number}"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&zeros).unwrap();
    }
    zip.finish().unwrap();
    let check = |free: u64| {
        let file = File::open(path.path()).unwrap();
        let packed = file.metadata().unwrap().len();
        let zip = ZipArchive::new(BufReader::new(file)).unwrap();
        Archive::check(zip, packed, free).err().unwrap().to_string()
    };
    assert!(check(u64::MAX).contains("too much for its size"), "{}", check(u64::MAX));

    let bytes = archive(&[("data.db", &database)]);
    let zip = || {
        let path = tempfile::NamedTempFile::new().unwrap();
        fs::write(path.path(), &bytes).unwrap();
        ZipArchive::new(BufReader::new(File::open(path.path()).unwrap())).unwrap()
    };
    let error = Archive::check(zip(), bytes.len() as u64, 10).err().unwrap().to_string();
    assert!(error.contains("room for 10"), "{error}");
    assert!(Archive::check(zip(), bytes.len() as u64, 1 << 30).is_ok());
}

/// Both headers of the second file say that it is shorter than it is, or longer.
#[tokio::test]
async fn sizes_that_lie_are_noticed() {
    let bytes = archive(&[("data.db", &database().await), ("storage/c/r/f", &[7; 40_000])]);
    let size = 40_000_u32.to_le_bytes();
    let found: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, four)| *four == size).map(|(at, _)| at).collect();
    assert!(found.len() >= 2, "{found:?}");
    for lie in [10_u32, 50_000] {
        let mut lying = bytes.clone();
        for at in &found {
            lying[*at..at + 4].copy_from_slice(&lie.to_le_bytes());
        }
        refuses(&lying, "cannot be restored");
    }
}
