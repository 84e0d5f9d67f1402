//! Work that takes minutes. It gets a thread of its own: those of the runtime are for what is short, and
//! the end of the process would wait for them.

use tokio::sync::oneshot;

/// Runs `work` on a thread called `name`; nothing when there is no thread for it, or it panicked.
pub async fn aside<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    let work = move || {
        // Whoever waited may have gone.
        let _ = reply.send(work());
    };
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => answer.await.ok(),
        Err(error) => {
            tracing::error!(%error, "there is no thread for what takes long");
            None
        }
    }
}
