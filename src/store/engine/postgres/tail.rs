//! Which rows of `_events` were seen. Numbers are given before the commit, so a smaller one may
//! appear after a greater one: what is missing is asked for until the transaction that took the
//! number must have ended.

use std::collections::BTreeMap;

use crate::store::events::{Entry, Page};

/// How many rows before the last one a process that starts looks at: their transactions may still
/// have been running when it read what it keeps in memory.
const LOOK_BACK: i64 = 1000;

/// A position in the table.
#[derive(Debug, Default)]
pub(super) struct Tail {
    last: i64,
    /// Numbers below `last` that were not there, and a number of a transaction, once there is one, that is
    /// above those of all transactions which may have taken them.
    missing: BTreeMap<i64, Option<i64>>,
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

    /// Whether numbers are missing that nobody knows yet when to give up.
    pub(super) fn has_unbound(&self) -> bool {
        self.missing.values().any(Option::is_none)
    }

    /// All transactions that may have taken the numbers that are missing now are below `transaction`.
    pub(super) fn bind(&mut self, transaction: i64) {
        for bound in self.missing.values_mut() {
            bound.get_or_insert(transaction);
        }
    }

    /// Takes in a page that was asked for from here; its rows, in order, none of them twice.
    pub(super) fn take(&mut self, page: Page) -> Vec<Entry> {
        let mut rows = Vec::new();
        let mut expected = self.last + 1;
        for row in page.rows {
            if row.number <= self.last {
                self.missing.remove(&row.number);
            } else {
                self.missing.extend((expected..row.number).map(|number| (number, None)));
                expected = row.number + 1;
            }
            rows.push(row);
        }
        self.last = expected - 1;
        self.missing.retain(|_, bound| bound.is_none_or(|bound| page.ended <= bound));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ended: i64, numbers: &[i64]) -> Page {
        let row = |&number: &i64| Entry { number, events: None };
        Page { revision: 0, ended, rows: numbers.iter().map(row).collect() }
    }

    fn take(tail: &mut Tail, page: Page) -> Vec<i64> {
        tail.take(page).into_iter().map(|row| row.number).collect()
    }

    #[test]
    fn a_number_that_comes_late_is_asked_for_and_taken() {
        let mut tail = Tail::before(0);
        assert_eq!(take(&mut tail, page(10, &[1, 2, 4])), [1, 2, 4]);
        assert_eq!((tail.last(), tail.missing()), (4, vec![3]));
        assert!(tail.has_unbound());
        assert_eq!(take(&mut tail, page(11, &[5])), [5]);
        assert_eq!(tail.missing(), [3], "its transaction may still run");
        assert_eq!(take(&mut tail, page(12, &[3, 6])), [3, 6]);
        assert_eq!((tail.last(), tail.missing()), (6, vec![]));
    }

    #[test]
    fn a_number_whose_transaction_ended_without_it_is_given_up() {
        let mut tail = Tail::before(0);
        tail.take(page(10, &[1, 3]));
        tail.bind(13);
        assert!(!tail.has_unbound());
        tail.take(page(13, &[5]));
        assert_eq!(tail.missing(), [2, 4], "transactions below 13 have ended, 13 itself has not");
        tail.bind(20);
        tail.take(page(14, &[]));
        assert_eq!(tail.missing(), [4], "which was noticed later");
        tail.take(page(21, &[]));
        assert_eq!(tail.missing(), Vec::<i64>::new());
        assert_eq!(tail.last(), 5);
    }

    #[test]
    fn a_snapshot_without_running_transactions_says_nothing_of_those_behind_it() {
        // Transaction 101 has taken number 1 and runs, but the snapshot ends at 100, which committed 2.
        let mut tail = Tail::before(0);
        assert_eq!(take(&mut tail, page(101, &[2])), [2]);
        assert_eq!(take(&mut tail, page(102, &[1])), [1]);
    }

    #[test]
    fn the_first_number_may_come_late_too() {
        let mut tail = Tail::before(0);
        assert_eq!(take(&mut tail, page(10, &[2])), [2]);
        assert_eq!(take(&mut tail, page(13, &[1])), [1]);
        assert_eq!((tail.last(), tail.missing()), (2, vec![]));
    }

    #[test]
    fn a_start_asks_for_what_was_written_just_before() {
        let mut tail = Tail::before(5000);
        assert_eq!(tail.last(), 4000);
        tail.take(page(1, &[4990, 5001]));
        assert_eq!(tail.last(), 5001);
    }
}
