//! Records that others refer to, put beside them (contract A 3.15). Each relation of a level is
//! followed once for all records of the level, so the number of statements does not grow with the
//! length of a page.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind, RelationOptions, texts};
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::domain::schema::Schema;
use crate::services::Error;
use crate::services::records::expand_tree::{ExpandNode, ExpandTree};
use crate::services::records::record_view::{Expanded, RecordView};
use crate::services::records::{access, visibility};
use crate::store::{Db, relations};

/// Most records that a back-relation shows of one record (contract A 1.10).
const MOST_REFERRERS: u32 = 1_000;

/// Puts the records that `tree` asks for beside `views`, which all belong to `collection`. What
/// the caller may not view is left out; what means nothing is ignored.
pub(super) fn expand(
    db: &mut Db,
    collection: &Arc<Collection>,
    views: &mut [RecordView],
    tree: &ExpandTree,
    request: &RequestInfo,
) -> Result<(), Error> {
    if tree.is_empty() || views.is_empty() {
        return Ok(());
    }
    let request = RequestInfo { context: RequestContext::Expand, ..request.clone() };
    expand_level(db, collection, views, tree.nodes(), &request).map(|_| ())
}

/// Whether a path of a tree means anything. A name that does not drops the path back to its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Live,
    Dead,
}

fn expand_level(
    db: &mut Db,
    collection: &Arc<Collection>,
    views: &mut [RecordView],
    nodes: &[ExpandNode],
    request: &RequestInfo,
) -> Result<Path, Error> {
    if views.is_empty() {
        return Ok(Path::Live);
    }
    let mut path = Path::Dead;
    for node in nodes {
        let Some(found) = follow(db, collection, views, node, request)? else { continue };
        path = Path::Live;
        for (view, children) in views.iter_mut().zip(found.children) {
            let expand = view.expand_mut();
            if let Some(expanded) = found.arity.of(children) {
                expand.insert(node.segment.clone(), expanded);
            }
        }
    }
    Ok(path)
}

/// What a relation led to, for each record that it was followed from.
struct Found {
    arity: Arity,
    children: Vec<Vec<Arc<RecordView>>>,
}

/// Whether a relation leads to one record or to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arity {
    One,
    Many,
}

impl Arity {
    fn of(self, children: Vec<Arc<RecordView>>) -> Option<Expanded> {
        match self {
            Self::One => children.into_iter().next_back().map(Expanded::One),
            Self::Many if children.is_empty() => None,
            Self::Many => Some(Expanded::Many(children)),
        }
    }
}

/// Follows one relation from all `views`; nothing when the name means nothing to the caller.
fn follow(
    db: &mut Db,
    collection: &Arc<Collection>,
    views: &[RecordView],
    node: &ExpandNode,
    request: &RequestInfo,
) -> Result<Option<Found>, Error> {
    let schema = db.schema();
    let Some(link) = Link::find(&schema, collection, &node.segment) else { return Ok(None) };
    let superuser = request.caller.is_superuser();
    if !superuser && (link.field().hidden || link.target.rules.view.is_none()) {
        return Ok(None);
    }
    let ids = match link.direction {
        Direction::Forth => targets(&link, views),
        Direction::Back => referrers(db, &link, views)?,
    };
    let unique: HashSet<&str> = ids.iter().flatten().map(String::as_str).collect();
    let unique: Vec<&str> = unique.into_iter().collect();
    let records = access::viewable(db, &link.target, &unique, request)?;
    let mut children = visibility::show(db, &link.target, records, request)?;
    if link.direction == Direction::Back {
        // Whoever may not see the field must not see whom it names from the other side either.
        children.retain(|child| !child.withholds(link.position));
    }
    if !node.children.is_empty()
        && expand_level(db, &link.target, &mut children, &node.children, request)? == Path::Dead
    {
        return Ok(None);
    }
    let by_id: HashMap<String, Arc<RecordView>> =
        children.into_iter().map(|view| (view.record().id().to_owned(), Arc::new(view))).collect();
    let children = ids
        .iter()
        .map(|ids| ids.iter().filter_map(|id| by_id.get(id).cloned()).collect())
        .collect();
    Ok(Some(Found { arity: link.arity, children }))
}

/// The ids that each of `views` names, in its order; a field that is not shown names nobody.
fn targets(link: &Link, views: &[RecordView]) -> Vec<Vec<String>> {
    let ids = |view: &RecordView| {
        if view.withholds(link.position) {
            return Vec::new();
        }
        texts(&view.record().values()[link.position]).into_iter().map(str::to_owned).collect()
    };
    views.iter().map(ids).collect()
}

/// The ids of the records that name each of `views`, oldest first.
fn referrers(db: &mut Db, link: &Link, views: &[RecordView]) -> Result<Vec<Vec<String>>, Error> {
    let parents: Vec<&str> = views.iter().map(|view| view.record().id()).collect();
    let mut by_parent: HashMap<String, Vec<String>> = HashMap::new();
    for found in relations::references(db, &link.owner, link.field(), &parents, MOST_REFERRERS)? {
        by_parent.entry(found.target).or_default().push(found.referrer);
    }
    Ok(parents.iter().map(|&id| by_parent.remove(id).unwrap_or_default()).collect())
}

/// A relation from one collection to another, followed in one direction.
struct Link {
    /// The collection that has the relation field.
    owner: Arc<Collection>,
    /// The position of the relation field in its owner.
    position: usize,
    /// The collection that the records found belong to.
    target: Arc<Collection>,
    direction: Direction,
    arity: Arity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// From a record to those that it names.
    Forth,
    /// From a record to those that name it.
    Back,
}

impl Link {
    /// What `segment` means in records of `collection`.
    fn find(schema: &Schema, collection: &Arc<Collection>, segment: &str) -> Option<Self> {
        match back_parts(segment) {
            Some((owner, field)) => Self::back(schema, collection, owner, field),
            None => Self::forth(schema, collection, segment),
        }
    }

    fn forth(schema: &Schema, collection: &Arc<Collection>, name: &str) -> Option<Self> {
        let position = collection.position(name)?;
        let field = &collection.fields[position];
        Some(Self {
            owner: Arc::clone(collection),
            position,
            target: Arc::clone(schema.by_id(&relation(field)?.collection_id)?),
            direction: Direction::Forth,
            arity: if field.is_multiple() { Arity::Many } else { Arity::One },
        })
    }

    fn back(
        schema: &Schema,
        collection: &Arc<Collection>,
        owner: &str,
        name: &str,
    ) -> Option<Self> {
        let owner = schema.by_name(owner)?;
        let position = owner.position(name)?;
        if relation(&owner.fields[position])?.collection_id != collection.id {
            return None;
        }
        let unique = owner.unique_index(name).is_some();
        Some(Self {
            owner: Arc::clone(owner),
            position,
            target: Arc::clone(owner),
            direction: Direction::Back,
            arity: if unique { Arity::One } else { Arity::Many },
        })
    }

    fn field(&self) -> &Field {
        &self.owner.fields[self.position]
    }
}

/// Collection and field of a back-relation: `comments_via_post`, or `comments(post)` as clients of
/// old write it.
fn back_parts(segment: &str) -> Option<(&str, &str)> {
    segment
        .split_once("_via_")
        .or_else(|| segment.strip_suffix(')').and_then(|parts| parts.split_once('(')))
}

fn relation(field: &Field) -> Option<&RelationOptions> {
    match &field.kind {
        FieldKind::Relation(options) => Some(options),
        _ => None,
    }
}
