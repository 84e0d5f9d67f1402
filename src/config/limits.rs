//! `[limits]`: labels of contract B 6.4 and their rates.

use crate::config::collections::CollectionSpec;
use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::config::tree::{Entry, Value};
use crate::config::units::{self, Rate};
use crate::domain::rate_limits::tags;
use crate::domain::settings::is_limit_label;
use crate::domain::{Json, JsonMap};

/// The methods that routes have.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"];

const RATE: &str = "a rate such as \"10/min\" or \"3/2s\"";

pub(super) fn read(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    let rules: Vec<Json> = section
        .entries()
        .iter()
        .filter_map(|entry| rule(entry, reader))
        .map(Json::Object)
        .collect();
    if !rules.is_empty() {
        settings.set("rateLimits", "rules", rules);
        settings.set("rateLimits", "enabled", true);
    }
}

/// Warns of limits for collections that the file does not declare: nothing may ever be counted there.
pub(super) fn check(
    section: &Section<'_>,
    collections: &[CollectionSpec],
    reader: &mut Reader<'_>,
) {
    let names = collections.iter().map(|spec| spec.collection.name.as_str());
    for entry in section.entries() {
        let Some((name, _)) = entry.key.split_once(':') else { continue };
        let is_known = name == "*" || name.starts_with('_') || names.clone().any(|own| own == name);
        if is_limit_label(&entry.key) && !is_known {
            reader.fault(
                Fault::warning(format!("there is no collection `{name}` to limit"))
                    .at(&entry.key_place)
                    .maybe_help(advise(name, names.clone())),
            );
        }
    }
}

/// What is wrong with a label: it has another form, or no request is ever called so.
fn label(label: &str) -> Option<Fault> {
    if is_limit_label(label) && label.contains(['/', ':']) {
        return misspelt(label);
    }
    Some(
        Fault::error(format!("`{label}` is no label of a limit"))
            .help("write \"posts:create\", \"*:auth\", \"/api/path/\" or \"POST /api/path\""),
    )
}

fn misspelt(label: &str) -> Option<Fault> {
    let (word, kind, known) = match label.split_once([' ', ':']) {
        Some((method, path)) if path.starts_with('/') => (method, "method", METHODS.to_vec()),
        Some((_, action)) => (action, "action", tags::all().collect()),
        None => return None,
    };
    let fault = Fault::error(format!("`{word}` is no {kind} that is limited"));
    let is_known = known.contains(&word);
    (!is_known).then(|| fault.maybe_help(advise(word, known)))
}

fn rule(entry: &Entry, reader: &mut Reader<'_>) -> Option<JsonMap> {
    if let Some(fault) = label(&entry.key) {
        reader.fault(fault.at(&entry.key_place));
    }
    let mut audience = "";
    let rate = match &entry.node.value {
        Value::Table(table) => {
            let section = Section::new(entry.key.clone(), &entry.node.place, table);
            section.only(&["rate", "audience"], reader);
            let audiences = [("guest", "@guest"), ("auth", "@auth")];
            audience = section.choice("audience", &audiences, reader).unwrap_or_default();
            if !section.has("rate") {
                let message = format!("the limit `{}` has no `rate`", entry.key);
                reader.fault(Fault::error(message).at(&entry.key_place));
            }
            section.parse("rate", RATE, reader, units::rate)
        }
        _ => reader.parse(&entry.key, &entry.node, RATE, units::rate),
    };
    let Rate { requests, seconds } = rate?;
    let mut rule = JsonMap::new();
    rule.insert("label".to_owned(), entry.key.as_str().into());
    rule.insert("audience".to_owned(), audience.into());
    rule.insert("duration".to_owned(), seconds.into());
    rule.insert("maxRequests".to_owned(), requests.into());
    Some(rule)
}
