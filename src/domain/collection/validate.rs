//! What a collection must obey to be saved (contract A 2.4 to 2.9). Every key is checked on its own;
//! within a key the first failing check wins. What only a database can say is not known here.

mod auth;
mod fields;
mod indexes;
#[cfg(test)]
mod tests;

use crate::domain::Json;
use crate::domain::collection::{AccessRules, Collection, CollectionKind};
use crate::domain::fields::is_word;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::rules::{self, Rule};
use crate::domain::schema::Schema;
use crate::domain::search;
use crate::domain::views::{self, Engine};

/// Names that a database keeps for itself, or the product for its own tables; names of system
/// collections are taken by those.
pub const INTERNAL_NAMES: [&str; 18] = [
    "_collections",
    "_params",
    "_revision",
    "_config_states",
    "_migrations",
    "_logs",
    "_log_batches",
    "_queue",
    "_events",
    "_loose_files",
    "_mails",
    "_sessions",
    "_throttle",
    "_crons",
    "_cron_runs",
    "_totp",
    "_nodes",
    "_limits",
];

impl Collection {
    /// Everything that is wrong with the collection, which has been completed. `old` is the stored
    /// one that it replaces; `schema` holds the other collections as they will be, and may hold this
    /// one in either state.
    pub fn validate(&self, old: Option<&Self>, schema: &Schema) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("id", self.check_id(old, schema));
        errors.check("name", self.check_name(old, schema));
        if old.is_some_and(|old| old.kind.type_name() != self.kind.type_name()) {
            let message = "The type of a collection cannot change.";
            errors.add("type", Fault::new("validation_collection_type_change", message));
        }
        if old.is_some_and(|old| old.system != self.system) {
            let message = "Whether a collection is part of the product cannot change.";
            errors.add("system", Fault::new("validation_collection_system_flag_change", message));
        }
        self.check_rules(old, schema, &mut errors);
        match &self.kind {
            CollectionKind::View(options) => {
                self.check_view(&options.query, schema, &mut errors);
            }
            CollectionKind::Auth(options) => {
                let frozen = old.filter(|old| old.system).and_then(Self::auth);
                options.validate(self, frozen, schema, &mut errors);
            }
            CollectionKind::Base => {}
        }
        errors.merge(self.check_fields(old, schema));
        if self.is_view() && errors.get("fields").is_some() {
            let message = "The query has columns that cannot be fields; give them other names.";
            errors.add("viewQuery", Fault::new("validation_invalid_view_query", message));
        }
        errors.merge(self.check_indexes(old, schema));
        errors.nest("ext", self.check_ext());
        errors
    }

    fn check_id(&self, old: Option<&Self>, schema: &Schema) -> Result<(), Fault> {
        if self.id.is_empty() {
            return Err(Fault::required());
        }
        if self.id.len() > 100 {
            return Err(Fault::length(1, 100));
        }
        if !is_word(&self.id) {
            return Err(not_a_word(&self.id));
        }
        let is_other = |same: &Self| same.id == self.id && *same != *self;
        if old.is_none() && schema.collections().iter().any(|same| is_other(same)) {
            let message = format!("There is a collection with the id `{}` already.", self.id);
            return Err(Fault::new("validation_invalid_or_existing_id", message));
        }
        Ok(())
    }

    fn check_name(&self, old: Option<&Self>, schema: &Schema) -> Result<(), Fault> {
        let name = self.name.as_str();
        if name.is_empty() {
            return Err(Fault::required());
        }
        if old.is_some_and(|old| old.system && old.name != name) {
            let message = "A system collection cannot be renamed.";
            return Err(Fault::new("validation_collection_system_name_change", message));
        }
        if name.len() > 255 {
            return Err(Fault::length(1, 255));
        }
        if !is_word(name) {
            return Err(not_a_word(name));
        }
        let lower = name.to_ascii_lowercase();
        if lower.contains("_via_") {
            let message = "A name cannot contain `_via_`, which names back-relations.";
            return Err(Fault::new("validation_found_via", message));
        }
        // One by one: the collections as they will be may hold two of a name, which is what is wrong.
        let mut others = schema.collections().iter().filter(|other| other.id != self.id);
        if others.any(|other| other.name.eq_ignore_ascii_case(name)) {
            let message = format!("There is a collection called `{name}` already.");
            return Err(Fault::new("validation_collection_name_exists", message));
        }
        if schema.by_id(name).is_some_and(|same| same.id != self.id) {
            let message = format!("`{name}` is the id of another collection.");
            return Err(Fault::new("validation_collection_name_id_duplicate", message));
        }
        if INTERNAL_NAMES.contains(&lower.as_str()) || lower.starts_with("sqlite_") {
            let message = format!("`{name}` is a table of the product's own.");
            return Err(Fault::new("validation_collection_name_invalid", message));
        }
        Ok(())
    }

    fn check_rules(&self, old: Option<&Self>, schema: &Schema, errors: &mut FieldErrors) {
        let frozen = old.filter(|old| old.system);
        for (key, rule) in self.rules.by_key() {
            let writes = matches!(key, "createRule" | "updateRule" | "deleteRule");
            if self.is_view() && writes && rule.is_some() {
                let message = "A view is read-only; only list and view rules are possible.";
                errors.add(key, Fault::new("validation_nil", message));
            }
            errors.check(key, check_rule(rule, self, schema));
            if frozen.is_some_and(|old| rule_of(&old.rules, key) != rule) {
                errors.add(key, frozen_rule());
            }
        }
    }

    fn check_view(&self, query: &str, schema: &Schema, errors: &mut FieldErrors) {
        if views::trimmed(query).is_empty() {
            errors.add("viewQuery", Fault::required());
            errors.add("fields", Fault::required());
            return;
        }
        let Err(err) = views::infer(query, schema) else { return };
        errors.add("viewQuery", Fault::new("validation_invalid_view_query", err.message));
        let fields = if err.misses_id { missing_primary_key() } else { Fault::required() };
        errors.add("fields", fields);
    }

    fn check_ext(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for name in &self.ext.search {
            let field = self.field(name).filter(|field| search::has_words(field));
            let message = match field.map(search::closed) {
                _ if self.is_view() => "A view cannot be searched.".to_owned(),
                None => format!("`{name}` is no text or editor field of the collection."),
                Some(Some(why)) => format!("`{name}` {why}, so not everybody may search it."),
                Some(None) => continue,
            };
            errors.add("search", Fault::invalid_value(message));
        }
        if self.ext.totp && !self.is_auth() {
            errors.add("totp", Fault::invalid_value("Only an auth collection has authenticators."));
        }
        if !self.is_view() && !self.ext.queries.is_empty() {
            errors.add("queries", Fault::invalid_value("Only a view has queries."));
        }
        let mut inner = FieldErrors::new();
        for (engine, query) in &self.ext.queries {
            inner.check(engine, check_own_query(engine, query));
        }
        errors.nest("queries", inner);
        errors
    }
}

/// The query of a view for one engine (config.md 1.5).
fn check_own_query(engine: &str, query: &Json) -> Result<(), Fault> {
    let (Some(engine), Some(query)) = (Engine::called(engine), query.as_str()) else {
        let message = "A view may have a text for each of the engines sqlite and postgres.";
        return Err(Fault::invalid_value(message));
    };
    views::check_own(engine, query)
        .map_err(|err| Fault::new("validation_invalid_view_query", err.message))
}

/// The rule that has this key in JSON.
fn rule_of<'a>(rules: &'a AccessRules, key: &str) -> Option<&'a Rule> {
    rules.by_key().into_iter().find(|(known, _)| *known == key).and_then(|(_, rule)| rule)
}

/// A rule of the product's own cannot change.
fn frozen_rule() -> Fault {
    Fault::new("validation_collection_system_rule_change", "The rules of a system collection stay.")
}

/// A rule that can run, or a locked one.
fn check_rule(rule: Option<&Rule>, collection: &Collection, schema: &Schema) -> Result<(), Fault> {
    let Some(rule) = rule else { return Ok(()) };
    rules::check(rule, collection, schema)
        .map_err(|err| Fault::new("validation_invalid_rule", err.message))
}

fn not_a_word(text: &str) -> Fault {
    let message = format!("`{text}` must consist of letters, digits and underscores.");
    Fault::new("validation_match_invalid", message)
}

fn missing_primary_key() -> Fault {
    Fault::new("validation_missing_primary_key", "A text field called `id` is needed.")
}
