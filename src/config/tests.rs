//! Whole files through [`load`].

mod blog;
mod collections;
mod faults;
mod fields;
mod files;
mod jobs;
mod properties;
mod rules;
mod sections;
mod seeds;
mod server;
mod webhooks;

use crate::config::{Colours, Config, Source, load};
use crate::domain::Json;

/// A file that has to load.
fn loaded(text: &str) -> Config {
    match load(&Source::of_text(text)) {
        Ok(config) => config,
        Err(report) => panic!("{}", report.render(Colours::Plain)),
    }
}

/// The settings that a file has.
fn settings(text: &str) -> Json {
    Json::Object(loaded(text).settings.as_map().clone())
}

/// The messages of the errors of a file that must not load, each with its line and column.
fn refused(text: &str) -> Vec<String> {
    refused_source(&Source::of_text(text))
}

fn refused_source(source: &Source<'_>) -> Vec<String> {
    let Err(report) = load(source) else { panic!("this loads:\n{}", source.main.text) };
    report
        .faults()
        .iter()
        .filter(|fault| fault.level == crate::config::Level::Error)
        .map(|fault| match fault.place.as_ref().and_then(|at| report.line_and_column(at)) {
            Some((line, column)) => format!("{line}:{column} {}", fault.message),
            None => fault.message.clone(),
        })
        .collect()
}

/// The report of a file that must not load, as people see it.
fn rendered(text: &str) -> String {
    let Err(report) = load(&Source::of_text(text)) else { panic!("this loads:\n{text}") };
    report.render(Colours::Plain)
}
