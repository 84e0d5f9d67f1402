//! Slows down whoever guesses passwords (design §12.2). Knows no collections and no requests.
//!
//! Only failures count, each for ten minutes, by account and by address. An attempt is settled
//! after its password was checked and under the same lock that counts it, so a flood of attempts
//! at one time learns no more than the same attempts one after the other.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::services::Error;

/// Failures that an account has before it is refused.
const BY_ACCOUNT: usize = 10;

/// Failures that an address has before it is refused.
const BY_ADDRESS: usize = 50;

/// How long a failure counts, in milliseconds.
const WINDOW: i64 = 10 * 60 * 1_000;

/// Accounts and addresses that are remembered at one time.
const CAPACITY: usize = 100_000;

/// The failures of the last ten minutes.
#[derive(Debug)]
pub struct Throttle {
    on: bool,
    hasher: RandomState,
    failures: Mutex<HashMap<u64, VecDeque<i64>>>,
}

/// Who attempts: one account from one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    account: u64,
    address: u64,
}

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The password was right.
    Succeeded,
    /// The password was wrong, or there is no such account.
    Failed,
}

impl Throttle {
    /// A throttle that counts, or one that never refuses (`[auth] throttle = false`).
    pub fn new(on: bool) -> Self {
        Self { on, hasher: RandomState::new(), failures: Mutex::default() }
    }

    /// The attempt to sign in to `collection` as `identity` from `address`. Whether there is such
    /// an account does not matter, so a refusal tells nothing about it.
    pub fn attempt(&self, collection: &str, identity: &str, address: IpAddr) -> Attempt {
        Attempt {
            account: self.hasher.hash_one(("account", collection, identity.to_lowercase())),
            address: self.hasher.hash_one(("address", network(address))),
        }
    }

    /// Whether the attempt may be made at all.
    ///
    /// # Errors
    /// `TooManyRequests` when the account or the address has failed too often.
    pub fn check(&self, attempt: Attempt, now: Timestamp) -> Result<(), Error> {
        if !self.on {
            return Ok(());
        }
        refuse_if_over(&mut self.lock(), attempt, now.millis())
    }

    /// Ends an attempt. A failure counts; a success that comes when the account or the address has
    /// failed too often meanwhile is refused all the same.
    ///
    /// # Errors
    /// `TooManyRequests` when the account or the address has failed too often.
    pub fn settle(&self, attempt: Attempt, outcome: Outcome, now: Timestamp) -> Result<(), Error> {
        if !self.on {
            return Ok(());
        }
        let mut failures = self.lock();
        refuse_if_over(&mut failures, attempt, now.millis())?;
        if outcome == Outcome::Failed {
            if failures.len() + 2 > CAPACITY {
                make_room(&mut failures, now.millis());
            }
            for key in [attempt.account, attempt.address] {
                failures.entry(key).or_default().push_back(now.millis());
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, VecDeque<i64>>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address: whoever has an IPv6 address has all 2⁶⁴ of its network.
pub(super) const fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}

fn refuse_if_over(
    failures: &mut HashMap<u64, VecDeque<i64>>,
    attempt: Attempt,
    now: i64,
) -> Result<(), Error> {
    let limits = [(attempt.account, BY_ACCOUNT), (attempt.address, BY_ADDRESS)];
    let waits = limits.map(|(key, limit)| wait(failures, key, limit, now));
    match waits.into_iter().flatten().max() {
        Some(millis) => Err(Error::TooManyRequests {
            retry_after: Duration::from_millis(millis.unsigned_abs()),
        }),
        None => Ok(()),
    }
}

/// How long `key` must wait until it has fewer than `limit` failures in the window.
fn wait(
    failures: &mut HashMap<u64, VecDeque<i64>>,
    key: u64,
    limit: usize,
    now: i64,
) -> Option<i64> {
    let moments = failures.get_mut(&key)?;
    while moments.front().is_some_and(|&moment| moment <= now - WINDOW) {
        moments.pop_front();
    }
    if moments.is_empty() {
        failures.remove(&key);
        return None;
    }
    let decisive = *moments.get(moments.len().checked_sub(limit)?)?;
    Some(decisive + WINDOW - now)
}

/// Forgets what no longer counts and, when that is not enough, the quarter that failed the longest
/// time ago. To push itself out that way, an address would need more failures than it is allowed.
fn make_room(failures: &mut HashMap<u64, VecDeque<i64>>, now: i64) {
    let latest = |moments: &VecDeque<i64>| moments.back().copied().unwrap_or(i64::MIN);
    failures.retain(|_, moments| latest(moments) > now - WINDOW);
    if failures.len() * 4 > CAPACITY * 3 {
        let mut moments: Vec<i64> = failures.values().map(latest).collect();
        let quarter = moments.len() / 4;
        let (_, &mut threshold, _) = moments.select_nth_unstable(quarter);
        let mut excess = quarter.max(1);
        failures.retain(|_, moments| {
            let forget = excess > 0 && latest(moments) <= threshold;
            excess -= usize::from(forget);
            !forget
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(number))
    }

    fn seconds(refused: Result<(), Error>) -> u64 {
        match refused {
            Err(Error::TooManyRequests { retry_after }) => retry_after.as_secs(),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[test]
    fn ten_failures_close_an_account_until_the_first_of_them_is_ten_minutes_old() {
        let throttle = Throttle::new(true);
        for number in 0..10 {
            let attempt = throttle.attempt("users", "Ann@example.com", address(number));
            throttle.check(attempt, at(i64::from(number) * MINUTE / 2)).unwrap();
            let moment = at(i64::from(number) * MINUTE / 2);
            throttle.settle(attempt, Outcome::Failed, moment).unwrap();
        }
        let attempt = throttle.attempt("users", "ann@example.com", address(99));
        assert_eq!(seconds(throttle.check(attempt, at(5 * MINUTE))), 300);
        assert_eq!(seconds(throttle.check(attempt, at(10 * MINUTE - 1))), 0);
        throttle.check(attempt, at(10 * MINUTE)).unwrap();
        throttle.settle(attempt, Outcome::Failed, at(10 * MINUTE)).unwrap();
        assert_eq!(seconds(throttle.check(attempt, at(10 * MINUTE))), 30);
        let other = throttle.attempt("users", "bob@example.com", address(1));
        throttle.check(other, at(5 * MINUTE)).unwrap();
        let elsewhere = throttle.attempt("staff", "ann@example.com", address(1));
        throttle.check(elsewhere, at(5 * MINUTE)).unwrap();
    }

    #[test]
    fn fifty_failures_close_an_address_for_every_account() {
        let throttle = Throttle::new(true);
        for number in 0..50 {
            let attempt = throttle.attempt("users", &format!("user{number}"), address(7));
            throttle.settle(attempt, Outcome::Failed, at(0)).unwrap();
        }
        let attempt = throttle.attempt("users", "somebody", address(7));
        assert_eq!(seconds(throttle.check(attempt, at(1_000))), 599);
        throttle.check(throttle.attempt("users", "somebody", address(8)), at(0)).unwrap();
    }

    #[test]
    fn successes_do_not_count_and_do_not_forgive() {
        let throttle = Throttle::new(true);
        let attempt = throttle.attempt("users", "ann", address(1));
        for _ in 0..100 {
            throttle.settle(attempt, Outcome::Succeeded, at(0)).unwrap();
        }
        for _ in 0..9 {
            throttle.settle(attempt, Outcome::Failed, at(0)).unwrap();
        }
        throttle.settle(attempt, Outcome::Succeeded, at(0)).unwrap();
        throttle.settle(attempt, Outcome::Failed, at(0)).unwrap();
        assert_eq!(seconds(throttle.check(attempt, at(0))), 600);
    }

    #[test]
    fn a_right_password_among_a_flood_of_wrong_ones_is_not_told() {
        let throttle = Throttle::new(true);
        let attempt = throttle.attempt("users", "ann", address(1));
        for _ in 0..100 {
            throttle.check(attempt, at(0)).unwrap();
        }
        let settled = |outcome| throttle.settle(attempt, outcome, at(0)).is_ok();
        assert_eq!((0..20).filter(|_| settled(Outcome::Failed)).count(), 10);
        assert!(!settled(Outcome::Succeeded));
    }

    #[test]
    fn an_address_is_its_network_in_ipv6_and_itself_in_ipv4() {
        let throttle = Throttle::new(true);
        let key = |address: &str| throttle.attempt("users", "ann", address.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
        assert_eq!(key("192.0.2.1"), throttle.attempt("users", "ann", mapped));
        assert_ne!(key("192.0.2.1"), throttle.attempt("users", "ann", Ipv6Addr::LOCALHOST.into()));
    }

    #[test]
    fn memory_is_bounded_and_the_latest_failures_stay() {
        let throttle = Throttle::new(true);
        for number in 0..150_000_u32 {
            let attempt = throttle.attempt("users", &format!("user{number}"), address(number));
            throttle.settle(attempt, Outcome::Failed, at(i64::from(number / 1_000))).unwrap();
        }
        let kept = throttle.lock().len();
        assert!(kept <= CAPACITY, "{kept}");
        let last = throttle.attempt("users", "user149999", address(149_999));
        for _ in 0..9 {
            throttle.settle(last, Outcome::Failed, at(200)).unwrap();
        }
        seconds(throttle.check(last, at(200)));
    }

    #[test]
    fn switched_off_it_never_refuses() {
        let throttle = Throttle::new(false);
        let attempt = throttle.attempt("users", "ann", address(1));
        for _ in 0..100 {
            throttle.settle(attempt, Outcome::Failed, at(0)).unwrap();
        }
        throttle.check(attempt, at(0)).unwrap();
    }
}
