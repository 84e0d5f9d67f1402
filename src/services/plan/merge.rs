//! The collections as they shall be: what the file declares, laid over what the database has and
//! what earlier files had. Decides ids, parks what is missing, keeps what is not managed; judges
//! nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::config::{CollectionSpec, Removed};
use crate::domain::collection::{AccessRules, AuthOptions, Collection, CollectionKind};
use crate::domain::fields::{Field, FieldKind};
use crate::domain::schema::Schema;
use crate::services::plan::declared::Declared;
use crate::services::plan::indexes;
use crate::services::plan::state::{LastCollection, State};

/// A declared collection beside what the database has under its name.
#[derive(Debug)]
pub(super) struct Match<'a> {
    pub(super) declared: &'a CollectionSpec,
    pub(super) live: Option<&'a Arc<Collection>>,
    pub(super) last: Option<&'a LastCollection>,
    /// Whether `live` still has the name of `renamed_from`.
    pub(super) renames: bool,
    /// Whether the old and the new name are both there.
    pub(super) both_names: bool,
}

/// A collection as it shall be, and what of it the file does not hold.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) collection: Collection,
    /// Fields that an earlier file had and this one lacks.
    pub(super) parked: Vec<String>,
    /// Fields that no file ever had.
    pub(super) unmanaged: Vec<String>,
}

/// Pairs every declared collection with the stored one that it means.
pub(super) fn matches<'a>(
    declared: &'a Declared,
    live: &'a Schema,
    last: Option<&'a State>,
) -> Vec<Match<'a>> {
    declared
        .collections
        .iter()
        .map(|declared| {
            let now = live.by_name(&declared.collection.name);
            let before = declared.renamed_from.as_deref().and_then(|name| live.by_name(name));
            let found = now.or(before);
            Match {
                declared,
                live: found,
                last: found
                    .and_then(|found| last?.collection(&found.name))
                    .or_else(|| last?.collection(&declared.collection.name)),
                renames: now.is_none() && before.is_some(),
                both_names: now.is_some() && before.is_some(),
            }
        })
        .collect()
}

/// The id that each declared collection ends up with, by the id that the file proposes. A stored
/// collection keeps its own; a new one whose proposal is taken gets a counter (contract A 2.5).
pub(super) fn ids(matches: &[Match<'_>], live: &Schema) -> HashMap<String, String> {
    let mut taken: HashSet<String> =
        live.collections().iter().map(|collection| collection.id.clone()).collect();
    let mut ids = HashMap::new();
    for pair in matches {
        let proposed = &pair.declared.collection.id;
        let id = pair.live.map_or_else(|| free(proposed, &taken), |live| live.id.clone());
        taken.insert(id.clone());
        ids.insert(proposed.clone(), id);
    }
    ids
}

/// `proposed`, or the first of `proposed2`, `proposed3`, … that is not taken.
fn free(proposed: &str, taken: &HashSet<String>) -> String {
    if !taken.contains(proposed) {
        return proposed.to_owned();
    }
    (2_u32..)
        .map(|counter| format!("{proposed}{counter}"))
        .find(|id| !taken.contains(id))
        .unwrap_or_else(|| proposed.to_owned())
}

/// The collection that `pair` shall become.
pub(super) fn merge(pair: &Match<'_>, ids: &HashMap<String, String>, removed: &Removed) -> Merged {
    let mut collection = pair.declared.collection.clone();
    let proposed = collection.id.clone();
    if let Some(id) = ids.get(&proposed) {
        collection.id.clone_from(id);
        collection.indexes =
            collection.indexes.iter().map(|text| text.replace(&proposed, id)).collect();
    }
    for field in &mut collection.fields {
        if let FieldKind::Relation(relation) = &mut field.kind
            && let Some(id) = ids.get(&relation.collection_id)
        {
            relation.collection_id.clone_from(id);
        }
    }
    let Some(live) = pair.live else {
        return Merged { collection, parked: Vec::new(), unmanaged: Vec::new() };
    };
    collection.created = live.created;
    collection.updated = live.updated;
    let (parked, unmanaged) = merge_fields(&mut collection, live, pair, removed);
    merge_indexes(&mut collection, live, pair.last);
    if let (CollectionKind::Auth(new), Some(old)) = (&mut collection.kind, live.auth()) {
        keep_secrets(new, old);
        keep_unsaid_auth(new, old);
    }
    Merged { collection, parked, unmanaged }
}

/// Gives the declared fields their stored ids and adds the stored fields that the file lacks.
/// Answers the names of the parked and of the unmanaged ones among these.
fn merge_fields(
    collection: &mut Collection,
    live: &Collection,
    pair: &Match<'_>,
    removed: &Removed,
) -> (Vec<String>, Vec<String>) {
    let (mut parked, mut unmanaged) = (Vec::new(), Vec::new());
    if collection.is_view() {
        return (parked, unmanaged);
    }
    let mut taken: HashSet<String> = live.fields.iter().map(|field| field.id.clone()).collect();
    let mut known = HashSet::new();
    for field in &mut collection.fields {
        let before = pair.declared.renamed_fields.get(&field.name);
        let stored = find(live, &field.name).or_else(|| find(live, before?));
        field.id = stored.map_or_else(|| free(&field.id, &taken), |stored| stored.id.clone());
        if let Some(stored) = stored {
            keep_unsaid(&mut field.kind, &stored.kind);
        }
        taken.insert(field.id.clone());
        known.insert(field.id.clone());
    }
    for field in live.fields.iter().filter(|field| !known.contains(&field.id)) {
        let managed = pair.last.is_some_and(|last| last.has_field(&field.name));
        let doomed = removed.has_field(&live.name, &field.name);
        let mut field = field.clone();
        if field.system || doomed {
            // What [removed] names stays as it is until somebody applies the removal.
        } else if managed {
            parked.push(field.name.clone());
            park(&mut field);
        } else {
            unmanaged.push(field.name.clone());
        }
        collection.fields.push(field);
    }
    keep_places(&mut collection.fields, live);
    (parked, unmanaged)
}

/// Puts every system field behind the one that it follows in the database: a file says nothing of
/// where they stand.
fn keep_places(fields: &mut Vec<Field>, live: &Collection) {
    let is_kept =
        |field: &Field| field.system && live.fields.iter().any(|stored| stored.id == field.id);
    let (mut kept, mut placed): (Vec<Field>, Vec<Field>) =
        std::mem::take(fields).into_iter().partition(is_kept);
    for (position, stored) in live.fields.iter().enumerate() {
        let Some(found) = kept.iter().position(|field| field.id == stored.id) else { continue };
        let before = live.fields[..position].iter().rev();
        let place = before
            .filter_map(|earlier| placed.iter().position(|field| field.id == earlier.id))
            .next();
        placed.insert(place.map_or(0, |place| place + 1), kept.remove(found));
    }
    *fields = placed;
}

/// The field of `collection` called `name`, in any case.
pub(super) fn find<'a>(collection: &'a Collection, name: &str) -> Option<&'a Field> {
    collection.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
}

/// Keeps the stored indexes that no file ever had, unless they need a field that is parked: its
/// values are empty from now on, and a unique index over them would refuse the second row.
fn merge_indexes(collection: &mut Collection, live: &Collection, last: Option<&LastCollection>) {
    let declared: HashSet<String> =
        collection.indexes.iter().map(|text| indexes::name(text).to_ascii_lowercase()).collect();
    for text in &live.indexes {
        let name = indexes::name(text);
        let ours = last.is_some_and(|last| last.has_index(&name));
        if !ours && !declared.contains(&name.to_ascii_lowercase()) {
            collection.indexes.push(text.clone());
        }
    }
}

/// Keeps the secrets that sign tokens; a changed `auth_rule` signs everybody out, so its token gets
/// the fresh secret that the declaration brought (contract A 2.2).
fn keep_secrets(new: &mut AuthOptions, old: &AuthOptions) {
    if new.auth_rule == old.auth_rule {
        new.auth_token.secret.clone_from(&old.auth_token.secret);
    }
    new.password_reset_token.secret.clone_from(&old.password_reset_token.secret);
    new.email_change_token.secret.clone_from(&old.email_change_token.secret);
    new.verification_token.secret.clone_from(&old.verification_token.secret);
    new.file_token.secret.clone_from(&old.file_token.secret);
}

/// Keeps the options of a field that the file has no words for.
fn keep_unsaid(new: &mut FieldKind, old: &FieldKind) {
    match (new, old) {
        (FieldKind::Password(new), FieldKind::Password(old)) => new.cost = old.cost,
        (FieldKind::Editor(new), FieldKind::Editor(old)) => new.convert_urls = old.convert_urls,
        _ => {}
    }
}

/// Keeps the options of accounts that the file has no words for.
fn keep_unsaid_auth(new: &mut AuthOptions, old: &AuthOptions) {
    new.mfa.duration = old.mfa.duration;
    if !new.mfa.enabled && !old.mfa.enabled {
        new.mfa.rule.clone_from(&old.mfa.rule);
    }
    if !old.oauth2.enabled && new.oauth2.providers.is_empty() {
        new.oauth2.providers.clone_from(&old.oauth2.providers);
    }
}

/// Makes `field` invisible and lets it be empty; its values stay.
fn park(field: &mut Field) {
    field.hidden = true;
    field.required = false;
    field.ext.sent = false;
}

/// The collection with every rule locked; its rows stay.
pub(super) fn locked(live: &Collection) -> Collection {
    let mut collection = live.clone();
    collection.rules = AccessRules::default();
    if let CollectionKind::Auth(options) = &mut collection.kind {
        options.auth_rule = None;
        options.manage_rule = None;
    }
    collection
}

/// What an earlier file had and the database still has, but the file neither declares nor renames.
pub(super) fn missing<'a>(
    matches: &[Match<'_>],
    live: &'a Schema,
    last: Option<&'a State>,
) -> BTreeMap<&'a str, (&'a Arc<Collection>, &'a LastCollection)> {
    let meant: HashSet<&str> =
        matches.iter().filter_map(|pair| Some(pair.live?.id.as_str())).collect();
    last.iter()
        .flat_map(|state| &state.collections)
        .filter_map(|(name, last)| Some((name.as_str(), (live.by_name(name)?, last))))
        .filter(|(_, (live, _))| !live.system && !meant.contains(live.id.as_str()))
        .collect()
}
