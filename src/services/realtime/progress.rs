//! How far clients have been told of what was committed. On several processes that takes a moment longer than
//! the answer to a write, since they have to agree on the order first.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::services::realtime::backlog::NUMBERED;

/// How long somebody waits for what was answered to be told. Only what hangs takes that long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Numbers of events, those of commits being [`NUMBERED`] apart.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The last event that everybody was told of who was to be.
    told: watch::Sender<u64>,
    /// The first event of the last commit that a caller of this process has an answer to.
    answered: AtomicU64,
}

impl Progress {
    /// The last event that everybody was told of who was to be.
    pub(super) fn told(&self) -> u64 {
        *self.told.borrow()
    }

    /// Everybody was told of the event `number` and those before.
    pub(super) fn tell(&self, number: u64) {
        self.told.send_if_modified(|told| {
            let is_further = number > *told;
            *told = number.max(*told);
            is_further
        });
    }

    /// There is an answer to the commit `number`, or will be in a moment.
    pub(super) fn answer(&self, number: u64) {
        self.answered.fetch_max(number * NUMBERED, Ordering::SeqCst);
    }

    /// Nobody is there to be told of what was answered so far.
    pub(super) fn skip(&self) {
        self.tell(self.answered.load(Ordering::SeqCst));
    }

    /// Waits until everybody was told of what was answered so far.
    pub(super) async fn settle(&self) {
        let answered = self.answered.load(Ordering::SeqCst);
        let mut told = self.told.subscribe();
        // Whoever has waited in vain is told of it later.
        let _ = timeout(PATIENCE, told.wait_for(|told| *told >= answered)).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[actix_web::test]
    async fn what_was_answered_is_waited_for() {
        let progress = Progress::default();
        progress.settle().await;
        progress.answer(2);
        progress.tell(NUMBERED);
        let mut settled = Box::pin(progress.settle());
        assert!(settled.as_mut().now_or_never().is_none());
        progress.tell(2 * NUMBERED);
        progress.tell(NUMBERED);
        settled.await;
        assert_eq!(progress.told(), 2 * NUMBERED);
        progress.answer(7);
        progress.skip();
        progress.settle().await;
    }
}
