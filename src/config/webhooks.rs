//! `[[webhooks]]`: whom to tell about changes of records.

use std::time::Duration;

use url::Url;

use crate::config::collections::CollectionSpec;
use crate::config::report::{Fault, advise};
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};
use crate::config::tree::Node;
use crate::domain::addresses::may_be_public;
use crate::domain::rules::{self, Rule};
use crate::domain::schema::Schema;
use crate::domain::webhooks::SigningKey;

/// Whom to tell about changes of records.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What it is known by, unique among the webhooks: messages that wait name it, and neither its
    /// address nor its secret.
    pub name: String,
    /// What is told.
    pub on: Vec<Trigger>,
    /// Only where the record satisfies this: the new one, on delete the old one.
    pub when: Option<Rule>,
    /// Where to; never empty.
    pub url: Secret,
    /// What signs the messages.
    pub key: Option<SigningKey>,
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

const KEYS: [&str; 7] = ["name", "on", "when", "url", "secret", "allow_private", "timeout"];

/// Most characters of a name.
const LONGEST_NAME: usize = 100;

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

/// The webhooks of the file, as far as they were read.
#[derive(Default)]
pub(super) struct Webhooks<'t> {
    /// Those that are switched on.
    pub(super) on: Vec<Webhook>,
    /// What is left to check.
    pub(super) whens: Vec<When<'t>>,
    /// The names of all, those included that are switched off.
    names: Vec<String>,
}

impl<'t> Webhooks<'t> {
    /// Reads one webhook. It counts when it can be read and its address is not empty.
    pub(super) fn read(
        &mut self,
        section: &Section<'t>,
        specs: &[CollectionSpec],
        reader: &mut Reader<'_>,
    ) {
        section.only(&KEYS, reader);
        let on = triggers(section, specs, reader);
        let name = self.name(section, &on, reader);
        let when = section.raw_text("when", reader).map(Rule::new);
        if let (Some(rule), Some(node)) = (&when, section.node("when")) {
            let collections = on.iter().map(|trigger| trigger.collection.clone()).collect();
            self.whens.push(When { rule: rule.clone(), collections, node });
        }
        let key = key(section, reader);
        let allow_private = section.bool("allow_private", reader).unwrap_or_default();
        let timeout = timeout(section, reader);
        if !section.has("url") {
            reader.fault(
                Fault::error("a webhook needs a `url`")
                    .at(section.place)
                    .help("an empty `url` switches the webhook off"),
            );
        }
        let Some(url) = address("url", allow_private, section, reader) else { return };
        self.on.push(Webhook { name, on, when, url, key, allow_private, timeout });
    }

    /// The name that is written down, else one made of what the webhook is about: it stays the same as
    /// long as that does.
    fn name(&mut self, section: &Section<'_>, on: &[Trigger], reader: &mut Reader<'_>) -> String {
        let name = match section.text("name", reader) {
            Some(name) => {
                let place = section.node("name").map_or(section.place, |node| &node.place);
                if let Some(fault) = self.fault_of(&name) {
                    reader.fault(fault.at(place));
                }
                name
            }
            None => self.made_of(on),
        };
        self.names.push(name.clone());
        name
    }

    fn fault_of(&self, name: &str) -> Option<Fault> {
        let is_odd = |character: char| character == ':' || character.is_control();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(is_odd) {
            let message = format!("`{name}` cannot be the name of a webhook");
            let help = format!("write up to {LONGEST_NAME} characters without `:`");
            return Some(Fault::error(message).help(help));
        }
        let is_taken = self.names.iter().any(|taken| taken == name);
        is_taken.then(|| Fault::error(format!("there are two webhooks `{name}`")))
    }

    /// Names that are written down have no `:`, so no other webhook is called so.
    fn made_of(&self, on: &[Trigger]) -> String {
        let words: Vec<String> = on.iter().map(Trigger::word).collect();
        let words: String = words.join(", ").chars().take(LONGEST_NAME).collect();
        let numbered = |number: usize| match number {
            1 => words.clone(),
            number => format!("{words} #{number}"),
        };
        let mut number = 1;
        while self.names.contains(&numbered(number)) {
            number += 1;
        }
        numbered(number)
    }
}

impl Webhook {
    /// Whether it tells of such a change to records of `collection`.
    pub fn is_about(&self, collection: &str, event: TriggerEvent) -> bool {
        let covers = |trigger: &Trigger| {
            trigger.collection == collection
                && (trigger.event == event || trigger.event == TriggerEvent::Any)
        };
        self.on.iter().any(covers)
    }
}

impl Trigger {
    /// The trigger as it is written.
    fn word(&self) -> String {
        let of_event = |(_, event): &&(&str, TriggerEvent)| *event == self.event;
        let event = EVENTS.iter().find(of_event).map_or("", |(word, _)| word);
        format!("{}:{event}", self.collection)
    }
}

/// The address under `name`, which may hold secrets; an empty one is none.
pub(super) fn address(
    name: &str,
    allow_private: bool,
    section: &Section<'_>,
    reader: &mut Reader<'_>,
) -> Option<Secret> {
    let url = section.secret(name, reader, |_| false).filter(|url| !url.is_empty())?;
    let parsed = Url::parse(url.expose()).ok();
    let parsed = parsed.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let fault = match parsed {
        None => {
            Fault::error(format!("`{name}` is not an address such as https://example.com/hook"))
        }
        Some(url) if !allow_private && !may_be_public(&url) => {
            Fault::error(format!("`{name}` is a private address, which is never called"))
                .help("if it is meant, write `allow_private = true` beside it")
        }
        Some(_) => return Some(url),
    };
    reader.fault(fault.at(section.node(name).map_or(section.place, |node| &node.place)));
    Some(url)
}

/// What `secret` signs messages with; an empty one does not.
pub(super) fn key(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<SigningKey> {
    let secret = section.secret("secret", reader, |text| !text.is_empty())?;
    if secret.is_empty() {
        return None;
    }
    match SigningKey::parse(secret.expose()) {
        Ok(key) => Some(key),
        Err(error) => {
            let place = section.node("secret").map_or(section.place, |node| &node.place);
            let help = "make one with `echo whsec_$(openssl rand -base64 24)`";
            reader.fault(Fault::error(format!("`secret`: {error}")).at(place).help(help));
            None
        }
    }
}

/// How long an answer may take.
pub(super) fn timeout(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Duration> {
    let timeout = section.duration("timeout", reader)?;
    if timeout.is_zero() {
        let place = section.node("timeout").map_or(section.place, |node| &node.place);
        reader.fault(Fault::error("`timeout` leaves no time for an answer").at(place));
    }
    Some(timeout)
}

fn triggers(
    section: &Section<'_>,
    specs: &[CollectionSpec],
    reader: &mut Reader<'_>,
) -> Vec<Trigger> {
    let nodes = match section.node("on") {
        Some(node) => {
            let Some(nodes) = reader.list("on", node) else { return Vec::new() };
            nodes
        }
        None => &[],
    };
    if nodes.is_empty() {
        let place = section.node("on").map_or(section.place, |node| &node.place);
        reader.fault(
            Fault::error("a webhook needs `on`")
                .at(place)
                .help("write on = [\"posts:create\", \"posts:update\"]"),
        );
    }
    nodes.iter().filter_map(|node| trigger(node, specs, reader)).collect()
}

fn trigger(node: &Node, specs: &[CollectionSpec], reader: &mut Reader<'_>) -> Option<Trigger> {
    let text = reader.text("on", node)?;
    let (name, event) = text.split_once(':').unwrap_or((&text, ""));
    match specs.iter().map(|spec| &spec.collection).find(|known| known.name == name) {
        None => {
            let names = specs.iter().map(|spec| spec.collection.name.as_str());
            let fault = Fault::error(format!("there is no collection `{name}`"));
            reader.fault(fault.at(&node.place).maybe_help(advise(name, names)));
        }
        Some(collection) if collection.is_view() => {
            let fault = Fault::error(format!("`{name}` is a view, which nobody changes"));
            reader.fault(fault.at(&node.place).help("name the collections that it reads"));
        }
        Some(_) => {}
    }
    let known = EVENTS.iter().find(|(word, _)| *word == event);
    if known.is_none() {
        reader.fault(
            Fault::error(format!("`{text}` is no change of records"))
                .at(&node.place)
                .help(format!("write \"{name}:create\", `:update`, `:delete` or `:*`")),
        );
    }
    known.map(|(_, event)| Trigger { collection: name.to_owned(), event: *event })
}
