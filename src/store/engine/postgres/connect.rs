//! How connections to the server are made and set up.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::store::Durability;
use crate::store::StoreOptions;
use crate::store::engine::postgres::error::store_error;
use crate::store::engine::postgres::session::trusted;
use crate::store::error::{OpenError, ServerFault, Source, StoreError};
use crate::store::sql::quote;

/// How long a connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps: about as many as a schema has query shapes in
/// use. The server keeps each once a connection, with its plan.
const STATEMENTS: usize = 128;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Transactions that change something.
    Writes,
    /// Single statements that change nothing; the server itself holds them to that. What takes long
    /// is cut off and starts again as [`Role::SlowReads`].
    Reads,
    /// The same with all the time that a read may take.
    SlowReads,
}

/// A server and how to talk to it.
pub(super) struct Server {
    options: PgConnectOptions,
    durability: Durability,
    read_budget: Duration,
    read_timeout: Duration,
    write_timeout: Duration,
    /// The schema of the tables, once it is known: then nothing else is looked at, and what others
    /// make in `public` hides nothing.
    schema: OnceLock<String>,
}

impl Server {
    /// The server at `url`, which is not asked yet.
    pub(super) fn at(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let parsed = PgConnectOptions::from_str(url).map_err(|error| OpenError::Server {
            // The text may hold a password.
            address: "[database] url or DATABASE_URL".to_owned(),
            fault: ServerFault::Address(error.to_string()),
        })?;
        let named = parsed.get_application_name().is_some();
        let parsed = if named { parsed } else { parsed.application_name("ferrobase") };
        Ok(Self {
            options: parsed.statement_cache_capacity(STATEMENTS).disable_statement_logging(),
            durability: options.durability,
            read_budget: options.pool_budget.min(options.read_timeout),
            read_timeout: options.read_timeout,
            write_timeout: options.write_timeout,
            schema: OnceLock::new(),
        })
    }

    /// The address, for people; without the password.
    pub(super) fn address(&self) -> String {
        let options = &self.options;
        let user = options.get_username();
        let database = options.get_database().unwrap_or(user);
        format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port())
    }

    /// The user of the connections.
    pub(super) fn user(&self) -> &str {
        self.options.get_username()
    }

    /// How long a statement may take unless its transaction says otherwise.
    pub(super) const fn statement_timeout(&self, role: Role) -> Duration {
        match role {
            Role::Writes => self.write_timeout,
            Role::Reads => self.read_budget,
            Role::SlowReads => self.read_timeout,
        }
    }

    /// How a connection is made.
    pub(super) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The statements that set up a connection of this role. What a role of the server or the database may
    /// set otherwise is set here, and not with the address: a pooler between drops what it is told there.
    fn settings(&self, role: Role) -> String {
        let timeout = self.statement_timeout(role).as_millis().max(1).to_string();
        let path = self.schema.get().map(|schema| quote(schema));
        let mut settings = vec![
            ("statement_timeout", timeout.as_str()),
            ("idle_in_transaction_session_timeout", "60000"),
            ("standard_conforming_strings", "on"),
            ("default_transaction_isolation", "'read committed'"),
            // Compiling a list's expressions takes longer than the list.
            ("jit", "off"),
        ];
        settings.extend(path.as_deref().map(|path| ("search_path", path)));
        settings.push(match (role, self.durability) {
            (Role::Writes, Durability::Full) => ("synchronous_commit", "on"),
            (Role::Writes, Durability::Normal) => ("synchronous_commit", "off"),
            (Role::Reads | Role::SlowReads, _) => ("default_transaction_read_only", "on"),
        });
        let set = |(name, value)| format!("SET {name} TO {value}; ");
        settings.into_iter().map(set).collect()
    }

    /// Where processes that use the same tables tell each other of events. Channels belong to a
    /// database, names are cut after 63 bytes.
    pub(super) fn channel(&self) -> String {
        let schema = self.schema.get().map_or("public", String::as_str);
        let hash = Sha256::digest(schema.as_bytes());
        let hash: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("ferrobase_{hash}")
    }

    /// Stays in this schema from the next connection on.
    pub(super) fn stay_in(&self, schema: &str) {
        self.schema.get_or_init(|| schema.to_owned());
    }

    /// A new connection, or why there is none in time.
    pub(super) async fn connect(&self, role: Role) -> Result<PgConnection, sqlx::Error> {
        let connected = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            connection.execute(trusted(self.settings(role))).await?;
            Ok(connection)
        };
        match tokio::time::timeout(PATIENCE, connected).await {
            Ok(connected) => connected,
            Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
        }
    }

    /// Why no connection could be made, for the person who starts the server.
    pub(super) fn open_error(&self, error: sqlx::Error) -> OpenError {
        let code = error.as_database_error().and_then(|error| error.code());
        let fault = match code.as_deref() {
            Some("3D000") => ServerFault::NoDatabase(error.to_string()),
            Some(code) if code.starts_with("28") => ServerFault::Refused(error.to_string()),
            _ => ServerFault::Unreachable(error.to_string()),
        };
        OpenError::Server { address: self.address(), fault }
    }

    /// The same for a failure of the database after that.
    pub(super) fn failed(&self, source: StoreError) -> OpenError {
        OpenError::Store { path: PathBuf::from(self.address()), source }
    }

    /// The same for other reasons.
    pub(super) fn fault(&self, fault: ServerFault) -> OpenError {
        OpenError::Server { address: self.address(), fault }
    }
}

/// There is no connection, or there was none in time.
pub(super) fn away(why: &'static str) -> StoreError {
    StoreError::Away(Source::new(std::io::Error::other(why)))
}

/// A failure to connect, as a caller sees it: whatever the reason, the database is not there.
pub(super) fn not_connected(error: sqlx::Error) -> StoreError {
    match store_error(error) {
        StoreError::Statement { source, .. } | StoreError::Other(source) => {
            StoreError::Away(source)
        }
        other => other,
    }
}
