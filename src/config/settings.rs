//! What the file says about PocketBase's settings (contract B 6.1): a partial tree to lay over
//! them. Knows their shape but none of their defaults.

use crate::domain::{Json, JsonMap};

/// The settings that the file sets; what it leaves out stays free. Holds secrets, so `Debug` shows
/// the keys only.
#[derive(Clone, Default, PartialEq)]
pub struct Settings(JsonMap);

impl Settings {
    /// The tree, keys as in the settings API.
    pub const fn as_map(&self) -> &JsonMap {
        &self.0
    }

    /// Where it says something, such as `meta.appName`, without what it says.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        collect(&self.0, "", &mut paths);
        paths
    }

    pub(super) fn set(&mut self, group: &str, key: &str, value: impl Into<Json>) {
        let group = self.0.entry(group).or_insert_with(|| Json::Object(JsonMap::new()));
        if let Json::Object(map) = group {
            map.insert(key.to_owned(), value.into());
        }
    }

    pub(super) fn set_top(&mut self, key: &str, value: impl Into<Json>) {
        self.0.insert(key.to_owned(), value.into());
    }
}

fn collect(map: &JsonMap, prefix: &str, paths: &mut Vec<String>) {
    for (key, value) in map {
        let path = format!("{prefix}{key}");
        match value {
            Json::Object(inner) => collect(inner, &format!("{path}."), paths),
            _ => paths.push(path),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
