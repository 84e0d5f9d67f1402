//! Why a copy was not made. The texts are for people.

use std::fmt;

use crate::services::copy::sum::TableSum;
use crate::store::{Source, StoreError};

/// Why nothing was copied.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CopyError {
    /// Values that the target cannot hold.
    #[error(
        "{}\nThe target cannot hold {}. Change them, through the API or the dashboard, and copy \
         again. Nothing was copied.",
        lines(.faults, *.more),
        if *.more { "these values and more like them" } else { "these values" }
    )]
    Unfit {
        /// The first of them, in order.
        faults: Vec<Unfit>,
        /// Whether there are others.
        more: bool,
    },
    /// The target holds collections.
    #[error(
        "the target holds collections already\nUse an empty database or schema. Nothing was copied."
    )]
    Occupied,
    /// Another copy into the target has not ended.
    #[error(
        "another copy into this database has not ended\nTry again when it has. Nothing was copied."
    )]
    BeingFilled,
    /// The target refuses a collection.
    #[error(
        "the target refuses the collection {collection}: {message}\n{advice}Nothing was copied."
    )]
    Refused {
        /// The collection.
        collection: String,
        /// What the database says.
        message: String,
        /// What to do, if that is known; a line.
        advice: &'static str,
    },
    /// The target refuses an index.
    #[error(
        "the target refuses an index of {collection}: {message}\n  {index}\nChange or remove the \
         index, and copy again. Nothing was copied."
    )]
    Index {
        /// The collection.
        collection: String,
        /// The text of the index.
        index: String,
        /// What the database says.
        message: String,
    },
    /// What was read back is not what was copied.
    #[error(
        "the copy is not what it was made from:\n{}\nThis must not happen, and is worth a report. \
         Nothing was kept of the copy.",
        lines(.0, false)
    )]
    Differs(Vec<Difference>),
    /// Somebody wrote to the source meanwhile.
    #[error(
        "another program wrote to the source while it was copied\nStop what writes to it, such as \
         a `ferrobase superuser` command, and copy again. Nothing was copied."
    )]
    SourceChanged,
    /// The source failed.
    #[error("the source failed: {0}\nNothing was copied.")]
    Source(#[source] StoreError),
    /// The target failed.
    #[error("the target failed: {0}\nNothing was copied; the same command starts anew.")]
    Target(#[source] StoreError),
    /// The connection broke in the very moment in which the copy was to be kept.
    #[error(
        "the connection to the target broke at the very end: {0}\nThe copy is there as a whole or \
         not at all. Run the same command again: if it says that the target holds collections, \
         the copy is complete."
    )]
    Unsure(#[source] Source),
}

/// A value that the target cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its collection.
    pub collection: String,
    /// Its record.
    pub id: String,
    /// Its field.
    pub field: String,
    /// Why, to follow the name of the field.
    pub reason: &'static str,
}

/// A table that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// As it is in the source.
    pub source: TableSum,
    /// As it is in the target.
    pub target: TableSum,
}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> Self {
        Self::Target(error)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, id, field, reason } = self;
        write!(f, "{collection}, record {id:?}: {field} {reason}")
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, target } = self;
        let name = &source.name;
        if source.rows == target.rows {
            let rows = source.rows;
            return write!(f, "{name}: {rows} rows on both sides, but not with the same values");
        }
        write!(f, "{name}: {} rows were copied, {} are there", source.rows, target.rows)
    }
}

fn lines<T: fmt::Display>(items: &[T], more: bool) -> String {
    let mut lines: Vec<String> = items.iter().map(T::to_string).collect();
    if more {
        lines.push("…".to_owned());
    }
    lines.join("\n")
}
