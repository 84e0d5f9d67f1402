//! The handles that use cases work with, in one bag. Does no work of its own.

use std::sync::Arc;

use crate::domain::keyring::Keyring;
use crate::domain::settings::Secret;
use crate::services::backups::Backups;
use crate::services::clock::Clock;
use crate::services::configuration::CurrentConfig;
use crate::services::files::Files;
use crate::services::health::Health;
use crate::services::logs::Logs;
use crate::services::metrics::Metrics;
use crate::services::oauth2::OAuth2;
use crate::services::passwords::Passwords;
use crate::services::queue::Queue;
use crate::services::rate_limits::RateLimits;
use crate::services::realtime::Realtime;
use crate::services::records::empty_lists::EmptyLists;
use crate::services::replica::Replica;
use crate::services::settings::CurrentSettings;
use crate::services::throttle::Throttle;
use crate::services::tokens::Callers;
use crate::services::webhooks::Sender;
use crate::store::Store;

/// Everything that a use case may need. Made once at the start and shared by all requests.
pub struct App {
    /// The database.
    pub store: Store,
    /// The stored files.
    pub files: Files,
    /// Backups and restores under way.
    pub backups: Backups,
    /// What is shipped of the log of the database.
    pub replica: Replica,
    /// What secrets are sealed with before they are stored, and opened with. What the store itself
    /// seals, such as settings and definitions of collections, comes opened from there.
    pub secrets: Keyring,
    /// What time it is.
    pub clock: Clock,
    /// The threads that hash passwords.
    pub passwords: Passwords,
    /// Who is behind the tokens seen lately. The sink of the store's events tells it of changes, so
    /// it is made before the store.
    pub callers: Arc<Callers>,
    /// The settings in force. Told of changes as `callers` are.
    pub settings: Arc<CurrentSettings>,
    /// Wakes the workers that do what was queued. Told of commits as `callers` are.
    pub queue: Arc<Queue>,
    /// Who is told of changes while connected. Told of commits as `callers` are.
    pub realtime: Arc<Realtime>,
    /// The conversations with other providers.
    pub oauth2: OAuth2,
    /// What messages to other servers are sent with.
    pub webhooks: Sender,
    /// The limits on requests, and what was counted under them.
    pub rate_limits: RateLimits,
    /// Whether failed sign-ins are counted.
    pub throttle: Throttle,
    /// Who was lately told that a list has nothing for them.
    pub empty_lists: EmptyLists,
    /// What happened and is to be written down.
    pub logs: Arc<Logs>,
    /// What is counted for those who watch over the server.
    pub metrics: Metrics,
    /// Whether the database answered lately.
    pub health: Health,
    /// The config file that collections and settings come from, if they do.
    pub configuration: Arc<CurrentConfig>,
    /// What the command line and the config file settled for the life of the process.
    pub options: Options,
}

/// What the command line and the config file settled for the life of the process.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether collections and settings come from the config file and the API may not change them.
    pub locked: bool,
    /// What lets others than superusers read the figures; without one nobody else does.
    pub metrics_token: Option<Secret>,
}
