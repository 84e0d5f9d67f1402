//! File against last applied against live: the whole plan but for what the rows say. Pure.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::config::Removed;
use crate::domain::collection::Collection;
use crate::domain::schema::Schema;
use crate::services::plan::Step;
use crate::services::plan::change::{Change, ChangeKind, Class};
use crate::services::plan::checks::Check;
use crate::services::plan::compare::{self, Draft};
use crate::services::plan::declared::Declared;
use crate::services::plan::merge::{self, Match, Merged};
use crate::services::plan::state::{self, LastCollection, State};
use crate::services::plan::{indexes, views};

/// A plan whose questions to the rows are still open.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) drafts: Vec<Draft>,
    pub(super) unchanged: usize,
    pub(super) parked: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// Ids of the views, each after those that it reads.
    pub(super) view_order: Vec<String>,
    pub(super) target: Vec<Arc<Collection>>,
    pub(super) state: State,
}

/// Everything that differs between `declared` and `live`, in the light of what was applied last.
pub(super) fn diff(declared: &Declared, live: &Schema, last: Option<&State>) -> Difference {
    let matches = merge::matches(declared, live, last);
    let ids = merge::ids(&matches, live);
    let mut merged: Vec<Merged> =
        matches.iter().map(|pair| merge_one(pair, &ids, &declared.removed)).collect();
    let missing = merge::missing(&matches, live, last);
    let mut difference =
        Difference { target: target(live, &merged, &missing), ..Default::default() };
    let inferred = views::infer(&mut merged, &mut difference.target);
    difference.view_order = inferred.order;
    for (pair, merged) in matches.iter().zip(&merged) {
        difference.declared(pair, merged, declared);
    }
    difference.broken_views(inferred.broken);
    difference.gone(&missing, declared);
    difference.tombstones(&matches, live, &missing, declared);
    difference.settings(declared, last);
    difference.strangers(&matches, live, last, declared);
    difference
}

fn merge_one(pair: &Match<'_>, ids: &HashMap<String, String>, removed: &Removed) -> Merged {
    match pair.live {
        Some(live) if !pair.declared.managed => {
            Merged { collection: live.as_ref().clone(), parked: Vec::new(), unmanaged: Vec::new() }
        }
        _ => merge::merge(pair, ids, removed),
    }
}

/// All collections as they shall be, stored ones first.
fn target(
    live: &Schema,
    merged: &[Merged],
    missing: &BTreeMap<&str, (&Arc<Collection>, &LastCollection)>,
) -> Vec<Arc<Collection>> {
    let by_id: HashMap<&str, &Collection> =
        merged.iter().map(|merged| (merged.collection.id.as_str(), &merged.collection)).collect();
    let gone = |id: &str| missing.values().any(|(live, _)| live.id == id);
    let stored = live.collections().iter().map(|live| match by_id.get(live.id.as_str()) {
        Some(collection) => Arc::new((*collection).clone()),
        None if gone(&live.id) => Arc::new(merge::locked(live)),
        None => Arc::clone(live),
    });
    let new = merged
        .iter()
        .filter(|merged| live.by_id(&merged.collection.id).is_none())
        .map(|merged| Arc::new(merged.collection.clone()));
    stored.chain(new).collect()
}

impl Difference {
    /// One collection of the file.
    fn declared(&mut self, pair: &Match<'_>, merged: &Merged, declared: &Declared) {
        let before = self.drafts.len();
        let collection = &merged.collection;
        match pair.live {
            None => {
                self.drafts.extend(compare::new_collection(collection));
                self.lost(pair);
                self.steps.push(Step::Create(collection.clone()));
            }
            Some(live) => {
                self.names(pair, live);
                if pair.last.is_some_and(|last| last.parked) {
                    let kind = ChangeKind::ReturnedCollection;
                    let path = (collection.name.as_str(), "");
                    let text = "back in the file";
                    self.drafts.push(Change::new(Class::Safe, kind, path, text).into());
                }
                if pair.declared.managed {
                    self.drafts.extend(drift(live, collection, pair));
                    self.drafts.extend(compare::collection(live, merged, pair));
                    self.unmanaged_fields(merged, declared);
                }
                if self.drafts.len() > before {
                    self.update(live, collection);
                }
            }
        }
        // Of a collection that stays, the database keeps its own spelling.
        let mut stored = collection;
        if self.drafts.len() == before {
            self.unchanged += 1;
            stored = pair.live.map_or(collection, |live| live.as_ref());
        }
        let name = &collection.name;
        self.parked.extend(merged.parked.iter().map(|field| format!("{name}.{field}")));
        if pair.declared.managed {
            self.remember(pair, merged, stored);
        }
    }

    /// A declared collection that a plan once made and that is not there any more.
    fn lost(&mut self, pair: &Match<'_>) {
        if pair.last.is_some() && pair.declared.managed {
            let path = (pair.declared.collection.name.as_str(), "");
            let text = "was deleted outside the file";
            let change = Change::new(Class::NeedsApply, ChangeKind::Drift, path, text);
            let advice = "take it out of the file, or apply the plan to make it again, empty";
            self.drafts.push(change.advise(advice).into());
        }
    }

    /// Renames of the whole collection.
    fn names(&mut self, pair: &Match<'_>, live: &Collection) {
        let name = pair.declared.collection.name.as_str();
        let before = pair.declared.renamed_from.as_deref().unwrap_or_default();
        if pair.both_names {
            let text = format!("{before} and {name} are both there");
            let change = Change::new(Class::Blocked, ChangeKind::BothNames, (name, ""), text);
            let advice = format!("drop renamed_from on {name}, or one of the two collections");
            self.drafts.push(change.advise(advice).into());
        }
        if pair.renames {
            let text = format!("{} -> {name}, data kept", live.name);
            let kind = ChangeKind::RenamedCollection;
            self.drafts.push(Change::new(Class::NeedsApply, kind, (name, ""), text).into());
        }
    }

    fn unmanaged_fields(&mut self, merged: &Merged, declared: &Declared) {
        if !declared.strict {
            return;
        }
        for field in &merged.unmanaged {
            let path = (merged.collection.name.as_str(), field.as_str());
            self.drafts.push(not_managed(path));
        }
    }

    /// The step from `live` to `new`, and what the rows get in new fields.
    fn update(&mut self, live: &Arc<Collection>, new: &Collection) {
        self.steps.push(Step::Update { old: Arc::clone(live), new: Box::new(new.clone()) });
        for field in &new.fields {
            let is_new = !live.fields.iter().any(|stored| stored.id == field.id);
            if let Some(value) = compare::fill_value(field).filter(|_| is_new) {
                self.steps.push(Step::Fill {
                    collection: new.id.clone(),
                    field: field.name.clone(),
                    value: value.clone(),
                });
            }
        }
    }

    /// Notes what a file had, and what is `stored` of it once the plan is carried out.
    fn remember(&mut self, pair: &Match<'_>, merged: &Merged, stored: &Collection) {
        let declared = &pair.declared.collection;
        let mut fields: Vec<String> =
            declared.fields.iter().map(|field| field.name.clone()).collect();
        fields.extend(merged.parked.iter().cloned());
        let indexes: Vec<String> =
            declared.indexes.iter().map(|text| indexes::name(text)).collect();
        let mut last = LastCollection {
            id: merged.collection.id.clone(),
            protect: pair.declared.protect,
            parked: false,
            fields,
            parked_fields: merged.parked.clone(),
            indexes,
            parts: BTreeMap::new(),
        };
        last.parts = owned_parts(stored, &last);
        self.state.collections.insert(merged.collection.name.clone(), last);
    }

    /// Views whose query is none: that stands in place of what it would change.
    fn broken_views(&mut self, broken: Vec<Change>) {
        let is_broken = |change: &Change| {
            change.kind == ChangeKind::ViewQuery
                && broken.iter().any(|broken| broken.collection == change.collection)
        };
        self.drafts.retain(|draft| !is_broken(&draft.change));
        self.drafts.extend(broken.into_iter().map(Draft::from));
    }

    /// Collections that an earlier file had.
    fn gone(
        &mut self,
        missing: &BTreeMap<&str, (&Arc<Collection>, &LastCollection)>,
        declared: &Declared,
    ) {
        for (name, (live, last)) in missing {
            if declared.removed.has_collection(name) {
                continue;
            }
            let locked = merge::locked(live);
            if !last.parked {
                self.drafts.push(parking(name, declared));
                self.update(live, &locked);
            }
            self.parked.push((*name).to_owned());
            let mut last = LastCollection { parked: true, ..(*last).clone() };
            last.parts = owned_parts(&locked, &last);
            self.state.collections.insert((*name).to_owned(), last);
        }
    }

    /// What `[removed]` names and the database still has.
    fn tombstones(
        &mut self,
        matches: &[Match<'_>],
        live: &Schema,
        missing: &BTreeMap<&str, (&Arc<Collection>, &LastCollection)>,
        declared: &Declared,
    ) {
        let declares = |name: &str| {
            matches.iter().find(|pair| pair.declared.collection.name.eq_ignore_ascii_case(name))
        };
        for name in &declared.removed.collections {
            let Some(stored) = live.by_name(name).filter(|stored| !stored.system) else { continue };
            let path = (stored.name.as_str(), "");
            let protected = missing.get(stored.name.as_str()).is_some_and(|(_, last)| last.protect);
            self.drafts.push(if declares(name).is_some() {
                let text = "both declared and named by [removed]";
                let kind = ChangeKind::RemovedCollection;
                let advice = "take it out of [removed], or out of the file";
                Change::new(Class::Blocked, kind, path, text).advise(advice).into()
            } else {
                let check = Check::Rows { table: stored.name.clone() };
                removal(ChangeKind::RemovedCollection, path, protected, check)
            });
        }
        for (collection, field) in &declared.removed.fields {
            let Some(stored) = live.by_name(collection).filter(|stored| !stored.system) else {
                continue;
            };
            let Some(found) = merge::find(stored, field).filter(|found| !found.system) else {
                continue;
            };
            let protected = declares(collection).is_some_and(|pair| pair.declared.protect);
            let path = (stored.name.as_str(), found.name.as_str());
            let check =
                Check::FilledRows { table: stored.name.clone(), field: Box::new(found.clone()) };
            self.drafts.push(removal(ChangeKind::RemovedField, path, protected, check));
        }
    }

    fn settings(&mut self, declared: &Declared, last: Option<&State>) {
        let text = serde_json::to_vec(declared.settings.as_map()).unwrap_or_default();
        self.state.settings = state::fingerprint(&text);
        let stands = last.map_or_else(
            || declared.settings.as_map().is_empty(),
            |last| last.settings == self.state.settings,
        );
        if !stands {
            let kind = ChangeKind::Settings;
            let change = Change::new(Class::Safe, kind, ("", "settings"), "the file's settings");
            self.drafts.push(change.into());
        }
    }

    /// What no file ever had, where that is an error.
    fn strangers(
        &mut self,
        matches: &[Match<'_>],
        live: &Schema,
        last: Option<&State>,
        declared: &Declared,
    ) {
        if !declared.strict {
            return;
        }
        for collection in live.collections().iter().filter(|collection| !collection.system) {
            let meant =
                matches.iter().any(|pair| pair.live.is_some_and(|live| live.id == collection.id));
            let known = last.is_some_and(|last| last.collection(&collection.name).is_some());
            if !meant && !known && !declared.removed.has_collection(&collection.name) {
                self.drafts.push(not_managed((&collection.name, "")));
            }
        }
    }
}

/// A file without any collection is more often one that was cut short than one that means it.
fn parking(name: &str, declared: &Declared) -> Draft {
    let kind = ChangeKind::ParkedCollection;
    if declared.collections.is_empty() {
        let text = "missing from the file, which declares no collection at all";
        return Change::new(Class::Blocked, kind, (name, ""), text)
            .advise("put the collections back, or name them in [removed]")
            .into();
    }
    let text = "missing from the file: rules locked, data kept";
    Change::new(Class::Safe, kind, (name, ""), text).into()
}

fn not_managed(path: (&str, &str)) -> Draft {
    let text = "is in the database and in no file, which strict = true forbids";
    Change::new(Class::Blocked, ChangeKind::NotManaged, path, text)
        .advise("declare it, or name it in [removed]")
        .into()
}

fn removal(kind: ChangeKind, path: (&str, &str), protected: bool, check: Check) -> Draft {
    if protected {
        let change =
            Change::new(Class::Blocked, kind, path, "drop, but the collection is protected");
        return change.advise("take it out of [removed], or drop protect = true").into();
    }
    let change = Change::new(Class::NeedsApply, kind, path, "drop, allowed by [removed]");
    Draft::asking(change, check)
}

fn owned_parts(
    collection: &Collection,
    last: &LastCollection,
) -> BTreeMap<String, crate::domain::Json> {
    state::parts(collection, |field| last.has_field(field), |index| last.has_index(index))
}

/// The parts that somebody changed since the last apply, and not to what the file says now.
fn drift(live: &Collection, target: &Collection, pair: &Match<'_>) -> Vec<Draft> {
    let Some(last) = pair.last else { return Vec::new() };
    let (live, target) = (owned_parts(live, last), owned_parts(target, last));
    let keys: std::collections::BTreeSet<&String> = last.parts.keys().chain(live.keys()).collect();
    keys.into_iter()
        .filter(|key| live.get(*key) != last.parts.get(*key) && live.get(*key) != target.get(*key))
        .map(|key| {
            let path = (pair.declared.collection.name.as_str(), key.as_str());
            let text = "was changed outside the file since the last apply";
            let advice = "write the change into the file, or apply the plan to restore it";
            let change = Change::new(Class::NeedsApply, ChangeKind::Drift, path, text);
            change.advise(advice).into()
        })
        .collect()
}
