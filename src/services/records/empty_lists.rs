//! Slows down those who probe a rule with one filter after the other (contract A 3.18): whoever is
//! told "nothing" too often in a row waits a random while for every further "nothing".

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::time::Timestamp;
use crate::services::throttle::network;

/// Empty answers that cost nothing, in one window.
const FREE: u32 = 3;
/// Length of a window in milliseconds.
const WINDOW: i64 = 3_000;
/// Addresses remembered before old windows are thrown away.
const MOST: usize = 10_000;

/// Who was lately told "nothing", and how often.
#[derive(Debug, Default)]
pub struct EmptyLists {
    windows: Mutex<HashMap<(String, IpAddr), Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    start: Timestamp,
    answers: u32,
}

/// How an empty list is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    AtOnce,
    /// After a while.
    Delayed,
}

impl EmptyLists {
    /// Notes one more empty list of the collection `collection` for `address`.
    pub fn note(&self, collection: &str, address: IpAddr, now: Timestamp) -> Pace {
        // A panic elsewhere cannot leave the counts half changed, so they stay usable.
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST {
            windows.retain(|_, window| window.is_open(now));
            if windows.len() >= MOST {
                windows.clear();
            }
        }
        let window = windows
            .entry((collection.to_owned(), network(address)))
            .and_modify(|window| {
                if !window.is_open(now) {
                    *window = Window { start: now, answers: 0 };
                }
            })
            .or_insert(Window { start: now, answers: 0 });
        window.answers = window.answers.saturating_add(1);
        if window.answers > FREE { Pace::Delayed } else { Pace::AtOnce }
    }
}

impl Window {
    const fn is_open(&self, now: Timestamp) -> bool {
        now.millis() - self.start.millis() < WINDOW
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const AWAY: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

    #[test]
    fn the_fourth_in_three_seconds_waits() {
        let lists = EmptyLists::default();
        let note = |collection, address, millis| {
            lists.note(collection, address, Timestamp::from_millis(millis))
        };
        for millis in [0, 1_000, 2_000] {
            assert_eq!(note("a", HOME, millis), Pace::AtOnce);
        }
        assert_eq!(note("a", HOME, 2_999), Pace::Delayed);
        assert_eq!(note("b", HOME, 2_999), Pace::AtOnce, "each collection counts for itself");
        assert_eq!(note("a", AWAY, 2_999), Pace::AtOnce, "and so does each address");
        assert_eq!(note("a", HOME, 3_000), Pace::AtOnce, "a new window has begun");
    }

    #[test]
    fn the_memory_is_bounded() {
        let lists = EmptyLists::default();
        for number in 0..(MOST as u32 + 100) {
            lists.note("a", IpAddr::V4(Ipv4Addr::from(number)), Timestamp::from_millis(0));
        }
        assert!(lists.windows.lock().unwrap().len() <= MOST);
    }
}
