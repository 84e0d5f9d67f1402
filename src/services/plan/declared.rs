//! What a config file declares, in the form that a plan compares. Knows nothing of TOML.

use std::collections::BTreeMap;

use crate::config::{CollectionSpec, Config, Settings};
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::random::Random;

/// Everything that the file says about the database.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The collections in the order of the file, rules expanded, ids by first name.
    pub collections: Vec<DeclaredCollection>,
    /// The tombstones of `[removed]`.
    pub removed: Removed,
    /// The part of the settings that the file holds.
    pub settings: Settings,
    /// Whether what no file declares is an error, and openings want to be allowed by hand.
    pub strict: bool,
}

/// One collection of the file.
#[derive(Debug, Clone)]
pub struct DeclaredCollection {
    /// What the collection shall be. The ids are proposals: where the collection or field exists
    /// already, the stored id wins.
    pub collection: Collection,
    /// The name that the collection had before, while the file still says so.
    pub renamed_from: Option<String>,
    /// Earlier names of fields by their present name, while the file still says so.
    pub renamed_fields: BTreeMap<String, String>,
    /// Whether even `[removed]` may not delete from it.
    pub protect: bool,
    /// Whether the file owns the collection; otherwise it is made when missing and then left to the
    /// API.
    pub managed: bool,
}

/// What may be deleted.
#[derive(Debug, Clone, Default)]
pub struct Removed {
    /// Names of collections.
    pub collections: Vec<String>,
    /// Collection and field names.
    pub fields: Vec<(String, String)>,
}

impl Declared {
    /// What `config` declares.
    pub fn from_config(config: &Config) -> Self {
        let removed = &config.removed;
        let fields = removed.fields.iter();
        Self {
            collections: config.collections.iter().map(declared).collect(),
            removed: Removed {
                collections: removed.collections.iter().map(|(name, _)| name.clone()).collect(),
                fields: fields.map(|(of, name, _)| (of.clone(), name.clone())).collect(),
            },
            settings: config.settings.clone(),
            strict: config.strict,
        }
    }

    /// The same with secrets for the tokens of every auth collection, which no file holds. They
    /// count only for collections that are new; a stored one keeps its own.
    pub(super) fn with_secrets(mut self, random: &mut Random) -> Self {
        for declared in &mut self.collections {
            if let CollectionKind::Auth(options) = &mut declared.collection.kind {
                options.renew_secrets(|| random.secret());
            }
        }
        self
    }
}

fn declared(spec: &CollectionSpec) -> DeclaredCollection {
    DeclaredCollection {
        collection: spec.collection.clone(),
        renamed_from: spec.renamed_from.clone(),
        renamed_fields: spec.renamed_fields.clone(),
        protect: spec.protect,
        managed: spec.managed,
    }
}

impl DeclaredCollection {
    /// A collection that the file owns, without earlier names and without protection.
    pub const fn new(collection: Collection) -> Self {
        Self {
            collection,
            renamed_from: None,
            renamed_fields: BTreeMap::new(),
            protect: false,
            managed: true,
        }
    }
}

impl Removed {
    /// Whether the collection called `name` may be deleted.
    pub fn has_collection(&self, name: &str) -> bool {
        self.collections.iter().any(|removed| removed.eq_ignore_ascii_case(name))
    }

    /// Whether the field `field` of `collection` may be deleted.
    pub fn has_field(&self, collection: &str, field: &str) -> bool {
        self.fields.iter().any(|(of, name)| {
            of.eq_ignore_ascii_case(collection) && name.eq_ignore_ascii_case(field)
        })
    }
}
