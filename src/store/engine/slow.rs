//! Remembers which statements were too slow for the thread they began on, so that they go to one
//! that has time at once instead of being begun twice.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How often a slow statement is sent away before it is tried again: data, parameters and the load
/// of the machine change, and one wasted budget in so many is little.
const TURNS: u32 = 64;

/// Most statements remembered. A schema has some dozens of shapes; more than this many are texts
/// that somebody makes up.
const MOST: usize = 1024;

/// The statements that were too slow, by the hash of their text.
#[derive(Debug, Default)]
pub(in crate::store) struct SlowStatements {
    hasher: RandomState,
    turns: Mutex<HashMap<u64, u32>>,
    /// Spares the hash and the lock as long as nothing is slow.
    known: AtomicUsize,
}

impl SlowStatements {
    /// Remembers a statement that used up its budget.
    pub(in crate::store) fn note(&self, sql: &str) {
        let hash = self.hasher.hash_one(sql);
        let mut turns = self.turns();
        if turns.len() >= MOST {
            turns.clear();
        }
        turns.insert(hash, TURNS);
        self.known.store(turns.len(), Ordering::Relaxed);
    }

    /// Whether a statement should go elsewhere at once.
    pub(in crate::store) fn take_turn(&self, sql: &str) -> bool {
        if self.known.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let hash = self.hasher.hash_one(sql);
        let mut turns = self.turns();
        match turns.get_mut(&hash) {
            Some(0) => {
                turns.remove(&hash);
                self.known.store(turns.len(), Ordering::Relaxed);
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
            None => false,
        }
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_statement_is_tried_again_after_its_turns() {
        let slow = SlowStatements::default();
        assert!(!slow.take_turn("a"));
        slow.note("a");
        assert!(!slow.take_turn("b"));
        for _ in 0..TURNS {
            assert!(slow.take_turn("a"));
        }
        assert!(!slow.take_turn("a"), "it is tried");
        assert!(!slow.take_turn("a"), "and forgotten, as it was fast");
    }

    #[test]
    fn made_up_statements_take_no_memory() {
        let slow = SlowStatements::default();
        for number in 0..10 * MOST {
            slow.note(&number.to_string());
        }
        assert!(slow.turns().len() <= MOST);
    }
}
