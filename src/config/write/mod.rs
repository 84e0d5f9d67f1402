//! Collections and settings as the text of a `config.toml` that says them: the way back from what
//! [`crate::config::load`] makes. What the language has no word for is left out; whoever writes the
//! file compares.

mod auth;
mod collection;
mod field;
mod indexes;
mod settings;
#[cfg(test)]
mod tests;
mod toml;

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::schema::Schema;
use crate::domain::settings::Settings;

/// A file, and the texts that belong beside it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WrittenConfig {
    /// The text of `config.toml`.
    pub text: String,
    /// Secrets, each with the path that the text names it by.
    pub secrets: Vec<(String, String)>,
}

impl std::fmt::Debug for WrittenConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.secrets.iter().map(|(name, _)| name).collect();
        f.debug_struct("WrittenConfig").field("text", &self.text).field("secrets", &names).finish()
    }
}

/// A file that says `collections`, less those of the product itself, and `settings` where they are not
/// the defaults. `heading` stands at its top, a comment. Secrets are named by files in the folder
/// `secrets`, relative to the file.
pub fn write(
    heading: &str,
    collections: &[Arc<Collection>],
    settings: &Settings,
    secrets: &str,
) -> WrittenConfig {
    let schema = Schema::new(0, collections.to_vec());
    let mut out = Writer { text: String::new(), folder: secrets, secrets: Vec::new() };
    for line in heading.lines() {
        out.line(format!("# {line}").trim_end());
    }
    settings::write(settings, &mut out);
    auth::providers(collections, &mut out);
    for collection in collections.iter().filter(|collection| !collection.system) {
        collection::write(collection, &schema, &mut out);
    }
    WrittenConfig { text: out.text, secrets: out.secrets }
}

/// A text that grows by lines, and the secrets beside it.
struct Writer<'a> {
    text: String,
    folder: &'a str,
    secrets: Vec<(String, String)>,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The heading of a table, a blank line before it.
    fn table(&mut self, name: &str) {
        self.line("");
        self.line(&format!("[{name}]"));
    }

    /// Lines `key = value` with the signs under each other, where every value is a line.
    fn entries(&mut self, entries: &[(String, String)]) {
        let width = entries.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
        for (key, value) in entries {
            self.line(&format!("{key:width$} = {value}"));
        }
    }

    /// The TOML of a text that stands in a file of its own.
    fn secret(&mut self, name: &str, secret: String) -> String {
        let path = format!("{}/{name}", self.folder);
        let value = format!("\"${{file:{path}}}\"");
        self.secrets.push((path, secret));
        value
    }
}
