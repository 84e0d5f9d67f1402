//! The windows of the limits that are being counted.

use std::cmp::Reverse;
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

    /// The open windows in which requests were counted that other processes do not know of, those with the
    /// most of them first, and no more than `most`.
    pub(super) fn untold(
        &self,
        rules: &[RateLimitRule],
        now: Timestamp,
        most: usize,
    ) -> Vec<(Arc<Key>, Untold)> {
        let untold = |(key, window): (Arc<Key>, Arc<Mutex<Window>>)| {
            let window = *window.lock().unwrap_or_else(PoisonError::into_inner);
            let duration = rules.get(key.rule)?.duration;
            let told = window.untold > 0 && window.is_open(duration, now);
            told.then_some((key, Untold { start: window.start, requests: window.untold }))
        };
        let mut found: Vec<_> = self.0.iter().filter_map(untold).collect();
        let busiest = |(_, untold): &(Arc<Key>, Untold)| Reverse(untold.requests);
        if found.len() > most {
            found.select_nth_unstable_by_key(most, busiest);
            found.truncate(most);
        }
        found.sort_by_key(busiest);
        found
    }

    /// Goes by what all processes counted together under `key`, those that `told` says included.
    pub(super) fn take_in(&self, key: &Key, told: Untold, joint: Joint) {
        if let Some(window) = self.0.get(key) {
            window.lock().unwrap_or_else(PoisonError::into_inner).take_in(told, joint);
        }
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

/// What this process counted in a window and told nobody yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Untold {
    /// The second in which the window began.
    pub(super) start: i64,
    /// The requests.
    pub(super) requests: i64,
}

/// What all processes counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joint {
    /// The second in which their window began.
    pub(super) start: i64,
    /// The requests.
    pub(super) requests: i64,
}

/// The requests since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    /// The second in which it began: what is left of a begun second is no part of a window.
    start: i64,
    /// All that are known of.
    requests: i64,
    /// Those among them that other processes do not know of.
    untold: i64,
}

impl Window {
    const fn new(now: Timestamp) -> Self {
        Self { start: second(now), requests: 0, untold: 0 }
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
        self.untold += 1;
        None
    }

    /// A window that began since `told` was read is another one, which nobody was told of.
    fn take_in(&mut self, told: Untold, joint: Joint) {
        if self.start != told.start {
            return;
        }
        self.untold = self.untold.saturating_sub(told.requests).max(0);
        // The database may have forgotten what it knew of this window.
        let known = if self.start == joint.start { self.requests } else { 0 };
        self.start = joint.start;
        self.requests = joint.requests.saturating_add(self.untold).max(known);
    }

    /// A window that began later than now belongs to a request that was faster than this one, or to a
    /// clock that was put back since. The second kind is over, so that nobody waits for the old time.
    const fn is_open(self, duration: i64, now: Timestamp) -> bool {
        let age = second(now).saturating_sub(self.start);
        age < duration && age.saturating_add(duration) >= 0
    }
}

/// The second that `time` is in.
pub(super) const fn second(time: Timestamp) -> i64 {
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

    /// Tells of the one window of a process what is untold at a second, and takes in what that comes to with
    /// what is `known`. Whether there was anything to tell.
    fn tell(
        windows: &Windows,
        rule: &RateLimitRule,
        second: i64,
        known: &mut Option<Joint>,
    ) -> bool {
        let now = Timestamp::from_millis(second * 1_000);
        let untold = windows.untold(std::slice::from_ref(rule), now, 10);
        for (key, told) in &untold {
            let before = known.unwrap_or(Joint { start: told.start, requests: 0 });
            let joint = Joint { requests: before.requests + told.requests, ..before };
            windows.take_in(key, *told, joint);
            *known = Some(joint);
        }
        !untold.is_empty()
    }

    #[test]
    fn what_others_counted_counts_and_the_window_is_that_of_all() {
        let (windows, rule) = (Windows::new(10), rule(5, 60));
        let at = |second: i64| Timestamp::from_millis(second * 1_000);
        assert_eq!(windows.count(key(1), &rule, at(100)), None);
        let [(_, told)] = windows.untold(std::slice::from_ref(&rule), at(100), 10)[..] else {
            panic!("one window is untold")
        };
        assert_eq!(told, Untold { start: 100, requests: 1 });
        // Counted while the others were told.
        assert_eq!(windows.count(key(1), &rule, at(100)), None);
        windows.take_in(&key(1), told, Joint { start: 90, requests: 4 });
        let wait = windows.count(key(1), &rule, at(101));
        assert_eq!(wait, Some(Duration::from_secs(49)), "until the window of all is over");
        let untold = windows.untold(std::slice::from_ref(&rule), at(101), 10);
        assert_eq!(untold[0].1, Untold { start: 90, requests: 1 }, "each is told once");
        assert_eq!(windows.count(key(1), &rule, at(150)), None);
    }

    #[test]
    fn a_window_that_began_since_is_another_one_and_what_was_forgotten_is_not() {
        let (windows, rule) = (Windows::new(10), rule(2, 10));
        let rules = std::slice::from_ref(&rule);
        let at = |second: i64| Timestamp::from_millis(second * 1_000);
        assert_eq!(windows.count(key(1), &rule, at(0)), None);
        let told = windows.untold(rules, at(9), 10)[0].1;
        assert_eq!(windows.count(key(1), &rule, at(10)), None);
        windows.take_in(&key(1), told, Joint { start: 0, requests: 2 });
        let told = windows.untold(rules, at(10), 10)[0].1;
        assert_eq!(told, Untold { start: 10, requests: 1 });
        windows.take_in(&key(1), told, Joint { start: 10, requests: 1 });
        assert!(windows.untold(rules, at(10), 10).is_empty());
        assert_eq!(windows.count(key(1), &rule, at(11)), None);
        // A database that was emptied knows of the second one alone.
        let told = windows.untold(rules, at(11), 10)[0].1;
        windows.take_in(&key(1), told, Joint { start: 10, requests: 1 });
        assert!(windows.count(key(1), &rule, at(11)).is_some());
        assert!(windows.untold(rules, at(20), 10).is_empty(), "what is over is not told");
        windows.take_in(&key(2), told, Joint { start: 10, requests: 1 });
        assert_eq!(windows.count(key(2), &rule, at(11)), None, "nobody is there to take it in");
    }

    #[test]
    fn the_busiest_are_told_first() {
        let (windows, rule) = (Windows::new(100), rule(100, 10));
        let now = Timestamp::from_millis(0);
        for number in 0..20 {
            for _ in 0..=number {
                assert_eq!(windows.count(key(number), &rule, now), None);
            }
        }
        let told = windows.untold(std::slice::from_ref(&rule), now, 3);
        let requests: Vec<i64> = told.iter().map(|(_, untold)| untold.requests).collect();
        assert_eq!(requests, [20, 19, 18]);
    }

    proptest! {
        /// Whoever asks which of three processes when, and whenever each tells: one that knows that the limit is
        /// reached accepts nothing more, none accepts more than the limit, and nothing is lost or told twice.
        #[test]
        fn processes_that_know_of_each_other_hold_a_limit_together(
            most in 1..6_i64,
            steps in proptest::collection::vec((0..3_usize, any::<bool>(), 0..2_i64), 1..80),
        ) {
            let rule = rule(most, 1_000);
            let nodes = [(); 3].map(|()| Windows::new(10));
            let (mut known, mut second) = (None, 0);
            let (mut accepted, mut knows) = ([0; 3], [false; 3]);
            for (node, tells, gap) in steps {
                second += gap;
                let now = Timestamp::from_millis(second * 1_000);
                if nodes[node].count(key(1), &rule, now).is_none() {
                    prop_assert!(!knows[node]);
                    accepted[node] += 1;
                }
                prop_assert!(accepted[node] <= most);
                if tells && tell(&nodes[node], &rule, second, &mut known) {
                    knows[node] = known.is_some_and(|known| known.requests >= most);
                }
            }
            for node in &nodes {
                tell(node, &rule, second, &mut known);
            }
            prop_assert_eq!(known.map_or(0, |known| known.requests), accepted.iter().sum::<i64>());
        }

        /// When each tells after every request, all accept the limit and one more for each that had not heard.
        #[test]
        fn processes_that_tell_at_once_are_nearly_as_one(
            most in 1..6_i64,
            steps in proptest::collection::vec(0..3_usize, 1..80),
        ) {
            let rule = rule(most, 1_000);
            let nodes = [(); 3].map(|()| Windows::new(10));
            let (mut known, mut accepted) = (None, 0);
            for node in steps {
                let now = Timestamp::from_millis(0);
                accepted += i64::from(nodes[node].count(key(1), &rule, now).is_none());
                tell(&nodes[node], &rule, 0, &mut known);
            }
            prop_assert!(accepted < most + 3);
        }

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
