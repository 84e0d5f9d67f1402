//! Processes on one database hold limits together: each tells the database every moment what it counted, and
//! goes on by what all of them did. No request waits for that.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::services::Error;
use crate::services::app::App;
use crate::services::rate_limits::limiter::ToTell;
use crate::services::rate_limits::windows::{Joint, second};
use crate::services::rate_limits::{Limiter, Mode};
use crate::store::limits::{self, Count};

/// How often the others are told.
const ROUND: Duration = Duration::from_millis(500);

/// Windows that are told of in one round, so that a flood of addresses keeps no database busy. Those with the
/// fewest requests wait for the next one.
const MOST: usize = 2_000;

/// Rounds between two looks for windows that are long over.
const SOMETIMES: u32 = 120;

/// What tells other processes, until it is stopped or dropped.
pub struct Sharing(JoinHandle<()>);

impl Sharing {
    /// Begins to tell those that use the database of `app`, where there can be any.
    pub fn start(app: Arc<App>) -> Self {
        Self(tokio::spawn(share(app)))
    }

    /// Tells them nothing more.
    pub fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn share(app: Arc<App>) {
    if !app.store.is_shared() {
        return;
    }
    let mut ticks = tokio::time::interval(ROUND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for count in 1_u32.. {
        ticks.tick().await;
        let mut done = match app.rate_limits.last() {
            Mode::On(limiter) => round(&app, &limiter).await,
            Mode::Off => Ok(()),
        };
        if done.is_ok() && count.is_multiple_of(SOMETIMES) {
            done = forget(&app).await;
        }
        if let Err(error) = done {
            tracing::debug!(%error, "limits on requests hold for this process alone meanwhile");
        }
    }
}

/// Tells what was counted since the last round, and takes in what that comes to. What could not be told is
/// told in the next round: twice, if the answer alone was lost.
async fn round(app: &App, limiter: &Limiter) -> Result<(), Error> {
    let now = app.clock.now();
    let told = limiter.untold(now, MOST);
    if told.is_empty() {
        return Ok(());
    }
    let count = |(key, told): (&String, &ToTell)| Count {
        key: key.clone(),
        start: told.untold.start,
        ends: told.ends,
        requests: told.untold.requests,
    };
    let counts: Vec<Count> = told.iter().map(count).collect();
    let second = second(now);
    let joint = app.store.write(move |tx| limits::add(tx, &counts, second)).await?;
    for Count { key, start, requests, .. } in joint {
        if let Some(told) = told.get(&key) {
            limiter.take_in(told, Joint { start, requests });
        }
    }
    Ok(())
}

async fn forget(app: &App) -> Result<(), Error> {
    let second = second(app.clock.now());
    Ok(app.store.write(move |tx| limits::forget_old(tx, second)).await?)
}
