//! How far long work has come: a bar for a person at a terminal, lines for everybody else.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::terminal::complain;
use crate::services::copy::{Phase, Progress};

/// Lines for each phase.
const TENTHS: u64 = 10;

/// Shows what it is told.
pub(super) struct Bar {
    /// The bar, when somebody sees it.
    bar: Option<ProgressBar>,
    /// Which tenth of which phase was shown last.
    last: Mutex<Option<(Phase, u64)>>,
}

impl Bar {
    /// Nothing is shown yet.
    pub(super) fn new() -> Self {
        let style = "{prefix:9} {bar:32} {human_pos} of {human_len}, {eta} left: {msg}";
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            match ProgressStyle::with_template(style) {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        });
        Self { bar, last: Mutex::new(None) }
    }

    /// Shows how far the work is.
    pub(super) fn show(&self, progress: &Progress) {
        let Progress { phase, collection, done, of } = progress;
        let tenths = (done * TENTHS).checked_div(*of).unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (*phase, tenths);
        let is_new_phase = last.as_ref().is_none_or(|(before, _)| before != phase);
        let is_new = last.as_ref() != Some(&now);
        *last = Some(now);
        drop(last);
        match &self.bar {
            Some(bar) => {
                if is_new_phase {
                    bar.reset();
                    bar.set_prefix(word(*phase));
                }
                bar.set_length(*of);
                bar.set_position(*done);
                bar.set_message(collection.clone());
            }
            None if is_new => {
                complain(&format!("{} {done} of {of} records ({collection})", word(*phase)));
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Checking => "Checking",
        Phase::Copying => "Copying",
        Phase::Indexing => "Indexing",
        Phase::Comparing => "Comparing",
    }
}
