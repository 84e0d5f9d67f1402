//! Read transactions that keep a log from starting again. SQLite starts it only while no read transaction uses
//! it; one that began when all of the log was in the file does not use it, and instead keeps the next log from
//! being copied. Either way at most one start from the beginning can come after a read transaction began, and
//! that one only when nothing was committed since.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;

use crate::store::engine::sqlite::error::store_error;
use crate::store::error::StoreError;

/// There is always one of them, so that there is no gap between two.
pub(super) struct Hold {
    current: Connection,
    spare: Connection,
    /// More frames than this came after the current one began.
    frames: u32,
}

/// The next read transaction, which has begun.
pub(super) struct Next(());

impl Hold {
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let (current, spare) = (super::reader(path)?, super::reader(path)?);
        begin(&current)?;
        Ok(Self { current, spare, frames: 0 })
    }

    /// Whether commits of this process came after it began, when the log has `frames`: then not all of the log
    /// can have been copied, and a new one uses it.
    pub(super) const fn is_behind(&self, frames: u32) -> bool {
        frames > self.frames
    }

    /// Begins it again at the end of the log, so that all of that can be copied. It [is behind](Self::is_behind),
    /// or all of the log was read.
    pub(super) fn renew(&mut self, frames: &AtomicU32) -> Result<(), StoreError> {
        let next = self.next()?;
        self.pass_to(next);
        self.frames = frames.load(Ordering::Acquire);
        Ok(())
    }

    /// Begins one if there is none.
    pub(super) fn begin_if_none(&mut self) -> Result<(), StoreError> {
        if self.current.is_autocommit() {
            begin(&self.current)?;
            self.frames = 0;
        }
        Ok(())
    }

    /// Begins the next one beside the current one.
    pub(super) fn next(&mut self) -> Result<Next, StoreError> {
        end(&self.spare);
        begin(&self.spare)?;
        Ok(Next(()))
    }

    /// Ends the current one, which the next one takes over from.
    pub(super) fn pass_to(&mut self, _: Next) {
        std::mem::swap(&mut self.current, &mut self.spare);
        end(&self.spare);
        self.frames = 0;
    }

    /// Ends all.
    pub(super) fn end(&self) {
        end(&self.current);
        end(&self.spare);
    }
}

/// Begins a read transaction and reads.
pub(super) fn begin(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN").map_err(store_error)?;
    let read = connection.pragma_query_value(None, "user_version", |_| Ok(()));
    read.map_err(store_error).inspect_err(|_| end(connection))
}

fn end(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("COMMIT")
    {
        tracing::warn!(%error, "a read transaction does not end");
    }
}
