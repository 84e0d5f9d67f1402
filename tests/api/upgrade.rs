//! A newer version starts on the data of an older one. The older database is made from one of now by
//! taking back what the later migrations say, so that it has the rows that it would have.

use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::json;
use tempfile::TempDir;

use super::engine::is_postgres;
use super::harness::{Client, Database, PASSWORD, Process, QUICK};

const CONFIG: &str = r#"
[collections.users]
type  = "auth"
rules = { read = "owner", create = "public" }
owner = "id"

[collections.notes]
fields = { text = "text!", writer = "-> users" }
rules  = { read = "public", create = "@request.auth.id = writer" }
"#;

/// A job that waits for somebody to look at it. The years keep it from being tidied up.
const JOB: &str = "INSERT INTO _queue \
    (id, kind, payload, state, run_at, lease, attempts, error, created) VALUES \
    ('kept', 'mail', '{}', 'dead', '2999-01-01 00:00:00.000Z', '2999-01-01 00:00:00.000Z', 3, \
     'why', '2999-01-01 00:00:00.000Z')";

/// A migration of the database of the collections.
struct Migration {
    name: String,
    text: String,
}

/// Those of the engine that the tests run on, in order.
fn migrations() -> Vec<Migration> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<Migration> = files
        .filter_map(|path| {
            let file = path.file_name()?.to_str()?;
            // SQLite keeps what is its own, the logs, in another file.
            let (name, engine) = file.strip_suffix(".sql")?.split_once('.').unzip();
            let name = name.or(file.strip_suffix(".sql"))?.to_owned();
            let is_ours = engine.is_none_or(|engine| engine == "postgres" && is_postgres());
            is_ours.then(|| Migration { name, text: fs::read_to_string(&path).unwrap() })
        })
        .collect();
    found.sort_by(|left, right| left.name.cmp(&right.name));
    found
}

/// What undoes a migration.
fn undoing(migration: &Migration) -> String {
    let statement = Regex::new(r"(?m)^(CREATE|ALTER|INSERT|DROP|UPDATE|DELETE|DO)\b.*$").unwrap();
    let index = Regex::new(r#"^CREATE (?:UNIQUE )?INDEX "(\w+)""#).unwrap();
    let table = Regex::new(r#"^CREATE (?:UNLOGGED )?TABLE "(\w+)""#).unwrap();
    let column = Regex::new(r#"^ALTER TABLE "(\w+)" ADD COLUMN "(\w+)""#).unwrap();
    let mut undone = Vec::new();
    for found in statement.find_iter(&migration.text) {
        let text = found.as_str();
        undone.push(if let Some(name) = index.captures(text) {
            format!("DROP INDEX \"{}\";", &name[1])
        } else if let Some(name) = column.captures(text) {
            format!("ALTER TABLE \"{}\" DROP COLUMN \"{}\";", &name[1], &name[2])
        } else if let Some(name) = table.captures(text) {
            format!("DROP TABLE \"{}\";", &name[1])
        } else {
            panic!("{}: this test cannot take back: {text}", migration.name)
        });
    }
    undone.reverse();
    format!("{} DELETE FROM _migrations WHERE name = '{}'", undone.join(" "), migration.name)
}

/// Makes the database what it was when `last` was the last migration.
fn take_back(folder: &Path, last: &str) {
    let database = Database::of(folder);
    for migration in migrations().iter().rev().take_while(|migration| &*migration.name > last) {
        database.change(&undoing(migration));
    }
    if !is_postgres() && last < "0015" {
        fs::remove_file(folder.join("data/auxiliary.db")).unwrap();
    }
}

fn applied(folder: &Path) -> Vec<String> {
    if is_postgres() {
        // That table has no order of its own.
        let count = Database::of(folder).count("_migrations");
        return vec![count.to_string()];
    }
    Database::of(folder).column("_migrations", "name")
}

fn idle_start(folder: &Path) {
    let finished = Process::serve(folder, &[]).terminate();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

fn account() -> serde_json::Value {
    json!({ "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD })
}

/// A folder with an account, a note of hers, and a job; nothing is running.
async fn folder_with_data() -> (TempDir, Client) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), format!("{CONFIG}\n{QUICK}")).unwrap();
    let server = Process::serve(folder.path(), &[]);
    server.guest().create("users", account()).await.expect(200);
    let ann = server.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    let note = json!({ "text": "of before", "writer": ann.id() });
    ann.create("notes", note).await.expect(200);
    assert_eq!(server.terminate().code, Some(0));
    Database::of(folder.path()).change(JOB);
    (folder, ann)
}

#[actix_web::test]
async fn older_databases_are_brought_up_to_date_and_lose_nothing() {
    let (folder, ann) = folder_with_data().await;
    let folder = folder.path();
    idle_start(folder);
    let (before, all) = (Database::of(folder).digest(), applied(folder));
    // From a version to the next one, and over several at once.
    for last in ["0014", "0012_lanes", "0011", "0009_sessions", "0007_queue"] {
        if migrations().iter().all(|migration| &*migration.name <= last) {
            continue;
        }
        take_back(folder, last);
        assert_ne!(applied(folder), all, "{last}");
        assert_ne!(Database::of(folder).digest(), before, "{last}");
        idle_start(folder);
        assert_eq!(applied(folder).len(), all.len(), "{last}");
        assert_eq!(Database::of(folder).digest(), before, "{last}");
    }

    let server = Process::serve(folder, &[]);
    let guest = server.guest();
    let notes = guest.get("/api/collections/notes/records").await.expect(200);
    assert_eq!(notes.at("/items/0/text"), json!("of before"));
    // There were no sessions in the oldest of them, so tokens of then are worth nothing.
    let stranger = guest.with_token(ann.token());
    stranger.create("notes", json!({ "text": "x", "writer": ann.id() })).await.expect(400);
    let ann = guest.sign_in("users", "ann@example.com", PASSWORD).await;
    ann.create("notes", json!({ "text": "of now", "writer": ann.id() })).await.expect(200);
    assert_eq!(server.terminate().code, Some(0));
    assert_eq!(Database::of(folder).column("notes", "text"), ["of before", "of now"]);
}

#[actix_web::test]
async fn sessions_hold_over_an_upgrade() {
    let (folder, ann) = folder_with_data().await;
    take_back(folder.path(), "0009_sessions");
    let server = Process::serve(folder.path(), &[]);
    let same = server.guest().with_token(ann.token());
    same.create("notes", json!({ "text": "of now", "writer": ann.id() })).await.expect(200);
}

#[actix_web::test]
async fn an_upgrade_that_fails_leaves_the_database_as_it_was() {
    let (folder, _) = folder_with_data().await;
    let folder = folder.path();
    take_back(folder, "0011");
    // In the way of the second of the migrations that are missing.
    Database::of(folder).change("CREATE TABLE _cron_runs (theirs INTEGER)");
    let (before, applied_before) = (Database::of(folder).digest(), applied(folder));
    let refused = Process::run(folder, &["serve", "--http", "127.0.0.1:0"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("_cron_runs"), "{refused:?}");
    assert_eq!(Database::of(folder).digest(), before);
    assert_eq!(applied(folder), applied_before);
    Database::of(folder).change("DROP TABLE _cron_runs");
    idle_start(folder);
    assert_eq!(Database::of(folder).count("notes"), 1);
}
