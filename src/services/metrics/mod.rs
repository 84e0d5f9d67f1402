//! Figures about this process for those who watch over it, in the text form of Prometheus. What requests
//! count is in fixed places of memory; everything else is asked when somebody wants to know.

mod page;
mod process;
mod requests;

use std::sync::atomic::{AtomicU64, Ordering};

pub use page::page;
pub use requests::{Method, Requests, Route};

/// What this process counted since its start.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests and their answers.
    pub requests: Requests,
    failed_jobs: AtomicU64,
}

impl Metrics {
    /// Counts an attempt at a queued job that failed.
    pub fn job_failed(&self) {
        self.failed_jobs.fetch_add(1, Ordering::Relaxed);
    }
}
