//! How much time has passed, whatever the clock is put to.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::time::Timestamp;

/// Milliseconds that have passed since the start. A clock that is put back makes none pass until it is
/// read again, so no connection outlives its time.
#[derive(Debug, Default)]
pub(super) struct Pace {
    elapsed: AtomicI64,
    last: Mutex<Option<Timestamp>>,
}

impl Pace {
    /// Takes in what the clock says; how much time has passed.
    pub(super) fn read(&self, now: Timestamp) -> i64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last.replace(now).map_or(0, |last| now.millis().saturating_sub(last.millis()));
        self.elapsed.fetch_add(since.max(0), Ordering::SeqCst) + since.max(0)
    }

    /// How much time had passed when the clock was last read.
    pub(super) fn now(&self) -> i64 {
        self.elapsed.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_and_never_comes_back() {
        let pace = Pace::default();
        let at = Timestamp::from_millis;
        assert_eq!(pace.read(at(5_000)), 0);
        assert_eq!(pace.read(at(6_000)), 1_000);
        assert_eq!(pace.read(at(1_000)), 1_000);
        assert_eq!(pace.read(at(1_500)), 1_500);
        assert_eq!(pace.read(at(90_000)), 90_000);
        assert_eq!(pace.now(), 90_000);
    }
}
