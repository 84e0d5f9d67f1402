//! The task that writes entries out: when there are enough of them, and every few seconds, when it also makes rows
//! of some.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::services::app::App;
use crate::services::logs::write::unfold_some;
use crate::services::logs::write_out;

/// How long an entry waits for others.
const PAUSE: Duration = Duration::from_secs(3);

/// Batches that become rows in a pause.
const AT_ONCE: usize = 4;

/// The task, until it is stopped or dropped.
pub struct Service {
    stop: oneshot::Sender<()>,
    writing: JoinHandle<()>,
}

impl Service {
    /// Starts it.
    pub fn start(app: Arc<App>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, writing: tokio::spawn(work(app, stopped)) }
    }

    /// Writes what is left, and ends.
    pub async fn stop(self) {
        // It may have ended with its runtime.
        let _ = self.stop.send(());
        let _ = self.writing.await;
    }
}

async fn work(app: Arc<App>, mut stopped: oneshot::Receiver<()>) {
    let mut failing = false;
    loop {
        let (is_last, is_quiet) = tokio::select! {
            // An error is a server that was dropped.
            _ = &mut stopped => (true, false),
            () = app.logs.buffer.full(), if !failing => (false, false),
            () = sleep(PAUSE) => (false, true),
        };
        let mut written = write_out(&app).await;
        if is_quiet && written.is_ok() {
            written = unfold_some(&app, AT_ONCE).await;
        }
        match written {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, cause, "logs cannot be written now");
                }
                failing = true;
            }
        }
        if is_last {
            return;
        }
    }
}
