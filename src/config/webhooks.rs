//! `[[webhooks]]`: whom to tell about changes of records.

use std::time::Duration;

use crate::config::report::{Fault, advise};
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};
use crate::config::tree::Node;
use crate::domain::rules::{self, Rule};
use crate::domain::schema::Schema;

/// Whom to tell about changes of records.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What is told.
    pub on: Vec<Trigger>,
    /// Only where the record satisfies this: the new one, on delete the old one.
    pub when: Option<Rule>,
    /// Where to; never empty.
    pub url: Secret,
    /// What signs the messages.
    pub secret: Option<Secret>,
    /// Whether private addresses may be called.
    pub allow_private: bool,
    /// How long an answer may take.
    pub timeout: Option<Duration>,
}

/// A kind of change of a collection's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The collection's name.
    pub collection: String,
    /// Which changes.
    pub event: TriggerEvent,
}

/// Which changes of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerEvent {
    /// Inserts.
    Create,
    /// Updates.
    Update,
    /// Deletes.
    Delete,
    /// All three.
    Any,
}

const KEYS: [&str; 6] = ["on", "when", "url", "secret", "allow_private", "timeout"];

const EVENTS: [(&str, TriggerEvent); 4] = [
    ("create", TriggerEvent::Create),
    ("update", TriggerEvent::Update),
    ("delete", TriggerEvent::Delete),
    ("*", TriggerEvent::Any),
];

/// A `when` that still has to be checked against its collections.
pub(super) struct When<'t> {
    rule: Rule,
    collections: Vec<String>,
    node: &'t Node,
}

/// Checks a `when` against every collection that it is about.
pub(super) fn check(when: &When<'_>, schema: &Schema, reader: &mut Reader<'_>) {
    for name in &when.collections {
        let Some(collection) = schema.by_name(name) else { continue };
        if let Err(error) = rules::check(&when.rule, collection, schema) {
            let place = when.node.place_of(error.span.clone());
            reader.fault(
                Fault::error(error.message).at(&place).label(format!("for records of `{name}`")),
            );
        }
    }
}

/// One webhook; nothing when its address is empty or it cannot be read.
pub(super) fn read<'t>(
    section: &Section<'t>,
    names: &[&str],
    whens: &mut Vec<When<'t>>,
    reader: &mut Reader<'_>,
) -> Option<Webhook> {
    section.only(&KEYS, reader);
    reader.not_yet("webhooks are", section.place);
    let on = triggers(section, names, reader);
    let when = section.raw_text("when", reader).map(Rule::new);
    if let (Some(rule), Some(node)) = (&when, section.node("when")) {
        let collections = on.iter().map(|trigger| trigger.collection.clone()).collect();
        whens.push(When { rule: rule.clone(), collections, node });
    }
    if !section.has("url") {
        reader.fault(
            Fault::error("a webhook needs a `url`")
                .at(section.place)
                .help("an empty `url` switches the webhook off"),
        );
    }
    let secret = section.secret("secret", reader, |text| !text.is_empty());
    let allow_private = section.bool("allow_private", reader).unwrap_or_default();
    let timeout = section.duration("timeout", reader);
    let url = section.secret("url", reader, |_| false).filter(|url| !url.is_empty())?;
    let is_address = url::Url::parse(url.expose())
        .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    if !is_address {
        let place = section.node("url").map_or(section.place, |node| &node.place);
        let message = "`url` is not an address such as https://example.com/hook";
        reader.fault(Fault::error(message).at(place));
    }
    let secret = secret.filter(|secret| !secret.is_empty());
    Some(Webhook { on, when, url, secret, allow_private, timeout })
}

fn triggers(section: &Section<'_>, names: &[&str], reader: &mut Reader<'_>) -> Vec<Trigger> {
    let Some(node) = section.node("on") else {
        reader.fault(
            Fault::error("a webhook needs `on`")
                .at(section.place)
                .help("write on = [\"posts:create\", \"posts:update\"]"),
        );
        return Vec::new();
    };
    let Some(nodes) = reader.list("on", node) else { return Vec::new() };
    let mut triggers = Vec::new();
    for node in nodes {
        let Some(text) = reader.text("on", node) else { continue };
        let (collection, event) = text.split_once(':').unwrap_or((&text, ""));
        if !names.contains(&collection) {
            reader.fault(
                Fault::error(format!("there is no collection `{collection}`"))
                    .at(&node.place)
                    .maybe_help(advise(collection, names.iter().copied())),
            );
        }
        match EVENTS.iter().find(|(word, _)| *word == event) {
            Some((_, event)) => {
                triggers.push(Trigger { collection: collection.to_owned(), event: *event });
            }
            None => reader.fault(
                Fault::error(format!("`{text}` is no change of records"))
                    .at(&node.place)
                    .help(format!("write \"{collection}:create\", `:update`, `:delete` or `:*`")),
            ),
        }
    }
    triggers
}
