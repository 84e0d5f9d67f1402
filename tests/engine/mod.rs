//! Which engine the tests run on, and a schema of its own for every database that one of them
//! wants. One file for all test binaries, those of `src/` included.
//!
//! `TEST_DATABASE=postgres` is PostgreSQL, on the server that `TEST_POSTGRES_URL` names
//! (`scripts/postgres.sh` starts one for a command); without it the tests run on SQLite.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;

/// Whether the tests run on PostgreSQL.
pub(crate) fn is_postgres() -> bool {
    match variable("TEST_DATABASE").as_deref() {
        None | Some("" | "sqlite") => false,
        Some("postgres") => true,
        Some(other) => panic!("TEST_DATABASE is sqlite or postgres, not {other:?}"),
    }
}

/// A schema of PostgreSQL that is dropped with this.
pub(crate) struct TestSchema {
    name: String,
}

impl TestSchema {
    /// A new schema, if the tests run on PostgreSQL.
    pub(crate) fn on_postgres() -> Option<Self> {
        is_postgres().then(Self::create)
    }

    /// A new and empty schema.
    fn create() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        // A run that was killed may have left one, and process ids come again.
        let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        run(server_url().as_str(), &sql).unwrap();
        Self { name }
    }

    /// The address of the database in which this schema is the only one that is searched.
    pub(crate) fn url(&self) -> String {
        let mut url = server_url();
        let options = format!("options=-csearch_path%3D{}", self.name);
        let query = url.query().map_or(options.clone(), |query| format!("{query}&{options}"));
        url.set_query(Some(&query));
        url.to_string()
    }
}

impl Drop for TestSchema {
    fn drop(&mut self) {
        // Somebody may still be using it; the next server to be thrown away takes it along.
        let sql = format!("SET lock_timeout = '2s'; DROP SCHEMA {} CASCADE", self.name);
        let _ = run(server_url().as_str(), &sql);
    }
}

/// Runs statements on a connection of their own.
fn run(url: &str, sql: &str) -> sqlx::Result<()> {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    wait_for(async move {
        let mut connection = PgConnection::connect(&url).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        connection.close().await
    })
}

/// Waits for `work` on a thread and a runtime of its own, so that a test may wait inside of its own.
pub(crate) fn wait_for<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let waiting = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work)
    });
    waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The database that the tests may use.
fn server_url() -> Url {
    let url = variable("TEST_POSTGRES_URL").expect(
        "TEST_POSTGRES_URL names no server; run the tests as `scripts/postgres.sh cargo test`",
    );
    Url::parse(&url).unwrap_or_else(|error| panic!("TEST_POSTGRES_URL: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "the one place where tests ask who runs them")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
