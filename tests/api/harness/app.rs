//! A server in this process, with a data folder of its own and a clock that the test moves.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ferrobase::cli::Environment;
use ferrobase::cli::serve::{self, ServeOptions, Server};
use ferrobase::domain::time::Timestamp;
use ferrobase::services::app::App;
use ferrobase::services::clock::Clock;
use ferrobase::services::oauth2::Limits;
use ferrobase::services::superusers;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{BLOG, Client, Database, QUICK, database_url};

/// The password of everybody in the tests.
pub(crate) const PASSWORD: &str = "a good password";

/// The blog's rate limits are counted by address, and all tests share one.
const NO_LIMITS: &str = r#"
[limits]
"*:auth"          = "1000000/s"
"comments:create" = "1000000/s"

[seeds]
only = []
"#;

/// A running server. It is stopped, and its folder removed, when it is dropped.
pub(crate) struct TestApp {
    server: Server,
    clock: Clock,
    folder: TempDir,
    guest: Client,
}

impl TestApp {
    /// The blog of the top-level `config.toml`, without its seeds and limits.
    pub(crate) async fn start() -> Self {
        Self::serve(Some(BLOG), NO_LIMITS, &[], Limits::default()).await
    }

    /// The server of a config that the test brings.
    pub(crate) async fn with_config(config: &str) -> Self {
        Self::serve(Some(config), "", &[], Limits::default()).await
    }

    /// The same with variables in its environment.
    pub(crate) async fn with_variables(config: &str, variables: &[(&str, &str)]) -> Self {
        Self::serve(Some(config), "", variables, Limits::default()).await
    }

    /// The same with other limits for the conversations with providers.
    pub(crate) async fn with_limits(
        config: &str,
        variables: &[(&str, &str)],
        oauth2: Limits,
    ) -> Self {
        Self::serve(Some(config), "", variables, oauth2).await
    }

    /// The server as it is without a config file.
    pub(crate) async fn without_config() -> Self {
        Self::serve(None, "", &[], Limits::default()).await
    }

    async fn serve(
        config: Option<&str>,
        overlay: &str,
        variables: &[(&str, &str)],
        oauth2: Limits,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config.map(|text| write_config(folder.path(), text, overlay));
        // 2026-01-01 00:00 UTC: tests that show a time show the same one.
        let clock = Clock::manual(Timestamp::from_millis(1_767_225_600_000));
        let database = database_url(folder.path()).map(|url| ("DATABASE_URL".to_owned(), url));
        let server = serve::start(ServeOptions {
            config,
            env: Some("test".to_owned()),
            clock: clock.clone(),
            oauth2,
            variables: Environment::of(variables.iter().map(owned).chain(database)),
            ..ServeOptions::new(folder.path().join("data"))
        })
        .await
        .unwrap_or_else(|error| panic!("{error}"));
        let guest = Client::guest(format!("http://{}", server.address()));
        Self { server, clock, folder, guest }
    }

    /// The handles of the server itself, for what no client can do.
    pub(crate) fn app(&self) -> Arc<App> {
        self.server.app()
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The token of the set-up link that the start made.
    pub(crate) fn set_up_token(&self) -> Option<String> {
        self.server.start().set_up_token.clone()
    }

    /// Nobody.
    pub(crate) fn guest(&self) -> Client {
        self.guest.clone()
    }

    /// Signs up and in as a user with this address.
    pub(crate) async fn user(&self, email: &str) -> Client {
        self.user_with(email, json!({})).await
    }

    /// Signs in as a new user whose other fields a superuser has set.
    pub(crate) async fn user_with(&self, email: &str, fields: Value) -> Client {
        let name = email.split('@').next().unwrap();
        let mut body = json!({
            "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD, "name": name,
        });
        let extra = fields.as_object().unwrap().clone();
        let creator = if extra.is_empty() { self.guest() } else { self.superuser().await };
        body.as_object_mut().unwrap().extend(extra);
        creator.create("users", body).await.expect(200);
        self.guest.sign_in("users", email, PASSWORD).await
    }

    /// Signs in as a superuser; the account is made on first use.
    pub(crate) async fn superuser(&self) -> Client {
        // A password that is set anew would end the sessions that there are.
        let _there_already =
            superusers::create(&self.server.app(), "root@example.com", PASSWORD).await;
        self.guest.sign_in("_superusers", "root@example.com", PASSWORD).await
    }

    /// Number of records of a collection, whoever may see them.
    pub(crate) fn count(&self, collection: &str) -> i64 {
        self.database().count(collection)
    }

    /// A text that is equal before and after if nothing changed in the database.
    pub(crate) fn state_digest(&self) -> String {
        self.database().digest()
    }

    /// The database, looked at from outside.
    pub(crate) fn database(&self) -> Database {
        Database::of(self.folder.path())
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Changes rows behind the server's back.
    pub(crate) fn change(&self, sql: &str) {
        self.database().change(sql);
    }

    /// Puts the server's clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Puts the server's clock forward by whole days.
    pub(crate) fn advance_days(&self, days: u64) {
        self.advance(Duration::from_secs(days * 24 * 3600));
    }

    /// Stops the server and waits until everything is written.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

fn owned((name, value): &(&str, &str)) -> (String, String) {
    ((*name).to_owned(), (*value).to_owned())
}

fn write_config(folder: &Path, config: &str, overlay: &str) -> PathBuf {
    let path = folder.join("config.toml");
    fs::write(&path, config).unwrap();
    fs::write(folder.join("config.test.toml"), format!("{QUICK}\n{overlay}")).unwrap();
    path
}
