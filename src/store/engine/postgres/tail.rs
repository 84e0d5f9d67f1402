//! Which rows of `_events` were seen. Numbers are given before the commit, so a smaller one may
//! appear after a greater one: what is missing is asked for until the transaction that took the
//! number must have ended.

use std::collections::BTreeMap;

use crate::store::events::Page;

/// How many rows before the last one a process that starts looks at: their transactions may still
/// have been running when it read what it keeps in memory.
const LOOK_BACK: i64 = 1000;

/// A position in the table.
#[derive(Debug, Default)]
pub(super) struct Tail {
    last: i64,
    /// Numbers below `last` that were not there, and a transaction number that all who may have
    /// taken them are below.
    missing: BTreeMap<i64, i64>,
}

impl Tail {
    /// The position of a process that starts when `last` is the greatest number.
    pub(super) fn before(last: i64) -> Self {
        Self { last: (last - LOOK_BACK).max(0), missing: BTreeMap::new() }
    }

    /// The greatest number that was seen.
    pub(super) const fn last(&self) -> i64 {
        self.last
    }

    /// Numbers that may still come.
    pub(super) fn missing(&self) -> Vec<i64> {
        self.missing.keys().copied().collect()
    }

    /// Takes in a page that was asked for from here; the events in it, in order.
    pub(super) fn take(&mut self, page: Page) -> Vec<String> {
        let mut events = Vec::new();
        let mut expected = self.last + 1;
        for row in page.rows {
            if row.number <= self.last {
                self.missing.remove(&row.number);
            } else {
                self.missing.extend((expected..row.number).map(|number| (number, page.next)));
                expected = row.number + 1;
            }
            events.extend(row.events);
        }
        self.last = expected - 1;
        self.missing.retain(|_, next| page.ended < *next);
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::events::Entry;

    fn page(ended: i64, next: i64, numbers: &[i64]) -> Page {
        let row = |&number: &i64| Entry { number, events: Some(number.to_string()) };
        Page { ended, next, rows: numbers.iter().map(row).collect() }
    }

    #[test]
    fn a_number_that_comes_late_is_asked_for_and_taken() {
        let mut tail = Tail::before(0);
        assert_eq!(tail.take(page(10, 13, &[1, 2, 4])), ["1", "2", "4"]);
        assert_eq!((tail.last(), tail.missing()), (4, vec![3]));
        assert_eq!(tail.take(page(11, 14, &[5])), ["5"]);
        assert_eq!(tail.missing(), [3], "its transaction may still run");
        assert_eq!(tail.take(page(12, 15, &[3, 6])), ["3", "6"]);
        assert_eq!((tail.last(), tail.missing()), (6, vec![]));
    }

    #[test]
    fn a_number_whose_transaction_ended_without_it_is_given_up() {
        let mut tail = Tail::before(0);
        tail.take(page(10, 13, &[1, 3]));
        assert_eq!(tail.missing(), [2]);
        tail.take(page(12, 20, &[]));
        assert_eq!(tail.missing(), [2]);
        tail.take(page(13, 20, &[]));
        assert_eq!(tail.missing(), Vec::<i64>::new());
        assert_eq!(tail.last(), 3);
    }

    #[test]
    fn the_first_number_may_come_late_too() {
        let mut tail = Tail::before(0);
        assert_eq!(tail.take(page(10, 13, &[2])), ["2"]);
        assert_eq!(tail.take(page(13, 13, &[1])), ["1"]);
        assert_eq!((tail.last(), tail.missing()), (2, vec![]));
    }

    #[test]
    fn a_start_asks_for_what_was_written_just_before() {
        let mut tail = Tail::before(5000);
        assert_eq!(tail.last(), 4000);
        tail.take(page(1, 2, &[4990, 5001]));
        assert_eq!(tail.last(), 5001);
    }
}
