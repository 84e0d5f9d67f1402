//! Brings what was read of `_events` into the order of its numbers: one that commits late holds up those
//! behind it, for as long as it usually takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::event::Event;

/// How long a number that is missing holds up those behind it. It is given just before the commit, so it
/// is there in milliseconds, unless the commit hangs; then it is told when it comes.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was read and is not told yet.
#[derive(Debug, Default)]
pub(super) struct Order {
    waiting: BTreeMap<i64, Vec<Event>>,
    /// Numbers that are missing, and when that was noticed.
    gaps: BTreeMap<i64, Instant>,
}

impl Order {
    /// Adds what was read.
    pub(super) fn add(&mut self, number: i64, events: Vec<Event>) {
        self.waiting.insert(number, events);
    }

    /// What is to be told next, in order, when the numbers `missing` may still come.
    pub(super) fn release(&mut self, missing: &[i64], now: Instant) -> Vec<(i64, Vec<Event>)> {
        self.gaps.retain(|number, _| missing.contains(number));
        for number in missing {
            self.gaps.entry(*number).or_insert(now);
        }
        let is_awaited = |noticed: &Instant| now.duration_since(*noticed) < PATIENCE;
        let first = self.gaps.iter().find(|(_, noticed)| is_awaited(noticed));
        let rest = match first {
            Some((gap, _)) => self.waiting.split_off(gap),
            None => BTreeMap::new(),
        };
        std::mem::replace(&mut self.waiting, rest).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(released: Vec<(i64, Vec<Event>)>) -> Vec<i64> {
        released.into_iter().map(|(number, _)| number).collect()
    }

    fn holding(numbers: &[i64]) -> Order {
        let mut order = Order::default();
        for number in numbers {
            order.add(*number, Vec::new());
        }
        order
    }

    #[test]
    fn a_number_that_comes_late_is_told_in_its_place() {
        let now = Instant::now();
        let mut order = holding(&[1, 2, 4, 6]);
        assert_eq!(numbers(order.release(&[3, 5], now)), [1, 2]);
        order.add(5, Vec::new());
        assert_eq!(numbers(order.release(&[3], now)), [0; 0]);
        order.add(3, Vec::new());
        assert_eq!(numbers(order.release(&[], now)), [3, 4, 5, 6]);
    }

    #[test]
    fn a_commit_that_hangs_does_not_hold_up_the_others_for_ever() {
        let now = Instant::now();
        let mut order = holding(&[1, 3]);
        assert_eq!(numbers(order.release(&[2], now)), [1]);
        order.add(5, Vec::new());
        let later = now + PATIENCE;
        assert_eq!(numbers(order.release(&[2, 4], later)), [3], "4 was noticed just now");
        order.add(2, Vec::new());
        assert_eq!(numbers(order.release(&[4], later)), [2]);
        assert_eq!(numbers(order.release(&[], later)), [5]);
    }
}
