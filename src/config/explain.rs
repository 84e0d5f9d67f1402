//! `ferrobase explain`: what a collection expands to, in words that line up. Shows the final rules,
//! which are plain PocketBase.

use std::fmt::Write as _;

use crate::config::collections::CollectionSpec;
use crate::domain::collection::{AuthOptions, Collection, CollectionKind};
use crate::domain::fields::{Field, FieldKind};
use crate::domain::rules::Rule;
use crate::domain::schema::Schema;
use crate::domain::{Json, JsonMap};

/// The text for one collection. `schema` tells the names of relations' targets.
pub fn explain(spec: &CollectionSpec, schema: &Schema) -> String {
    let collection = &spec.collection;
    let mut text = format!(
        "{}   {} collection, id {}\n",
        collection.name,
        collection.kind.type_name(),
        collection.id
    );
    if let Some(former) = &spec.renamed_from {
        line(&mut text, &format!("  renamed from {former}"));
    }
    if spec.protect {
        line(&mut text, "  protected: [removed] cannot delete it");
    }
    if !spec.managed {
        line(&mut text, "  not managed: the API may change it");
    }
    fields(&mut text, collection, spec, schema);
    rules(&mut text, collection);
    if !collection.indexes.is_empty() {
        line(&mut text, "\nindexes");
        for index in &collection.indexes {
            line(&mut text, &format!("  {index}"));
        }
    }
    if !collection.ext.search.is_empty() {
        line(&mut text, &format!("\nsearch  {}", collection.ext.search.join(", ")));
    }
    match &collection.kind {
        CollectionKind::Base => {}
        CollectionKind::Auth(options) => auth(&mut text, options, collection.ext.totp),
        CollectionKind::View(options) => {
            line(&mut text, "\nquery");
            for row in options.query.trim().lines() {
                line(&mut text, &format!("  {row}"));
            }
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

fn fields(text: &mut String, collection: &Collection, spec: &CollectionSpec, schema: &Schema) {
    line(text, "\nfields");
    let widest = |of: fn(&Field) -> usize| collection.fields.iter().map(of).max().unwrap_or(0);
    let name_width = widest(|field| field.name.chars().count());
    let type_width = widest(|field| field.kind.type_name().len());
    for field in &collection.fields {
        let mut words = options(field, schema);
        if let Some(former) = spec.renamed_fields.get(&field.name) {
            words.push(format!("renamed from {former}"));
        }
        let type_name = field.kind.type_name();
        line(
            text,
            &format!("  {:name_width$}  {type_name:type_width$}  {}", field.name, words.join(", ")),
        );
    }
}

/// The options of a field that are not at their defaults, with the names of its JSON.
fn options(field: &Field, schema: &Schema) -> Vec<String> {
    let blank = Field::new(field.name.clone(), blank_kind(&field.kind)).to_json();
    let mut words = Vec::new();
    for (key, value) in &field.to_json() {
        if ["id", "name", "type", "ext"].contains(&key.as_str()) || blank.get(key) == Some(value) {
            continue;
        }
        let shown = match (key.as_str(), value.as_str().and_then(|id| schema.by_id(id))) {
            ("collectionId", Some(target)) => format!("-> {}", target.name),
            _ if *value == Json::Bool(true) => key.clone(),
            _ => format!("{key}: {value}"),
        };
        words.push(shown);
    }
    let json = field.to_json();
    let ext: Option<&JsonMap> = json.get("ext").and_then(Json::as_object);
    words.extend(ext.into_iter().flatten().map(|(key, value)| format!("ext.{key}: {value}")));
    words
}

fn blank_kind(kind: &FieldKind) -> FieldKind {
    use crate::domain::fields as kinds;
    match kind {
        FieldKind::Text(_) => FieldKind::Text(kinds::TextOptions::default()),
        FieldKind::Editor(_) => FieldKind::Editor(kinds::EditorOptions::default()),
        FieldKind::Number(_) => FieldKind::Number(kinds::NumberOptions::default()),
        FieldKind::Bool => FieldKind::Bool,
        FieldKind::Email(_) => FieldKind::Email(kinds::DomainOptions::default()),
        FieldKind::Url(_) => FieldKind::Url(kinds::DomainOptions::default()),
        FieldKind::Date(_) => FieldKind::Date(kinds::DateOptions::default()),
        FieldKind::Autodate(_) => FieldKind::Autodate(kinds::AutodateOptions::default()),
        FieldKind::Select(_) => FieldKind::Select(kinds::SelectOptions::default()),
        FieldKind::File(_) => FieldKind::File(kinds::FileOptions::default()),
        FieldKind::Relation(_) => FieldKind::Relation(kinds::RelationOptions::default()),
        FieldKind::Json(_) => FieldKind::Json(kinds::JsonOptions::default()),
        FieldKind::Password(_) => FieldKind::Password(kinds::PasswordOptions::default()),
        FieldKind::GeoPoint => FieldKind::GeoPoint,
    }
}

fn rules(text: &mut String, collection: &Collection) {
    line(text, "\nrules");
    let rules = &collection.rules;
    let writes = [("create", &rules.create), ("update", &rules.update), ("delete", &rules.delete)];
    let reads = [("list", &rules.list), ("view", &rules.view)];
    let writes = writes.into_iter().filter(|_| !collection.is_view());
    let more = collection
        .auth()
        .map(|options| [("manage", &options.manage_rule), ("auth", &options.auth_rule)]);
    for (name, rule) in reads.into_iter().chain(writes).chain(more.into_iter().flatten()) {
        line(text, &format!("  {name:6}  {}", shown(rule.as_ref())));
    }
}

fn shown(rule: Option<&Rule>) -> &str {
    match rule {
        None => "locked: superusers only",
        Some(rule) if rule.is_public() => "public",
        Some(rule) => rule.text(),
    }
}

fn auth(text: &mut String, options: &AuthOptions, totp: bool) {
    line(text, "\nsign-in");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:8}  {value}");
    };
    if options.password_auth.enabled {
        row("password", format!("identity {}", options.password_auth.identity_fields.join(", ")));
    }
    if options.otp.enabled {
        row("otp", format!("{} digits, {} s", options.otp.length, options.otp.duration));
    }
    let providers: Vec<&str> =
        options.oauth2.providers.iter().map(|provider| provider.name.as_str()).collect();
    if options.oauth2.enabled {
        row("oauth2", providers.join(", "));
    }
    if totp {
        row("totp", "second factor of who has an authenticator".to_owned());
    }
    if options.mfa.enabled {
        let when = shown(Some(&options.mfa.rule));
        row(
            "mfa",
            if options.mfa.rule.is_public() { "always".to_owned() } else { when.to_owned() },
        );
    }
    let tokens: Vec<String> = options
        .tokens()
        .into_iter()
        .map(|(name, token)| format!("{name} {} s", token.duration))
        .collect();
    row("tokens", tokens.join(", "));
}
