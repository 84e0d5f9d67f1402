//! The type of a field with its own options.

use crate::config::draft::Draft;
use crate::config::fields::place;
use crate::config::outline::Outlines;
use crate::config::report::{Fault, advise};
use crate::config::section::Reader;
use crate::config::shorthand::{Head, OptionName};
use crate::domain::fields::{
    AutodateOptions, DateOptions, DomainOptions, EditorOptions, FieldKind, FileOptions,
    JsonOptions, NumberOptions, PasswordOptions, RelationOptions, SelectOptions, TextOptions,
};
use crate::domain::files::thumb::ThumbSize;
use crate::domain::time::Timestamp;

const MOST_RELATIONS: i64 = 999;
const MOST_FILES: i64 = 99;
const LONGEST_PASSWORD: i64 = 71;

/// The word for a head, for messages.
pub(super) const fn head_name(head: &Head) -> &'static str {
    match head {
        Head::Text => "text",
        Head::Editor => "editor",
        Head::Number => "number",
        Head::Int => "int",
        Head::Bool => "bool",
        Head::Email => "email",
        Head::Url => "url",
        Head::Date => "date",
        Head::Autodate => "autodate",
        Head::Select(_) => "select",
        Head::File => "file",
        Head::Relation(_) => "->",
        Head::Json => "json",
        Head::Geo => "geo",
        Head::Password => "password",
    }
}

/// The type of a draft; nothing when a relation has no target.
pub(super) fn kind(
    draft: &Draft<'_>,
    outlines: &Outlines,
    reader: &mut Reader<'_>,
) -> Option<FieldKind> {
    let mut options = Options { draft, reader };
    let kind = match &draft.head {
        Head::Text => options.text(),
        Head::Editor => FieldKind::Editor(EditorOptions {
            max_size: options.size(OptionName::Max),
            ..EditorOptions::default()
        }),
        Head::Number => options.number(false),
        Head::Int => options.number(true),
        Head::Bool => FieldKind::Bool,
        Head::Email => FieldKind::Email(options.domains()),
        Head::Url => FieldKind::Url(options.domains()),
        Head::Date => options.date(),
        Head::Autodate => options.autodate(),
        Head::Select(values) => options.select(values.as_deref().unwrap_or_default()),
        Head::File => options.file(),
        Head::Relation(target) => {
            let target = target.as_ref()?;
            let Some(outline) = outlines.find(&target.value) else {
                options.unknown_target(&target.value, outlines);
                return None;
            };
            if outline.is_view {
                let message =
                    format!("`{}` is a view, and only views point to views", outline.name);
                options.reader.fault(Fault::error(message).at(&draft.head_place));
            }
            options.relation(outline.id.clone())
        }
        Head::Json => FieldKind::Json(JsonOptions { max_size: options.size(OptionName::Max) }),
        Head::Geo => FieldKind::GeoPoint,
        Head::Password => options.password(),
    };
    Some(kind)
}

struct Options<'d, 't, 'r, 's> {
    draft: &'d Draft<'t>,
    reader: &'r mut Reader<'s>,
}

impl Options<'_, '_, '_, '_> {
    fn has(&self, name: OptionName) -> bool {
        self.draft.options.contains_key(&name)
    }

    fn size(&mut self, name: OptionName) -> i64 {
        self.draft
            .options
            .get(&name)
            .and_then(|given| given.size(name, self.reader))
            .unwrap_or_default()
    }

    fn text_option(&mut self, name: OptionName) -> String {
        self.draft
            .options
            .get(&name)
            .and_then(|given| given.text(name, self.reader))
            .unwrap_or_default()
    }

    fn texts(&mut self, name: OptionName) -> Option<Vec<String>> {
        self.draft.options.get(&name)?.texts(name, self.reader)
    }

    fn fault_at(&mut self, name: OptionName, message: impl Into<String>) {
        self.reader.fault(Fault::error(message).at(place(self.draft, name)));
    }

    /// A count of at least one; 0 where the option is not written.
    fn count(&mut self, name: OptionName) -> i64 {
        let Some(given) = self.draft.options.get(&name) else { return 0 };
        match given.integer(name, self.reader) {
            Some(count) if count >= 1 => count,
            Some(_) => {
                self.fault_at(name, format!("`{}` is at least 1", name.as_str()));
                0
            }
            None => 0,
        }
    }

    /// `min` and `max` as counts.
    fn counts(&mut self) -> (i64, i64) {
        let (min, max) = (self.count(OptionName::Min), self.count(OptionName::Max));
        if max > 0 && min > max {
            self.fault_at(OptionName::Min, format!("`min` is above `max`: {min} and {max}"));
        }
        (min, max)
    }

    fn text(&mut self) -> FieldKind {
        let (min, max) = self.counts();
        let options = TextOptions {
            min,
            max,
            pattern: self.text_option(OptionName::Pattern).into(),
            autogenerate_pattern: self.text_option(OptionName::Autogenerate).into(),
            primary_key: false,
        };
        if let Err(reason) = options.pattern.regex() {
            self.fault_at(OptionName::Pattern, format!("`pattern` is no expression: {reason}"));
        }
        if let Err(reason) = options.autogenerate_pattern.check() {
            let message = format!("`autogenerate` cannot make texts: {reason}");
            self.fault_at(OptionName::Autogenerate, message);
        }
        FieldKind::Text(options)
    }

    fn number(&mut self, only_int: bool) -> FieldKind {
        let mut bound = |name| {
            let number: f64 = self.draft.options.get(&name)?.number(name, self.reader)?;
            if only_int && number.fract() != 0.0 {
                self.fault_at(name, format!("`{}` of an `int` is a whole number", name.as_str()));
                return None;
            }
            Some(number)
        };
        let (min, max) = (bound(OptionName::Min), bound(OptionName::Max));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            self.fault_at(OptionName::Min, format!("`min` is above `max`: {min} and {max}"));
        }
        FieldKind::Number(NumberOptions { min, max, only_int })
    }

    fn domains(&mut self) -> DomainOptions {
        let only_domains = self.texts(OptionName::Only);
        let except_domains = self.texts(OptionName::Except);
        if only_domains.is_some() && except_domains.is_some() {
            self.fault_at(OptionName::Except, "`only` and `except` exclude each other");
        }
        for (name, domains) in
            [(OptionName::Only, &only_domains), (OptionName::Except, &except_domains)]
        {
            for domain in domains.iter().flatten() {
                if !is_domain(domain) {
                    self.fault_at(name, format!("`{domain}` is not a domain such as example.com"));
                }
            }
        }
        DomainOptions { except_domains, only_domains }
    }

    fn date(&mut self) -> FieldKind {
        let mut bound = |name: OptionName| {
            use crate::config::draft::GivenValue;
            use crate::config::tree::{Node, Value};
            let given = self.draft.options.get(&name)?;
            let text = match &given.value {
                GivenValue::Long(Node { value: Value::Date(date), .. }) => date.clone(),
                _ => given.text(name, self.reader)?,
            };
            let moment = Timestamp::parse(&text);
            if moment.is_none() {
                self.fault_at(name, format!("`{text}` is not a date such as 2026-01-31"));
            }
            moment
        };
        let (min, max) = (bound(OptionName::Min), bound(OptionName::Max));
        if let (Some(first), Some(last)) = (min, max)
            && first > last
        {
            self.fault_at(OptionName::Min, "`min` is after `max`");
        }
        FieldKind::Date(DateOptions { min, max })
    }

    fn autodate(&mut self) -> FieldKind {
        let events = self.texts(OptionName::On).unwrap_or_else(|| vec!["create".to_owned()]);
        for event in &events {
            if !["create", "update"].contains(&event.as_str()) {
                self.fault_at(
                    OptionName::On,
                    format!("`on` is `create`, `update` or both, not `{event}`"),
                );
            }
        }
        FieldKind::Autodate(AutodateOptions {
            on_create: events.iter().any(|event| event == "create"),
            on_update: events.iter().any(|event| event == "update"),
        })
    }

    /// `maxSelect` of a type that can hold several values.
    fn max_select(&mut self, max: i64, most: i64) -> i64 {
        let Some((count, many)) = &self.draft.multiple else { return 1 };
        match (count, max) {
            (None, 0) => most,
            (None, max) => max,
            (Some(count), 0) => *count,
            (Some(count), _) => {
                self.reader.fault(
                    Fault::error("the most values are said twice")
                        .at(place(self.draft, OptionName::Max))
                        .and(many, "here as well")
                        .help("keep one of them"),
                );
                *count
            }
        }
    }

    fn select(&mut self, values: &[String]) -> FieldKind {
        let max = self.count(OptionName::Max);
        let most = i64::try_from(values.len()).unwrap_or(i64::MAX);
        let max_select = self.max_select(max, most);
        if max_select > most && self.draft.multiple.is_some() {
            let place = match &self.draft.multiple {
                Some((Some(_), many)) => many,
                _ => place(self.draft, OptionName::Max),
            };
            let message = format!("{max_select} values at most, of {most} to choose from");
            self.reader.fault(Fault::error(message).at(place));
        }
        FieldKind::Select(SelectOptions { values: values.to_vec(), max_select })
    }

    fn file(&mut self) -> FieldKind {
        let thumbs = self.texts(OptionName::Thumbs);
        for size in thumbs.iter().flatten() {
            if size.parse::<ThumbSize>().is_err() {
                let message = format!("`{size}` is not a size such as 100x100, 100x0 or 80x80t");
                self.fault_at(OptionName::Thumbs, message);
            }
        }
        let mime_types = self.texts(OptionName::Types);
        for content_type in mime_types.iter().flatten() {
            if !content_type.split_once('/').is_some_and(|(major, minor)| {
                !major.is_empty() && !minor.is_empty() && !minor.contains('/')
            }) {
                let message = format!("`{content_type}` is not a content type such as image/png");
                self.fault_at(OptionName::Types, message);
            }
        }
        FieldKind::File(FileOptions {
            max_size: self.size(OptionName::Max),
            max_select: self.max_select(0, MOST_FILES),
            mime_types,
            thumbs,
            protected: self.has(OptionName::Protected),
        })
    }

    fn relation(&mut self, collection_id: String) -> FieldKind {
        let (min_select, max) = self.counts();
        let max_select = self.max_select(max, MOST_RELATIONS);
        FieldKind::Relation(RelationOptions {
            collection_id,
            cascade_delete: self.text_option(OptionName::OnDelete) == "cascade",
            min_select,
            max_select,
        })
    }

    fn unknown_target(&mut self, name: &str, outlines: &Outlines) {
        self.reader.fault(
            Fault::error(format!("there is no collection `{name}`"))
                .at(&self.draft.head_place)
                .maybe_help(advise(name, outlines.names())),
        );
    }

    fn password(&mut self) -> FieldKind {
        let (min, max) = self.counts();
        for (name, count) in [(OptionName::Min, min), (OptionName::Max, max)] {
            if count > LONGEST_PASSWORD {
                let message =
                    format!("`{}` of a password is at most {LONGEST_PASSWORD}", name.as_str());
                self.fault_at(name, message);
            }
        }
        let options = PasswordOptions {
            pattern: self.text_option(OptionName::Pattern).into(),
            min,
            max,
            cost: 0,
        };
        if let Err(reason) = options.pattern.regex() {
            self.fault_at(OptionName::Pattern, format!("`pattern` is no expression: {reason}"));
        }
        FieldKind::Password(options)
    }
}

fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|character| character.is_alphanumeric() || character == '-')
        })
}
