//! What a field becomes (config.md 1.2): a draft whose parts are checked against each other, as a
//! field of the domain. Knows the other collections only by name, type and id.

mod defaults;
mod kinds;

use crate::config::draft::{Draft, GivenValue};
use crate::config::outline::Outlines;
use crate::config::report::Fault;
use crate::config::section::Reader;
use crate::config::shorthand::{Head, OptionName, is_name};
use crate::config::source::Place;
use crate::domain::fields::{Field, FieldExt, FieldKind, JsonOptions, OnDelete};

/// A field with what the rest of its collection still needs to know of how it was written.
#[derive(Debug, Clone)]
pub(super) struct DeclaredField<'t> {
    pub field: Field,
    pub draft: Draft<'t>,
    pub renamed_from: Option<(String, Place)>,
}

impl DeclaredField<'_> {
    /// Whether the author wrote this word.
    pub(super) fn says(&self, word: OptionName) -> bool {
        self.draft.options.contains_key(&word)
    }
}

/// Checks a draft and makes its field; nothing when its type cannot be made.
pub(super) fn declare<'t>(
    draft: Draft<'t>,
    outlines: &Outlines,
    reader: &mut Reader<'_>,
) -> Option<DeclaredField<'t>> {
    check_name(&draft, reader);
    check_options(&draft, reader);
    check_suffixes(&draft, reader);
    let kind = kinds::kind(&draft, outlines, reader)?;
    let renamed_from = renamed_from(&draft, reader);
    let first_name = renamed_from.as_ref().map_or(&draft.name, |(name, _)| name);
    let mut field = Field::new(first_name.clone(), kind);
    field.name.clone_from(&draft.name);
    field.hidden = draft.options.contains_key(&OptionName::Hidden);
    field.presentable = draft.options.contains_key(&OptionName::Label);
    field.help = text(&draft, OptionName::Help, reader).unwrap_or_default();
    if field.help.len() > 300 {
        reader.fault(
            Fault::error("`help` has at most 300 bytes").at(place(&draft, OptionName::Help)),
        );
    }
    let counts = matches!(field.kind, FieldKind::Number(_) | FieldKind::Bool);
    let nonzero = draft.options.contains_key(&OptionName::Nonzero);
    field.required = nonzero || (draft.required.is_some() && !counts);
    field.ext = FieldExt {
        nullable: draft.nullable.is_some(),
        sent: draft.required.is_some() && counts,
        on_delete: on_delete(&draft, reader),
        ts: text(&draft, OptionName::Ts, reader),
        ..FieldExt::default()
    };
    field.ext.default = defaults::default(&draft, &field, outlines, reader);
    Some(DeclaredField { field, draft, renamed_from })
}

/// What stands for a field that cannot be made, so that its name is known all the same: a type
/// that a rule may do anything with. A load with such a field fails.
pub(super) fn unknown(name: &str) -> Field {
    Field::new(name, FieldKind::Json(JsonOptions::default()))
}

fn place<'d>(draft: &'d Draft<'_>, name: OptionName) -> &'d Place {
    draft.options.get(&name).map_or(&draft.name_place, |given| &given.place)
}

fn text(draft: &Draft<'_>, name: OptionName, reader: &mut Reader<'_>) -> Option<String> {
    draft.options.get(&name)?.text(name, reader)
}

const RESERVED: [&str; 7] =
    ["null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand"];

fn check_name(draft: &Draft<'_>, reader: &mut Reader<'_>) {
    let name = draft.name.as_str();
    if !is_name(name) || name.starts_with('_') || name.contains("_via_") || name.len() > 100 {
        reader.fault(
            Fault::error(format!("`{name}` cannot be the name of a field"))
                .at(&draft.name_place)
                .help(
                    "a name is a letter followed by letters, digits and `_`, at most 100, without `_via_`",
                ),
        );
    } else if RESERVED.contains(&name) {
        reader.fault(
            Fault::error(format!("`{name}` is a reserved word and no name of a field"))
                .at(&draft.name_place)
                .help("choose another name"),
        );
    }
}

/// Notes every option that does not belong to the type.
fn check_options(draft: &Draft<'_>, reader: &mut Reader<'_>) {
    for (name, given) in &draft.options {
        if !belongs(*name, &draft.head, draft.multiple.is_some()) {
            let many = if draft.multiple.is_some() { "a list of " } else { "" };
            reader.fault(
                Fault::error(format!(
                    "`{}` does not belong to {many}`{}`",
                    name.as_str(),
                    kinds::head_name(&draft.head)
                ))
                .at(&given.place)
                .maybe_help(belonging_help(*name, &draft.head)),
            );
        }
    }
    let unique = draft.options.get(&OptionName::Unique);
    let index = draft.options.get(&OptionName::Index);
    if let (Some(unique), Some(index)) = (unique, index) {
        reader.fault(
            Fault::error("`unique` and `index` stand beside each other")
                .at(&index.place)
                .and(&unique.place, "this makes an index already")
                .help("leave out `index`"),
        );
    }
    if let (Some(nocase), None, None) = (draft.options.get(&OptionName::Nocase), unique, index) {
        reader.fault(
            Fault::error("`nocase` needs `unique` or `index` beside it")
                .at(&nocase.place)
                .help("it makes that index ignore case"),
        );
    }
}

fn belongs(option: OptionName, head: &Head, multiple: bool) -> bool {
    use OptionName as Name;
    let counts = matches!(head, Head::Number | Head::Int | Head::Bool);
    let relation = matches!(head, Head::Relation(_));
    let many_relation = relation && multiple;
    let bounded =
        matches!(head, Head::Text | Head::Number | Head::Int | Head::Date | Head::Password);
    match option {
        Name::Label | Name::Hidden | Name::RenamedFrom => true,
        Name::Help | Name::Server | Name::Immutable => *head != Head::Autodate,
        Name::Unique | Name::Index => !multiple && !matches!(head, Head::Json | Head::Geo),
        Name::Nocase => {
            !multiple
                && matches!(
                    head,
                    Head::Text | Head::Editor | Head::Email | Head::Url | Head::Select(_)
                )
        }
        Name::Protected | Name::Types | Name::Thumbs => *head == Head::File,
        Name::Nonzero => counts,
        Name::Default => !matches!(head, Head::Autodate | Head::File | Head::Password),
        Name::Min => bounded || many_relation,
        Name::Max => {
            bounded
                || many_relation
                || matches!(head, Head::Editor | Head::File | Head::Json)
                || (multiple && matches!(head, Head::Select(_)))
        }
        Name::Pattern => matches!(head, Head::Text | Head::Password),
        Name::Autogenerate => *head == Head::Text,
        Name::Only | Name::Except => matches!(head, Head::Email | Head::Url),
        Name::On => *head == Head::Autodate,
        Name::OnDelete => relation,
        Name::Ts => *head == Head::Json,
    }
}

fn belonging_help(option: OptionName, head: &Head) -> Option<String> {
    let help = match (option, head) {
        (OptionName::Min | OptionName::Max, Head::Select(_) | Head::Relation(_)) => {
            "it counts values, so the type needs `[]`"
        }
        (OptionName::Server | OptionName::Immutable, Head::Autodate) => {
            "the server alone sets an autodate"
        }
        (OptionName::Nonzero, _) => "write `!` after the type",
        _ => return None,
    };
    Some(help.to_owned())
}

fn check_suffixes(draft: &Draft<'_>, reader: &mut Reader<'_>) {
    let head = kinds::head_name(&draft.head);
    if let (Some(required), Head::Autodate) = (&draft.required, &draft.head) {
        reader.fault(Fault::error("an `autodate` is always set, so `!` is refused").at(required));
    }
    if let Some((_, many)) = &draft.multiple
        && !matches!(draft.head, Head::Select(_) | Head::Relation(_) | Head::File)
    {
        reader.fault(
            Fault::error(format!("`{head}` has one value, so `[]` is refused"))
                .at(many)
                .help("select, file and relation fields can have several; others are `json`"),
        );
    }
    let Some(nullable) = &draft.nullable else { return };
    if let Some(required) = &draft.required {
        reader.fault(
            Fault::error("`!` and `?` contradict each other")
                .at(nullable)
                .and(required, "must be there")
                .help("keep one of them"),
        );
    } else if let Some(nonzero) = draft.options.get(&OptionName::Nonzero) {
        reader.fault(
            Fault::error("`?` and `nonzero` contradict each other")
                .at(nullable)
                .and(&nonzero.place, "must not be zero"),
        );
    }
    if draft.multiple.is_some() {
        reader.fault(
            Fault::error("a list is empty rather than null, so `?` is refused").at(nullable),
        );
    } else if matches!(draft.head, Head::Json) {
        reader.fault(Fault::error("`json` can be null already, so `?` is refused").at(nullable));
    } else if matches!(draft.head, Head::Autodate | Head::Password) {
        reader
            .fault(Fault::error(format!("`{head}` is never null, so `?` is refused")).at(nullable));
    }
}

fn renamed_from(draft: &Draft<'_>, reader: &mut Reader<'_>) -> Option<(String, Place)> {
    let given = draft.options.get(&OptionName::RenamedFrom)?;
    let name = given.text(OptionName::RenamedFrom, reader)?;
    if !is_name(&name) || name == draft.name {
        let message = format!("`{name}` cannot be the former name of `{}`", draft.name);
        reader.fault(Fault::error(message).at(&given.place));
        return None;
    }
    Some((name, given.place.clone()))
}

/// What PocketBase's options cannot say of `on_delete`; the rest is in the relation's own options.
fn on_delete(draft: &Draft<'_>, reader: &mut Reader<'_>) -> Option<OnDelete> {
    let given = draft.options.get(&OptionName::OnDelete)?;
    let text = given.text(OptionName::OnDelete, reader)?;
    match (text.as_str(), &draft.required) {
        ("block", None) => Some(OnDelete::Block),
        ("clear", Some(required)) => {
            reader.fault(
                Fault::error("a required relation cannot be cleared")
                    .at(&given.place)
                    .and(required, "required here")
                    .help("write on_delete=cascade, or on_delete=block, or leave out the `!`"),
            );
            None
        }
        ("cascade" | "block" | "clear", _) => None,
        _ => {
            reader.fault(
                Fault::error(format!("`on_delete` cannot be `{text}`"))
                    .at(&given.place)
                    .help("it is `cascade`, `block` or `clear`"),
            );
            None
        }
    }
}

/// Whether an option was written as a TOML value rather than inside a shorthand.
const fn is_long(value: &GivenValue) -> bool {
    matches!(value, GivenValue::Long(_))
}
