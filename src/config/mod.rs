//! `config.toml` as text to domain types. Knows nothing of databases or HTTP, and reads neither
//! files nor the environment: a [`Source`] brings them.
//!
//! A file is walked as a tree in which everything knows its place, so that all faults are found in
//! one go. One module a section; `tree`, `section` and `report` are what they share.

mod address;
mod app;
mod auth;
mod auth_options;
mod backups;
mod batch;
mod collections;
mod connections;
mod cron;
mod database;
mod draft;
mod explain;
mod fields;
mod files;
mod https;
mod indexes;
mod interpolate;
mod jobs;
mod limits;
mod logs;
mod mail;
mod oauth;
mod outline;
mod owner;
mod plain_secrets;
mod policies;
mod removed;
mod replica;
mod report;
mod rules;
mod secret;
mod section;
mod seeds;
mod server;
mod settings;
mod shorthand;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod units;
mod webhooks;
mod write;

use std::sync::Arc;

pub use auth::{Argon2, Auth, KEY_VARIABLE};
pub use collections::{CollectionPlaces, CollectionSpec, Written};
pub use connections::Connections;
pub use database::{Database, Durability};
pub use explain::explain;
pub use https::{Acme, CertificateFiles, Https};
pub use jobs::{Call, Job, Keep, Kept, Missed, Task};
pub use logs::Logs;
pub use mail::Mail;
pub use removed::Removed;
pub use replica::{Replica, ReplicaPlace};
pub use report::{Colours, Fault, Level, Report};
pub use secret::Secret;
pub use seeds::{Fake, SeedReference, SeedRow, Seeds};
pub use server::{PublicFolder, Server};
pub use settings::Settings;
pub use source::{Place, Source, SourceFile};
pub use webhooks::{Trigger, TriggerEvent, Webhook};
pub use write::{WrittenConfig, write};

use crate::domain::schema::Schema;
use policies::Policies;
use section::{Reader, Section};

/// A configuration without errors.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of the environment that it was read for.
    pub environment: String,
    /// Whether what is not in the file is an error.
    pub strict: bool,
    /// What happens to differences when the server starts.
    pub on_boot: OnBoot,
    /// `[server]`
    pub server: Server,
    /// `[database]`
    pub database: Database,
    /// `[auth]`
    pub auth: Auth,
    /// `[logs]`
    pub logs: Logs,
    /// `[backups.replica]`, when it is switched on.
    pub replica: Option<Replica>,
    /// `[mail]`
    pub mail: Mail,
    /// What the file says about PocketBase's settings.
    pub settings: Settings,
    /// The collections in the order of the file.
    pub collections: Vec<CollectionSpec>,
    /// The same with the system collections, as rules see them.
    pub schema: Schema,
    /// `[[webhooks]]` that are switched on.
    pub webhooks: Vec<Webhook>,
    /// `[[jobs]]`
    pub jobs: Vec<Job>,
    /// `[seeds]`
    pub seeds: Seeds,
    /// `[removed]`
    pub removed: Removed,
    /// What somebody should look at.
    pub warnings: Report,
}

/// What happens to differences between the file and the database when the server starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnBoot {
    /// Safe ones are applied, any other stops the start.
    #[default]
    ApplySafe,
    /// Any stops the start; nothing is written.
    Check,
    /// The server serves what is in the database.
    Off,
}

const SECTIONS: [&str; 19] = [
    "strict",
    "on_boot",
    "app",
    "server",
    "database",
    "files",
    "mail",
    "auth",
    "oauth",
    "limits",
    "batch",
    "backups",
    "logs",
    "policies",
    "collections",
    "webhooks",
    "jobs",
    "seeds",
    "removed",
];

const ON_BOOT: [(&str, OnBoot); 3] =
    [("apply-safe", OnBoot::ApplySafe), ("check", OnBoot::Check), ("off", OnBoot::Off)];

/// Reads a configuration.
///
/// # Errors
/// Everything that is wrong with it, warnings included.
pub fn load(source: &Source<'_>) -> Result<Config, Report> {
    let mut faults = Vec::new();
    let tree = tree::read(source, &mut faults);
    let files: Arc<[SourceFile]> = tree.files.into();
    let mut reader = Reader::new(source, faults);
    let place = Place::default();
    let root = Section::new("", &place, &tree.root);
    let mut config = read(&root, Arc::clone(&files), &mut reader);
    let failed = reader.failed();
    let report = Report::new(files, reader.finish());
    if failed {
        return Err(report);
    }
    config.warnings = report;
    Ok(config)
}

impl Config {
    /// A report of faults that were found later, in the files of this configuration.
    pub fn report(&self, faults: Vec<Fault>) -> Report {
        Report::new(Arc::clone(self.warnings.files()), faults)
    }

    /// The collection of this name.
    pub fn collection(&self, name: &str) -> Option<&CollectionSpec> {
        self.collections.iter().find(|spec| spec.collection.name == name)
    }
}

fn read(root: &Section<'_>, files: Arc<[SourceFile]>, reader: &mut Reader<'_>) -> Config {
    root.only(&SECTIONS, reader);
    let mut settings = Settings::default();
    let strict = root.bool("strict", reader).unwrap_or(false);
    let on_boot = root.choice("on_boot", &ON_BOOT, reader).unwrap_or_default();
    plain_sections(root, &mut settings, reader);
    let backups = root.table("backups", reader);
    let replica = backups.and_then(|section| backups::read(&section, &mut settings, reader));
    let logs = root.table("logs", reader);
    let logs = logs.map(|section| logs::read(&section, &mut settings, reader));
    let mail = root.table("mail", reader);
    let mail = mail.map(|section| mail::read(&section, &mut settings, reader));
    let server = root.table("server", reader);
    let server = server.map(|section| server::read(&section, &mut settings, reader));
    let database = root.table("database", reader).map(|section| database::read(&section, reader));
    let auth = root.table("auth", reader).map(|section| auth::read(&section, reader));
    let auth = auth.unwrap_or_default();
    let providers = root.table("oauth", reader).map(|section| oauth::read(&section, reader));
    let providers = providers.unwrap_or_default();
    plain_secrets::warn(root, &auth, &settings, &providers, reader);
    let policies = root.table("policies", reader);
    let policies = policies.map_or_else(Policies::default, |table| policies::read(&table, reader));
    let collections = match root.table("collections", reader) {
        Some(section) => collections::read(&section, &policies, &providers, reader),
        None => collections::none(),
    };
    let specs = collections.specs;
    if let Some(section) = root.table("limits", reader) {
        limits::check(&section, &specs, reader);
    }
    let seeds = root.table("seeds", reader).map(|section| seeds::read(&section, &specs, reader));
    let removed =
        root.table("removed", reader).map(|section| removed::read(&section, &specs, reader));
    Config {
        environment: reader.source.environment.to_owned(),
        strict,
        on_boot,
        server: server.unwrap_or_default(),
        database: database.unwrap_or_default(),
        auth,
        logs: logs.unwrap_or_default(),
        replica,
        mail: mail.unwrap_or_default(),
        settings,
        webhooks: webhooks(root, &specs, &collections.schema, reader),
        jobs: jobs(root, &collections.schema, reader),
        seeds: seeds.unwrap_or_default(),
        removed: removed.unwrap_or_default(),
        schema: collections.schema,
        collections: specs,
        warnings: Report::new(files, Vec::new()),
    }
}

/// The sections that only become settings.
fn plain_sections(root: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    type Read = fn(&Section<'_>, &mut Settings, &mut Reader<'_>);
    let sections: [(&str, Read); 4] = [
        ("app", app::read),
        ("files", files::read),
        ("limits", limits::read),
        ("batch", batch::read),
    ];
    for (name, read) in sections {
        if let Some(section) = root.table(name, reader) {
            read(&section, settings, reader);
        }
    }
}

fn webhooks(
    root: &Section<'_>,
    specs: &[CollectionSpec],
    schema: &Schema,
    reader: &mut Reader<'_>,
) -> Vec<Webhook> {
    let mut webhooks = webhooks::Webhooks::default();
    for section in tables("webhooks", root, reader) {
        webhooks.read(&section, specs, reader);
    }
    for when in &webhooks.whens {
        webhooks::check(when, schema, reader);
    }
    webhooks.on
}

fn jobs(root: &Section<'_>, schema: &Schema, reader: &mut Reader<'_>) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for section in tables("jobs", root, reader) {
        let job = jobs::read(&section, &jobs, schema, reader);
        jobs.extend(job);
    }
    jobs
}

/// The tables of `[[key]]`.
fn tables<'t>(key: &str, root: &Section<'t>, reader: &mut Reader<'_>) -> Vec<Section<'t>> {
    let nodes = root.node(key).and_then(|node| reader.list(key, node)).unwrap_or_default();
    nodes.iter().filter_map(|node| reader.table(key, node)).collect()
}
