//! The row sources of a filter: one for each distinct way through relations, shared by everything that
//! takes the same way (contract A 3.12).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::rules::condition::{FieldRef, Path, Root, Step};
use crate::store::dialect::Dialect;
use crate::store::filter::fragment::Fragment;
use crate::store::sql::quote;
use crate::store::value::Value;

/// A join, by its position in [`Joins`].
pub(super) type JoinId = usize;

/// Where a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The row that the filter asks about.
    Row,
    /// Nowhere: what the request carries.
    Request,
    /// A joined row.
    Join(JoinId),
}

/// A row source beside the row.
#[derive(Debug, Clone)]
pub(super) struct Join {
    pub(super) parent: Source,
    pub(super) rows: Rows,
    /// Whether there may be several rows.
    pub(super) multiple: bool,
}

/// Which rows a join has.
#[derive(Debug, Clone)]
pub(super) enum Rows {
    /// The record with the id `id`.
    Target { id: Origin, collection: Arc<Collection> },
    /// The elements of a list.
    Elements { list: Origin },
    /// The records whose relation field `by` names the parent, whose id is `id`.
    Back { id: Origin, by: FieldRef },
    /// Every record.
    Every { collection: Arc<Collection> },
}

/// A value that joins are made by.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// A column of the parent.
    Column(String),
    /// A parameter.
    Known(Value),
}

/// The joins of one filter, in an order in which each stands after its parent.
#[derive(Debug, Default)]
pub(super) struct Joins {
    list: Vec<Join>,
    by_way: HashMap<String, JoinId>,
    /// The columns that are read of the row itself.
    pub(super) row_columns: BTreeSet<String>,
}

impl Joins {
    pub(super) fn join(&self, id: JoinId) -> &Join {
        &self.list[id]
    }

    /// `source` and everything between it and the row.
    pub(super) fn chain(&self, source: Source) -> BTreeSet<JoinId> {
        let mut chain = BTreeSet::new();
        let mut source = source;
        while let Source::Join(id) = source {
            chain.insert(id);
            source = self.list[id].parent;
        }
        chain
    }

    /// The joins that never multiply rows, all the way to the row.
    pub(super) fn single(&self) -> BTreeSet<JoinId> {
        let mut single = BTreeSet::new();
        for (id, join) in self.list.iter().enumerate() {
            let parent_is_single = match join.parent {
                Source::Join(parent) => single.contains(&parent),
                Source::Row | Source::Request => true,
            };
            if parent_is_single && !join.multiple {
                single.insert(id);
            }
        }
        single
    }

    /// Where the value of `path` is read, and the records that are joined on the way.
    pub(super) fn follow(&mut self, path: &Path) -> (Source, Vec<(Source, Arc<Collection>)>) {
        let mut way = Way::start(self, &path.root);
        let mut passed = Vec::new();
        for step in &path.steps {
            way.step(self, step);
            passed.push((way.source, Arc::clone(step.target())));
        }
        if path.reads_each() {
            way.elements(self, &path.field);
        }
        (way.source, passed)
    }

    fn add(&mut self, way: &str, parent: Source, rows: Rows, multiple: bool) -> Source {
        if let Some(&id) = self.by_way.get(way) {
            return Source::Join(id);
        }
        if let (Source::Row, Some(Origin::Column(column))) = (parent, rows.origin()) {
            self.row_columns.insert(column.clone());
        }
        self.list.push(Join { parent, rows, multiple });
        self.by_way.insert(way.to_owned(), self.list.len() - 1);
        Source::Join(self.list.len() - 1)
    }
}

/// How far a path has come.
struct Way<'a> {
    root: &'a Root,
    source: Source,
    text: String,
}

impl<'a> Way<'a> {
    fn start(joins: &mut Joins, root: &'a Root) -> Self {
        let (source, text) = match root {
            Root::Row => (Source::Row, String::new()),
            Root::Auth(_) => (Source::Request, "@auth".to_owned()),
            Root::Body { .. } => (Source::Request, "@body".to_owned()),
            Root::Collection { collection, alias } => {
                let text = format!("@collection {} {alias}", collection.id);
                let rows = Rows::Every { collection: Arc::clone(collection) };
                (joins.add(&text, Source::Row, rows, true), text)
            }
        };
        Self { root, source, text }
    }

    fn step(&mut self, joins: &mut Joins, step: &Step) {
        match step {
            Step::Follow { by, to } => {
                let id = if by.field().is_multiple() {
                    self.elements(joins, by);
                    Origin::Column("value".to_owned())
                } else {
                    self.origin(by)
                };
                self.text = format!("{}.{}", self.text, by.field().name);
                let rows = Rows::Target { id, collection: Arc::clone(to) };
                self.source = joins.add(&self.text, self.source, rows, false);
            }
            Step::Back { by, .. } => {
                let id = match (self.source, self.root) {
                    (Source::Request, Root::Auth(record)) => {
                        Origin::Known(Value::Text(record.id().to_owned()))
                    }
                    _ => Origin::Column("id".to_owned()),
                };
                self.text = format!("{}<{}.{}", self.text, by.collection.id, by.field().name);
                let rows = Rows::Back { id, by: by.clone() };
                self.source = joins.add(&self.text, self.source, rows, step.is_multiple());
            }
        }
    }

    fn elements(&mut self, joins: &mut Joins, by: &FieldRef) {
        let rows = Rows::Elements { list: self.origin(by) };
        let way = format!("{}.{}[]", self.text, by.field().name);
        self.source = joins.add(&way, self.source, rows, true);
    }

    /// The value of the field `by` where the path stands.
    fn origin(&self, by: &FieldRef) -> Origin {
        let values = match (self.source, self.root) {
            (Source::Request, Root::Auth(record)) => record.values()[by.position].clone(),
            (Source::Request, Root::Body { values, .. }) if by.field().is_multiple() => {
                Json::from(values.clone())
            }
            (Source::Request, Root::Body { values, .. }) => {
                Json::from(values.last().cloned().unwrap_or_default())
            }
            _ => return Origin::Column(by.field().name.clone()),
        };
        Origin::Known(match values {
            Json::String(text) => Value::Text(text),
            list => Value::Json(list),
        })
    }
}

impl Rows {
    const fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Target { id, .. } | Self::Back { id, .. } => Some(id),
            Self::Elements { list } => Some(list),
            Self::Every { .. } => None,
        }
    }

    /// The rows as a table called `alias`, and the condition that they are joined by. `parent` is the
    /// name of the parent's rows.
    pub(super) fn sql(
        &self,
        dialect: Dialect,
        parent: &str,
        alias: &str,
    ) -> (Fragment, Option<Fragment>) {
        let origin = self.origin().map(|origin| match origin {
            Origin::Column(name) => Fragment::from(format!("{parent}.{}", quote(name))),
            Origin::Known(value) => Fragment::param(value.clone()),
        });
        let value = origin.unwrap_or_default();
        let table = |collection: &Collection| {
            Fragment::from(format!("{} AS {alias}", quote(&collection.name)))
        };
        match self {
            Self::Every { collection } => (table(collection), None),
            Self::Target { collection, .. } => {
                (table(collection), Some(Fragment::from(format!("{alias}.\"id\" = ")) + value))
            }
            Self::Elements { list } => {
                let stored = matches!(list, Origin::Column(_));
                (value.map(|list| dialect.elements(list, alias, stored)), None)
            }
            Self::Back { by, .. } => {
                let column = format!("{alias}.{}", quote(&by.field().name));
                let condition = if by.field().is_multiple() {
                    value.map(|id| dialect.list_holds(&column, id))
                } else {
                    Fragment::from(format!("{column} = ")) + value
                };
                (table(&by.collection), Some(condition))
            }
        }
    }
}
