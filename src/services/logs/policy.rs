//! What the settings say about logs, so that asking costs two loads.

use std::sync::Arc;

use crate::domain::logs::DATA_SIZE;
use crate::domain::settings::Settings;
use crate::services::app::App;
use crate::services::settings;

/// What is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Days that entries are kept; with 0 there are none.
    pub max_days: i64,
    /// The least level that is written down.
    pub min_level: i64,
    /// Whether addresses are.
    pub log_ip: bool,
    /// Whether ids of accounts are.
    pub log_auth_id: bool,
    /// Most bytes of an entry's data.
    pub max_data: usize,
}

#[derive(Debug)]
pub(super) struct Known {
    version: u64,
    pub(super) policy: Policy,
}

impl Policy {
    fn of(settings: &Settings) -> Self {
        let logs = &settings.logs;
        Self {
            max_days: logs.max_days,
            min_level: logs.min_level,
            log_ip: logs.log_ip,
            log_auth_id: logs.log_auth_id,
            max_data: match usize::try_from(logs.max_data_size) {
                Ok(0) | Err(_) => DATA_SIZE,
                Ok(size) => size,
            },
        }
    }

    /// Whether entries of this level are written down.
    pub const fn takes(&self, level: i64) -> bool {
        self.max_days > 0 && level >= self.min_level
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}

/// What is written down now. Settings that cannot be read leave it as it was.
pub async fn policy(app: &App) -> Policy {
    let version = app.settings.version();
    let last = app.logs.policy.load().as_ref().map(|known| (known.version, known.policy));
    if let Some((_, policy)) = last.filter(|(known, _)| *known == version) {
        return policy;
    }
    match settings::current(app).await {
        Ok(settings) => {
            let policy = Policy::of(&settings);
            app.logs.policy.store(Some(Arc::new(Known { version, policy })));
            policy
        }
        Err(_) => last.map_or_else(Policy::default, |(_, policy)| policy),
    }
}
