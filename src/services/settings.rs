//! The settings in force (contract B 6.1): what the config file says, over what is stored, over the
//! defaults. Kept until something changes, so a request costs no query.

mod change;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

pub(in crate::services) use change::rename_labels;
pub use change::{Vantage, change};

use crate::config::Config;
use crate::domain::event::Event;
use crate::domain::settings::Settings;
use crate::services::Error;
use crate::services::app::App;
use crate::store::settings as stored;

/// The settings as they were last read, with what they were read from. They count only while
/// neither has changed since before the read, so a slow reader cannot bring back what is gone.
#[derive(Debug, Default)]
pub struct CurrentSettings {
    changes: AtomicU64,
    known: ArcSwapOption<Known>,
}

#[derive(Debug)]
struct Known {
    settings: Arc<Settings>,
    changes: u64,
    config: Option<Arc<Config>>,
}

impl CurrentSettings {
    /// To be called with the events of a commit before its write is answered.
    pub fn on_events(&self, events: &[Event]) {
        if events.iter().any(|event| matches!(event, Event::SchemaChanged)) {
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// To be called when the config file was replaced by another.
    pub fn on_config(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// A number that grows whenever the settings may have changed. Settings that are read after it
    /// count as long as it stays.
    pub fn version(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    fn known(&self, changes: u64, config: Option<&Arc<Config>>) -> Option<Arc<Settings>> {
        let known = self.known.load();
        let known = known.as_ref().filter(|known| known.changes == changes)?;
        let same = match (&known.config, config) {
            (None, None) => true,
            (Some(known), Some(config)) => Arc::ptr_eq(known, config),
            _ => false,
        };
        same.then(|| Arc::clone(&known.settings))
    }
}

/// The settings in force.
///
/// # Errors
/// When they cannot be read.
pub async fn current(app: &App) -> Result<Arc<Settings>, Error> {
    let config = app.configuration.config();
    let changes = app.settings.changes.load(Ordering::SeqCst);
    if let Some(settings) = app.settings.known(changes, config.as_ref()) {
        return Ok(settings);
    }
    let mut settings = app.store.read(stored::load).await?;
    pin(&mut settings, config.as_deref())?;
    let settings = Arc::new(settings);
    let known = Known { settings: Arc::clone(&settings), changes, config };
    app.settings.known.store(Some(Arc::new(known)));
    Ok(settings)
}

/// Lays what the config file says over `settings`.
fn pin(settings: &mut Settings, config: Option<&Config>) -> Result<(), Error> {
    let Some(config) = config else { return Ok(()) };
    settings.mail_language = config.mail.language;
    settings.apply(config.settings.as_map()).map_err(|error| {
        Error::internal(format!("the settings of the config file cannot be used: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Json;
    use crate::services::test_app::TestApp;
    use crate::store::params;
    use crate::store::settings::STORED;

    async fn store(app: &App, value: Json) {
        let now = app.clock.now();
        let save = move |tx: &mut crate::store::Tx| params::save(tx, STORED, &value, now);
        app.store.write(save).await.unwrap();
    }

    #[actix_web::test]
    async fn what_is_stored_counts_from_its_commit_on() {
        let test = TestApp::start(Vec::new()).await;
        let app = &test.app;
        let first = current(app).await.unwrap();
        assert_eq!(*first, Settings::default());
        assert!(Arc::ptr_eq(&first, &current(app).await.unwrap()));
        store(app, json!({ "batch": { "enabled": true } })).await;
        let batch = current(app).await.unwrap().batch.clone();
        assert_eq!((batch.enabled, batch.max_requests), (true, 50));
    }

    #[actix_web::test]
    async fn settings_of_another_shape_fail_and_are_not_taken_for_the_defaults() {
        let test = TestApp::start(Vec::new()).await;
        for broken in [json!([]), json!({ "batch": { "timeout": "long" } })] {
            store(&test.app, broken).await;
            assert!(matches!(current(&test.app).await, Err(Error::Internal(_))));
        }
    }
}
