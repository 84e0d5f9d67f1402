//! What a config file declares about the database: the part of it that a plan compares.

use crate::config::{CollectionSpec, Config, Removed, Settings};
use crate::domain::collection::CollectionKind;
use crate::domain::random::Random;

/// Everything that the file says about the database.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The collections in the order of the file, rules expanded. Their ids are proposals: where the
    /// collection or field exists already, the stored id wins.
    pub collections: Vec<CollectionSpec>,
    /// The tombstones of `[removed]`.
    pub removed: Removed,
    /// The part of the settings that the file holds.
    pub settings: Settings,
    /// Whether what no file declares is an error, and openings want to be allowed by hand.
    pub strict: bool,
}

impl Declared {
    /// What `config` declares.
    pub fn from_config(config: &Config) -> Self {
        Self {
            collections: config.collections.clone(),
            removed: config.removed.clone(),
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
