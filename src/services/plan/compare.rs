//! The differences between a stored collection and the one that it shall become, each with its
//! class and, where rows decide, the question to ask them.

use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind};
use crate::domain::rules::Rule;
use crate::domain::{Json, JsonMap};
use crate::services::plan::change::{Change, ChangeKind, Class};
use crate::services::plan::checks::Check;
use crate::services::plan::fields::{self, Effect, ShapeChange};
use crate::services::plan::merge::{self, Match, Merged};
use crate::services::plan::{guest, indexes};

/// A change, and the question that may block it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) change: Change,
    pub(super) check: Option<Check>,
}

impl From<Change> for Draft {
    fn from(change: Change) -> Self {
        Self { change, check: None }
    }
}

impl Draft {
    pub(super) const fn asking(change: Change, check: Check) -> Self {
        Self { change, check: Some(check) }
    }
}

/// What it takes to make a collection that is not there.
pub(super) fn new_collection(collection: &Collection) -> Vec<Draft> {
    let text = format!("new {} collection", collection.kind.type_name());
    let path = (collection.name.as_str(), "");
    let mut drafts = vec![Change::new(Class::Safe, ChangeKind::NewCollection, path, text).into()];
    drafts.extend(rules(collection).into_iter().filter(|(_, rule)| guest::opens(None, *rule)).map(
        |(name, rule)| {
            let path = (collection.name.as_str(), name);
            Change::new(Class::Opening, ChangeKind::Rule, path, rule_text(rule)).into()
        },
    ));
    drafts
}

/// What it takes to turn `live` into `merged`.
pub(super) fn collection(live: &Collection, merged: &Merged, pair: &Match<'_>) -> Vec<Draft> {
    let new = &merged.collection;
    if live.kind.type_name() != new.kind.type_name() {
        let text = format!("type {} -> {}", live.kind.type_name(), new.kind.type_name());
        let advice = "the type of a collection is fixed: declare another collection";
        return vec![
            Change::new(Class::Blocked, ChangeKind::CollectionType, (&new.name, ""), text)
                .advise(advice)
                .into(),
        ];
    }
    let mut drafts = Vec::new();
    if !new.is_view() {
        drafts.extend(all_fields(live, merged, pair));
        drafts.extend(all_indexes(live, new));
    }
    drafts.extend(all_rules(live, new));
    drafts.extend(all_options(live, new));
    drafts
}

fn all_fields(live: &Collection, merged: &Merged, pair: &Match<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for field in &merged.collection.fields {
        let stored = live.fields.iter().find(|stored| stored.id == field.id);
        let was_parked = pair.last.is_some_and(|last| last.is_parked(&field.name));
        if merged.parked.contains(&field.name) {
            if !was_parked {
                drafts.push(parked_field(live, field, merged));
            }
        } else if let Some(stored) = stored {
            drafts.extend(changed_field(live, stored, field, pair, was_parked));
        } else {
            drafts.push(new_field(live, field, pair));
        }
    }
    let order = |fields: &[Field], other: &[Field]| -> Vec<String> {
        let known = |field: &&Field| other.iter().any(|twin| twin.id == field.id);
        fields.iter().filter(known).map(|field| field.id.clone()).collect()
    };
    let new = &merged.collection;
    if order(&live.fields, &new.fields) != order(&new.fields, &live.fields) {
        let path = (new.name.as_str(), "fields");
        drafts.push(Change::new(Class::Safe, ChangeKind::FieldOptions, path, "order").into());
    }
    drafts
}

fn new_field(live: &Collection, field: &Field, pair: &Match<'_>) -> Draft {
    let mut text = field.kind.type_name().to_owned();
    let word = if field.required || field.ext.sent { "required" } else { "optional" };
    text = format!("{text}, {word}");
    if let Some(default) = fill_value(field) {
        text = format!("{text}; existing rows get {}", shown(default));
    }
    let path = (pair.declared.collection.name.as_str(), field.name.as_str());
    let change = Change::new(Class::Safe, ChangeKind::NewField, path, text);
    if field.required
        && fill_value(field).is_none()
        && !matches!(field.kind, FieldKind::Autodate(_))
    {
        let check = Check::NoRows { table: live.name.clone(), field: field.name.clone() };
        return Draft::asking(change, check);
    }
    change.into()
}

/// What the stored rows get when `field` is new: its default, when that is a literal or `@now`.
pub(super) fn fill_value(field: &Field) -> Option<&Json> {
    field.ext.default.as_ref().filter(|default| !matches!(default.as_str(), Some("@uuid" | "@me")))
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"))
}

/// A field that the file no longer has. Beside a new field of its type it is more likely to have
/// got another name than to have been given up.
fn parked_field(live: &Collection, field: &Field, merged: &Merged) -> Draft {
    let collection = &merged.collection;
    let twin = collection.fields.iter().find(|new| {
        new.kind.type_name() == field.kind.type_name()
            && new.is_multiple() == field.is_multiple()
            && !live.fields.iter().any(|stored| stored.id == new.id)
    });
    if let Some(twin) = twin {
        let path = (collection.name.as_str(), twin.name.as_str());
        let text = format!("looks like {} under a new name", field.name);
        return Change::new(Class::Blocked, ChangeKind::LikelyRename, path, text)
            .advise(rename_advice(&collection.name, &twin.name, &field.name))
            .into();
    }
    let text = "missing from the file: hidden and optional, data kept";
    let path = (collection.name.as_str(), field.name.as_str());
    Change::new(Class::Safe, ChangeKind::ParkedField, path, text).into()
}

fn rename_advice(collection: &str, new: &str, old: &str) -> String {
    format!(
        "write renamed_from={old} on {collection}.{new}, or name {collection}.{old} in [removed]: \
         fields = [\"{collection}.{old}\"]"
    )
}

fn changed_field(
    live: &Collection,
    old: &Field,
    new: &Field,
    pair: &Match<'_>,
    was_parked: bool,
) -> Vec<Draft> {
    let name = &pair.declared.collection.name;
    let path = (name.as_str(), new.name.as_str());
    let mut drafts: Vec<Draft> = Vec::new();
    if !old.name.eq_ignore_ascii_case(&new.name) {
        let text = format!("{} -> {}, data kept", old.name, new.name);
        drafts.push(Change::new(Class::NeedsApply, ChangeKind::RenamedField, path, text).into());
    }
    if let Some(before) = pair.declared.renamed_fields.get(&new.name)
        && old.name.eq_ignore_ascii_case(&new.name)
        && merge::find(live, before).is_some()
    {
        let text = format!("{before} and {} are both there", new.name);
        let advice = format!("drop renamed_from on {}.{}, or one of the two", name, new.name);
        let change = Change::new(Class::Blocked, ChangeKind::BothNames, path, text);
        drafts.push(change.advise(advice).into());
    }
    if was_parked {
        let text = "back in the file";
        drafts.push(Change::new(Class::Safe, ChangeKind::ReturnedField, path, text).into());
    }
    if let Some(shape) = fields::shape(old, new) {
        drafts.push(shape_change(path, old, new, shape));
        return drafts;
    }
    drafts.extend(option_changes(&live.name, path, old, new));
    if old.ext.read != new.ext.read {
        let (from, to) = (field_read(old), field_read(new));
        let part = format!("{}.read", new.name);
        drafts.push(rule_change_at((name, &part), from, to).into());
    }
    drafts
}

/// The rule of who sees a field; a field without one is shown with its record.
fn field_read(field: &Field) -> Option<&Rule> {
    static PUBLIC: std::sync::LazyLock<Rule> = std::sync::LazyLock::new(|| Rule::new(""));
    Some(field.ext.read.as_ref().unwrap_or(&PUBLIC))
}

fn shape_change(path: (&str, &str), old: &Field, new: &Field, shape: ShapeChange) -> Draft {
    let (kind, text) = match shape {
        ShapeChange::Type => (
            ChangeKind::FieldType,
            format!("type {} -> {}", old.kind.type_name(), new.kind.type_name()),
        ),
        ShapeChange::ToSeveral => (ChangeKind::Cardinality, "one value -> several".to_owned()),
        ShapeChange::ToOne => (ChangeKind::Cardinality, "several values -> one".to_owned()),
        ShapeChange::Target => (ChangeKind::RelationTarget, "another target".to_owned()),
    };
    Change::new(Class::NeedsApply, kind, path, text).into()
}

/// One change for all options of a field that rows cannot break, one for those they can, and one
/// for each that shows something.
fn option_changes(table: &str, path: (&str, &str), old: &Field, new: &Field) -> Vec<Draft> {
    let options = fields::options(old, new);
    let texts = |effect: Effect| {
        let chosen = options.iter().filter(|option| option.effect == effect);
        chosen.map(|option| option.text.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut drafts = Vec::new();
    for (effect, class, kind) in [
        (Effect::Looser, Class::Safe, ChangeKind::FieldOptions),
        (Effect::Tighter, Class::Safe, ChangeKind::TighterField),
        (Effect::References, Class::Safe, ChangeKind::TighterField),
        (Effect::Shows, Class::Opening, ChangeKind::Shown),
    ] {
        let text = texts(effect);
        if text.is_empty() {
            continue;
        }
        let change = Change::new(class, kind, path, text);
        let table = table.to_owned();
        let field = Box::new(Field { name: old.name.clone(), ..new.clone() });
        drafts.push(match effect {
            Effect::Tighter => Draft::asking(change, Check::Values { table, field }),
            Effect::References => Draft::asking(change, Check::Orphans { table, field }),
            Effect::Looser | Effect::Shows => change.into(),
        });
    }
    drafts
}

fn all_indexes(live: &Collection, new: &Collection) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for text in &new.indexes {
        let name = indexes::name(text);
        let stored = live.indexes.iter().find(|stored| indexes::name(stored) == name);
        if stored.is_some_and(|stored| indexes::same(stored, text)) {
            continue;
        }
        let unique = indexes::is_unique(text);
        let kind = if unique { ChangeKind::NewUniqueIndex } else { ChangeKind::NewIndex };
        let path = (new.name.as_str(), name.as_str());
        let change = Change::new(Class::Safe, kind, path, indexes::describe(text));
        let question = indexes::question(live, new, text).filter(|_| unique);
        drafts.push(match question {
            Some(question) => {
                Draft::asking(change, Check::Unique { table: live.name.clone(), question })
            }
            None => change.into(),
        });
    }
    for text in &live.indexes {
        let name = indexes::name(text);
        if !new.indexes.iter().any(|kept| indexes::name(kept) == name) {
            let path = (new.name.as_str(), name.as_str());
            let text = "index no longer written";
            drafts.push(Change::new(Class::Safe, ChangeKind::DroppedIndex, path, text).into());
        }
    }
    drafts
}

/// The rules of a collection under the names that the file gives them.
pub(super) fn rules(collection: &Collection) -> Vec<(&'static str, Option<&Rule>)> {
    let rules = &collection.rules;
    let mut list = vec![
        ("rules.list", rules.list.as_ref()),
        ("rules.view", rules.view.as_ref()),
        ("rules.create", rules.create.as_ref()),
        ("rules.update", rules.update.as_ref()),
        ("rules.delete", rules.delete.as_ref()),
    ];
    if let Some(auth) = collection.auth() {
        list.push(("rules.manage", auth.manage_rule.as_ref()));
    }
    list
}

fn all_rules(live: &Collection, new: &Collection) -> Vec<Draft> {
    rules(live)
        .into_iter()
        .zip(rules(new))
        .filter(|((_, old), (_, new))| old != new)
        .map(|((name, from), (_, to))| rule_change(new, name, from, to).into())
        .collect()
}

fn rule_change(
    collection: &Collection,
    name: &str,
    from: Option<&Rule>,
    to: Option<&Rule>,
) -> Change {
    rule_change_at((&collection.name, name), from, to)
}

fn rule_change_at(path: (&str, &str), from: Option<&Rule>, to: Option<&Rule>) -> Change {
    let class = if guest::opens(from, to) { Class::Opening } else { Class::Safe };
    let text = format!("{} -> {}", rule_text(from), rule_text(to));
    Change::new(class, ChangeKind::Rule, path, text)
}

/// A rule for people; the end of a long one stays unsaid.
fn rule_text(rule: Option<&Rule>) -> String {
    const LONGEST: usize = 72;
    match rule {
        None => "locked".to_owned(),
        Some(rule) if rule.is_public() => "public".to_owned(),
        Some(rule) if rule.text().chars().count() <= LONGEST => rule.text().to_owned(),
        Some(rule) => rule.text().chars().take(LONGEST).chain(" …".chars()).collect(),
    }
}

/// The options of the collection's type and what `ext` holds, key by key.
fn all_options(live: &Collection, new: &Collection) -> Vec<Draft> {
    let (old_json, new_json) = (live.to_json(), new.to_json());
    let mut drafts = Vec::new();
    for (key, value) in &new_json {
        if NOT_OPTIONS.contains(&key.as_str()) || old_json.get(key) == Some(value) {
            continue;
        }
        let mut texts = Vec::new();
        differences("", old_json.get(key).unwrap_or(&Json::Null), value, &mut texts);
        let path = (new.name.as_str(), key.as_str());
        drafts.push(option_change(live, new, path, &texts.join(", ")));
    }
    if let Some(old) = old_json.get("ext").filter(|_| !new_json.contains_key("ext")) {
        let mut texts = Vec::new();
        differences("", old, &Json::Object(JsonMap::new()), &mut texts);
        drafts.push(option_change(live, new, (&new.name, "ext"), &texts.join(", ")));
    }
    if live.ext.totp && !new.ext.totp {
        let text = "whoever has an authenticator signs in without it";
        drafts.push(option_change(live, new, (&new.name, "login"), text));
    }
    if let (Some(old), Some(new_options)) = (live.auth(), new.auth()) {
        for provider in &new_options.oauth2.providers {
            let stored = old.oauth2.providers.iter().find(|stored| stored.name == provider.name);
            if stored.is_some_and(|stored| stored.client_secret != provider.client_secret) {
                let text = format!("secret of {}", provider.name);
                drafts.push(option_change(live, new, (&new.name, "oauth2"), &text));
            }
        }
    }
    drafts
}

const NOT_OPTIONS: [&str; 13] = [
    "id",
    "name",
    "type",
    "system",
    "created",
    "updated",
    "fields",
    "indexes",
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
];

fn option_change(live: &Collection, new: &Collection, path: (&str, &str), text: &str) -> Draft {
    match path.1 {
        "manageRule" => return Change::new(Class::Safe, ChangeKind::Rule, path, text).into(),
        "authRule" => {
            let rule = |collection: &Collection| collection.auth()?.auth_rule.clone();
            let (from, to) = (rule(live), rule(new));
            let mut change = rule_change_at((path.0, "rules.auth"), from.as_ref(), to.as_ref());
            change.text.push_str("; everybody signs in again");
            return change.into();
        }
        "viewQuery" => return view_query(live, new, path).into(),
        _ => {}
    }
    Change::new(Class::Safe, ChangeKind::CollectionOptions, path, text).into()
}

/// A view's query may change while its columns stay.
fn view_query(live: &Collection, new: &Collection, path: (&str, &str)) -> Change {
    let columns = |collection: &Collection| -> Vec<(String, &'static str)> {
        let fields = collection.fields.iter();
        fields.map(|field| (field.name.clone(), field.kind.type_name())).collect()
    };
    let kind = ChangeKind::ViewQuery;
    if columns(live) == columns(new) {
        return Change::new(Class::Safe, kind, path, "another query, same columns");
    }
    let names = |collection: &Collection| {
        let columns = columns(collection).into_iter();
        columns.map(|(name, kind)| format!("{name} {kind}")).collect::<Vec<_>>().join(", ")
    };
    let text = format!("columns {} -> {}", names(live), names(new));
    Change::new(Class::NeedsApply, kind, path, text)
}

/// The leaves at which two JSON values differ, as `path old -> new`; long texts stay unsaid.
fn differences(path: &str, old: &Json, new: &Json, texts: &mut Vec<String>) {
    if let (Json::Object(old), Json::Object(new)) = (old, new) {
        for (key, value) in new {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            differences(&path, old.get(key).unwrap_or(&Json::Null), value, texts);
        }
        let is_gone = |key: &&String| !new.contains_key(key.as_str());
        for key in old.keys().filter(is_gone) {
            texts.push(
                if path.is_empty() { key.clone() } else { format!("{path}.{key}") } + " removed",
            );
        }
        return;
    }
    if old != new {
        let short = |value: &Json| {
            let text = value.to_string();
            (text.chars().count() <= 60).then_some(text)
        };
        let change = match (short(old), short(new)) {
            (Some(old), Some(new)) => format!("{old} -> {new}"),
            _ => "another text".to_owned(),
        };
        texts.push(format!("{path} {change}").trim_start().to_owned());
    }
}
