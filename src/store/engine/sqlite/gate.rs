//! Lets the log start again although there is always a slow read going on: it holds slow reads back
//! for a moment, so that neither writers wait for them nor the log grows for ever.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What slow reads go through. Whoever waits to close it should go before whoever wants to pass: the
/// locks of the standard library do so without promising it, and a test of the store holds it to that.
#[derive(Debug, Default)]
pub(super) struct Gate {
    slow: RwLock<()>,
    endless: RwLock<()>,
}

/// Passed by a read that is under way.
pub(super) type Passage<'a> = RwLockReadGuard<'a, ()>;

/// Held while no slow read is under way and none may begin.
pub(super) struct Closed<'a> {
    _slow: RwLockWriteGuard<'a, ()>,
    _endless: RwLockWriteGuard<'a, ()>,
}

impl Gate {
    /// For a read that takes up to half a second.
    pub(super) fn pass(&self) -> Passage<'_> {
        self.slow.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a read that may take much longer.
    pub(super) fn pass_endless(&self) -> Passage<'_> {
        self.endless.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the reads under way. The endless ones first: only others of their kind wait for
    /// them meanwhile.
    pub(super) fn close(&self) -> Closed<'_> {
        let endless = self.endless.write().unwrap_or_else(PoisonError::into_inner);
        let slow = self.slow.write().unwrap_or_else(PoisonError::into_inner);
        Closed { _slow: slow, _endless: endless }
    }
}
