//! The fields of views: inferred from their queries, then told more by their author where the
//! query says nothing (config.md 1.5).

use crate::config::collections::{Gathered, schema};
use crate::config::outline::Outlines;
use crate::config::report::{Fault, advise};
use crate::config::section::Reader;
use crate::config::shorthand::OptionName;
use crate::config::{draft, fields};
use crate::domain::collection::CollectionKind;
use crate::domain::fields::FieldKind;
use crate::domain::schema::Schema;
use crate::domain::views;

/// Options that only fields of a table can have.
const STORED: [OptionName; 8] = [
    OptionName::Unique,
    OptionName::Nocase,
    OptionName::Index,
    OptionName::Server,
    OptionName::Immutable,
    OptionName::Default,
    OptionName::OnDelete,
    OptionName::RenamedFrom,
];

/// Infers the fields of all views, each after the views that it reads.
pub(super) fn infer(gathered: &mut [Gathered<'_>], outlines: &Outlines, reader: &mut Reader<'_>) {
    let mut waiting: Vec<usize> = (0..gathered.len())
        .filter(|position| gathered[*position].spec.collection.is_view())
        .collect();
    while !waiting.is_empty() {
        let names: Vec<String> = waiting
            .iter()
            .map(|position| gathered[*position].spec.collection.name.to_ascii_lowercase())
            .collect();
        let ready = waiting.iter().position(|position| {
            let own = &gathered[*position].spec.collection;
            let reads = tables(&own.kind);
            !reads.iter().any(|table| names.contains(&table.to_ascii_lowercase()))
        });
        let Some(ready) = ready else {
            circle(gathered, &waiting, reader);
            return;
        };
        let position = waiting.remove(ready);
        let schema = schema(gathered);
        infer_one(&mut gathered[position], &schema, outlines, reader);
    }
}

fn infer_one(
    one: &mut Gathered<'_>,
    schema: &Schema,
    outlines: &Outlines,
    reader: &mut Reader<'_>,
) {
    let Err(error) = one.spec.collection.infer_fields(schema) else {
        declare(one, outlines, reader);
        return;
    };
    one.shapeless = true;
    // A query that is not written is noted already.
    if let Some(place) = &one.spec.places.query {
        let name = &one.spec.collection.name;
        let message = format!("the query of `{name}` cannot be a view: {}", error.message);
        reader.fault(Fault::error(message).at(place));
    }
}

fn tables(kind: &CollectionKind) -> Vec<String> {
    match kind {
        CollectionKind::View(options) => views::tables(&options.query).unwrap_or_default(),
        CollectionKind::Base | CollectionKind::Auth(_) => Vec::new(),
    }
}

fn circle(gathered: &mut [Gathered<'_>], waiting: &[usize], reader: &mut Reader<'_>) {
    for position in waiting {
        gathered[*position].shapeless = true;
        let spec = &gathered[*position].spec;
        let place = spec.places.query.as_ref().unwrap_or(&spec.places.name);
        let message =
            format!("the view `{}` reads itself, perhaps through others", spec.collection.name);
        reader.fault(Fault::error(message).at(place));
    }
}

/// Lays the declared fields over the inferred ones.
fn declare(one: &mut Gathered<'_>, outlines: &Outlines, reader: &mut Reader<'_>) {
    let Some(section) = one.section.table("fields", reader) else { return };
    for entry in section.entries() {
        let Some(draft) = draft::read(entry, reader) else { continue };
        let Some(mut declared) = fields::declare(draft, outlines, reader) else { continue };
        for option in STORED {
            if let Some(given) = declared.draft.options.get(&option) {
                let message = format!("`{}` does not belong to a view's field", option.as_str());
                reader.fault(Fault::error(message).at(&given.place));
            }
        }
        let columns = &mut one.spec.collection.fields;
        let Some(position) = columns.iter().position(|column| column.name == entry.key) else {
            let known = columns.iter().map(|column| column.name.as_str());
            reader.fault(
                Fault::error(format!("the query has no column `{}`", entry.key))
                    .at(&entry.key_place)
                    .maybe_help(advise(&entry.key, known)),
            );
            continue;
        };
        if !matches!(columns[position].kind, FieldKind::Json(_)) {
            let type_name = columns[position].kind.type_name();
            reader.fault(
                Fault::error(format!("the query says already that `{}` is {type_name}", entry.key))
                    .at(&entry.key_place)
                    .help("only columns whose type the query leaves open can be declared"),
            );
            continue;
        }
        one.spec.places.fields.insert(entry.key.clone(), entry.key_place.clone());
        declared.field.required = false;
        columns[position] = declared.field.clone();
        one.declared.push(declared);
    }
}
