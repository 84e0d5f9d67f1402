//! What a copy does, one after the other.

use crate::services::progress;

/// A part of it.
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
pub type Progress = progress::Progress<Phase>;

/// Takes reports of it.
pub type Report = progress::Report<Phase>;

/// Counts what is done.
pub(super) type Meter<'a> = progress::Meter<'a, Phase>;
