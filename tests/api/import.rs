//! `ferrobase import pocketbase`: what is refused, and what is said of things that have no counterpart.
//! Whole folders of a real PocketBase are in `tests/differential/import.test.mjs`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::harness::{Finished, Process, database_url};

/// The tables that every folder of PocketBase has, and a collection with a record.
const MAKE: &str = r#"
CREATE TABLE _migrations (file TEXT PRIMARY KEY, applied INTEGER);
CREATE TABLE _params (id TEXT PRIMARY KEY, value JSON, created TEXT, updated TEXT);
CREATE TABLE _collections (
    id TEXT PRIMARY KEY, system BOOLEAN, type TEXT, name TEXT, fields JSON, indexes JSON,
    listRule TEXT, viewRule TEXT, createRule TEXT, updateRule TEXT, deleteRule TEXT, options JSON,
    created TEXT, updated TEXT
);
CREATE TABLE _superusers (id TEXT PRIMARY KEY);
CREATE TABLE things (id TEXT PRIMARY KEY, title TEXT, papers JSON, created TEXT);
CREATE TABLE by_hooks (x TEXT);
INSERT INTO things VALUES ('thing1234567890', 'It''s one', '["a.txt","b.txt","../../x"]', '2024-02-29 10:00:00.123Z');
"#;

const FIELDS: &str = r#"[
    {"id": "text3208210256", "name": "id", "type": "text", "primaryKey": true, "required": true,
     "system": true, "min": 15, "max": 15, "pattern": "^[a-z0-9]+$", "autogeneratePattern": "[a-z0-9]{15}"},
    {"id": "texttitle", "name": "title", "type": "text"},
    {"id": "filepapers", "name": "papers", "type": "file", "maxSelect": 5},
    {"id": "autocreated", "name": "created", "type": "autodate", "onCreate": true}
]"#;

/// A folder of PocketBase's beside a place to import to.
struct World {
    folder: TempDir,
    url: Option<String>,
}

impl World {
    /// A folder without any database.
    fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("pb_data")).unwrap();
        let url = database_url(folder.path());
        Self { folder, url }
    }

    fn new() -> Self {
        let world = Self::bare();
        let database = world.change(MAKE);
        let row = "INSERT INTO _collections VALUES ('pbc_things', FALSE, 'base', 'things', ?1, ?2, '', \
                   '', 'nonsense ~', NULL, NULL, '{}', '2024-01-01 00:00:00.000Z', \
                   '2024-01-01 00:00:00.000Z')";
        let index = json!(["CREATE INDEX by_title ON things (title)"]).to_string();
        database.execute(row, [FIELDS, &index]).unwrap();
        let settings = json!({ "meta": { "appName": "Moved", "later": 1 } }).to_string();
        let row = "INSERT INTO _params VALUES ('settings', ?1, '', '')";
        database.execute(row, [settings]).unwrap();
        let files = world.source().join("storage/pbc_things/thing1234567890");
        fs::create_dir_all(files.join("thumbs_a.txt")).unwrap();
        for name in ["a.txt", "a.txt.attrs", "of_nobody.txt", "thumbs_a.txt/10x10_a.txt"] {
            fs::write(files.join(name), "the bytes").unwrap();
        }
        world
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("pb_data")
    }

    /// Where it is imported to.
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn change(&self, sql: &str) -> Connection {
        let database = Connection::open(self.source().join("data.db")).unwrap();
        database.execute_batch(sql).unwrap();
        database
    }

    fn variables(&self) -> [(&str, &str); 1] {
        [("DATABASE_URL", self.url.as_deref().unwrap_or_default())]
    }

    fn import(&self) -> Finished {
        let command = ["import", "pocketbase", "pb_data"];
        Process::run_with(self.folder.path(), &command, &self.variables())
    }

    /// The import is refused with these words, and leaves nothing.
    #[track_caller]
    fn assert_refuses(&self, words: &[&str]) {
        let before = contents(&self.source());
        refuses(&self.import(), words);
        assert_eq!(contents(&self.source()), before);
        let left: Vec<_> = contents(&self.data()).into_iter().map(|(path, _)| path).collect();
        assert!(left.iter().all(|path| path.ends_with(".lock")), "{left:?}");
        assert!(!self.folder.path().join("config.toml").exists());
    }
}

#[track_caller]
fn refuses(finished: &Finished, words: &[&str]) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word:?} is not in:\n{}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

/// Every file below `folder` with its bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn what_is_no_folder_of_pocketbase_is_refused() {
    let world = World::bare();
    world.assert_refuses(&["not a data folder of PocketBase", "no data.db"]);
    let elsewhere = ["import", "pocketbase", "nowhere"];
    let finished = Process::run_with(world.folder.path(), &elsewhere, &world.variables());
    refuses(&finished, &["nowhere is no folder"]);
    fs::write(world.source().join("data.db"), "no database, but a text").unwrap();
    world.assert_refuses(&["not a SQLite database", "Nothing was imported"]);
    fs::remove_file(world.source().join("data.db")).unwrap();
    world.change("CREATE TABLE posts (id TEXT)");
    world.assert_refuses(&["no tables of PocketBase's"]);
    world.change("CREATE TABLE _revision (number INTEGER)");
    world.assert_refuses(&["one of Ferrobase already"]);
}

#[test]
fn a_folder_of_before_the_present_tables_is_told_what_to_do() {
    let world = World::bare();
    world.change(
        "CREATE TABLE _admins (id TEXT); CREATE TABLE _params (id TEXT); \
         CREATE TABLE _collections (id TEXT, schema JSON); CREATE TABLE _migrations (file TEXT)",
    );
    world.assert_refuses(&["before 0.23", "Start PocketBase 0.39"]);
}

#[test]
fn what_cannot_be_read_is_named_and_nothing_is_left() {
    let cases = [
        (
            "UPDATE _params SET value = '{\"batch\": 1}'",
            "the settings of PocketBase cannot be read",
        ),
        ("UPDATE _params SET value = 'c2VhbGVk'", "are encrypted"),
        ("UPDATE _collections SET fields = '[{]'", "the collection things cannot be read"),
        (
            "UPDATE _collections SET fields = replace(fields, 'autodate', 'vector')",
            "`vector`, which no field has",
        ),
        ("DROP TABLE things", "no such table: things"),
        (
            "UPDATE _collections SET indexes = '[\"CREATE INDEX odd ON things (nope(title))\"]'",
            "the collection things cannot be made",
        ),
    ];
    for (change, words) in cases {
        let world = World::new();
        world.change(change);
        world.assert_refuses(&[words, "Nothing was imported"]);
    }
}

#[test]
fn a_damaged_database_is_refused() {
    let world = World::new();
    let path = world.source().join("data.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xA5);
    fs::write(path, bytes).unwrap();
    world.assert_refuses(&["is damaged", "Nothing was imported"]);
}

#[tokio::test]
async fn what_has_no_counterpart_is_said_and_the_rest_comes() {
    let world = World::new();
    let hooks = world.folder.path().join("pb_hooks");
    fs::create_dir_all(&hooks).unwrap();
    fs::write(hooks.join("main.pb.js"), "onRecordCreate(() => {})").unwrap();
    let before = contents(&world.source());
    let finished = world.import();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(contents(&world.source()), before);
    for words in [
        "things: createRule is locked now",
        "nonsense ~",
        "not known here: meta.later",
        "belong to no collection: _superusers, by_hooks",
        "1 file in pb_hooks",
        "2 files that records name are not in the folder",
        "pbc_things/thing1234567890/b.txt",
        "../../x",
    ] {
        assert!(finished.stderr.contains(words), "{words:?} is not in:\n{}", finished.stderr);
    }
    assert!(finished.stdout.contains("a start with it changes nothing"), "{finished:?}");
    let names: Vec<PathBuf> =
        contents(&world.data().join("storage")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, [world.data().join("storage/pbc_things/thing1234567890/a.txt")]);

    let server = Process::serve_with(world.folder.path(), &world.variables());
    let things = server.guest().get("/api/collections/things/records").await;
    assert_eq!(things.at("/items/0/id"), json!("thing1234567890"));
    assert_eq!(things.at("/items/0/title"), json!("It's one"));
    assert_eq!(things.at("/items/0/created"), json!("2024-02-29 10:00:00.123Z"));
    assert_eq!(things.at("/items/0/papers"), json!(["a.txt", "b.txt", "../../x"]));
    let thing = json!({ "title": "another" });
    server.guest().create("things", thing).await.expect(403);
    server.terminate();

    // What is there stays, whoever tries again.
    let before = contents(&world.data().join("storage"));
    refuses(&world.import(), &["already"]);
    assert_eq!(contents(&world.data().join("storage")), before);
}

#[test]
fn a_folder_that_holds_anything_is_left_alone() {
    let world = World::new();
    fs::create_dir_all(world.data().join("storage/c/r")).unwrap();
    fs::write(world.data().join("storage/c/r/a.txt"), "somebody's").unwrap();
    refuses(&world.import(), &["data holds data already", "empty folder with --dir"]);
    assert_eq!(fs::read(world.data().join("storage/c/r/a.txt")).unwrap(), b"somebody's");
    assert!(!world.folder.path().join("config.toml").exists());
    // An import that was cut off has left this, and is made anew.
    fs::write(world.data().join(".importing"), "").unwrap();
    fs::create_dir_all(world.data().join(".import-abc/new")).unwrap();
    let finished = world.import();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!world.data().join("storage/c").exists() && !world.data().join(".importing").exists());
    assert!(!world.data().join(".import-abc").exists());
}
