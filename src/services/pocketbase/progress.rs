//! How far an import has come, told to whoever shows it.

use std::sync::Arc;

/// Records between two reports.
const PACE: u64 = 1_000;

/// What an import does, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Records go over.
    Records,
    /// The records are read and compared.
    Comparing,
    /// Files go over, and are read and compared.
    Files,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// With what.
    pub step: Step,
    /// The collection that it is at, if it is at one.
    pub collection: String,
    /// Records or files that are done, in this step.
    pub done: u64,
    /// Records or files that there are.
    pub of: u64,
}

/// Takes reports, on whatever thread the work runs.
pub type Report = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Counts and reports now and then.
pub(super) struct Meter<'a> {
    report: &'a Report,
    progress: Progress,
}

impl<'a> Meter<'a> {
    pub(super) fn new(report: &'a Report, step: Step, of: u64) -> Self {
        Self { report, progress: Progress { step, collection: String::new(), done: 0, of } }
    }

    /// From now on it is about `collection`.
    pub(super) fn enter(&mut self, collection: &str) {
        collection.clone_into(&mut self.progress.collection);
        (self.report)(&self.progress);
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.progress.done += 1;
        if self.progress.done.is_multiple_of(PACE) || self.progress.done == self.progress.of {
            (self.report)(&self.progress);
        }
    }
}
