//! Date fields.

use crate::domain::time::Timestamp;

/// Options of a date field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateOptions {
    /// Earliest moment.
    pub min: Option<Timestamp>,
    /// Latest moment.
    pub max: Option<Timestamp>,
}
