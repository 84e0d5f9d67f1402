//! The windows of the limits that are being counted.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::domain::rate_limits::tags::Action;
use crate::domain::settings::RateLimitRule;
use crate::domain::time::Timestamp;

/// Windows that are remembered at one time: a few dozen megabytes. Beyond it those are forgotten that
/// were asked for the longest time ago, so a flood of addresses lets others begin anew, and refuses
/// nobody who is within the limit; whoever keeps asking is never forgotten.
pub(super) const CAPACITY: u64 = 100_000;

/// What is counted together: a rule, the action of a collection or all paths of the rule, one network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The place of the rule.
    pub(super) rule: usize,
    /// The id of the collection, and what is done there.
    pub(super) place: Option<(Box<str>, Action)>,
    /// Who asks.
    pub(super) network: IpAddr,
}

/// Windows by what they count.
#[derive(Debug)]
pub(super) struct Windows(Cache<Key, Arc<Mutex<Window>>>);

impl Windows {
    /// No windows, and room for `capacity` of them.
    pub(super) fn new(capacity: u64) -> Self {
        let cache = Cache::builder().max_capacity(capacity).eviction_policy(EvictionPolicy::lru());
        Self(cache.build())
    }

    /// Counts a request under `rule`, which says the same for every request with this key. A request
    /// too many is not counted, and this says how long to wait.
    pub(super) fn count(&self, key: Key, rule: &RateLimitRule, now: Timestamp) -> Option<Duration> {
        let window = self.0.get_with(key, || Arc::new(Mutex::new(Window::new(now))));
        // Nothing below can panic halfway, so a count stays usable whatever happens elsewhere.
        window.lock().unwrap_or_else(PoisonError::into_inner).count(rule, now)
    }

    /// Forgets the windows that are over under `rules`, by the place of each.
    pub(super) fn sweep(&self, rules: &[RateLimitRule], now: Timestamp) {
        for (key, window) in &self.0 {
            let window = *window.lock().unwrap_or_else(PoisonError::into_inner);
            let duration = rules.get(key.rule).map_or(0, |rule| rule.duration);
            if !window.is_open(duration, now) {
                self.0.invalidate(&*key);
            }
        }
    }
}

/// The requests since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    /// The second in which it began: what is left of a begun second is no part of a window.
    start: i64,
    requests: i64,
}

impl Window {
    const fn new(now: Timestamp) -> Self {
        Self { start: second(now), requests: 0 }
    }

    fn count(&mut self, rule: &RateLimitRule, now: Timestamp) -> Option<Duration> {
        if !self.is_open(rule.duration, now) {
            *self = Self::new(now);
        }
        if self.requests >= rule.max_requests {
            let end = self.start.saturating_add(rule.duration).saturating_mul(1_000);
            let wait = end.saturating_sub(now.millis()).max(0);
            return Some(Duration::from_millis(wait.unsigned_abs()));
        }
        self.requests += 1;
        None
    }

    /// A window that began later than now belongs to a request that was faster than this one, or to a
    /// clock that was put back since. The second kind is over, so that nobody waits for the old time.
    const fn is_open(self, duration: i64, now: Timestamp) -> bool {
        let age = second(now).saturating_sub(self.start);
        age < duration && age.saturating_add(duration) >= 0
    }
}

const fn second(time: Timestamp) -> i64 {
    time.millis().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn rule(max_requests: i64, duration: i64) -> RateLimitRule {
        RateLimitRule { max_requests, duration, ..RateLimitRule::default() }
    }

    fn key(number: u32) -> Key {
        Key { rule: 0, place: None, network: IpAddr::V4(Ipv4Addr::from_bits(number)) }
    }

    /// Requests at these milliseconds: how long each has to wait, in milliseconds.
    fn waits(rule: &RateLimitRule, moments: &[i64]) -> Vec<Option<u128>> {
        let windows = Windows::new(10);
        let wait = |&millis| windows.count(key(1), rule, Timestamp::from_millis(millis));
        moments.iter().map(|millis| wait(millis).map(|wait| wait.as_millis())).collect()
    }

    #[test]
    fn a_window_begins_with_its_first_request_and_counts_whole_seconds() {
        assert_eq!(
            waits(&rule(2, 3), &[10_999, 11_000, 11_500, 12_999, 13_000, 13_001, 13_002]),
            [None, None, Some(1_500), Some(1), None, None, Some(2_998)]
        );
        // It does not slide: two windows' worth may come around its end.
        assert_eq!(waits(&rule(2, 3), &[0, 2_998, 3_000, 3_000, 3_000])[4], Some(3_000));
        // Long after it ended, a new one begins with the next request.
        assert_eq!(waits(&rule(1, 3), &[0, 7_000, 9_000, 10_000])[2..], [Some(1_000), None]);
    }

    #[test]
    fn a_refused_request_prolongs_nothing() {
        assert_eq!(
            waits(&rule(1, 2), &[0, 500, 1_000, 1_999, 2_000]),
            [None, Some(1_500), Some(1_000), Some(1), None]
        );
    }

    #[test]
    fn none_at_all_may_be_a_limit_too() {
        assert_eq!(waits(&rule(0, 5), &[0, 1_000]), [Some(5_000), Some(4_000)]);
    }

    #[test]
    fn a_slower_request_does_not_reset_the_window_of_a_faster_one() {
        assert_eq!(waits(&rule(1, 1), &[11_000, 10_999])[1], Some(1_001));
    }

    #[test]
    fn a_clock_that_is_put_back_makes_nobody_wait_for_the_old_time() {
        assert_eq!(waits(&rule(1, 60), &[1_000_000_000, 5_000, 6_000])[1..], [None, Some(59_000)]);
    }

    #[test]
    fn numbers_that_make_no_sense_break_nothing() {
        assert_eq!(waits(&rule(1, i64::MAX), &[0, i64::MAX])[0], None);
        assert_eq!(waits(&rule(1, i64::MIN), &[0, 1]), [None, None]);
    }

    #[test]
    fn a_sweep_forgets_what_is_over_and_nothing_else() {
        let (windows, rules) = (Windows::new(100), [rule(1, 10), rule(1, 60)]);
        let at = |second: i64| Timestamp::from_millis(second * 1_000);
        let (short, long) = (key(1), Key { rule: 1, ..key(2) });
        assert_eq!(windows.count(short.clone(), &rules[0], at(0)), None);
        assert_eq!(windows.count(long.clone(), &rules[1], at(0)), None);
        windows.sweep(&rules, at(9));
        windows.0.run_pending_tasks();
        assert_eq!(windows.0.entry_count(), 2);
        windows.sweep(&rules, at(10));
        windows.0.run_pending_tasks();
        assert_eq!(windows.0.entry_count(), 1);
        assert!(windows.count(long, &rules[1], at(11)).is_some(), "what was counted still counts");
        assert_eq!(windows.count(short, &rules[0], at(11)), None);
    }

    #[test]
    fn the_memory_is_bounded_and_whoever_keeps_asking_is_not_forgotten() {
        let (windows, rule) = (Windows::new(100), rule(1, 1_000));
        let now = Timestamp::from_millis(0);
        assert_eq!(windows.count(key(0), &rule, now), None);
        for number in 1..5_000 {
            assert_eq!(windows.count(key(number), &rule, now), None, "a flood refuses nobody");
            assert!(windows.count(key(0), &rule, now).is_some());
            windows.0.run_pending_tasks();
        }
        assert!(windows.0.entry_count() <= 100);
        assert_eq!(windows.count(key(1), &rule, now), None, "a window that was forgotten");
    }

    proptest! {
        /// Whatever comes when: among the accepted requests no window's worth and one more lie within
        /// the window that the first of them began, and whoever waits as told is accepted.
        #[test]
        fn no_window_holds_more_than_its_limit(
            most in 1..5_i64,
            duration in 1..5_i64,
            gaps in proptest::collection::vec(0..2_500_i64, 1..60),
        ) {
            let rule = rule(most, duration);
            let windows = Windows::new(10);
            let (mut now, mut start, mut accepted) = (0, None, 0);
            for gap in gaps {
                now += gap;
                let wait = windows.count(key(1), &rule, Timestamp::from_millis(now));
                let second = now / 1_000;
                if start.is_none_or(|start| second - start >= duration) {
                    (start, accepted) = (Some(second), 0);
                }
                match wait {
                    None => accepted += 1,
                    Some(wait) => {
                        prop_assert_eq!(accepted, most);
                        now += i64::try_from(wait.as_millis()).unwrap();
                        let after = windows.count(key(1), &rule, Timestamp::from_millis(now));
                        prop_assert_eq!(after, None);
                        (start, accepted) = (Some(now / 1_000), 1);
                    }
                }
                prop_assert!(accepted <= most);
            }
        }
    }
}
