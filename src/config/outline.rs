//! What a collection is before its fields are read: name, type and id, which others refer to.

/// Name, type and id of a declared collection.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    pub name: String,
    pub id: String,
    pub is_auth: bool,
    pub is_view: bool,
}

/// All declared collections and the ones that are always there.
#[derive(Debug, Default)]
pub(super) struct Outlines(pub Vec<Outline>);

impl Outlines {
    /// The collection of exactly this name.
    pub(super) fn find(&self, name: &str) -> Option<&Outline> {
        self.0.iter().find(|outline| outline.name == name)
    }

    /// The names, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|outline| outline.name.as_str()).filter(|name| !name.starts_with('_'))
    }
}
