//! Looks up `@request.…`: what the request carries, and data that starts from it (contract A 3.10).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::Json;
use crate::domain::fields::FieldKind;
use crate::domain::record::Record;
use crate::domain::rules::ast::Span;
use crate::domain::rules::condition::{FieldRef, Known, Modifier, Path, Root, Step, Term};
use crate::domain::rules::error::RuleError;
use crate::domain::rules::resolve::{RowState, Scope, is_list_type, modifier, unfit};

/// Looks up `@request.` followed by `segments`, with the modifier `suffix`.
pub(super) fn resolve(
    scope: &Scope<'_>,
    segments: &[&str],
    suffix: Option<&str>,
    span: &Span,
) -> Result<Term, RuleError> {
    let request = scope.request;
    match segments {
        ["method"] => lowered(Json::from(request.method.as_str()), "method", suffix, span),
        ["context"] => lowered(Json::from(request.context.as_str()), "context", suffix, span),
        ["query", keys @ ..] if !keys.is_empty() => {
            text_value(scope, &request.query, keys, suffix, span)
        }
        ["headers", keys @ ..] if !keys.is_empty() => {
            text_value(scope, &request.headers, keys, suffix, span)
        }
        ["body", keys @ ..] if !keys.is_empty() => body(scope, keys, suffix, span),
        ["auth", keys @ ..] if !keys.is_empty() => {
            let modifier = suffix.map(|suffix| modifier(suffix, span)).transpose()?;
            Ok(request.caller.record().map_or_else(null, |record| {
                // Collections differ in what they have, and one rule serves callers of all: what
                // this caller lacks is null, not an error.
                auth(scope, record, keys, modifier, span).unwrap_or_else(|_| null())
            }))
        }
        _ => {
            let name = segments.first().copied().unwrap_or_default();
            if matches!(name, "query" | "headers" | "body" | "auth") {
                let message = format!("\"@request.{name}\" needs a key after it");
                return Err(RuleError::new(message, span.clone()));
            }
            let known = ["method", "context", "query", "headers", "body", "auth"];
            Err(RuleError::unknown("request value", name, known, span.clone()))
        }
    }
}

fn null() -> Term {
    Term::Known(Known::new(Json::Null))
}

/// A value that takes no modifier but `:lower`.
fn lowered(value: Json, name: &str, suffix: Option<&str>, span: &Span) -> Result<Term, RuleError> {
    let known = Known::new(value);
    match suffix.map(|suffix| (suffix, modifier(suffix, span))) {
        None => Ok(Term::Known(known)),
        Some((_, Ok(Modifier::Lower))) => Ok(Term::Known(lower(known))),
        Some((_, Err(error))) => Err(error),
        Some((suffix, Ok(_))) => Err(unfit(suffix, name, span)),
    }
}

fn lower(mut known: Known) -> Known {
    if let Json::String(text) = &mut known.value {
        text.make_ascii_lowercase();
    }
    known
}

/// A value of the query or the headers: text, or a number where the row has a number of that name.
fn text_value(
    scope: &Scope<'_>,
    values: &BTreeMap<String, String>,
    keys: &[&str],
    suffix: Option<&str>,
    span: &Span,
) -> Result<Term, RuleError> {
    let key = keys.last().copied().unwrap_or_default();
    let value = if let [key] = keys { values.get(*key) } else { None };
    if suffix == Some("isset") {
        return Ok(Term::Known(Known::new(Json::Bool(value.is_some()))));
    }
    let is_number =
        scope.collection.field(key).is_some_and(|field| matches!(field.kind, FieldKind::Number(_)));
    let value = value.map_or(Json::Null, |text| {
        let number = text.parse::<f64>().ok().filter(|number| is_number && number.is_finite());
        number.map_or_else(|| Json::from(text.as_str()), Json::from)
    });
    lowered(value, key, suffix, span)
}

fn body(
    scope: &Scope<'_>,
    keys: &[&str],
    suffix: Option<&str>,
    span: &Span,
) -> Result<Term, RuleError> {
    let (first, rest) = (keys[0], &keys[1..]);
    let submitted = scope.request.body.get(first);
    let by = scope
        .collection
        .position(first)
        .map(|position| FieldRef { collection: Arc::clone(scope.collection), position });
    match (suffix, by) {
        (Some("isset"), _) => {
            let is_set = submitted.and_then(|value| inside(value, rest)).is_some();
            Ok(Term::Known(Known::new(Json::Bool(is_set))))
        }
        (Some("changed"), Some(by)) if rest.is_empty() => Ok(changed(scope, by, submitted)),
        (Some("changed"), _) => Err(unfit("changed", first, span)),
        (Some("each" | "length"), Some(by)) if rest.is_empty() => {
            let length = suffix == Some("length");
            list(by, submitted, length).ok_or_else(|| unfit(suffix.unwrap_or(""), first, span))
        }
        (_, Some(by)) if !rest.is_empty() && is_relation(&by) => {
            submitted_relation(scope, by, submitted, rest, suffix, span)
        }
        _ => {
            let value = submitted.and_then(|value| inside(value, rest)).cloned();
            lowered(value.unwrap_or_default(), first, suffix, span)
        }
    }
}

fn is_relation(by: &FieldRef) -> bool {
    matches!(by.field().kind, FieldKind::Relation(_))
}

/// Whether the submitted value differs from the stored one; of a row that is not stored yet, never. An upload
/// is more than the name that is stored of it, so it always differs.
fn changed(scope: &Scope<'_>, by: FieldRef, submitted: Option<&Json>) -> Term {
    match submitted {
        Some(value) if is_file(&by) && has_upload(value) => {
            Term::Known(Known::new(Json::Bool(true)))
        }
        Some(value) if scope.row == RowState::Stored => {
            let value = if by.is_json() { Known::inside_json } else { Known::new }(value.clone());
            Term::Changed { path: whole(Root::Row, by, None), value }
        }
        _ => Term::Known(Known::new(Json::Bool(false))),
    }
}

fn is_file(by: &FieldRef) -> bool {
    matches!(by.field().kind, FieldKind::File(_))
}

fn has_upload(value: &Json) -> bool {
    match value {
        Json::Object(_) => true,
        Json::Array(values) => values.iter().any(has_upload),
        _ => false,
    }
}

const fn whole(root: Root, field: FieldRef, modifier: Option<Modifier>) -> Path {
    Path { root, steps: Vec::new(), field, inside: Vec::new(), modifier }
}

/// The elements, or their number, of a submitted select, file or relation value.
fn list(by: FieldRef, submitted: Option<&Json>, length: bool) -> Option<Term> {
    if !is_list_type(&by.field().kind) {
        return None;
    }
    let values = elements(submitted.unwrap_or(&Json::Null));
    Some(if length {
        Term::Known(Known::new(Json::from(values.len())))
    } else {
        each(by, values, |by, values| Root::Body { by, values })
    })
}

/// `values` one at a time: rows of their own when the field is multiple.
fn each(
    by: FieldRef,
    mut values: Vec<String>,
    root: impl Fn(FieldRef, Vec<String>) -> Root,
) -> Term {
    if by.field().is_multiple() && !values.is_empty() {
        return Term::Path(whole(root(by.clone(), values), by, Some(Modifier::Each)));
    }
    values.pop().map_or_else(null, |value| Term::Known(Known::new(Json::String(value))))
}

/// The texts of a normalised select, file or relation value; an upload is its JSON.
pub(super) fn elements(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) if !text.is_empty() => vec![text.clone()],
        Json::Array(values) => values.iter().flat_map(elements).collect(),
        Json::Object(_) => vec![value.to_string()],
        _ => Vec::new(),
    }
}

/// `@request.body.<relation>.<path>`: what the submitted ids point to.
fn submitted_relation(
    scope: &Scope<'_>,
    by: FieldRef,
    submitted: Option<&Json>,
    rest: &[&str],
    suffix: Option<&str>,
    span: &Span,
) -> Result<Term, RuleError> {
    let FieldKind::Relation(options) = &by.field().kind else { return Ok(null()) };
    let name = by.field().name.clone();
    let values = elements(submitted.unwrap_or(&Json::Null));
    if rest == ["id"] && !by.field().is_multiple() {
        let value = values.last().map_or(Json::Null, |id| Json::from(id.as_str()));
        return lowered(value, &name, suffix, span);
    }
    let modifier = suffix.map(|suffix| modifier(suffix, span)).transpose()?;
    let to = scope.relation_target(&options.collection_id, &name, span)?;
    let missing = values.is_empty();
    let root = Root::Body { by: by.clone(), values };
    let steps = vec![Step::Follow { by, to: Arc::clone(&to) }];
    let path = scope.path(root, steps, to, rest, modifier, span)?;
    Ok(if missing { null() } else { Term::Path(path) })
}

fn auth(
    scope: &Scope<'_>,
    record: &Arc<Record>,
    keys: &[&str],
    modifier: Option<Modifier>,
    span: &Span,
) -> Result<Term, RuleError> {
    let collection = record.collection();
    match keys {
        ["collectionId"] => return Ok(Term::Known(Known::new(collection.id.as_str().into()))),
        ["collectionName"] => return Ok(Term::Known(Known::new(collection.name.as_str().into()))),
        _ => {}
    }
    let root = Root::Auth(Arc::clone(record));
    let path = scope.path(root, Vec::new(), Arc::clone(collection), keys, modifier, span)?;
    if !path.steps.is_empty() {
        return Ok(Term::Path(path));
    }
    let value = &record.values()[path.field.position];
    Ok(match modifier {
        Some(Modifier::Length) => Term::Known(Known::new(Json::from(elements(value).len()))),
        Some(Modifier::Each) => {
            each(path.field, elements(value), |_, _| Root::Auth(Arc::clone(record)))
        }
        Some(Modifier::Lower) | None => {
            let keys: Vec<&str> = path.inside.iter().map(String::as_str).collect();
            let value = inside(value, &keys).cloned().unwrap_or_default();
            let known =
                if path.field.is_json() { Known::inside_json(value) } else { Known::new(value) };
            Term::Known(if modifier.is_some() { lower(known) } else { known })
        }
    })
}

/// What `keys` lead to inside `value`; a number is a position in a list.
fn inside<'a>(value: &'a Json, keys: &[&str]) -> Option<&'a Json> {
    keys.iter().try_fold(value, |value, key| match value {
        Json::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
        other => other.get(*key),
    })
}
