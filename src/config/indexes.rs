//! Indexes of a collection: the words `unique` and `index` of its fields, and its `indexes` list
//! (config.md 1.6), as the `CREATE INDEX` texts of contract A 2.8.

use crate::config::fields::DeclaredField;
use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::config::shorthand::{OptionName, is_name};
use crate::config::source::Place;
use crate::config::tree::{Node, Value};
use crate::domain::fields::{Field, FieldKind};
use crate::domain::indexes::{Index, automatic_name};

/// The indexes of one collection as they are gathered.
pub(super) struct Indexes<'c> {
    pub collection: &'c str,
    pub id: &'c str,
    pub columns: &'c [Field],
    pub list: Vec<(String, Place)>,
}

/// One column of an index.
struct Column {
    name: String,
    descending: bool,
    nocase: bool,
}

impl Indexes<'_> {
    /// Adds the index of a field that asks for one.
    pub(super) fn add_field(&mut self, declared: &DeclaredField<'_>) {
        let unique = declared.says(OptionName::Unique);
        let word = if unique { OptionName::Unique } else { OptionName::Index };
        let Some(given) = declared.draft.options.get(&word) else { return };
        let field = &declared.field;
        let nocase = declared.says(OptionName::Nocase);
        let column = Column { name: field.name.clone(), descending: false, nocase };
        let condition = if unique && has_empty_text(field) {
            format!(" WHERE `{}` != ''", field.name)
        } else {
            String::new()
        };
        let place = given.place.clone();
        self.add(unique, &[column], &condition, place);
    }

    /// Adds the entries of the `indexes` key.
    pub(super) fn add_list(&mut self, section: &Section<'_>, reader: &mut Reader<'_>) {
        let Some(node) = section.node("indexes") else { return };
        let Some(nodes) = reader.list("indexes", node) else { return };
        for node in nodes {
            self.add_entry(node, reader);
        }
    }

    fn add_entry(&mut self, node: &Node, reader: &mut Reader<'_>) {
        if let Value::Table(table) = &node.value {
            let section = Section::new("indexes", &node.place, table);
            section.only(&["sqlite", "postgres"], reader);
            for key in ["sqlite", "postgres"] {
                if !section.has(key) {
                    let message = format!("an index by engine needs `{key}`");
                    reader.fault(Fault::error(message).at(&node.place));
                }
            }
            if let Some(text) = section.text("sqlite", reader) {
                self.add_raw(&text, section.key_place("sqlite"), reader);
            }
            return;
        }
        let Some(text) = reader.text("indexes", node) else { return };
        let is_raw =
            text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"));
        if is_raw {
            self.add_raw(&text, &node.place, reader);
        } else {
            self.add_columns(&text, node, reader);
        }
    }

    fn add_raw(&mut self, text: &str, place: &Place, reader: &mut Reader<'_>) {
        match Index::parse(text) {
            Ok(mut index) => {
                self.collection.clone_into(&mut index.table);
                self.list.push((index.to_sql(), place.clone()));
            }
            Err(reason) => reader.fault(
                Fault::error(format!("this is not a CREATE INDEX statement: {reason}"))
                    .at(place)
                    .help("write CREATE [UNIQUE] INDEX name ON table (columns) [WHERE …]"),
            ),
        }
    }

    fn add_columns(&mut self, text: &str, node: &Node, reader: &mut Reader<'_>) {
        let trimmed = text.trim();
        let inner = trimmed
            .strip_prefix("unique")
            .map(|rest| rest.trim_start_matches(' '))
            .and_then(|rest| rest.strip_prefix('('))
            .map(|rest| rest.strip_suffix(')'));
        let (unique, list) = match inner {
            Some(Some(list)) => (true, list),
            Some(None) => {
                reader.fault(Fault::error("`(` is never closed").at(&node.place));
                return;
            }
            None => (false, trimmed),
        };
        let columns: Vec<Option<Column>> =
            list.split(',').map(|column| self.column(column, node, reader)).collect();
        let Some(columns) = columns.into_iter().collect::<Option<Vec<Column>>>() else { return };
        self.add(unique, &columns, "", node.place.clone());
    }

    /// `"-"? name (SP+ "nocase")?`
    fn column(&self, text: &str, node: &Node, reader: &mut Reader<'_>) -> Option<Column> {
        let text = text.trim_matches(' ');
        let (descending, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (name, nocase) = match rest.split_once(' ') {
            Some((name, word)) if word.trim_matches(' ') == "nocase" => (name, true),
            _ => (rest, false),
        };
        if !is_name(name) {
            reader.fault(
                Fault::error(format!("`{text}` is no column of an index"))
                    .at(&node.place)
                    .help("write \"status, -created\", \"unique(post, user)\" or a CREATE INDEX"),
            );
            return None;
        }
        if !self.columns.iter().any(|field| field.name == name) {
            let known = self.columns.iter().map(|field| field.name.as_str());
            reader.fault(
                Fault::error(format!("`{}` has no field `{name}`", self.collection))
                    .at(&node.place)
                    .maybe_help(advise(name, known)),
            );
            return None;
        }
        Some(Column { name: name.to_owned(), descending, nocase })
    }

    fn add(&mut self, unique: bool, columns: &[Column], condition: &str, place: Place) {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let taken = |name: &str| {
            self.list.iter().any(|(text, _)| {
                Index::parse(text).is_ok_and(|index| index.name.eq_ignore_ascii_case(name))
            })
        };
        let name = automatic_name(&names, self.id, taken);
        let columns: Vec<String> = columns
            .iter()
            .map(|column| {
                let nocase = if column.nocase { " COLLATE NOCASE" } else { "" };
                let descending = if column.descending { " DESC" } else { "" };
                format!("`{}`{nocase}{descending}", column.name)
            })
            .collect();
        let unique = if unique { "UNIQUE " } else { "" };
        let text = format!(
            "CREATE {unique}INDEX `{name}` ON `{}` ({}){condition}",
            self.collection,
            columns.join(", ")
        );
        self.list.push((text, place));
    }
}

/// Whether several records may leave the field empty, which a unique index must not count.
pub(in crate::config) const fn has_empty_text(field: &Field) -> bool {
    !field.required
        && matches!(
            field.kind,
            FieldKind::Text(_)
                | FieldKind::Email(_)
                | FieldKind::Url(_)
                | FieldKind::Date(_)
                | FieldKind::Select(_)
                | FieldKind::Relation(_)
                | FieldKind::File(_)
        )
}
