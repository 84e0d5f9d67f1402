//! How far a copy has come, told to whoever shows it.

use std::sync::Arc;

/// Records between two reports.
const STEP: u64 = 1_000;

/// What a copy does, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Every value of the source is looked at.
    Checking,
    /// Records go over.
    Copying,
    /// Indexes are made.
    Indexing,
    /// The copy is read and compared.
    Comparing,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// With what.
    pub phase: Phase,
    /// The collection that it is at.
    pub collection: String,
    /// Records that are done, in this phase.
    pub done: u64,
    /// Records that there are.
    pub of: u64,
}

/// Takes reports, on whatever thread the work runs.
pub type Report = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Counts records and reports now and then.
pub(super) struct Meter<'a> {
    report: &'a Report,
    progress: Progress,
}

impl<'a> Meter<'a> {
    pub(super) fn new(report: &'a Report, phase: Phase, of: u64) -> Self {
        Self { report, progress: Progress { phase, collection: String::new(), done: 0, of } }
    }

    /// From now on it is about `collection`.
    pub(super) fn enter(&mut self, collection: &str) {
        collection.clone_into(&mut self.progress.collection);
        (self.report)(&self.progress);
    }

    /// Another record is done.
    pub(super) fn step(&mut self) {
        self.advance(1);
    }

    /// So many records are done.
    pub(super) fn advance(&mut self, records: u64) {
        let before = self.progress.done / STEP;
        self.progress.done += records;
        if self.progress.done / STEP != before || self.progress.done == self.progress.of {
            (self.report)(&self.progress);
        }
    }
}
