//! How far long work has come, told to whoever shows it.

use std::sync::Arc;

/// Records or files between two reports.
const STEP: u64 = 1_000;

/// How far it has come. `P` are the phases of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress<P> {
    /// What is done now.
    pub phase: P,
    /// The collection that it is at; empty when it is at none.
    pub collection: String,
    /// Records or files that are done, in this phase.
    pub done: u64,
    /// Records or files that there are.
    pub of: u64,
}

/// Takes reports, on whatever thread the work runs.
pub type Report<P> = Arc<dyn Fn(&Progress<P>) + Send + Sync>;

/// Counts and reports now and then.
pub(in crate::services) struct Meter<'a, P> {
    report: &'a Report<P>,
    progress: Progress<P>,
}

impl<'a, P> Meter<'a, P> {
    pub(in crate::services) fn new(report: &'a Report<P>, phase: P, of: u64) -> Self {
        Self { report, progress: Progress { phase, collection: String::new(), done: 0, of } }
    }

    /// From now on it is about `collection`.
    pub(in crate::services) fn enter(&mut self, collection: &str) {
        collection.clone_into(&mut self.progress.collection);
        (self.report)(&self.progress);
    }

    /// One more is done.
    pub(in crate::services) fn step(&mut self) {
        self.advance(1);
    }

    /// So many more are done.
    pub(in crate::services) fn advance(&mut self, count: u64) {
        let before = self.progress.done / STEP;
        self.progress.done += count;
        if self.progress.done / STEP != before || self.progress.done == self.progress.of {
            (self.report)(&self.progress);
        }
    }
}
