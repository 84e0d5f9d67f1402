//! Keeps the write-ahead log bounded without making writers wait for it.
//!
//! SQLite's own way is a checkpoint inside the COMMIT that crosses a size, and whoever waits for
//! that COMMIT waits for the copying as well. Here a thread of its own copies the bulk while writes
//! go on; the writer then copies the little that came in meanwhile, between two groups. After that
//! the log is copied to its end, and the next COMMIT starts it again from the beginning.
//!
//! Reads of an older state keep the log from starting again. Quick ones are gone in a moment; a long
//! log has slow ones held back until it is done. A log that is shipped starts again when all of it was
//! read for that (`wal`).

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;

use crate::store::engine::sqlite::gate::Gate;
use crate::store::engine::sqlite::wal::{Turn, WalSource};
use crate::store::engine::sqlite::{open, writer};
use crate::store::tx::Tx;

/// Pages in the log that start a checkpoint: 16 MB of 4 kB pages.
const PAGES: u32 = 4000;

/// Pages from which on slow reads are held back, so that a stream of them cannot make the log grow
/// for ever.
const MOST_PAGES: u32 = 4 * PAGES;

/// How long the writer waits for quick reads then.
const PATIENCE: Duration = Duration::from_millis(5);

/// How long slow reads are held back for a writer that has nothing more to write.
const HOLD: Duration = Duration::from_millis(100);

const IDLE: u8 = 0;
const COPYING: u8 = 1;
const COPIED: u8 = 2;

/// Watches the size of the log for the writer.
pub(super) struct Checkpointer {
    pages: Arc<AtomicU32>,
    /// Pages from which on it is worth a look.
    due: Cell<u32>,
    /// The log, when it is shipped.
    wal: Option<Arc<WalSource>>,
    state: Arc<AtomicU8>,
    start: SyncSender<u32>,
    finished: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    /// Watches the log of `connection`, whose file is `path`, instead of SQLite.
    pub(super) fn start(
        connection: &mut Connection,
        path: PathBuf,
        gate: Arc<Gate>,
        wal: Option<Arc<WalSource>>,
    ) -> std::io::Result<Self> {
        let pages = wal.as_ref().map_or_else(Arc::default, |wal| wal.frames());
        let seen = Arc::clone(&pages);
        let hook = move |_: &mut Wal, pages: i32| {
            seen.store(pages.unsigned_abs(), Ordering::Release);
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(std::io::Error::other)?;
        let state = Arc::new(AtomicU8::new(IDLE));
        let (start, starts) = sync_channel(1);
        let (finished, finishes) = sync_channel(1);
        let copier =
            Copier { path, gate, wal: wal.clone(), state: Arc::clone(&state), starts, finishes };
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || copier.work())?;
        Ok(Self { pages, due: Cell::new(PAGES), wal, state, start, finished, thread })
    }

    /// Looks at the log between two groups.
    pub(super) fn look(&self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < PAGES {
            self.due.set(PAGES);
        }
        if pages < self.due.get() {
            return;
        }
        match self.state.load(Ordering::Acquire) {
            IDLE => {
                self.state.store(COPYING, Ordering::Release);
                if self.start.try_send(pages).is_err() {
                    self.state.store(COPIED, Ordering::Release);
                }
            }
            COPIED => {
                self.state.store(IDLE, Ordering::Release);
                self.finish_copy(connection, pages);
                // Nobody may be waiting for it.
                let _ = self.finished.try_send(());
            }
            _ => {}
        }
    }

    /// Copies everything and empties the log, at the end.
    pub(super) fn finish(self, mut tx: Tx) {
        drop(self.start);
        // The thread only ends early by a panic, which has been reported.
        let _ = self.thread.join();
        let connection = writer::session(&mut tx).connection();
        // Where another process uses the log, it stays: waiting would only make that one wait.
        let _ = connection.busy_timeout(PATIENCE);
        let empty = || checkpoint(connection, CheckpointMode::TRUNCATE);
        match &self.wal {
            Some(wal) => wal.finish(connection, empty),
            None => empty(),
        }
    }

    fn finish_copy(&self, connection: &Connection, pages: u32) {
        let passive = || checkpoint(connection, CheckpointMode::PASSIVE);
        match self.wal.as_ref().map_or(Turn::Free, |wal| wal.turn(passive)) {
            Turn::Free => finish_copy(connection, pages),
            Turn::Read if pages >= MOST_PAGES => finish_copy(connection, pages),
            Turn::Read | Turn::Busy => {}
            Turn::Later => return self.due.set(pages.saturating_add(PAGES)),
        }
        self.due.set(PAGES);
    }
}

/// Copies what the thread left. Quick reads of an older state may hold the end of the log; a long log
/// is worth a moment of waiting for them.
fn finish_copy(connection: &Connection, pages: u32) {
    if pages < MOST_PAGES {
        return checkpoint(connection, CheckpointMode::PASSIVE);
    }
    // A busy timeout can be set whenever no statement runs, and none does between two groups.
    let _ = connection.busy_timeout(PATIENCE);
    checkpoint(connection, CheckpointMode::RESTART);
    let _ = connection.busy_timeout(open::BUSY_TIMEOUT);
}

/// The thread that copies while writes go on.
struct Copier {
    path: PathBuf,
    gate: Arc<Gate>,
    wal: Option<Arc<WalSource>>,
    state: Arc<AtomicU8>,
    starts: Receiver<u32>,
    finishes: Receiver<()>,
}

impl Copier {
    fn work(self) {
        while let Ok(pages) = self.starts.recv() {
            // What the writer said of an earlier copy is not about this one.
            while self.finishes.try_recv().is_ok() {}
            self.copy();
            let closed = (pages >= MOST_PAGES).then(|| self.gate.close());
            if closed.is_some() {
                // What came in while the last slow read ended, and what it held.
                self.copy();
            }
            self.state.store(COPIED, Ordering::Release);
            if closed.is_some() {
                // Either way slow reads go on.
                let _ = self.finishes.recv_timeout(HOLD);
            }
        }
    }

    fn copy(&self) {
        if let Some(wal) = &self.wal {
            wal.prepare_copy();
        }
        match open::checkpointer(&self.path) {
            Ok(connection) => checkpoint(&connection, CheckpointMode::PASSIVE),
            Err(error) => tracing::warn!(%error, "the database log cannot be checkpointed"),
        }
    }
}

/// Copies all of the log into the file `path` and empties it, unless somebody reads an older state.
pub(super) fn empty(path: &Path) {
    match open::checkpointer(path) {
        Ok(connection) => checkpoint(&connection, CheckpointMode::TRUNCATE),
        Err(error) => tracing::warn!(%error, "the database log cannot be checkpointed"),
    }
}

fn checkpoint(connection: &Connection, mode: CheckpointMode) {
    match connection.wal_checkpoint_v2(None::<&str>, mode) {
        // Somebody is reading what should be copied: the next look tries again.
        Ok(_) => {}
        Err(error) if is_busy(&error) => {}
        Err(error) => tracing::warn!(%error, "the database log cannot be checkpointed"),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_log_comes_into_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        writer.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES ('in the log')").unwrap();
        let holds = |path: &Path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(10).any(|window| window == b"in the log")
        };
        assert!(!holds(&path));
        checkpoint(&open::checkpointer(&path).unwrap(), CheckpointMode::PASSIVE);
        assert!(holds(&path));
        let log = path.with_extension("db-wal");
        assert!(holds(&log), "a copy is all that was asked for");
        empty(&path);
        assert_eq!(std::fs::metadata(log).unwrap().len(), 0);
    }
}
