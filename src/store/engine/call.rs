//! A function that waits for its turn, with the caller who waits for its answer.

use std::time::Instant;

use tokio::sync::oneshot;

use crate::store::error::StoreError;
use crate::store::tx::Tx;

/// A function of unknown types, with the caller who waits for its answer.
pub(in crate::store) trait Function: Send {
    /// When it must be done.
    fn deadline(&self) -> Instant;
    /// Whether nobody waits any more.
    fn is_abandoned(&self) -> bool;
    /// Runs it and keeps the result; whether that is a success.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Replaces the result.
    fn fail(&mut self, error: StoreError);
    /// Hands the result to the caller.
    fn answer(self: Box<Self>);
}

/// A function with its types.
pub(in crate::store) struct Call<F, T, E> {
    work: F,
    deadline: Instant,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Call<F, T, E> {
    /// The call and the place where its answer will arrive.
    pub(in crate::store) fn new(
        work: F,
        deadline: Instant,
    ) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, deadline, result: None, reply }, answer)
    }
}

impl<F, T, E> Function for Call<F, T, E>
where
    F: Fn(&mut Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx) -> bool {
        let result = (self.work)(tx);
        let succeeded = result.is_ok();
        self.result = Some(result);
        succeeded
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The caller may have gone while the group ran; the result is lost on nobody.
            let _ = self.reply.send(result);
        }
    }
}
