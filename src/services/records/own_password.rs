//! The password of an account that somebody proves to know who is signed in to it. A token must not be
//! enough to find out the password, so failures count.

use std::time::Duration;

use crate::services::Error;
use crate::services::app::App;
use crate::services::throttle::{Key, Limit};

/// Failures that an account has before it is refused.
const LIMIT: Limit = Limit { most: 10, window: Duration::from_secs(10 * 60) };

/// Whether `password` is the one of `hash`, which is that of an account. Failures are counted by the
/// hash: no two accounts have the same, and a new password starts from nothing.
///
/// # Errors
/// `TooManyRequests` after too many failures, also for the right one.
pub async fn is_right(app: &App, password: String, hash: String) -> Result<bool, Error> {
    if !app.throttle.is_on() {
        return app.passwords.verify(password, hash).await;
    }
    let key = Key::of("own password", &[&hash]);
    let (now, asked) = (app.clock.now(), key.clone());
    refuse(app.store.read(move |db| LIMIT.wait(db, &asked, now)).await?)?;
    let right = app.passwords.verify(password, hash).await?;
    let now = app.clock.now();
    let wait = if right {
        app.store.read(move |db| LIMIT.wait(db, &key, now)).await?
    } else {
        app.store.write(move |tx| LIMIT.count(tx, &key, now)).await?
    };
    refuse(wait).map(|()| right)
}

fn refuse(wait: Option<Duration>) -> Result<(), Error> {
    wait.map_or(Ok(()), |retry_after| Err(Error::TooManyRequests { retry_after }))
}
