//! Rules that let anybody do what few mean to allow.

use crate::domain::collection::{AccessRules, Collection};
use crate::domain::rules::Rule;
use crate::domain::schema::Schema;
use crate::services::doctor::Finding;
use crate::services::plan::lets_everybody;

const HELP: &str = "If that is not meant, say who may: docs/rules.md.";

/// What stands out in the rules of all collections.
pub(super) fn examine(schema: &Schema) -> Vec<Finding> {
    let findings: Vec<_> =
        schema.collections().iter().filter_map(|collection| of(collection)).collect();
    if findings.is_empty() {
        return vec![Finding::good("rules", "No rule lets guests change or delete everything.")];
    }
    findings
}

fn of(collection: &Collection) -> Option<Finding> {
    if collection.system || collection.is_view() {
        return None;
    }
    let AccessRules { list, update, delete, .. } = &collection.rules;
    let open = |rule: &Option<Rule>| lets_everybody(rule.as_ref());
    let mut allowed = Vec::new();
    if collection.is_auth() && open(list) {
        allowed.push("list the accounts");
    }
    if open(update) {
        allowed.push("change every record");
    }
    if open(delete) {
        allowed.push("delete every record");
    }
    let allowed = match allowed.as_slice() {
        [] => return None,
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    Some(Finding::advice("rules", format!("Guests may {allowed} of {}.", collection.name), HELP))
}
