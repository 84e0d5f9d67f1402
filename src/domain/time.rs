//! Moments, in the product's one text form (contract A 1.8).

/// Milliseconds since 1970-01-01 UTC. Written `YYYY-MM-DD HH:MM:SS.mmmZ`, in which text order is
/// time order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after 1970-01-01 UTC.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn millis(self) -> i64 {
        self.0
    }
}
