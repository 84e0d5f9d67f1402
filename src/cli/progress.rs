//! How far long work has come: a bar for a person at a terminal, lines for everybody else.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::terminal::complain;
use crate::services::backups::{self, Stage};
use crate::services::copy::{Phase, Progress};
use crate::services::pocketbase;

/// Lines for each phase.
const TENTHS: u64 = 10;

/// Shows what it is told.
pub(super) struct Bar {
    /// The bar, when somebody sees it.
    bar: Option<ProgressBar>,
    /// Which tenth of which phase was shown last.
    last: Mutex<Option<(&'static str, u64)>>,
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
        self.advance(word(*phase), (*done, *of), "records", collection);
    }

    /// Shows how far a backup or a restore is.
    pub(super) fn show_bytes(&self, progress: backups::Progress) {
        let (word, unit) = match progress.stage {
            Stage::Database => ("Copying", "of the database"),
            Stage::Packing => ("Packing", "bytes of the database"),
            Stage::Files => ("Packing", "files"),
            Stage::Storing => ("Storing", "bytes"),
            Stage::Unpacking => ("Unpacking", "bytes"),
            Stage::Rebuilding => ("Putting together", "files of the replica"),
        };
        self.advance(word, (progress.done, progress.of), unit, unit);
    }

    /// Shows how far an import is.
    pub(super) fn show_import(&self, progress: &pocketbase::Progress) {
        let pocketbase::Progress { phase, collection, done, of } = progress;
        let (word, unit) = match phase {
            pocketbase::Phase::Records => ("Importing", "records"),
            pocketbase::Phase::Comparing => ("Comparing", "records"),
            pocketbase::Phase::Files => ("Copying", "files"),
        };
        let what = if collection.is_empty() { unit } else { collection };
        self.advance(word, (*done, *of), unit, what);
    }

    fn advance(&self, word: &'static str, (done, of): (u64, u64), unit: &str, what: &str) {
        let tenths = done.saturating_mul(TENTHS).checked_div(of).unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (word, tenths);
        let is_new_phase = last.as_ref().is_none_or(|(before, _)| *before != word);
        let is_new = last.as_ref() != Some(&now);
        *last = Some(now);
        drop(last);
        match &self.bar {
            Some(bar) => {
                if is_new_phase {
                    bar.reset();
                    bar.set_prefix(word);
                }
                bar.set_length(of);
                bar.set_position(done);
                bar.set_message(what.to_owned());
            }
            None if is_new && what == unit => complain(&format!("{word} {done} of {of} {unit}")),
            None if is_new => complain(&format!("{word} {done} of {of} {unit} ({what})")),
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
