//! What happens by the clock: the jobs of the config file and those of the product itself (contract B
//! 7.2).
//!
//! The [`Ticker`] of every process looks at the clock. Whoever takes a tick first (`take`) writes that
//! down, and queues a run in the same transaction; a worker of any process carries it out (`run`). So a
//! tick is taken once, and a run outlives the process that took its tick.

mod call;
mod catalogue;
mod history;
mod keep;
mod run;
mod take;
#[cfg(test)]
mod tests;
mod ticker;

pub use history::{CronView, DetailedView, RunView, detailed, list, runs};
pub(in crate::services) use run::carry_out;
pub use take::start;
pub use ticker::Ticker;

/// Runs of a job that are remembered.
const MOST_RUNS: i64 = 100;
