//! A field as its author wrote it, shorthand and long form alike (config.md 1.1). Every part knows
//! its place; whether the parts belong together is for `fields` to say.

use std::collections::BTreeMap;

use crate::config::report::{Fault, advise};
use crate::config::section::Reader;
use crate::config::shorthand::{self, Form, Head, KEYS, OptionName, Shorthand, Spanned, WORDS};
use crate::config::source::Place;
use crate::config::tree::{Entry, Node, Table, Value};

/// A field before its parts are checked against each other.
#[derive(Debug, Clone)]
pub(super) struct Draft<'t> {
    pub name: String,
    pub name_place: Place,
    pub head: Head,
    pub head_place: Place,
    pub required: Option<Place>,
    pub nullable: Option<Place>,
    pub multiple: Option<(Option<i64>, Place)>,
    pub options: BTreeMap<OptionName, Given>,
    /// Field rules, which only the long form has.
    pub read: Option<&'t Node>,
    pub write: Option<&'t Node>,
}

/// The value of an option.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub place: Place,
    pub value: GivenValue,
}

/// Where the value came from decides how strictly it is read.
#[derive(Debug, Clone)]
pub(super) enum GivenValue {
    /// A word, said by its name alone.
    Word,
    /// Text of a shorthand, which may stand for a number or a list.
    Short(String),
    /// A TOML value of the long form.
    Long(Node),
}

const SUFFIXES: [&str; 3] = ["required", "nullable", "multiple"];

/// Reads one field; nothing when it is too broken to go on with.
pub(super) fn read<'t>(entry: &'t Entry, reader: &mut Reader<'_>) -> Option<Draft<'t>> {
    match &entry.node.value {
        Value::Text(text) => {
            let shorthand = parse(&entry.node, &text.value, Form::Short, reader)?;
            Some(of_shorthand(entry, &entry.node, shorthand))
        }
        Value::Table(table) => long_form(entry, table, reader),
        _ => {
            let kind = entry.node.kind();
            reader.fault(
                Fault::error(format!("the field `{}` is a text or a table, not {kind}", entry.key))
                    .at(&entry.node.place)
                    .help("write it like \"text!\" or as a table with `type`"),
            );
            None
        }
    }
}

fn parse(node: &Node, text: &str, form: Form, reader: &mut Reader<'_>) -> Option<Shorthand> {
    match shorthand::parse(text, form) {
        Ok(shorthand) => Some(shorthand),
        Err(faults) => {
            for fault in faults {
                let place = node.place_of(fault.span);
                reader.fault(Fault::error(fault.message).at(&place).maybe_help(fault.help));
            }
            None
        }
    }
}

fn of_shorthand<'t>(entry: &Entry, node: &Node, shorthand: Shorthand) -> Draft<'t> {
    let options = shorthand.options.into_iter().map(|Spanned { value: (name, value), span }| {
        let value = value.map_or(GivenValue::Word, GivenValue::Short);
        (name, Given { place: node.place_of(span), value })
    });
    Draft {
        name: entry.key.clone(),
        name_place: entry.key_place.clone(),
        head_place: node.place_of(shorthand.head.span.clone()),
        head: shorthand.head.value,
        required: shorthand.required.map(|span| node.place_of(span)),
        nullable: shorthand.nullable.map(|span| node.place_of(span)),
        multiple: shorthand.multiple.map(|many| (many.value, node.place_of(many.span))),
        options: options.collect(),
        read: None,
        write: None,
    }
}

fn long_form<'t>(entry: &'t Entry, table: &'t Table, reader: &mut Reader<'_>) -> Option<Draft<'t>> {
    let Some(node) = table.get("type") else {
        reader.fault(
            Fault::error(format!("the field `{}` has no `type`", entry.key)).at(&entry.key_place),
        );
        return None;
    };
    let text = reader.raw_text("type", node)?;
    let shorthand = parse(node, text, Form::Long, reader)?;
    let mut draft = of_shorthand(entry, node, shorthand);
    for option in &table.entries {
        add(&mut draft, option, reader);
    }
    match &draft.head {
        Head::Select(None) => missing(&draft, "values", "a select needs its `values`", reader),
        Head::Relation(None) => missing(&draft, "to", "a relation needs its collection", reader),
        _ => Some(draft),
    }
}

fn missing<'t>(
    draft: &Draft<'t>,
    key: &str,
    message: &str,
    reader: &mut Reader<'_>,
) -> Option<Draft<'t>> {
    let help = format!("add `{key}` to the field `{}`", draft.name);
    reader.fault(Fault::error(message).at(&draft.head_place).help(help));
    None
}

/// Adds one key of the long form.
fn add<'t>(draft: &mut Draft<'t>, option: &'t Entry, reader: &mut Reader<'_>) {
    let node = &option.node;
    match option.key.as_str() {
        "type" => {}
        "read" => draft.read = Some(node),
        "write" => draft.write = Some(node),
        "to" => add_target(draft, option, reader),
        "values" => add_values(draft, option, reader),
        "required" => {
            let flag = reader.bool("required", node);
            set_suffix(&mut draft.required, flag, option, reader);
        }
        "nullable" => {
            let flag = reader.bool("nullable", node);
            set_suffix(&mut draft.nullable, flag, option, reader);
        }
        "multiple" => add_multiple(draft, option, reader),
        key => match WORDS.iter().chain(&KEYS).find(|(text, _)| *text == key) {
            Some((_, name)) => add_option(draft, *name, option, reader),
            None => {
                let known = WORDS.iter().chain(&KEYS).map(|(text, _)| *text);
                let others = ["type", "to", "values", "read", "write"];
                let known = known.chain(SUFFIXES).chain(others);
                reader.fault(
                    Fault::error(format!("there is no key `{key}` in a field"))
                        .at(&option.key_place)
                        .maybe_help(advise(key, known)),
                );
            }
        },
    }
}

fn twice(option: &Entry, first: &Place, reader: &mut Reader<'_>) {
    reader.fault(
        Fault::error(format!("`{}` is said twice", option.key))
            .at(&option.key_place)
            .and(first, "already here")
            .help("keep one of them"),
    );
}

fn set_suffix(
    suffix: &mut Option<Place>,
    flag: Option<bool>,
    option: &Entry,
    reader: &mut Reader<'_>,
) {
    if let Some(first) = suffix {
        twice(option, first, reader);
    } else if flag == Some(true) {
        *suffix = Some(option.key_place.clone());
    }
}

fn add_multiple(draft: &mut Draft<'_>, option: &Entry, reader: &mut Reader<'_>) {
    if let Some((_, first)) = &draft.multiple {
        twice(option, first, reader);
        return;
    }
    let count = match &option.node.value {
        Value::Integer(count) if *count >= 2 => Some(*count),
        Value::Integer(_) => {
            reader.fault(
                Fault::error("`multiple` is true or 2 or more")
                    .at(&option.node.place)
                    .help("leave it out for one value"),
            );
            return;
        }
        _ => match reader.bool("multiple", &option.node) {
            Some(true) => None,
            _ => return,
        },
    };
    draft.multiple = Some((count, option.key_place.clone()));
}

fn add_target(draft: &mut Draft<'_>, option: &Entry, reader: &mut Reader<'_>) {
    match &draft.head {
        Head::Relation(None) => {
            if let Some(name) = reader.text("to", &option.node) {
                let place = option.node.place.clone();
                draft.head = Head::Relation(Some(Spanned { value: name, span: 0..0 }));
                draft.head_place = place;
            }
        }
        Head::Relation(Some(_)) => {
            let first = draft.head_place.clone();
            twice(option, &first, reader);
        }
        _ => reader.fault(Fault::error("only a relation has `to`").at(&option.key_place)),
    }
}

fn add_values(draft: &mut Draft<'_>, option: &Entry, reader: &mut Reader<'_>) {
    match &draft.head {
        Head::Select(None) => {
            let Some(nodes) = reader.list("values", &option.node) else { return };
            let mut values: Vec<String> = Vec::new();
            for node in nodes {
                let Some(value) = reader.text("values", node) else { continue };
                if value.is_empty() {
                    reader.fault(Fault::error("a value of a select is not empty").at(&node.place));
                } else if values.contains(&value) {
                    reader
                        .fault(Fault::error(format!("`{value}` is listed twice")).at(&node.place));
                } else {
                    values.push(value);
                }
            }
            if nodes.is_empty() {
                reader.fault(Fault::error("a select needs a value").at(&option.node.place));
            }
            draft.head = Head::Select(Some(values));
        }
        Head::Select(Some(_)) => {
            let first = draft.head_place.clone();
            twice(option, &first, reader);
        }
        _ => reader.fault(Fault::error("only a select has `values`").at(&option.key_place)),
    }
}

fn add_option(draft: &mut Draft<'_>, name: OptionName, option: &Entry, reader: &mut Reader<'_>) {
    if let Some(first) = draft.options.get(&name) {
        let first = first.place.clone();
        twice(option, &first, reader);
        return;
    }
    let is_word = WORDS.iter().any(|(_, word)| *word == name);
    if is_word {
        if reader.bool(&option.key, &option.node) == Some(true) {
            let given = Given { place: option.key_place.clone(), value: GivenValue::Word };
            draft.options.insert(name, given);
        }
        return;
    }
    let place = option.node.place.clone();
    draft.options.insert(name, Given { place, value: GivenValue::Long(option.node.clone()) });
}

impl Given {
    /// The value as text.
    pub(super) fn text(&self, name: OptionName, reader: &mut Reader<'_>) -> Option<String> {
        match &self.value {
            GivenValue::Word => None,
            GivenValue::Short(text) => Some(text.clone()),
            GivenValue::Long(node) => reader.text(name.as_str(), node),
        }
    }

    /// The value as a whole number.
    pub(super) fn integer(&self, name: OptionName, reader: &mut Reader<'_>) -> Option<i64> {
        match &self.value {
            GivenValue::Word => None,
            GivenValue::Short(text) => self.read(name, "a whole number", reader, text.parse().ok()),
            GivenValue::Long(node) => reader.integer(name.as_str(), node),
        }
    }

    /// The value as a number.
    pub(super) fn number(&self, name: OptionName, reader: &mut Reader<'_>) -> Option<f64> {
        match &self.value {
            GivenValue::Word => None,
            GivenValue::Short(text) => {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                self.read(name, "a number", reader, number)
            }
            GivenValue::Long(Node { value: Value::Float(number), .. }) => {
                self.read(name, "a number", reader, Some(*number).filter(|n| n.is_finite()))
            }
            #[expect(clippy::cast_precision_loss, reason = "bounds are doubles as the values are")]
            GivenValue::Long(node) => {
                reader.integer(name.as_str(), node).map(|integer| integer as f64)
            }
        }
    }

    /// The value as a size in bytes.
    pub(super) fn size(&self, name: OptionName, reader: &mut Reader<'_>) -> Option<i64> {
        let text = match &self.value {
            GivenValue::Long(Node { value: Value::Integer(bytes), .. }) => bytes.to_string() + "B",
            _ => self.text(name, reader)?,
        };
        let size = crate::config::units::size(&text).filter(|size| *size > 0);
        self.read(name, "a size such as \"500kB\" or \"5MB\"", reader, size)
    }

    /// The value as a list of texts.
    pub(super) fn texts(&self, name: OptionName, reader: &mut Reader<'_>) -> Option<Vec<String>> {
        match &self.value {
            GivenValue::Word => None,
            GivenValue::Short(text) => {
                let texts: Vec<String> = text.split(',').map(str::to_owned).collect();
                let complete = texts.iter().all(|text| !text.is_empty());
                self.read(name, "a list without gaps", reader, complete.then_some(texts))
            }
            GivenValue::Long(node) => {
                let nodes = reader.list(name.as_str(), node)?;
                Some(nodes.iter().filter_map(|node| reader.text(name.as_str(), node)).collect())
            }
        }
    }

    fn read<T>(
        &self,
        name: OptionName,
        what: &str,
        reader: &mut Reader<'_>,
        value: Option<T>,
    ) -> Option<T> {
        if value.is_none() {
            let message = format!("`{}` is not {what}", name.as_str());
            reader.fault(Fault::error(message).at(&self.place));
        }
        value
    }
}
