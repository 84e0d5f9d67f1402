//! `default=`: a literal of the field's type, `@now`, `@uuid` or `@me`, checked when it is read.

use crate::config::draft::{Draft, Given, GivenValue};
use crate::config::fields::is_long;
use crate::config::outline::Outlines;
use crate::config::report::Fault;
use crate::config::section::Reader;
use crate::config::shorthand::{Head, OptionName};
use crate::domain::Json;
use crate::domain::fields::{Field, FieldKind};
use crate::domain::time::Timestamp;

const SAMPLE_UUID: &str = "019b0000-0000-7000-8000-000000000000";

/// The stored default of a draft's field.
pub(super) fn default(
    draft: &Draft<'_>,
    field: &Field,
    outlines: &Outlines,
    reader: &mut Reader<'_>,
) -> Option<Json> {
    let given = draft.options.get(&OptionName::Default)?;
    let read = match &given.value {
        GivenValue::Word => return None,
        GivenValue::Short(text) => of_text(text, field),
        GivenValue::Long(node) => {
            let json = reader.json(node)?;
            of_json(json, field)
        }
    };
    let checked = read.and_then(|json| check(json, draft, field, outlines));
    match checked {
        Ok(json) => Some(json),
        Err(refusal) => {
            let help = refusal.help.or_else(|| long_form_help(given, field));
            let message = format!("`default` {}", refusal.message);
            reader.fault(Fault::error(message).at(&given.place).maybe_help(help));
            None
        }
    }
}

struct Refusal {
    message: String,
    help: Option<String>,
}

fn refuse<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { message: message.into(), help: None })
}

fn long_form_help(given: &Given, field: &Field) -> Option<String> {
    let table = matches!(field.kind, FieldKind::GeoPoint) && !is_long(&given.value);
    table.then(|| "use the long form: default = { lon = 8.5, lat = 47.4 }".to_owned())
}

/// The text of a shorthand as a value of the field's type.
fn of_text(text: &str, field: &Field) -> Result<Json, Refusal> {
    let json = match &field.kind {
        FieldKind::Number(_) => match text.parse::<i64>() {
            Ok(integer) => Json::from(integer),
            Err(_) => return number(text),
        },
        FieldKind::Bool => match text {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => return refuse(format!("is true or false, not `{text}`")),
        },
        FieldKind::Json(_) => serde_json::from_str(text).unwrap_or_else(|_| Json::from(text)),
        FieldKind::GeoPoint => return refuse("of `geo` is a table"),
        _ if field.is_multiple() && text != "@me" => {
            if text.split(',').any(str::is_empty) {
                return refuse("is a list without gaps");
            }
            Json::Array(text.split(',').map(Json::from).collect())
        }
        _ => Json::from(text),
    };
    Ok(json)
}

fn number(text: &str) -> Result<Json, Refusal> {
    match text.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
        Some(number) => Ok(Json::Number(number)),
        None => refuse(format!("is a number, not `{text}`")),
    }
}

/// A TOML value as a value of the field's type.
fn of_json(json: Json, field: &Field) -> Result<Json, Refusal> {
    let texts =
        |json: &Json| json.as_array().is_some_and(|items| items.iter().all(Json::is_string));
    let (fits, what) = match &field.kind {
        FieldKind::Number(_) => (json.is_number(), "a number"),
        FieldKind::Bool => (json.is_boolean(), "true or false"),
        FieldKind::Json(_) => (true, ""),
        FieldKind::GeoPoint => (json.is_object(), "a table such as { lon = 8.5, lat = 47.4 }"),
        _ if field.is_multiple() => (texts(&json) || json == "@me", "a list of texts"),
        _ => (json.is_string(), "a text"),
    };
    if fits { Ok(json) } else { refuse(format!("is {what}")) }
}

fn check(
    json: Json,
    draft: &Draft<'_>,
    field: &Field,
    outlines: &Outlines,
) -> Result<Json, Refusal> {
    match json.as_str() {
        Some("@now") => match &field.kind {
            FieldKind::Date(_) => return Ok(json),
            _ => return refuse("`@now` is for a date"),
        },
        Some("@uuid") => match &field.kind {
            FieldKind::Text(_) => {
                literal(Json::from(SAMPLE_UUID), field)?;
                return Ok(json);
            }
            _ => return refuse("`@uuid` is for a text"),
        },
        Some("@me") => return me(draft, outlines).map(|()| json),
        _ => {}
    }
    literal(json, field)
}

fn me(draft: &Draft<'_>, outlines: &Outlines) -> Result<(), Refusal> {
    let Head::Relation(Some(target)) = &draft.head else {
        return refuse("`@me` is for a relation");
    };
    let is_auth = outlines.find(&target.value).is_some_and(|outline| outline.is_auth);
    if is_auth {
        return Ok(());
    }
    Err(Refusal {
        message: "`@me` is for a relation to an auth collection".to_owned(),
        help: Some(format!("nobody signs in with `{}`: point to an auth collection", target.value)),
    })
}

/// The literal in the form in which records hold it.
fn literal(json: Json, field: &Field) -> Result<Json, Refusal> {
    if let (FieldKind::Date(_), Some(text)) = (&field.kind, json.as_str())
        && Timestamp::parse(text).is_none()
    {
        return refuse(format!("is a date such as 2026-01-31 or `@now`, not `{text}`"));
    }
    let value = match field.normalise(&json) {
        Ok(value) => value,
        Err(fault) => return refuse(format!("does not fit: {}", fault.message)),
    };
    match field.check(&value) {
        Ok(()) => Ok(value),
        Err(fault) => refuse(format!("does not fit: {}", fault.message)),
    }
}
