//! What becomes of a value that goes from a database which holds anything to one with types.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::fields::{Field, json_number};
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::store::column::{ColumnType, column_type};
use crate::store::dialect::Dialect;

/// Gives the values of `record` the spelling in which `dialect` hands them out, where that is
/// another one of the same date or number.
///
/// # Errors
/// The first value that cannot be stored without becoming another one.
pub fn fit(dialect: Dialect, record: &mut Record) -> Result<(), Misfit> {
    if dialect.holds_anything() {
        return Ok(());
    }
    let collection = Arc::clone(record.collection());
    for (position, field) in collection.fields.iter().enumerate() {
        match respelled(field, &record.values()[position]) {
            Ok(None) => {}
            Ok(Some(value)) => record.set_at(position, value),
            Err(reason) => return Err(Misfit { field: field.name.clone(), reason }),
        }
    }
    Ok(())
}

/// A value that a database cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The field.
    pub field: String,
    /// Why, to follow the name of the field.
    pub reason: &'static str,
}

/// Another spelling of `value`, where there is one.
fn respelled(field: &Field, value: &Json) -> Result<Option<Json>, &'static str> {
    match (column_type(field), value) {
        (ColumnType::Text, Json::String(text)) if text.contains('\0') => {
            Err("holds the character U+0000")
        }
        (ColumnType::Moment, Json::String(text)) if !text.is_empty() => {
            let moment = Timestamp::parse(text).ok_or("is not a date")?;
            Ok(Some(Json::String(moment.to_string())))
        }
        (ColumnType::Number, Json::Number(number)) => {
            let double = json_number(number.as_f64().unwrap_or_default());
            let is_same = match (number.as_i128(), double.as_i64()) {
                (Some(whole), Some(double)) => whole == i128::from(double),
                (Some(whole), None) => double.as_f64().is_some_and(|d| d as i128 == whole),
                (None, _) => true,
            };
            if is_same { Ok(Some(double)) } else { Err("has more digits than a double can hold") }
        }
        (ColumnType::List, Json::Array(items)) => match items.iter().find_map(unlisted) {
            Some(reason) => Err(reason),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Why an item cannot stand in a list.
fn unlisted(item: &Json) -> Option<&'static str> {
    match item.as_str() {
        None => Some("lists something that is not a text"),
        Some(text) if text.contains('\0') => Some("holds the character U+0000"),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::fields::{
        DateOptions, FieldKind, NumberOptions, SelectOptions, TextOptions,
    };

    fn fields() -> [Field; 4] {
        let select = SelectOptions { max_select: 3, values: Vec::new() };
        [
            Field::new("text", FieldKind::Text(TextOptions::default())),
            Field::new("date", FieldKind::Date(DateOptions::default())),
            Field::new("number", FieldKind::Number(NumberOptions::default())),
            Field::new("list", FieldKind::Select(select)),
        ]
    }

    #[test]
    fn what_has_another_spelling_is_respelled() {
        let [text, date, number, list] = fields();
        let moment = "2024-01-02 00:00:00.000Z";
        for (field, value, expected) in [
            (&text, json!("a\u{1}"), json!("a\u{1}")),
            (&date, json!(""), json!("")),
            (&date, json!(null), json!(null)),
            (&date, json!("2024-01-02"), json!(moment)),
            (&number, json!(5), json!(5)),
            (&number, json!(0.5), json!(0.5)),
            (&number, json!(9_007_199_254_740_992_i64), json_number(9_007_199_254_740_992.0)),
            (&number, json!(1_000_000_000_000_000_000_i64), json_number(1e18)),
            (&list, json!(["a", "b"]), json!(["a", "b"])),
        ] {
            let found = respelled(field, &value).unwrap().unwrap_or(value);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_would_be_another_value_is_refused() {
        let [text, date, number, list] = fields();
        for (field, value) in [
            (&text, json!("a\0b")),
            (&date, json!("yesterday")),
            (&date, json!("2024-13-01")),
            (&number, json!(9_007_199_254_740_993_i64)),
            (&number, json!(i64::MAX)),
            (&list, json!(["a\0"])),
            (&list, json!([1])),
        ] {
            respelled(field, &value).unwrap_err();
        }
    }
}
