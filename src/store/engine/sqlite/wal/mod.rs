//! The write-ahead log, followed so that it can be shipped elsewhere: no page that was ever committed is
//! missed, and no writer waits for it.
//!
//! What destroys a log is its start from the beginning, which SQLite does in whatever COMMIT comes after all
//! of it has been copied into the database. A read transaction (`hold`) keeps every process from that. The
//! writer alone lets the log go, between two groups, and only when what was not read of it yet has been taken
//! into memory. When that would be too much for too long, the log goes on without being followed, and whoever
//! ships it begins anew with a copy of the database.

mod file;
mod follow;
mod hold;
mod mark;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::{Connection, OpenFlags};

pub use file::{Pages, Position};
pub use mark::FileMark;

use crate::store::CopyReport;
use crate::store::engine::sqlite::copy;
use crate::store::engine::sqlite::error::store_error;
use crate::store::engine::sqlite::gate::Gate;
use crate::store::engine::sqlite::open::{BUSY_TIMEOUT, FLAGS};
use crate::store::error::StoreError;
use follow::Follow;
use hold::Hold;

/// Most bytes that are taken into memory so that the log can start again: 16 MB.
const MEMORY: u64 = 16 << 20;

/// Bytes of pages that [`WalSource::read`] answers at once, unless a single page has more.
const PIECE: usize = 4 << 20;

/// Bytes of a page, as long as nobody has looked.
const USUAL_PAGE: u64 = 4096;

/// Why the log cannot be followed any further. What comes next begins with [`WalSource::begin`].
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// It was not read for so long that it had to go on alone.
    #[error("the log of the database became too long while it could not be shipped")]
    TooLong,
    /// Too much of it was not read yet. It is still followed.
    #[error("too much of the log of the database is not shipped yet")]
    Behind,
    /// It is another one than was followed.
    #[error("the log of the database is not the one that was followed: {0}")]
    Other(&'static str),
    /// It cannot be read.
    #[error("the log of the database cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The database refuses.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

/// The log of a database that is being followed. Everything that it does waits for the disk, never for a
/// network.
pub struct WalSource {
    database: PathBuf,
    /// Frames in the log after the last commit of this process.
    frames: Arc<AtomicU32>,
    /// Most bytes of the log that wait to be read.
    most: u64,
    gate: Arc<Gate>,
    state: Mutex<State>,
}

struct State {
    hold: Hold,
    /// Whether that has kept the log ever since it was started or begun.
    is_held: bool,
    follow: Option<Follow>,
    /// Why there is nothing to follow any more.
    lost: Option<Lost>,
    /// The file as it was found, before anything was written, when it had no log.
    found: Option<FileMark>,
    /// The file as it was left, when all of the log was read and nobody came between.
    left: Option<FileMark>,
}

/// One state of the database that can be copied, and that everything which is read from the log after it
/// comes on top of.
pub struct Beginning {
    source: Connection,
    gate: Arc<Gate>,
    /// How often [`WalSource::read`] answers what the state has in it already.
    pub before: usize,
    /// Where the log stands at that state; nothing when there is none yet.
    pub position: Option<Position>,
}

/// What the writer does with a log that has become long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing is followed: it does as it likes.
    Free,
    /// The log may start again.
    Read,
    /// It has to go on growing for now.
    Later,
    /// Somebody reads it at this moment.
    Busy,
}

impl WalSource {
    /// Follows the log of the file `database`, whose connections are open. `found` is what the file was
    /// before that, unless it had a log.
    pub(super) fn start(
        database: &Path,
        found: Option<FileMark>,
        most: u64,
        gate: Arc<Gate>,
    ) -> Result<Self, StoreError> {
        let hold = Hold::start(database)?;
        Ok(Self {
            database: database.to_owned(),
            frames: Arc::default(),
            most,
            gate,
            state: Mutex::new(State {
                hold,
                is_held: true,
                follow: None,
                lost: None,
                found,
                left: None,
            }),
        })
    }

    /// Where the hook of the log says how long it is.
    pub(super) fn frames(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.frames)
    }

    /// Goes on after `position`, up to which somebody has the pages; whether that is possible.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn resume(&self, position: &Position) -> Result<bool, Lost> {
        let mut state = self.state();
        if state.is_held {
            state.follow = Follow::resume(&self.database, position)?;
        }
        Ok(state.follow.is_some())
    }

    /// Goes on after the file as it was `left` by the last process, all of whose pages somebody has; whether
    /// that is possible.
    pub fn resume_left(&self, left: &FileMark) -> bool {
        let mut state = self.state();
        if state.is_held && state.found.as_ref() == Some(left) {
            state.follow = Some(Follow::fresh());
        }
        state.follow.is_some()
    }

    /// Begins anew, or at the same place once more while the log is followed: one state of the database, and
    /// where the log stands there. What was not read before comes before that.
    ///
    /// # Errors
    /// What cannot be read; [`Lost::Behind`] when too much was not read yet.
    pub fn begin(&self) -> Result<Beginning, Lost> {
        let mut state = self.state();
        let State { hold, is_held, follow, lost, .. } = &mut *state;
        hold.begin_if_none()?;
        *is_held = true;
        let follow = match follow {
            Some(follow) => follow,
            None => follow.insert(Follow::at_the_end(&self.database)?),
        };
        let source = reader(&self.database)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS;
        let writer = Connection::open_with_flags(&self.database, flags).map_err(store_error)?;
        writer.busy_timeout(BUSY_TIMEOUT).map_err(store_error)?;
        // While nobody can commit, the state that is read and the end of the log are one.
        writer.execute_batch("BEGIN IMMEDIATE").map_err(store_error)?;
        hold::begin(&source)?;
        let all = if follow.is_new() { follow.skip(&self.database) } else { self.take(follow) };
        writer.execute_batch("ROLLBACK").map_err(store_error)?;
        if !all? {
            return Err(Lost::Behind);
        }
        *lost = None;
        let (before, position) = (follow.taken(), follow.position().cloned());
        Ok(Beginning { source, gate: Arc::clone(&self.gate), before, position })
    }

    /// The next pages that were committed, in the order of their commits; nothing when there are no more.
    ///
    /// # Errors
    /// Why it cannot go on: [`WalSource::begin`] does.
    pub fn read(&self) -> Result<Option<Pages>, Lost> {
        let mut state = self.state();
        let State { follow: following, lost, .. } = &mut *state;
        let Some(follow) = following else {
            return Err(lost.take().unwrap_or(Lost::Other("none is followed")));
        };
        let read = follow.next(&self.database, PIECE);
        if read.is_err() {
            *following = None;
        }
        read
    }

    /// Lets the log go on alone.
    pub fn stop(&self) {
        self.state().let_go(None);
    }

    /// The file as it was left at the end, when whoever has read everything has all of it.
    pub fn left(&self) -> Option<FileMark> {
        self.state().left.clone()
    }

    /// Lets a thread copy as much of the log as there is now.
    pub(super) fn prepare_copy(&self) {
        let mut state = self.state();
        let frames = self.frames.load(Ordering::Acquire);
        if state.follow.is_some()
            && state.hold.is_behind(frames)
            && let Err(error) = state.hold.renew(&self.frames)
        {
            tracing::warn!(%error, "the log of the database cannot be held");
        }
    }

    /// Takes what is left of the log into memory, so that it may start again. `copy` copies all of it into
    /// the database file; no one writes meanwhile in this process.
    pub(super) fn turn(&self, copy: impl FnOnce()) -> Turn {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::WouldBlock) => return Turn::Busy,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        let frames = self.frames.load(Ordering::Acquire);
        let waiting = match &state.follow {
            Some(follow) => follow.waiting(frames),
            // Nobody has said yet from where it is to be followed.
            None if state.is_held => u64::from(frames) * USUAL_PAGE,
            None => return Turn::Free,
        };
        if waiting > self.most {
            state.let_go(Some(Lost::TooLong));
            return Turn::Free;
        }
        let State { hold, follow: Some(follow), .. } = &mut *state else { return Turn::Later };
        if waiting > MEMORY {
            return Turn::Later;
        }
        match self.turn_over(hold, follow, frames, copy) {
            Ok(()) => Turn::Read,
            Err(error) => {
                state.let_go(Some(error));
                Turn::Free
            }
        }
    }

    fn turn_over(
        &self,
        hold: &mut Hold,
        follow: &mut Follow,
        frames: u32,
        copy: impl FnOnce(),
    ) -> Result<(), Lost> {
        if hold.is_behind(frames) {
            hold.renew(&self.frames)?;
        }
        copy();
        let next = hold.next()?;
        // Before the one that there was ends, or the log could start again too early.
        if self.take(follow)? {
            follow.let_go();
            hold.pass_to(next);
        }
        Ok(())
    }

    /// At the end: whether nothing is there that was not read, and nobody wrote between that and the last copy
    /// into the file.
    pub(super) fn finish(&self, connection: &Connection, empty: impl FnOnce()) {
        let mut state = self.state();
        let version =
            || connection.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0));
        let before = version().ok();
        let is_read = match &mut state.follow {
            Some(follow) => matches!(follow.next(&self.database, PIECE), Ok(None)),
            None => false,
        };
        state.let_go(None);
        empty();
        let left = FileMark::of(&self.database).filter(|_| file::is_empty(&self.database));
        let is_clean = is_read && before.is_some() && version().ok() == before;
        state.left = left.filter(|_| is_clean);
    }

    /// Takes everything of the log into memory, unless that is too much.
    fn take(&self, follow: &mut Follow) -> Result<bool, Lost> {
        while follow.waiting(self.frames.load(Ordering::Acquire)) <= MEMORY {
            if !follow.take(&self.database, PIECE)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn let_go(&mut self, lost: Option<Lost>) {
        self.follow = None;
        self.lost = lost;
        self.is_held = false;
        self.hold.end();
    }
}

impl Beginning {
    /// Copies the state into the new file `to`.
    ///
    /// # Errors
    /// Why not; nothing is left of the copy then.
    pub fn copy(self, to: &Path, report: &CopyReport) -> Result<(), StoreError> {
        // Who waits for a shorter log waits for this as for any long read.
        let _passage = self.gate.pass_endless();
        copy::copy_state(&self.source, to, report)
    }
}

fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS;
    let connection = Connection::open_with_flags(path, flags).map_err(store_error)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(store_error)?;
    Ok(connection)
}
