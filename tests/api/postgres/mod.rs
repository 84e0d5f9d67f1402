//! What a server can do that a file cannot: be away, refuse a user, belong to somebody else, be used
//! by two processes at once.

mod away;
mod limits;
mod nodes;
mod refusals;
mod reset;
mod together;

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use url::Url;

use super::engine::wait_for;
use super::harness::{QUICK, database_url};
use super::only::postgres_only;

const CONFIG: &str = r#"
[collections.notes]
fields = { text = "text!" }
rules  = { read = "public", create = "public" }
"#;

/// The words in a test that has a folder and a schema of its own on a server, or ends.
const NO_SERVER: &str = "there is no server that could be away, refuse or be shared";

/// A folder with a config, and the address of the empty schema that belongs to it.
struct Place {
    folder: TempDir,
    url: Url,
}

impl Place {
    /// Nothing on SQLite, whose tests of the same are in `start_up.rs`.
    fn new() -> Option<Self> {
        Self::with_config(&format!("{CONFIG}\n{QUICK}"))
    }

    fn with_config(config: &str) -> Option<Self> {
        if postgres_only(NO_SERVER) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let url = Url::parse(&database_url(folder.path()).unwrap()).unwrap();
        Some(Self { folder, url })
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The name of the schema.
    fn schema(&self) -> String {
        let (_, options) = self.url.query_pairs().find(|(name, _)| name == "options").unwrap();
        options.split("search_path=").nth(1).unwrap().to_owned()
    }

    /// The same address with something changed.
    fn address(&self, change: impl FnOnce(&mut Url)) -> String {
        let mut url = self.url.clone();
        change(&mut url);
        url.to_string()
    }

    /// The same address with more settings of the connection.
    fn address_with_options(&self, options: &str) -> String {
        let schema = self.schema();
        let query = format!("options=-csearch_path%3D{schema}%20{}", options.replace('=', "%3D"));
        self.address(|url| url.set_query(Some(&query)))
    }

    /// Runs statements as the superuser, with the schema in sight.
    fn run(&self, sql: impl Into<String>) {
        try_run(self.url.as_str(), sql.into()).unwrap();
    }

    /// A role of that name that is dropped with what it owns when the test ends, and the address of
    /// the schema for it.
    fn role(&self, what: &str) -> (Role<'_>, String) {
        let name = format!("{}_{what}", self.schema());
        self.run(format!("CREATE ROLE {name} LOGIN PASSWORD 'the right one'"));
        let address = self.address(|url| {
            url.set_username(&name).unwrap();
            url.set_password(Some("the right one")).unwrap();
        });
        (Role { place: self, name }, address)
    }
}

/// A role of the server, which is the same for all databases.
struct Role<'a> {
    place: &'a Place,
    name: String,
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        let sql = format!("DROP OWNED BY {name} CASCADE; DROP ROLE {name}");
        let _ = try_run(self.place.url.as_str(), sql);
    }
}

fn try_run(url: &str, sql: String) -> sqlx::Result<()> {
    let url = url.to_owned();
    wait_for(async move {
        let mut connection = PgConnection::connect(&url).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        connection.close().await
    })
}
