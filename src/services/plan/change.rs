//! The words of a plan: changes, their classes, and the plan as a whole.

use std::sync::Arc;

use crate::domain::schema::Schema;
use crate::services::plan::declared::Declared;
use crate::services::plan::{State, Step};

/// How far a change may go by itself (config.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Loses nothing and shows nothing: applied at the start and in `dev`.
    Safe,
    /// Shows something to somebody who could not see it before: applied and said aloud.
    Opening,
    /// Changes data or names: waits for somebody who says so.
    NeedsApply,
    /// Cannot be done as the file and the rows stand.
    Blocked,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A collection that was not there.
    NewCollection,
    /// A collection whose earlier name still stands in the database.
    RenamedCollection,
    /// A collection that an earlier file had: its rules are locked.
    ParkedCollection,
    /// A parked collection that the file has again.
    ReturnedCollection,
    /// A collection named by `[removed]`.
    RemovedCollection,
    /// Another type of collection under a known name.
    CollectionType,
    /// A field that was not there.
    NewField,
    /// A field whose earlier name still stands in the database.
    RenamedField,
    /// A field that an earlier file had: hidden and optional.
    ParkedField,
    /// A parked field that the file has again.
    ReturnedField,
    /// A field named by `[removed]`.
    RemovedField,
    /// A field that disappeared beside a new one of its type.
    LikelyRename,
    /// The old and the new name of a rename are both there.
    BothNames,
    /// Another type of field under a known name.
    FieldType,
    /// One value becomes several, or several become one.
    Cardinality,
    /// A relation points elsewhere.
    RelationTarget,
    /// Options that no stored row can break.
    FieldOptions,
    /// Options that stored rows may break.
    TighterField,
    /// A hidden field, a protected file or an e-mail address that becomes visible.
    Shown,
    /// An index that was not there.
    NewIndex,
    /// A unique index that was not there.
    NewUniqueIndex,
    /// An index of an earlier file that this one lacks.
    DroppedIndex,
    /// An access rule.
    Rule,
    /// Options of the collection's type.
    CollectionOptions,
    /// The query of a view.
    ViewQuery,
    /// Settings that the file holds.
    Settings,
    /// The database was changed by something else than a plan.
    Drift,
    /// Something that no file ever had, where `strict` forbids it.
    NotManaged,
}

/// One difference between the file and the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How far it may go by itself.
    pub class: Class,
    /// What it does.
    pub kind: ChangeKind,
    /// Name of the collection; empty for settings.
    pub collection: String,
    /// Field, rule, index or option; empty when the whole collection is meant.
    pub part: String,
    /// What happens, in a few words.
    pub text: String,
    /// What to write or mend, when the change cannot go by itself.
    pub advice: String,
}

/// Where a file stands against a database: what would change, and whether it may.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The changes, collection by collection in the order of the file.
    pub changes: Vec<Change>,
    /// How many declared collections stay as they are.
    pub unchanged: usize,
    /// What earlier files had and this one lacks, as `collection` or `collection.field`.
    pub parked: Vec<String>,
    /// Number of the configuration applied last, if there is one.
    pub last_applied: Option<i64>,
    /// What the plan works towards, to compute it again when it is carried out.
    pub(super) declared: Arc<Declared>,
    /// The collections as they shall be.
    pub(super) target: Schema,
    /// What has to be done, in order.
    pub(super) steps: Vec<Step>,
    /// The configuration to record.
    pub(super) state: State,
    /// Whether that is the configuration that was recorded last.
    pub(super) recorded: bool,
}

impl ChangeKind {
    /// The sign in front of the line for people: added, changed, renamed, tightened, taken away.
    pub const fn mark(self) -> char {
        match self {
            Self::NewCollection
            | Self::ReturnedCollection
            | Self::NewField
            | Self::ReturnedField
            | Self::NewIndex => '+',
            Self::RenamedCollection | Self::RenamedField | Self::LikelyRename | Self::BothNames => {
                '>'
            }
            Self::TighterField | Self::NewUniqueIndex => '!',
            Self::ParkedCollection
            | Self::RemovedCollection
            | Self::ParkedField
            | Self::RemovedField
            | Self::DroppedIndex => '-',
            _ => '~',
        }
    }

    /// Whether rows or columns are deleted.
    pub const fn destroys(self) -> bool {
        matches!(self, Self::RemovedCollection | Self::RemovedField)
    }
}

impl Change {
    /// A change of `class` without advice.
    pub(super) fn new(
        class: Class,
        kind: ChangeKind,
        (collection, part): (&str, &str),
        text: impl Into<String>,
    ) -> Self {
        Self {
            class,
            kind,
            collection: collection.to_owned(),
            part: part.to_owned(),
            text: text.into(),
            advice: String::new(),
        }
    }

    /// The same change with a word on what to write or mend.
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// `collection.part`, or the collection alone.
    pub fn path(&self) -> String {
        match (self.collection.as_str(), self.part.as_str()) {
            ("", part) => part.to_owned(),
            (collection, "") => collection.to_owned(),
            (collection, part) => format!("{collection}.{part}"),
        }
    }
}

impl Plan {
    /// Whether file and database say the same.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The class of the change that goes farthest; safe when nothing changes.
    pub fn class(&self) -> Class {
        self.changes.iter().map(|change| change.class).max().unwrap_or(Class::Safe)
    }

    /// The changes of one class.
    pub fn of(&self, class: Class) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.class == class)
    }
}
