//! How far a log was read.

use std::collections::VecDeque;
use std::path::Path;

use crate::store::engine::sqlite::wal::Lost;
use crate::store::engine::sqlite::wal::file::{Log, Pages, Position};

/// A log that is read piece by piece, and the next one when it starts again.
#[derive(Debug, Default)]
pub(super) struct Follow {
    /// Up to where; nothing when there is no log yet.
    position: Option<Position>,
    /// What was taken from before that and is still to be answered.
    taken: VecDeque<Pages>,
    /// Whether everything was read when the log was last allowed to start again.
    may_start_again: bool,
    /// Frames up to which the log is known to be whole transactions.
    whole: u32,
    page_size: u32,
    is_new: bool,
}

impl Follow {
    /// After a file that has no log.
    pub(super) fn fresh() -> Self {
        Self { may_start_again: true, ..Self::default() }
    }

    /// After the place `position`, if it is in the log of `database`.
    pub(super) fn resume(database: &Path, position: &Position) -> Result<Option<Self>, Lost> {
        let Some(log) = Log::open(database)? else { return Ok(None) };
        if !log.leads_to(position)? {
            return Ok(None);
        }
        let page_size = log.page_size;
        Ok(Some(Self { position: Some(position.clone()), page_size, ..Self::default() }))
    }

    /// After all that is in the log of `database`.
    pub(super) fn at_the_end(database: &Path) -> Result<Self, Lost> {
        let mut follow = Self { is_new: true, ..Self::fresh() };
        follow.skip(database)?;
        Ok(follow)
    }

    /// Whether it has answered nothing yet.
    pub(super) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Goes on to the end of the log.
    pub(super) fn skip(&mut self, database: &Path) -> Result<bool, Lost> {
        self.taken.clear();
        if let Some(log) = Log::open(database)? {
            let from = self.position.take().filter(|from| from.salts == log.start.salts);
            self.position = Some(log.end(from.as_ref().unwrap_or(&log.start))?);
            self.page_size = log.page_size;
        }
        Ok(true)
    }

    /// How many pieces were taken and not answered.
    pub(super) fn taken(&self) -> usize {
        self.taken.len()
    }

    pub(super) const fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Bytes that are still to be answered when the log has `frames`, about.
    pub(super) fn waiting(&self, frames: u32) -> u64 {
        let taken: usize = self.taken.iter().map(|pages| pages.bytes.len()).sum();
        let read = self.position.as_ref().map_or(0, |position| position.frame);
        let unread = if self.may_start_again && frames < read {
            frames
        } else {
            frames.saturating_sub(read)
        };
        taken as u64 + u64::from(unread) * u64::from(self.page_size.max(512))
    }

    /// The next pages.
    pub(super) fn next(&mut self, database: &Path, most: usize) -> Result<Option<Pages>, Lost> {
        self.is_new = false;
        match self.taken.pop_front() {
            Some(pages) => Ok(Some(pages)),
            None => self.read(database, most),
        }
    }

    /// Reads pages that are to be answered later; whether there were any.
    pub(super) fn take(&mut self, database: &Path, most: usize) -> Result<bool, Lost> {
        let pages = self.read(database, most)?;
        let is_some = pages.is_some();
        self.taken.extend(pages);
        Ok(is_some)
    }

    /// Everything was read, and from here on the log may start again.
    pub(super) const fn let_go(&mut self) {
        self.may_start_again = true;
    }

    fn read(&mut self, database: &Path, most: usize) -> Result<Option<Pages>, Lost> {
        let Some(log) = Log::open(database)? else {
            return match self.position {
                Some(_) if !self.may_start_again => Err(Lost::Other("it is gone")),
                _ => Ok(None),
            };
        };
        let is_same = self.position.as_ref().is_some_and(|from| from.salts == log.start.salts);
        if !is_same {
            if !self.may_start_again {
                return Err(Lost::Other("it has started again before it was read"));
            }
            self.position = Some(log.start.clone());
            self.may_start_again = false;
            self.whole = 0;
        }
        self.page_size = log.page_size;
        let from = self.position.as_ref().unwrap_or(&log.start);
        if !log.has(from)? {
            return Err(Lost::Other("what was read of it has changed"));
        }
        let found = log.pages(from, most, self.whole)?;
        self.whole = found.whole;
        if let Some(pages) = &found.pages {
            self.position = Some(pages.end.clone());
            self.may_start_again = false;
        }
        Ok(found.pages)
    }
}
