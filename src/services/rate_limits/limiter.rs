//! The limits of one state of the settings, and what was counted under them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::domain::addresses::parse_network;
use crate::domain::rate_limits::{Asked, Labels};
use crate::domain::settings::{RateLimitRule, RateLimits};
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::rate_limits::windows::{CAPACITY, Joint, Key, Untold, Windows};
use crate::services::throttle::{self, network};

/// The most seconds that are said of a window to others: more than anybody waits.
const LONGEST: i64 = 1_000_000_000_000;

/// What other processes are told of one window.
#[derive(Debug)]
pub(super) struct ToTell {
    key: Arc<Key>,
    /// What was counted.
    pub(super) untold: Untold,
    /// The second in which the window is over.
    pub(super) ends: i64,
}

/// Counts requests by the limits that it was made of.
#[derive(Debug)]
pub struct Limiter {
    labels: Labels,
    rules: Vec<RateLimitRule>,
    excluded: Vec<IpNet>,
    windows: Windows,
}

impl Limiter {
    /// The limiter of `limits`, which has counted nothing yet.
    pub fn new(limits: &RateLimits) -> Self {
        Self {
            labels: Labels::of(&limits.rules),
            rules: limits.rules.clone(),
            excluded: limits.excluded_ips.iter().filter_map(|text| parse_network(text)).collect(),
            windows: Windows::new(CAPACITY),
        }
    }

    /// Counts a request from `address` under the one rule that holds for it.
    ///
    /// # Errors
    /// `TooManyRequests` when it is one too many.
    pub fn count(&self, asked: &Asked<'_>, address: IpAddr, now: Timestamp) -> Result<(), Error> {
        let address = address.to_canonical();
        if self.excluded.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        let Some(rule) = self.labels.find(asked) else { return Ok(()) };
        let place = asked.place.map(|place| (place.id.into(), place.action));
        let key = Key { rule, place, network: network(address) };
        match self.windows.count(key, &self.rules[rule], now) {
            Some(retry_after) => Err(Error::TooManyRequests { retry_after }),
            None => Ok(()),
        }
    }

    /// What was counted and other processes do not know of, of the `most` windows with most of it, by what the
    /// database calls each.
    pub(super) fn untold(&self, now: Timestamp, most: usize) -> BTreeMap<String, ToTell> {
        let untold = self.windows.untold(&self.rules, now, most).into_iter();
        let named = untold.filter_map(|(key, untold)| {
            let rule = self.rules.get(key.rule)?;
            let ends = untold.start.saturating_add(rule.duration.min(LONGEST));
            Some((shared_key(rule, &key), ToTell { key, untold, ends }))
        });
        named.collect()
    }

    /// Goes by what all processes counted together, `told` included.
    pub(super) fn take_in(&self, told: &ToTell, joint: Joint) {
        self.windows.take_in(&told.key, told.untold, joint);
    }

    /// Forgets what no request is counted with any more.
    pub fn sweep(&self, now: Timestamp) {
        self.windows.sweep(&self.rules, now);
    }
}

/// What is counted together by all processes that go by this very rule, wherever it stands among others.
/// Nobody can be read from it.
fn shared_key(rule: &RateLimitRule, key: &Key) -> String {
    let RateLimitRule { label, audience, duration, max_requests } = rule;
    let (id, route, tag) = match &key.place {
        Some((id, action)) => {
            (&**id, action.route, action.tags.first().copied().unwrap_or_default())
        }
        None => ("", "", ""),
    };
    let about: [&dyn Display; 8] =
        [label, audience, duration, max_requests, &id, &route, &tag, &key.network];
    throttle::Key::of("limits", &about).into_text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::caller::Caller;
    use crate::domain::rate_limits::{Audience, Place, tags};
    use crate::services::test_records::{auth_collection, auth_record};

    const HERE: &str = "192.0.2.1";

    fn limiter(rules: &[(&str, i64)], excluded: &[&str]) -> Limiter {
        let rule = |&(label, max_requests): &(&str, i64)| RateLimitRule {
            label: label.to_owned(),
            audience: String::new(),
            duration: 60,
            max_requests,
        };
        Limiter::new(&RateLimits {
            rules: rules.iter().map(rule).collect(),
            excluded_ips: excluded.iter().map(|text| (*text).to_owned()).collect(),
            enabled: true,
        })
    }

    /// Whether a request is accepted; a path names the collection that has the same id.
    fn accepts(limiter: &Limiter, line: &str, address: &str) -> bool {
        let (method, path) = line.split_once(' ').unwrap();
        let place = tags::find(method, path).map(|tagged| Place {
            id: tagged.collection,
            name: tagged.collection,
            action: tagged.action,
        });
        let asked = Asked { method, path, place, audience: Audience::Guests };
        limiter.count(&asked, address.parse().unwrap(), Timestamp::from_millis(0)).is_ok()
    }

    fn sign_in(collection: &str, way: &str) -> String {
        format!("POST /api/collections/{collection}/auth-with-{way}")
    }

    #[test]
    fn each_route_and_each_collection_counts_for_itself_under_a_label_of_actions() {
        let limiter = limiter(&[("*:auth", 1)], &[]);
        for (collection, way) in [("users", "password"), ("users", "otp"), ("staff", "password")] {
            assert!(accepts(&limiter, &sign_in(collection, way), HERE), "{collection} {way}");
            assert!(!accepts(&limiter, &sign_in(collection, way), HERE), "{collection} {way}");
        }
        assert!(accepts(&limiter, "POST /api/collections/users/request-otp", HERE));
    }

    #[test]
    fn actions_count_for_themselves_under_a_folder_and_other_paths_together() {
        let limiter = limiter(&[("/api/", 1)], &[]);
        assert!(accepts(&limiter, "GET /api/collections/posts/records", HERE));
        assert!(accepts(&limiter, "POST /api/collections/posts/records", HERE));
        assert!(accepts(&limiter, "GET /api/collections/posts/records/a", HERE));
        assert!(!accepts(&limiter, "GET /api/collections/posts/records/b", HERE));
        assert!(accepts(&limiter, "GET /api/health", HERE));
        assert!(!accepts(&limiter, "POST /api/batch", HERE));
        assert!(accepts(&limiter, "GET /_/", HERE));
    }

    #[test]
    fn an_account_made_by_a_sign_in_counts_apart_from_created_records() {
        let limiter = limiter(&[("users:create", 1)], &[]);
        let place = Place { id: "users", name: "users", action: tags::SIGN_UP };
        let asked = Asked {
            method: "POST",
            path: "/api/collections/users/auth-with-oauth2",
            place: Some(place),
            audience: Audience::Guests,
        };
        let sign_up = || limiter.count(&asked, HERE.parse().unwrap(), Timestamp::from_millis(0));
        assert!(sign_up().is_ok());
        assert!(matches!(sign_up(), Err(Error::TooManyRequests { .. })));
        assert!(accepts(&limiter, "POST /api/collections/users/records", HERE));
    }

    #[test]
    fn addresses_are_counted_apart_and_those_of_one_ipv6_network_together() {
        let limiter = limiter(&[("/api/", 1)], &[]);
        let accepts = |address| accepts(&limiter, "GET /api/health", address);
        assert!(accepts(HERE));
        assert!(!accepts(HERE));
        assert!(!accepts("::ffff:192.0.2.1"));
        assert!(accepts("192.0.2.2"));
        assert!(accepts("2001:db8::1"));
        assert!(!accepts("2001:db8::ffff:2"));
        assert!(accepts("2001:db8:0:1::1"));
    }

    #[test]
    fn superusers_and_the_server_are_no_audience() {
        let audience = |collection: &str| {
            let record = auth_record(&auth_collection(collection), "a1abcdefghijklm");
            Audience::of(&Caller::signed_in(Arc::new(record)))
        };
        assert_eq!(audience("_superusers"), None);
        assert_eq!(audience("users"), Some(Audience::SignedIn));
        assert_eq!(Audience::of(&Caller::guest()), Some(Audience::Guests));
        assert_eq!(Audience::of(&Caller::server()), None);
    }

    #[test]
    fn excluded_addresses_and_networks_are_not_counted() {
        let excluded = ["192.0.2.1", "198.51.100.0/24", "::ffff:203.0.113.9", "2001:db8::/32", "x"];
        let limiter = limiter(&[("/", 0)], &excluded);
        let accepts = |address| accepts(&limiter, "GET /api/health", address);
        for address in [HERE, "198.51.100.7", "203.0.113.9", "2001:db8:1::5", "::ffff:192.0.2.1"] {
            assert!(accepts(address), "{address}");
        }
        for address in ["192.0.2.2", "198.51.101.7", "2001:db9::1", "::1"] {
            assert!(!accepts(address), "{address}");
        }
    }
}
