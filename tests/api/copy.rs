//! `ferrobase copy`: a deployment on SQLite, copied and served on PostgreSQL. On PostgreSQL only:
//! that is what it copies to.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::harness::{BLOG, Client, Database, Finished, Process, QUICK, database_url};
use super::only::postgres_only;

const PASSWORD: &str = "a good password";

/// Where a process finds its database: in its folder.
const ON_SQLITE: [(&str, &str); 2] = [("DATABASE_URL", ""), ("FERROBASE_ENV", "test")];

const ENTRIES: &str = r#"
[collections.entries]
fields = { text = "text", day = "date" }
rules  = { read = "public", create = "public" }
"#;

/// A folder with a config file, and a place on the server to copy to.
struct Deployment {
    folder: TempDir,
    target: TempDir,
    url: String,
}

impl Deployment {
    /// `None` on SQLite, where these tests have nothing to say.
    fn new(config: &str) -> Option<Self> {
        if postgres_only("that is what is copied to") {
            return None;
        }
        let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(folder.path().join("config.toml"), config).unwrap();
        fs::write(folder.path().join("config.test.toml"), QUICK).unwrap();
        let url = database_url(target.path()).unwrap();
        Some(Self { folder, target, url })
    }

    /// With so many entries, and nothing running.
    fn with_entries(count: usize) -> Option<Self> {
        let deployment = Self::new(ENTRIES)?;
        assert_eq!(deployment.on_sqlite().terminate().code, Some(0));
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
             INSERT INTO entries (id, text) \
             SELECT printf('entry%010d', i), 'This is entry ' || i FROM n"
        );
        deployment.change(&sql);
        Some(deployment)
    }

    /// A server on the file.
    fn on_sqlite(&self) -> Process {
        Process::serve_with(self.folder.path(), &ON_SQLITE)
    }

    /// A server on the copy.
    fn on_postgres(&self) -> Process {
        let variables = [("DATABASE_URL", self.url.as_str()), ("FERROBASE_ENV", "test")];
        Process::serve_with(self.folder.path(), &variables)
    }

    fn copy(&self) -> Finished {
        Process::run_with(self.folder.path(), &["copy", "--to", &self.url], &ON_SQLITE)
    }

    #[track_caller]
    fn assert_refuses(&self, words: &[&str]) {
        let before = self.target().digest();
        refuses(&self.copy(), words);
        assert_eq!(self.target().digest(), before);
    }

    fn target(&self) -> Database {
        Database::of(self.target.path())
    }

    /// Writes to the file as another program does.
    fn change(&self, sql: &str) {
        let path = self.folder.path().join("data/data.db");
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
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

/// What the bearers of these tokens and a guest see.
async fn answers(server: &Process, tokens: &[&str]) -> Vec<Value> {
    let mut clients: Vec<Client> =
        tokens.iter().map(|token| server.guest().with_token(*token)).collect();
    clients.push(server.guest());
    let mut answers = Vec::new();
    for client in clients {
        for path in [
            "/api/collections/users/records",
            "/api/collections/tags/records?sort=-name",
            "/api/collections/posts/records?expand=author,tags",
            "/api/collections/posts/records?sort=@rowid&perPage=5&page=2",
            "/api/collections/posts/records?filter=status%3D'published'%26%26title~'hello'",
            "/api/collections/posts/records?search=hel&fields=title",
            "/api/collections/post_stats/records?perPage=500&sort=id",
            "/api/collections/_superusers/records",
            "/api/collections",
        ] {
            let answer = client.get(path).await;
            answers.push(json!([path, answer.status, answer.json()]));
        }
    }
    answers
}

#[tokio::test]
async fn a_copy_answers_what_the_file_did() {
    let Some(blog) = Deployment::new(BLOG) else { return };
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run_with(blog.folder.path(), &upsert, &ON_SQLITE).code, Some(0));
    let server = blog.on_sqlite();
    let root = server.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    let ada = server.guest().sign_in("users", "ada@example.com", "changeme123").await;
    let tokens = [root.token(), ada.token()];
    let before = answers(&server, &tokens).await;
    assert_eq!(server.terminate().code, Some(0));

    let finished = blog.copy();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("the same on both sides"), "{finished:?}");
    assert!(finished.stderr.contains("Comparing"), "{finished:?}");

    let server = blog.on_postgres();
    let after = answers(&server, &tokens).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    let ada = server.guest().with_token(ada.token());
    ada.post("/api/collections/users/auth-refresh", json!({})).await.expect(200);
    let again = server.guest().sign_in("users", "ada@example.com", "changeme123").await;
    let post = json!({ "title": "Moved", "slug": "moved", "body": "x", "status": "draft" });
    again.create("posts", post).await.expect(200);
    let moved = "/api/collections/posts/records?search=move";
    assert_eq!(again.get(moved).await.at("/totalItems"), json!(1));
    let newest = "/api/collections/posts/records?sort=-@rowid&perPage=1";
    assert_eq!(again.get(newest).await.at("/items/0/slug"), json!("moved"));
    server.terminate();

    blog.assert_refuses(&["holds collections already"]);
    // The file is as it was.
    let server = blog.on_sqlite();
    assert_eq!(answers(&server, &tokens).await, before);
    blog.assert_refuses(&["in use by process", &server.id().to_string()]);
}

#[tokio::test]
async fn a_copy_that_is_killed_leaves_nothing_and_can_be_made_again() {
    let Some(deployment) = Deployment::with_entries(60_000) else { return };
    let mut child = Command::new(env!("CARGO_BIN_EXE_ferrobase"))
        .current_dir(deployment.folder.path())
        .env_clear()
        .args(["copy", "--to", &deployment.url])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let errors = BufReader::new(child.stderr.take().unwrap());
    let lines = errors.lines().map_while(Result::ok);
    assert!(lines.filter(|line| line.starts_with("Copying")).nth(3).is_some());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);

    // The server notices the end of the connection at its next look at it.
    let finished = loop {
        let finished = deployment.copy();
        if !finished.stderr.contains("still being undone") {
            break finished;
        }
    };
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(deployment.target().count("entries"), 60_000);
    let server = deployment.on_postgres();
    server.guest().create("entries", json!({ "text": "new" })).await.expect(200);
    assert_eq!(deployment.target().column("entries", "text").pop().unwrap(), "new");
}

#[tokio::test]
async fn a_target_with_other_tables_or_none_at_all_is_refused() {
    let Some(deployment) = Deployment::with_entries(3) else { return };
    deployment.target().change("CREATE TABLE stamps (id int); INSERT INTO stamps VALUES (1)");
    deployment.assert_refuses(&["another program", "stamps"]);
    let run = |arguments: &[&str], url: &str| {
        Process::run_with(deployment.folder.path(), arguments, &[("DATABASE_URL", url)])
    };
    let nowhere = "postgres://postgres@127.0.0.1:1/postgres";
    refuses(&run(&["copy", "--to", nowhere], ""), &["cannot reach"]);
    refuses(&run(&["copy"], nowhere), &["cannot reach"]);
    refuses(&run(&["copy"], ""), &["--to", "DATABASE_URL"]);
    refuses(&run(&["copy", "--to", "mysql://host/db"], ""), &["no address of a PostgreSQL"]);
    refuses(&run(&["copy", "--dir", "elsewhere"], nowhere), &["elsewhere"]);
    let elsewhere = deployment.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    refuses(&run(&["copy", "--dir", "elsewhere"], nowhere), &["there is no database", "--dir"]);
    assert!(!elsewhere.join("data.db").exists());
}

#[tokio::test]
async fn what_postgres_cannot_hold_is_named_before_anything_is_written() {
    let Some(deployment) = Deployment::with_entries(30) else { return };
    let target = deployment.target();
    deployment.change("UPDATE entries SET text = 'a' || char(0) || 'b' WHERE rowid = 2");
    deployment.change("UPDATE entries SET day = 'someday' WHERE rowid = 3");
    refuses(
        &deployment.copy(),
        &[
            "entries, record \"entry0000000002\": text holds the character U+0000",
            "entries, record \"entry0000000003\": day is not a date",
            "Nothing was copied",
        ],
    );
    deployment.change("UPDATE entries SET day = 'someday'");
    refuses(&deployment.copy(), &["entry0000000020", "…", "and more like them"]);
    // What can be read in one way only is read so.
    deployment.change("UPDATE entries SET day = '2024-02-29', text = CAST(x'61ff62' AS TEXT)");
    let finished = deployment.copy();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(target.count("entries"), 30);
    let server = deployment.on_postgres();
    let entry = server.guest().get("/api/collections/entries/records/entry0000000001").await;
    assert_eq!(entry.at("/text"), json!("a\u{fffd}b"));
    assert_eq!(entry.at("/day"), json!("2024-02-29 00:00:00.000Z"));
}

#[tokio::test]
async fn a_view_and_an_index_that_only_sqlite_reads_are_named() {
    let view = "\n[collections.numbers]\ntype = \"view\"\n\
                query = \"SELECT id, rowid AS number FROM entries WHERE id GLOB 'e*'\"\n";
    let Some(deployment) = Deployment::new(&format!("{ENTRIES}{view}")) else { return };
    assert_eq!(deployment.on_sqlite().terminate().code, Some(0));
    refuses(&deployment.copy(), &["the collection numbers", "sqlite = ", "Nothing was copied"]);

    let index = "indexes = [\"CREATE INDEX short ON entries (typeof(text))\"]\n";
    let Some(deployment) = Deployment::new(&format!("{ENTRIES}{index}")) else { return };
    assert_eq!(deployment.on_sqlite().terminate().code, Some(0));
    refuses(&deployment.copy(), &["an index of entries", "typeof", "Nothing was copied"]);
}

/// A table that somebody made by hand.
#[tokio::test]
async fn what_belongs_to_no_collection_is_named() {
    let Some(deployment) = Deployment::with_entries(1) else { return };
    deployment.change("CREATE TABLE by_hand (x)");
    let finished = deployment.copy();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("by_hand"), "{finished:?}");
}

#[tokio::test]
async fn encrypted_secrets_go_over_without_a_key_and_are_served_with_theirs() {
    let Some(deployment) = Deployment::new(ENTRIES) else { return };
    let folder = deployment.folder.path();
    let key = ("FERROBASE_AUTH_KEY", "a key of thirty-two bytes, so it");
    let account = ["superuser", "upsert", "root@example.com", PASSWORD];
    let made = Process::run_with(folder, &account, &ON_SQLITE);
    assert_eq!(made.code, Some(0), "{made:?}");
    let server = Process::serve_with(folder, &[&ON_SQLITE[..], &[key]].concat());
    let root = server.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    let settings = json!({ "smtp": { "host": "mail.example", "password": "hush-hush" } });
    root.patch("/api/settings", settings).await.expect(200);
    assert_eq!(server.terminate().code, Some(0));

    let copied = deployment.copy();
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert!(
        deployment.target().holds("ferrobase-sealed:") && !deployment.target().holds("hush-hush")
    );
    let url = ("DATABASE_URL", deployment.url.as_str());
    let serve = ["serve", "--http", "127.0.0.1:0"];
    refuses(&Process::run_with(folder, &serve, &[url]), &["FERROBASE_AUTH_KEY"]);
    let server = Process::serve_with(folder, &[url, ("FERROBASE_ENV", "test"), key]);
    server.guest().with_token(root.token()).get("/api/settings").await.expect(200);
    assert_eq!(server.terminate().code, Some(0));
}
