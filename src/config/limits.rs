//! `[limits]`: labels of contract B 6.4 and their rates.

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::config::tree::{Entry, Value};
use crate::config::units::{self, Rate};
use crate::domain::settings::is_limit_label;
use crate::domain::{Json, JsonMap};

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

fn rule(entry: &Entry, reader: &mut Reader<'_>) -> Option<JsonMap> {
    if !is_limit_label(&entry.key) {
        reader.fault(
            Fault::error(format!("`{}` is no label of a limit", entry.key))
                .at(&entry.key_place)
                .help("write \"posts:create\", \"*:auth\", \"/api/path/\" or \"POST /api/path\""),
        );
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
