//! Sign-ins that fail: ten of an account or fifty of an address close it for ten minutes each.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::throttle::limit::{Key, Limit};
use crate::services::throttle::network;
use crate::store::Store;

const WINDOW: Duration = Duration::from_secs(10 * 60);

/// Failures that an account has before it is refused.
const BY_ACCOUNT: Limit = Limit { most: 10, window: WINDOW };

/// Failures that an address has before it is refused.
const BY_ADDRESS: Limit = Limit { most: 50, window: WINDOW };

/// Counts sign-ins that fail, or does not.
#[derive(Debug, Clone, Copy)]
pub struct Throttle {
    on: bool,
}

/// Who attempts: one account from one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    identity: Key,
    account: Key,
    address: Key,
}

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The password was right.
    Succeeded,
    /// The password was wrong, or there is no such account.
    Failed,
}

impl Attempt {
    /// The attempt to sign in to `collection` from `address` as `identity`, which names the account with
    /// the id `account`, if there is one. All its names count for an account together; where there is
    /// none its name counts alike, so a refusal tells nothing about whether there is.
    pub fn of(collection: &str, identity: &str, account: Option<&str>, address: IpAddr) -> Self {
        // As the database tells names apart: a letter outside ASCII has one form.
        let identity = identity.to_ascii_lowercase();
        let account = account.unwrap_or(&identity);
        Self {
            identity: Key::of("sign-in identity", &[&collection, &identity]),
            account: Key::of("sign-in account", &[&collection, &account]),
            address: Key::of("sign-in address", &[&network(address)]),
        }
    }

    const fn limits(&self) -> [(&Key, Limit); 3] {
        [(&self.identity, BY_ACCOUNT), (&self.account, BY_ACCOUNT), (&self.address, BY_ADDRESS)]
    }
}

impl Throttle {
    /// A throttle that counts, or one that never refuses (`[auth] throttle = false`).
    pub const fn new(on: bool) -> Self {
        Self { on }
    }

    /// Whether it counts.
    pub const fn is_on(self) -> bool {
        self.on
    }

    /// Whether the attempt may be made at all.
    ///
    /// # Errors
    /// `TooManyRequests` when the account or the address has failed too often.
    pub async fn check(
        self,
        store: &Store,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !self.on {
            return Ok(());
        }
        let attempt = attempt.clone();
        let waits = store.read(move |db| {
            let mut longest = None;
            for (key, limit) in attempt.limits() {
                longest = longest.max(limit.wait(db, key, now)?);
            }
            Ok::<_, Error>(longest)
        });
        refuse(waits.await?)
    }

    /// Ends an attempt. A failure counts; a success that comes when the account or the address has
    /// failed too often meanwhile is refused all the same.
    ///
    /// # Errors
    /// `TooManyRequests` when the account or the address has failed too often.
    pub async fn settle(
        self,
        store: &Store,
        attempt: &Attempt,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !self.on || outcome == Outcome::Succeeded {
            return self.check(store, attempt, now).await;
        }
        let attempt = attempt.clone();
        let waits = store.write(move |tx| {
            let mut longest = None;
            for (key, limit) in attempt.limits() {
                longest = longest.max(limit.count(tx, key, now)?);
            }
            Ok::<_, Error>(longest)
        });
        refuse(waits.await?)
    }
}

fn refuse(wait: Option<Duration>) -> Result<(), Error> {
    wait.map_or(Ok(()), |retry_after| Err(Error::TooManyRequests { retry_after }))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::services::test_app::TestApp;

    const MINUTE: i64 = 60_000;
    const ON: Throttle = Throttle::new(true);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(number))
    }

    fn ann(number: u32) -> Attempt {
        Attempt::of("users", "ann@example.com", None, address(number))
    }

    async fn fail(test: &TestApp, attempt: &Attempt, millis: i64) -> Result<(), Error> {
        ON.settle(&test.app.store, attempt, Outcome::Failed, at(millis)).await
    }

    async fn check(test: &TestApp, attempt: &Attempt, millis: i64) -> Result<(), Error> {
        ON.check(&test.app.store, attempt, at(millis)).await
    }

    fn seconds(refused: Result<(), Error>) -> u64 {
        match refused {
            Err(Error::TooManyRequests { retry_after }) => retry_after.as_secs(),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[actix_web::test]
    async fn ten_failures_close_an_account_until_the_first_of_them_is_ten_minutes_old() {
        let test = TestApp::start(Vec::new()).await;
        for number in 0..10 {
            let attempt = Attempt::of("users", "Ann@example.com", None, address(number));
            let moment = i64::from(number) * MINUTE / 2;
            check(&test, &attempt, moment).await.unwrap();
            fail(&test, &attempt, moment).await.unwrap();
        }
        assert_eq!(seconds(check(&test, &ann(99), 5 * MINUTE).await), 300);
        assert_eq!(seconds(check(&test, &ann(99), 10 * MINUTE - 1).await), 0);
        check(&test, &ann(99), 10 * MINUTE).await.unwrap();
        fail(&test, &ann(99), 10 * MINUTE).await.unwrap();
        assert_eq!(seconds(check(&test, &ann(99), 10 * MINUTE).await), 30);
        let bob = Attempt::of("users", "bob@example.com", None, address(1));
        check(&test, &bob, 5 * MINUTE).await.unwrap();
        let elsewhere = Attempt::of("staff", "ann@example.com", None, address(1));
        check(&test, &elsewhere, 5 * MINUTE).await.unwrap();
    }

    #[actix_web::test]
    async fn fifty_failures_close_an_address_for_every_account() {
        let test = TestApp::start(Vec::new()).await;
        for number in 0..50 {
            let attempt = Attempt::of("users", &format!("user{number}"), None, address(7));
            fail(&test, &attempt, 0).await.unwrap();
        }
        let somebody = |number| Attempt::of("users", "somebody", None, address(number));
        assert_eq!(seconds(check(&test, &somebody(7), 1_000).await), 599);
        check(&test, &somebody(8), 0).await.unwrap();
    }

    #[actix_web::test]
    async fn successes_do_not_count_and_do_not_forgive() {
        let test = TestApp::start(Vec::new()).await;
        for _ in 0..20 {
            ON.settle(&test.app.store, &ann(1), Outcome::Succeeded, at(0)).await.unwrap();
        }
        for _ in 0..10 {
            fail(&test, &ann(1), 0).await.unwrap();
        }
        assert_eq!(seconds(check(&test, &ann(1), 0).await), 600);
    }

    #[actix_web::test]
    async fn a_right_password_among_a_flood_of_wrong_ones_is_not_told() {
        let test = TestApp::start(Vec::new()).await;
        let attempt = ann(1);
        let flood = (0..40).map(|_| fail(&test, &attempt, 0));
        let settled = futures_util::future::join_all(flood).await;
        assert_eq!(settled.iter().filter(|settled| settled.is_ok()).count(), 10);
        let right = ON.settle(&test.app.store, &attempt, Outcome::Succeeded, at(0)).await;
        assert!(matches!(right, Err(Error::TooManyRequests { .. })));
    }

    #[test]
    fn an_address_is_its_network_in_ipv6_and_itself_in_ipv4() {
        let key = |address: &str| Attempt::of("users", "ann", None, address.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
        assert_eq!(key("192.0.2.1"), Attempt::of("users", "ann", None, mapped));
    }

    #[actix_web::test]
    async fn switched_off_it_never_refuses() {
        let test = TestApp::start(Vec::new()).await;
        let off = Throttle::new(false);
        for _ in 0..20 {
            off.settle(&test.app.store, &ann(1), Outcome::Failed, at(0)).await.unwrap();
        }
        off.check(&test.app.store, &ann(1), at(0)).await.unwrap();
    }
}
