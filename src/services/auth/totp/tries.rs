//! How often somebody may try a code: it has six digits only.

use std::time::Duration;

use crate::domain::record::Record;
use crate::services::Error;
use crate::services::app::App;
use crate::services::throttle::{Key, Limit};
use crate::store::{StoreError, Tx};

/// Tries of one account, within a short and a long time.
const LIMITS: [Limit; 2] = [
    Limit { most: 10, window: Duration::from_secs(10 * 60) },
    Limit { most: 50, window: Duration::from_secs(24 * 60 * 60) },
];

/// The tries at the codes of an account, as long as its key stays: whoever tried with a password that
/// is not right any more is shut out already.
#[derive(Debug, Clone)]
pub(super) struct Tries([Key; LIMITS.len()]);

impl Tries {
    /// Those of `account`.
    pub(super) fn of(account: &Record) -> Self {
        let (collection, token_key) = (&account.collection().id, account.text("tokenKey"));
        let key = |limit| Key::of("totp", &[collection, &account.id(), &token_key, &limit]);
        Self([0, 1].map(key))
    }

    /// Counts a try before the code is compared, so that none is free.
    ///
    /// # Errors
    /// `TooManyRequests` when there were too many.
    pub(super) async fn count(&self, app: &App) -> Result<(), Error> {
        let (keys, now) = (self.0.clone(), app.clock.now());
        let wait = app.store.write(move |tx| {
            let mut wait = None;
            for (limit, key) in LIMITS.into_iter().zip(&keys) {
                wait = wait.max(limit.count(tx, key, now)?);
            }
            Ok::<_, StoreError>(wait)
        });
        match wait.await? {
            Some(retry_after) => Err(Error::TooManyRequests { retry_after }),
            None => Ok(()),
        }
    }

    /// Forgets them, after a right one.
    pub(super) fn forget(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|key| Limit::forget(tx, key))
    }
}
