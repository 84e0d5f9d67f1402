//! The time of day, handed in so that tests can hold it still. Knows nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// Says what time it is, in whole milliseconds. Clones of a manual clock share its hands.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    hands: Hands,
}

#[derive(Debug, Clone, Default)]
enum Hands {
    #[default]
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the machine.
    pub const fn system() -> Self {
        Self { hands: Hands::System }
    }

    /// A clock that stands at `start` until it is told otherwise.
    pub fn manual(start: Timestamp) -> Self {
        Self { hands: Hands::Manual(Arc::new(AtomicI64::new(start.millis()))) }
    }

    /// The moment it is now.
    pub fn now(&self) -> Timestamp {
        match &self.hands {
            Hands::System => Timestamp::from_millis(system_millis()),
            Hands::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Puts a manual clock forward. The machine's clock cannot be moved: nothing happens then.
    pub fn advance(&self, by: Duration) {
        if let Hands::Manual(millis) = &self.hands {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Puts a manual clock back.
    #[cfg(test)]
    pub(crate) fn put_back(&self, by: Duration) {
        if let Hands::Manual(millis) = &self.hands {
            millis.fetch_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

/// Milliseconds since 1970; a machine whose clock stands before that is taken to stand at it.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the machine's clock"
)]
fn system_millis() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_for_all_its_clones() {
        let clock = Clock::manual(Timestamp::from_millis(1_000));
        let other = clock.clone();
        assert_eq!(other.now().millis(), 1_000);
        clock.advance(Duration::from_millis(250));
        assert_eq!(other.now().millis(), 1_250);
    }

    #[test]
    fn the_machines_clock_stands_after_the_year_2020_and_cannot_be_moved() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(Duration::from_secs(3_600 * 24 * 365));
        let after = clock.now();
        assert!(before.millis() > 1_577_836_800_000);
        assert!(after.millis() - before.millis() < 3_600 * 1_000);
    }
}
