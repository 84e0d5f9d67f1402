//! The config file that the server works by, and what people want to know of it: what it says, what
//! is wrong with it as it lies on the disk now, and what of it the database has. Reads no file: the
//! command line hands in what it loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use serde::Serialize;

use crate::config::{CollectionSpec, Config, OnBoot, Report};
use crate::services::Error;
use crate::services::app::App;
use crate::services::plan::{LastApplied, last_applied};

/// The configuration in use. `ferrobase dev` replaces it while requests are answered.
#[derive(Debug, Default)]
pub struct CurrentConfig {
    file: Option<String>,
    config: ArcSwapOption<Config>,
    problem: ArcSwapOption<Problem>,
}

/// Why the server goes on with an older configuration than the one on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The text for people, as the terminal shows it.
    pub text: String,
}

/// What stands in the way of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// The file is wrong.
    Invalid,
    /// The database cannot be brought to what it says without a person.
    Blocked,
}

impl CurrentConfig {
    /// The configuration `config`, read from `file`, which is named as its owner named it.
    pub fn of(file: String, config: Arc<Config>) -> Self {
        Self {
            file: Some(file),
            config: ArcSwapOption::from(Some(config)),
            problem: ArcSwapOption::empty(),
        }
    }

    /// What the server works by now.
    pub fn config(&self) -> Option<Arc<Config>> {
        self.config.load_full()
    }

    /// The file, as its owner named it.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Whether the file leaves the collection called `name` to the API (`managed = false`).
    pub fn leaves_free(&self, name: &str) -> bool {
        self.config.load().as_ref().is_some_and(|config| {
            let same = |spec: &&CollectionSpec| spec.collection.name.eq_ignore_ascii_case(name);
            config.collections.iter().find(same).is_some_and(|spec| !spec.managed)
        })
    }

    /// Works by `config` from now on.
    pub fn replace(&self, config: Arc<Config>) {
        self.config.store(Some(config));
        self.problem.store(None);
    }

    /// Goes on as before, because of `problem`.
    pub fn keep(&self, problem: Problem) {
        self.problem.store(Some(Arc::new(problem)));
    }
}

/// Everything about the configuration, in the words of the dashboard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReport {
    /// Whether collections come from a file or from the API.
    source: Source,
    file: Option<String>,
    environment: Option<String>,
    /// Whether the API may not change collections and settings.
    locked: bool,
    on_boot: Option<&'static str>,
    applied: Option<Applied>,
    warnings: Vec<Warning>,
    problem: Option<Problem>,
    parked: Parked,
    /// The settings that the file sets, which the API cannot change, such as `meta.appName`.
    settings: Vec<String>,
    /// What the file declares, by name.
    collections: BTreeMap<String, Declaration>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Source {
    File,
    Api,
}

#[derive(Debug, Serialize)]
struct Applied {
    number: i64,
    author: String,
    at: String,
    version: String,
    hash: String,
}

#[derive(Debug, Serialize)]
struct Warning {
    message: String,
    label: String,
    help: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
}

/// What an earlier file had and the present one lacks: its rows are kept and nobody sees them.
#[derive(Debug, Default, Serialize)]
struct Parked {
    collections: Vec<String>,
    fields: Vec<String>,
}

/// A collection as the file writes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration {
    managed: bool,
    protect: bool,
    renamed_from: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    rules: BTreeMap<String, String>,
    fields: BTreeMap<String, Option<String>>,
}

/// What there is to know about the configuration.
///
/// # Errors
/// When the database cannot be read.
pub async fn report(app: &App) -> Result<ConfigReport, Error> {
    let applied = last_applied(app).await?;
    let current = &app.configuration;
    let config = current.config.load_full();
    let config = config.as_deref();
    let (applied, parked) = applied.map_or((None, Parked::default()), split);
    Ok(ConfigReport {
        source: if config.is_some() { Source::File } else { Source::Api },
        file: current.file.clone(),
        environment: config.map(|config| config.environment.clone()),
        locked: app.options.locked,
        on_boot: config.map(|config| on_boot(config.on_boot)),
        applied,
        warnings: config.map(|config| warnings(&config.warnings)).unwrap_or_default(),
        problem: current.problem.load_full().as_deref().cloned(),
        parked,
        settings: config.map(|config| config.settings.paths()).unwrap_or_default(),
        collections: config.map(declarations).unwrap_or_default(),
    })
}

fn split(last: LastApplied) -> (Option<Applied>, Parked) {
    let LastApplied { number, author, at, version, hash, parked_collections, parked_fields } = last;
    (
        Some(Applied { number, author, at: at.to_string(), version, hash }),
        Parked { collections: parked_collections, fields: parked_fields },
    )
}

const fn on_boot(on_boot: OnBoot) -> &'static str {
    match on_boot {
        OnBoot::ApplySafe => "apply-safe",
        OnBoot::Check => "check",
        OnBoot::Off => "off",
    }
}

fn warnings(report: &Report) -> Vec<Warning> {
    let warnings = report.faults().iter().map(|fault| {
        let place = fault.place.as_ref();
        let position = place.and_then(|place| report.line_and_column(place));
        let file = place.and_then(|place| report.files().get(place.file));
        Warning {
            message: fault.message.clone(),
            label: fault.label.clone(),
            help: fault.help.clone(),
            file: file.map(|file| file.path.clone()),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
        }
    });
    warnings.collect()
}

fn declarations(config: &Config) -> BTreeMap<String, Declaration> {
    let report = &config.warnings;
    let declaration = |spec: &CollectionSpec| Declaration {
        managed: spec.managed,
        protect: spec.protect,
        renamed_from: spec.renamed_from.clone(),
        file: report.files().get(spec.places.name.file).map(|file| file.path.clone()),
        line: report.line_and_column(&spec.places.name).map(|(line, _)| line),
        rules: spec.written.rules.clone(),
        fields: spec.written.fields.clone(),
    };
    let named = |spec: &CollectionSpec| (spec.collection.name.clone(), declaration(spec));
    config.collections.iter().map(named).collect()
}
