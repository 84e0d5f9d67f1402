//! The files of a configuration as one tree in which every key and value knows where it stands.
//! Knows TOML and the merging of files, but no section's meaning.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value as TomlValue};

use crate::config::report::Fault;
use crate::config::source::{Place, Source, SourceFile};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(Text),
    Integer(i64),
    Float(f64),
    Bool(bool),
    /// Date, time or both, as written.
    Date(String),
    List(Vec<Node>),
    /// `[[name]]`: like a list of tables, except that files may each add to it.
    Tables(Vec<Node>),
    Table(Table),
}

/// A string before interpolation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub value: String,
    /// Where the content begins in the file, when it stands there as it is, without escapes.
    content: Option<usize>,
}

/// Keys in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    pub entries: Vec<Entry>,
}

/// One key of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Node {
    /// The place of `span`, bytes of this node's text; the whole value where escapes make the two
    /// differ.
    pub(super) fn place_of(&self, span: Range<usize>) -> Place {
        match &self.value {
            Value::Text(Text { content: Some(start), .. }) => {
                let end = (start + span.end).min(self.place.span.end);
                Place::new(self.place.file, (start + span.start).min(end)..end)
            }
            _ => self.place.clone(),
        }
    }

    /// What the value is, for messages.
    pub(super) const fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::Date(_) => "a date",
            Value::List(_) | Value::Tables(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

impl Table {
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    fn remove(&mut self, key: &str) -> Option<Entry> {
        let position = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(position))
    }
}

/// The merged tree of a source and every file that went into it.
pub(super) struct Tree {
    pub files: Vec<SourceFile>,
    pub root: Table,
}

/// Reads and merges all files of `source`. A file that does not parse counts as empty, so that the
/// faults of the others are found as well.
pub(super) fn read(source: &Source<'_>, faults: &mut Vec<Fault>) -> Tree {
    let mut files = vec![source.main.clone()];
    let mut root = parse(0, &source.main, faults);
    for file in included(source, &mut root, faults) {
        let mut table = parse(files.len(), &file, faults);
        refuse_include(&mut table, "an included file cannot include others", faults);
        files.push(file);
        add(&mut root, table, "", faults);
    }
    if let Some(overlay) = &source.overlay {
        let mut table = parse(files.len(), overlay, faults);
        refuse_include(&mut table, "an overlay cannot include files", faults);
        keep_schema(&root, &mut table, faults);
        files.push(overlay.clone());
        lay_over(&mut root, table);
    }
    Tree { files, root }
}

fn included(source: &Source<'_>, root: &mut Table, faults: &mut Vec<Fault>) -> Vec<SourceFile> {
    let Some(entry) = root.remove("include") else { return Vec::new() };
    let Value::List(patterns) = &entry.node.value else {
        faults.push(
            Fault::error(format!("`include` is a list, not {}", entry.node.kind()))
                .at(&entry.node.place)
                .help("write it as include = [\"collections/*.toml\"]"),
        );
        return Vec::new();
    };
    let mut files: Vec<SourceFile> = Vec::new();
    for pattern in patterns {
        match matches_of(source, pattern) {
            Ok(matches) => {
                if matches.is_empty()
                    && let Value::Text(text) = &pattern.value
                {
                    faults.push(nothing_matched(&text.value).at(&pattern.place));
                }
                let new = matches.into_iter().filter(|file| {
                    file.path != source.main.path
                        && files.iter().all(|known| known.path != file.path)
                });
                files.append(&mut new.collect());
            }
            Err(fault) => faults.push(*fault),
        }
    }
    files
}

fn matches_of(source: &Source<'_>, pattern: &Node) -> Result<Vec<SourceFile>, Box<Fault>> {
    let Value::Text(text) = &pattern.value else {
        return Err(Box::new(Fault::error("an entry of `include` is a text").at(&pattern.place)));
    };
    let leaves = text.value.split(['/', '\\']).any(|part| part == "..");
    let absolute = text.value.starts_with(['/', '\\']) || text.value.contains(':');
    if leaves || absolute || text.value.is_empty() {
        return Err(Box::new(
            Fault::error("`include` stays inside the folder of the configuration")
                .at(&pattern.place)
                .help("write a path relative to that folder, without `..`"),
        ));
    }
    let mut files = (source.included)(&text.value).map_err(|reason| {
        let message = format!("cannot include `{}`: {reason}", text.value);
        Box::new(Fault::error(message).at(&pattern.place))
    })?;
    files.sort_by(|left, right| left.path.as_bytes().cmp(right.path.as_bytes()));
    Ok(files)
}

/// A file that is named must be there: going on without it would park all that it declared. A glob
/// may be ahead of its files.
fn nothing_matched(pattern: &str) -> Fault {
    if pattern.contains(['*', '?', '[']) {
        return Fault::warning(format!("no file matches `{pattern}`"));
    }
    Fault::error(format!("cannot include `{pattern}`: there is no such file"))
        .help("put the file back, or take it out of `include`")
}

fn refuse_include(table: &mut Table, message: &str, faults: &mut Vec<Fault>) {
    if let Some(entry) = table.remove("include") {
        faults.push(
            Fault::error(message)
                .at(&entry.key_place)
                .help("list the file in the main file's `include`"),
        );
    }
}

/// Adds the keys of an included file; the same key twice is a fault.
fn add(base: &mut Table, other: Table, path: &str, faults: &mut Vec<Fault>) {
    for entry in other.entries {
        let Some(known) = base.entries.iter_mut().find(|known| known.key == entry.key) else {
            base.entries.push(entry);
            continue;
        };
        let name =
            if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        match (&mut known.node.value, entry.node.value) {
            (Value::Table(table), Value::Table(more)) => add(table, more, &name, faults),
            (Value::Tables(tables), Value::Tables(more)) => tables.extend(more),
            _ => faults.push(
                Fault::error(format!("`{name}` is set twice"))
                    .at(&entry.key_place)
                    .label("here again")
                    .and(&known.key_place, "first set here")
                    .help("keep one of them"),
            ),
        }
    }
}

/// Lays an overlay on top: tables merge, everything else is replaced.
fn lay_over(base: &mut Table, overlay: Table) {
    for entry in overlay.entries {
        match base.entries.iter_mut().find(|known| known.key == entry.key) {
            None => base.entries.push(entry),
            Some(known) => match (&mut known.node.value, entry.node.value) {
                (Value::Table(table), Value::Table(more)) => lay_over(table, more),
                (_, value) => {
                    known.key_place = entry.key_place;
                    known.node = Node { place: entry.node.place, value };
                }
            },
        }
    }
}

/// The schema is one for all environments, so an overlay that touches it is refused and ignored.
fn keep_schema(base: &Table, overlay: &mut Table, faults: &mut Vec<Fault>) {
    let Some(Value::Table(collections)) = overlay
        .entries
        .iter_mut()
        .find(|entry| entry.key == "collections")
        .map(|e| &mut e.node.value)
    else {
        return;
    };
    let known = match base.get("collections").map(|node| &node.value) {
        Some(Value::Table(table)) => table.clone(),
        _ => Table::default(),
    };
    collections.entries.retain(|entry| {
        let exists = known.entry(&entry.key).is_some();
        if !exists {
            faults.push(
                Fault::error(format!("an overlay cannot add the collection `{}`", entry.key))
                    .at(&entry.key_place)
                    .help("the schema is one for all environments: declare it in the main file"),
            );
        }
        exists
    });
    for collection in &mut collections.entries {
        let Value::Table(table) = &mut collection.node.value else { continue };
        for key in ["type", "fields", "id", "indexes"] {
            if let Some(entry) = table.remove(key) {
                faults.push(
                    Fault::error(format!("an overlay cannot change `{key}` of a collection"))
                        .at(&entry.key_place)
                        .help("the schema is one for all environments: change the main file"),
                );
            }
        }
    }
}

fn parse(file: usize, source: &SourceFile, faults: &mut Vec<Fault>) -> Table {
    match toml_edit::Document::parse(source.text.as_str()) {
        Ok(document) => Builder { file, text: &source.text }.table(document.as_table()),
        Err(error) => {
            let end = source.text.len();
            let place = Place::new(file, error.span().unwrap_or(end..end));
            faults.push(Fault::error(format!("this is not TOML: {}", error.message())).at(&place));
            Table::default()
        }
    }
}

/// Turns toml_edit's tree of one file into ours.
struct Builder<'a> {
    file: usize,
    text: &'a str,
}

impl Builder<'_> {
    fn table(&self, table: &dyn TableLike) -> Table {
        let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        let entries = keys.into_iter().filter_map(|name| {
            let (key, item) = table.get_key_value(&name)?;
            let key_place = self.place(key.span().unwrap_or_default());
            let node = self.item(item, &key_place)?;
            Some(Entry { key: name, key_place, node })
        });
        Table { entries: entries.collect() }
    }

    fn item(&self, item: &Item, key: &Place) -> Option<Node> {
        let node = match item {
            Item::None => return None,
            Item::Value(value) => self.value(value, key),
            Item::Table(table) => {
                Node { place: key.clone(), value: Value::Table(self.table(table)) }
            }
            Item::ArrayOfTables(tables) => {
                let nodes = tables.iter().map(|table| Node {
                    place: table.span().map_or_else(|| key.clone(), |span| self.place(span)),
                    value: Value::Table(self.table(table)),
                });
                Node { place: key.clone(), value: Value::Tables(nodes.collect()) }
            }
        };
        Some(node)
    }

    fn value(&self, value: &TomlValue, key: &Place) -> Node {
        let place = value.span().map_or_else(|| key.clone(), |span| self.place(span));
        let value = match value {
            TomlValue::String(text) => Value::Text(self.string(text.value(), &place)),
            TomlValue::Integer(integer) => Value::Integer(*integer.value()),
            TomlValue::Float(float) => Value::Float(*float.value()),
            TomlValue::Boolean(boolean) => Value::Bool(*boolean.value()),
            TomlValue::Datetime(date) => Value::Date(date.value().to_string()),
            TomlValue::Array(array) => {
                Value::List(array.iter().map(|value| self.value(value, key)).collect())
            }
            TomlValue::InlineTable(table) => Value::Table(self.table(table)),
        };
        Node { place, value }
    }

    /// Notes where the content stands, unless escapes or line endings make it differ from the file.
    fn string(&self, value: &str, place: &Place) -> Text {
        let raw = &self.text[place.span.clone()];
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
        let inner = raw.get(quotes..raw.len().saturating_sub(quotes)).unwrap_or_default();
        let skipped = match quotes {
            3 if inner.starts_with("\r\n") => 2,
            3 if inner.starts_with('\n') => 1,
            _ => 0,
        };
        let same = inner.get(skipped..) == Some(value);
        let content = same.then(|| place.span.start + quotes + skipped);
        Text { value: value.to_owned(), content }
    }

    const fn place(&self, span: Range<usize>) -> Place {
        Place::new(self.file, span)
    }
}
