//! `keep = { … }` of a job: what is forgotten once it is old enough.

use std::time::Duration;

use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::config::tree::Entry;
use crate::config::units;
use crate::domain::fields::FieldKind;
use crate::domain::schema::Schema;

/// What is kept, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// What.
    pub kept: Kept,
    /// How long.
    pub age: Duration,
}

/// What may be kept for a while only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Logs of requests.
    Logs,
    /// Sign-ins, from their last use.
    Sessions,
    /// Mails in the inbox of those that were not sent.
    Mails,
    /// What the queue gave up.
    DeadJobs,
    /// What came of jobs.
    Runs,
    /// Records.
    Records {
        /// Name of their collection.
        collection: String,
        /// The date that counts.
        field: String,
    },
}

const WORDS: [(&str, Kept); 5] = [
    ("logs", Kept::Logs),
    ("sessions", Kept::Sessions),
    ("mails", Kept::Mails),
    ("dead_jobs", Kept::DeadJobs),
    ("runs", Kept::Runs),
];

/// What `keep` says.
pub(super) fn read(
    section: &Section<'_>,
    schema: &Schema,
    reader: &mut Reader<'_>,
) -> Option<Vec<Keep>> {
    let table = section.table("keep", reader)?;
    if table.entries().is_empty() {
        let message = "`keep` names nothing";
        reader.fault(
            Fault::error(message)
                .at(section.key_place("keep"))
                .help("write for one keep = { sessions = \"30d\" }"),
        );
    }
    let mut keeps = Vec::new();
    for entry in table.entries() {
        let (kept, age) = (kept(entry, schema, reader), age(entry, reader));
        keeps.extend(kept.zip(age).map(|(kept, age)| Keep { kept, age }));
    }
    Some(keeps)
}

fn age(entry: &Entry, reader: &mut Reader<'_>) -> Option<Duration> {
    let what = "a duration such as \"30d\"";
    let age = |text: &str| units::duration(text).filter(|age| !age.is_zero());
    reader.parse(&entry.key, &entry.node, what, age)
}

fn kept(entry: &Entry, schema: &Schema, reader: &mut Reader<'_>) -> Option<Kept> {
    let word = WORDS.iter().find(|(word, _)| *word == entry.key).map(|(_, kept)| kept);
    let named = schema.by_name(&entry.key).is_some();
    match word {
        Some(_) if named => {
            let key = &entry.key;
            reader.fault(
                Fault::error(format!("`{key}` is a collection, and a word of `keep`"))
                    .at(&entry.key_place)
                    .help(format!("write \"{key}:created\" for the records of the collection")),
            );
            None
        }
        Some(kept) => Some(kept.clone()),
        None => records(entry, schema, reader),
    }
}

/// `posts` or `posts:published_at`.
fn records(entry: &Entry, schema: &Schema, reader: &mut Reader<'_>) -> Option<Kept> {
    let (name, field) = entry.key.split_once(':').unwrap_or((&entry.key, "created"));
    let declared = |name: &&str| !name.starts_with('_');
    let names = || schema.collections().iter().map(|one| one.name.as_str()).filter(declared);
    let Some(collection) = schema.by_name(name).filter(|_| declared(&name)) else {
        let words = WORDS.iter().map(|(word, _)| *word);
        reader.fault(
            Fault::error(format!("there is nothing called `{name}` to keep"))
                .at(&entry.key_place)
                .help("name a collection, or logs, sessions, mails, dead_jobs or runs")
                .maybe_help(advise(name, names().chain(words))),
        );
        return None;
    };
    if collection.is_view() {
        reader.fault(
            Fault::error(format!("`{name}` is a view, whose records follow from others"))
                .at(&entry.key_place),
        );
        return None;
    }
    let dated = collection.fields.iter().find(|one| one.name == field);
    let is_date = dated
        .is_some_and(|field| matches!(field.kind, FieldKind::Date(_) | FieldKind::Autodate(_)));
    if !is_date {
        let message = format!("`{name}` has no date `{field}`");
        reader.fault(
            Fault::error(message)
                .at(&entry.key_place)
                .help(format!("name one: \"{name}:FIELD\" = \"30d\"")),
        );
        return None;
    }
    Some(Kept::Records { collection: name.to_owned(), field: field.to_owned() })
}
