//! So many times within so long.

use std::fmt::Display;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;
use crate::store::{Db, StoreError, Tx, throttle};

/// What is counted, and of whom: a hash, so that nobody is named in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key of a `purpose` and whom it is about.
    pub fn of(purpose: &str, about: &[&dyn Display]) -> Self {
        let mut hash = Sha256::new();
        hash.update(purpose);
        for part in about {
            let part = part.to_string();
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The hash, as tables have it.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// How often something may be done within a sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Times.
    pub most: usize,
    /// The length of the window.
    pub window: Duration,
}

impl Limit {
    /// How long `key` must wait before it may be counted again; none when it may at once.
    ///
    /// # Errors
    /// What the database says.
    pub fn wait(
        self,
        db: &mut Db,
        key: &Key,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        Ok(self.wait_of(&throttle::moments(db, &key.0)?, now))
    }

    /// Counts `key` once more. When it must wait it is not counted, and this says how long.
    ///
    /// # Errors
    /// What the database says.
    pub fn count(
        self,
        tx: &mut Tx,
        key: &Key,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let mut moments = throttle::lock(tx, &key.0, now)?;
        if let Some(wait) = self.wait_of(&moments, now) {
            return Ok(Some(wait));
        }
        moments.retain(|&moment| moment > now.millis() - self.millis());
        moments.push(now.millis());
        self.store(tx, key, &moments, now)?;
        Ok(None)
    }

    /// Counts `key` as if for the first time, whatever was counted before.
    ///
    /// # Errors
    /// What the database says.
    pub fn begin(self, tx: &mut Tx, key: &Key, now: Timestamp) -> Result<(), StoreError> {
        throttle::lock(tx, &key.0, now)?;
        self.store(tx, key, &[now.millis()], now)
    }

    fn store(
        self,
        tx: &mut Tx,
        key: &Key,
        moments: &[i64],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let until = Timestamp::from_millis(now.millis().saturating_add(self.millis()));
        throttle::store(tx, &key.0, moments, until)
    }

    /// Forgets what was counted for `key`.
    ///
    /// # Errors
    /// What the database says.
    pub fn forget(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
        throttle::forget(tx, &key.0)
    }

    fn wait_of(self, moments: &[i64], now: Timestamp) -> Option<Duration> {
        let counting = moments.iter().filter(|&&moment| moment > now.millis() - self.millis());
        // The one that has to be forgotten before there is room for another.
        let decisive = counting.rev().nth(self.most.checked_sub(1)?)?;
        let wait = decisive.saturating_add(self.millis()).saturating_sub(now.millis());
        Some(Duration::from_millis(wait.unsigned_abs()))
    }

    fn millis(self) -> i64 {
        i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { most: 3, window: Duration::from_secs(10) };

    fn wait(moments: &[i64], now: i64) -> Option<u128> {
        LIMIT.wait_of(moments, Timestamp::from_millis(now)).map(|wait| wait.as_millis())
    }

    #[test]
    fn the_oldest_that_counts_decides_how_long_to_wait() {
        assert_eq!(wait(&[], 0), None);
        assert_eq!(wait(&[0, 1], 5), None);
        assert_eq!(wait(&[0, 1, 2], 5), Some(9_995));
        assert_eq!(wait(&[0, 1, 2], 9_999), Some(1));
        assert_eq!(wait(&[0, 1, 2], 10_000), None);
        assert_eq!(wait(&[0, 5, 6, 7], 10_000), Some(5));
    }

    #[test]
    fn keys_do_not_run_together() {
        let key = |purpose, about: &[&dyn Display]| Key::of(purpose, about);
        assert_eq!(key("a", &[&"b"]), key("a", &[&"b"]));
        assert_ne!(key("a", &[&"bc"]), key("a", &[&"b", &"c"]));
        assert_ne!(key("ab", &[]), key("a", &[&"b"]));
        assert_eq!(key("a", &[]).0.len(), 64);
    }
}
