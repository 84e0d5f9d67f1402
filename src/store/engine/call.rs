//! A function that waits for its turn, with the caller who waits for its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use tokio::sync::oneshot;
use tokio::time::timeout_at;

use crate::store::error::StoreError;
use crate::store::tx::Tx;

/// A function of unknown types, with the caller who waits for its answer.
pub(in crate::store) trait Function: Send {
    /// When it must be done.
    fn deadline(&self) -> Instant;
    /// Whether it may take longer than others, so that none should wait for it to be committed with them.
    fn is_long(&self) -> bool;
    /// To be called before it runs; false when nobody waits for it any more.
    fn take(&self) -> bool;
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
    is_long: bool,
    turn: Arc<Turn>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

/// The caller's end of a call.
pub(in crate::store) struct Answer<T, E> {
    deadline: Instant,
    turn: Arc<Turn>,
    answer: oneshot::Receiver<Result<T, E>>,
}

/// Whether a function waits, runs, or was given up before it did.
#[derive(Debug, Default)]
struct Turn(AtomicU8);

const RUNS: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Turn {
    /// Leaves the state of waiting for another one; the state that it is in then.
    fn settle(&self, state: u8) -> u8 {
        match self.0.compare_exchange(0, state, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => state,
            Err(settled) => settled,
        }
    }
}

impl<F, T, E> Call<F, T, E> {
    /// The call and the place where its answer will arrive.
    pub(in crate::store) fn new(work: F, deadline: Instant) -> (Self, Answer<T, E>) {
        let (reply, answer) = oneshot::channel();
        let turn = Arc::<Turn>::default();
        let answer = Answer { deadline, turn: Arc::clone(&turn), answer };
        (Self { work, deadline, is_long: false, turn, result: None, reply }, answer)
    }

    /// The same for a function that may take longer than others.
    pub(in crate::store) fn long(mut self, is_long: bool) -> Self {
        self.is_long = is_long;
        self
    }
}

impl<T, E: From<StoreError>> Answer<T, E> {
    /// Waits for the answer. A function whose turn has not come by its deadline never runs; one that runs
    /// is waited for, since only then it is known what came of it.
    pub(in crate::store) async fn wait(mut self) -> Result<T, E> {
        let answered = match timeout_at(self.deadline.into(), &mut self.answer).await {
            Ok(answered) => answered,
            Err(_) if self.turn.settle(GIVEN_UP) == GIVEN_UP => return Err(StoreError::Busy.into()),
            Err(_) => self.answer.await,
        };
        answered.unwrap_or_else(|_| Err(StoreError::Closed.into()))
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

    fn is_long(&self) -> bool {
        self.is_long
    }

    fn take(&self) -> bool {
        !self.reply.is_closed() && self.turn.settle(RUNS) == RUNS
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
