//! What an import does, one after the other.

use crate::services::progress;

/// A part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Records go over.
    Records,
    /// The records are read and compared.
    Comparing,
    /// Files go over, and are read and compared.
    Files,
}

/// How far it has come.
pub type Progress = progress::Progress<Phase>;

/// Takes reports of it.
pub type Report = progress::Report<Phase>;

/// Counts what is done.
pub(super) type Meter<'a> = progress::Meter<'a, Phase>;
