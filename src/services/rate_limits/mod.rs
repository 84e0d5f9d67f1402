//! Counts requests and refuses those that are too many (contract B 6.4). Knows no HTTP, and but for `sharing`
//! no App. What was counted is in the memory of this process; processes on one database tell each other.

mod limiter;
mod sharing;
mod windows;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

pub use limiter::Limiter;
pub use sharing::Sharing;

use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;

/// The limits in force. Where they are off, a request costs two loads.
#[derive(Debug, Default)]
pub struct RateLimits {
    state: ArcSwapOption<State>,
    /// Held while a state is made, so that what was counted under it is not lost to a second one.
    renewing: Mutex<()>,
}

#[derive(Debug)]
struct State {
    version: u64,
    settings: Arc<Settings>,
    mode: Mode,
}

/// Whether requests are counted.
#[derive(Debug, Clone)]
pub enum Mode {
    /// They are not.
    Off,
    /// By these limits.
    On(Arc<Limiter>),
}

impl RateLimits {
    /// Whether requests are counted under the settings of `version`; none when that is not known yet.
    pub fn mode(&self, version: u64) -> Option<Mode> {
        let state = self.state.load();
        state.as_ref().filter(|state| state.version >= version).map(|state| state.mode.clone())
    }

    /// Whether requests were counted by what was known last.
    pub fn last(&self) -> Mode {
        self.state.load().as_ref().map_or(Mode::Off, |state| state.mode.clone())
    }

    /// Forgets what no request is counted with any more.
    pub fn sweep(&self, now: Timestamp) {
        if let Mode::On(limiter) = self.last() {
            limiter.sweep(now);
        }
    }

    /// Goes by `settings`, which were read after `version` was. What was counted is forgotten unless
    /// they are the same as before.
    pub fn renew(&self, version: u64, settings: &Arc<Settings>) -> Mode {
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mode) = self.mode(version) {
            return mode;
        }
        let mode = match &*self.state.load() {
            Some(state) if state.settings == *settings => state.mode.clone(),
            _ if settings.rate_limits.enabled => {
                Mode::On(Arc::new(Limiter::new(&settings.rate_limits)))
            }
            _ => Mode::Off,
        };
        let state = State { version, settings: Arc::clone(settings), mode: mode.clone() };
        self.state.store(Some(Arc::new(state)));
        mode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(enabled: bool, name: &str) -> Arc<Settings> {
        let mut settings = Settings::default();
        settings.rate_limits.enabled = enabled;
        settings.meta.app_name = name.to_owned();
        Arc::new(settings)
    }

    fn limiter(mode: Option<Mode>) -> Arc<Limiter> {
        match mode {
            Some(Mode::On(limiter)) => limiter,
            other => panic!("expected limits, got {other:?}"),
        }
    }

    #[test]
    fn other_settings_begin_to_count_anew_and_the_same_ones_go_on() {
        let limits = RateLimits::default();
        assert!(limits.mode(0).is_none());
        let first = limiter(Some(limits.renew(0, &settings(true, "a"))));
        assert!(Arc::ptr_eq(&first, &limiter(limits.mode(0))));
        assert!(limits.mode(1).is_none(), "something changed");
        let same = limiter(Some(limits.renew(1, &settings(true, "a"))));
        assert!(Arc::ptr_eq(&first, &same), "but not the settings");
        let other = limiter(Some(limits.renew(2, &settings(true, "b"))));
        assert!(!Arc::ptr_eq(&first, &other));
        assert!(matches!(limits.renew(3, &settings(false, "b")), Mode::Off));
        assert!(matches!(limits.mode(3), Some(Mode::Off)));
    }

    #[test]
    fn whoever_read_the_settings_too_early_does_not_bring_them_back() {
        let limits = RateLimits::default();
        let newer = limiter(Some(limits.renew(2, &settings(true, "new"))));
        let slow = limiter(Some(limits.renew(1, &settings(true, "old"))));
        assert!(Arc::ptr_eq(&newer, &slow));
    }
}
