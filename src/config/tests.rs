//! Whole files through [`load`].

mod blog;
mod properties;

use crate::config::{Colours, Config, Source, load};

/// A file that has to load.
fn loaded(text: &str) -> Config {
    match load(&Source::of_text(text)) {
        Ok(config) => config,
        Err(report) => panic!("{}", report.render(Colours::Plain)),
    }
}
