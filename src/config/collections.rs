//! `[collections]`: every collection in full (config.md 1.5). Reads names first, then fields, then
//! what needs all fields: views, owners, rules. What is checked once everything is there is in
//! `checks`.

mod checks;
mod shape;
mod validation;
mod views;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use written::Written;

use crate::config::auth_options;
use crate::config::fields::{self, DeclaredField};
use crate::config::outline::{Outline, Outlines};
use crate::config::owner;
use crate::config::policies::{Policies, Scope};
use crate::config::report::{Fault, advise};
use crate::config::rules::{Check, Keys, RuleReader};
use crate::config::section::{Reader, Section};
use crate::config::source::Place;
use crate::config::{draft, shorthand};
use crate::domain::collection::{Collection, CollectionKind, OAuth2Provider};
use crate::domain::id;
use crate::domain::random::Random;
use crate::domain::schema::Schema;
use crate::domain::search;
use crate::domain::system;
use crate::domain::time::Timestamp;

/// A collection as the file wants it.
#[derive(Debug, Clone)]
pub struct CollectionSpec {
    /// The collection, complete but for what only a database can say: secrets of tokens are empty
    /// and the times zero.
    pub collection: Collection,
    /// Its former name.
    pub renamed_from: Option<String>,
    /// Former names of fields, by present name.
    pub renamed_fields: BTreeMap<String, String>,
    /// Whether even `[removed]` may not delete it.
    pub protect: bool,
    /// Whether the file rules it; otherwise the API may change it.
    pub managed: bool,
    /// Where its parts are written.
    pub places: CollectionPlaces,
    /// What is written there, before it was expanded.
    pub written: Written,
}

impl CollectionSpec {
    /// A collection that the file rules, without former names and without protection.
    pub fn new(collection: Collection) -> Self {
        Self {
            collection,
            renamed_from: None,
            renamed_fields: BTreeMap::new(),
            protect: false,
            managed: true,
            places: CollectionPlaces::default(),
            written: Written::default(),
        }
    }
}

/// Where the parts of a collection are written, for faults that only a database can find.
#[derive(Debug, Clone, Default)]
pub struct CollectionPlaces {
    /// The collection's name.
    pub name: Place,
    /// `renamed_from` of the collection.
    pub renamed_from: Option<Place>,
    /// The names of its declared fields.
    pub fields: BTreeMap<String, Place>,
    /// Its indexes, in the order of [`Collection::indexes`], as far as they are written.
    pub indexes: Vec<Place>,
    /// `query` of a view.
    pub query: Option<Place>,
}

/// A collection while it is read.
pub(super) struct Gathered<'t> {
    pub section: Section<'t>,
    pub declared: Vec<DeclaredField<'t>>,
    pub spec: CollectionSpec,
    pub checks: Vec<Check>,
    /// Whether a view's query is at fault, so that its fields are not known.
    pub shapeless: bool,
}

/// Everything that `[collections]` says.
pub(super) struct Collections {
    pub specs: Vec<CollectionSpec>,
    /// The collections and the ones that are always there.
    pub schema: Schema,
}

/// What a file without collections has.
pub(super) fn none() -> Collections {
    Collections { specs: Vec::new(), schema: schema(&[]) }
}

/// Reads all collections.
pub(super) fn read<'t>(
    section: &Section<'t>,
    policies: &Policies<'t>,
    providers: &[OAuth2Provider],
    reader: &mut Reader<'_>,
) -> Collections {
    let (mut gathered, outlines) = outlines(section, reader);
    for one in gathered.iter_mut().filter(|one| !one.spec.collection.is_view()) {
        read_fields(one, &outlines, reader);
    }
    views::infer(&mut gathered, &outlines, reader);

    let schema = schema(&gathered);
    for one in &mut gathered {
        read_rules(one, &schema, policies, providers, reader);
    }
    let schema = self::schema(&gathered);
    checks::check(&gathered, &schema, policies, reader);
    if !reader.failed() {
        validation::validate(&gathered, reader);
    }
    Collections { specs: gathered.into_iter().map(|one| one.spec).collect(), schema }
}

/// The system collections and what was gathered so far.
pub(super) fn schema(gathered: &[Gathered<'_>]) -> Schema {
    let declared = gathered.iter().map(|one| one.spec.collection.clone());
    Schema::new(0, system_collections().into_iter().chain(declared).map(Arc::new).collect())
}

/// The collections that are always there. They are looked at here and never stored, so it does not
/// matter that their secrets come from a fixed seed.
fn system_collections() -> Vec<Collection> {
    system::collections(Timestamp::default(), &mut Random::seeded(0))
}

/// Reads names, types and ids.
fn outlines<'t>(section: &Section<'t>, reader: &mut Reader<'_>) -> (Vec<Gathered<'t>>, Outlines) {
    let mut outlines = system_outlines();
    let mut gathered: Vec<Gathered<'t>> = Vec::new();
    for entry in section.entries() {
        let Some(table) = section.table(&entry.key, reader) else { continue };
        check_name(&entry.key, &entry.key_place, &gathered, reader);
        // An unknown type is read as the plainest, so that other faults are found as well.
        let known = shape::kind(&table, reader);
        let kind = known.clone().unwrap_or(CollectionKind::Base);
        let renamed_from = shape::renamed_from(&table, section, reader);
        let first_name = renamed_from.as_deref().unwrap_or(&entry.key);
        let id = id::collection_id(kind.type_name(), first_name, |id| {
            outlines.0.iter().any(|outline| outline.id == id)
        });
        outlines.0.push(Outline {
            name: entry.key.clone(),
            id: id.clone(),
            is_auth: matches!(kind, CollectionKind::Auth(_)),
            is_view: matches!(kind, CollectionKind::View(_)),
        });
        if known.is_some() {
            shape::check_keys(&kind, &table, reader);
        }
        let mut spec = shape::spec(&entry.key, id, kind, &table, reader);
        spec.places.name = entry.key_place.clone();
        spec.places.renamed_from = table.node("renamed_from").map(|node| node.place.clone());
        spec.renamed_from = renamed_from;
        gathered.push(Gathered {
            section: table,
            declared: Vec::new(),
            spec,
            checks: Vec::new(),
            shapeless: false,
        });
    }
    (gathered, outlines)
}

fn system_outlines() -> Outlines {
    let outline = |system: Collection| Outline {
        is_auth: system.is_auth(),
        is_view: system.is_view(),
        name: system.name,
        id: system.id,
    };
    Outlines(system_collections().into_iter().map(outline).collect())
}

fn check_name(name: &str, place: &Place, known: &[Gathered<'_>], reader: &mut Reader<'_>) {
    let fits = shorthand::is_name(name) && !name.starts_with('_') && !name.contains("_via_");
    if !fits || name.len() > 255 {
        reader.fault(
            Fault::error(format!("`{name}` cannot be the name of a collection"))
                .at(place)
                .help("a name is a letter followed by letters, digits and `_`, without `_via_`"),
        );
    }
    let same = known.iter().find(|one| one.spec.collection.name.eq_ignore_ascii_case(name));
    if let Some(first) = same {
        reader.fault(
            Fault::error(format!("two collections are called `{name}`"))
                .at(place)
                .and(&first.spec.places.name, "first declared here")
                .help("names differ by more than the case of their letters"),
        );
    }
}

fn read_fields<'t>(one: &mut Gathered<'t>, outlines: &Outlines, reader: &mut Reader<'_>) {
    let Some(section) = one.section.table("fields", reader) else {
        shape::complete(one, reader);
        return;
    };
    for entry in section.entries() {
        let same =
            one.declared.iter().find(|known| known.field.name.eq_ignore_ascii_case(&entry.key));
        if let Some(first) = same {
            reader.fault(
                Fault::error(format!("two fields are called `{}`", entry.key))
                    .at(&entry.key_place)
                    .and(&first.draft.name_place, "first declared here")
                    .help("names differ by more than the case of their letters"),
            );
            continue;
        }
        let declared =
            draft::read(entry, reader).and_then(|draft| fields::declare(draft, outlines, reader));
        let Some(declared) = declared else {
            one.spec.collection.fields.push(fields::unknown(&entry.key));
            continue;
        };
        one.spec.places.fields.insert(entry.key.clone(), entry.key_place.clone());
        if let Some((former, place)) = &declared.renamed_from {
            if section.has(former) {
                reader.fault(
                    Fault::error(format!("`{former}` is declared as well"))
                        .at(place)
                        .and(section.key_place(former), "here")
                        .help("leave out `renamed_from`, or the former field"),
                );
            }
            one.spec.renamed_fields.insert(entry.key.clone(), former.clone());
        }
        one.declared.push(declared);
    }
    shape::complete(one, reader);
}

/// Reads what needs the fields of all collections.
fn read_rules(
    one: &mut Gathered<'_>,
    schema: &Schema,
    policies: &Policies<'_>,
    providers: &[OAuth2Provider],
    reader: &mut Reader<'_>,
) {
    let owner = owner::condition(&one.section, &one.spec.collection, schema, reader);
    let name = one.spec.collection.name.clone();
    let scope = || Scope { owner: owner.as_deref(), collection: &name };
    let keys = match &one.spec.collection.kind {
        CollectionKind::Base => Keys::Base,
        CollectionKind::Auth(_) => Keys::Auth,
        CollectionKind::View(_) => Keys::View,
    };
    let section = one.section.table("rules", reader);
    checks::never_holds(&one.section, section.as_ref(), reader);
    let rule_reader = RuleReader { policies, scope: scope(), reader, checks: Vec::new() };
    let mut rules = rule_reader.read(section.as_ref(), keys, &mut one.declared);
    for declared in &one.declared {
        let read = &declared.field.ext.read;
        let field = one.spec.collection.fields.iter_mut().find(|f| f.name == declared.field.name);
        if let (Some(_), Some(field)) = (read, field) {
            field.ext.read.clone_from(read);
        }
    }
    if let CollectionKind::Auth(options) = &mut one.spec.collection.kind {
        let context = auth_options::Context { policies, scope: scope(), providers };
        let totp = auth_options::read(&one.section, options, &context, &mut rules, reader);
        one.spec.collection.ext.totp = totp;
    }
    if one.spec.collection.is_auth() {
        auth_options::check_profile(&one.section, &one.spec.collection.fields, reader);
        auth_options::check_identity(&one.section, &one.spec.collection, reader);
    }
    one.spec.collection.rules = rules.access;
    one.checks = rules.checks;
    read_search(one, reader);
}

fn read_search(one: &mut Gathered<'_>, reader: &mut Reader<'_>) {
    let Some(node) = one.section.node("search") else { return };
    let Some(nodes) = reader.list("search", node) else { return };
    for node in nodes {
        let Some(name) = reader.text("search", node) else { continue };
        match one.spec.collection.field(&name) {
            Some(field) if search::has_words(field) => match search::closed(field) {
                None => one.spec.collection.ext.search.push(name),
                Some(why) => reader.fault(
                    Fault::error(format!("`{name}` {why}: it cannot be searched"))
                        .at(&node.place)
                        .help("what is found would tell everybody what only some may see"),
                ),
            },
            Some(_) => reader.fault(
                Fault::error(format!("`{name}` is not a text or editor field")).at(&node.place),
            ),
            None => {
                let known = one.spec.collection.fields.iter().map(|field| field.name.as_str());
                reader.fault(
                    Fault::error(format!("`{}` has no field `{name}`", one.spec.collection.name))
                        .at(&node.place)
                        .maybe_help(advise(&name, known)),
                );
            }
        }
    }
}
