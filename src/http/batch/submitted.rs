//! The items of a batch as they were sent: their shape and the checks of contract A 6.3.

use std::collections::BTreeMap;

use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::files::uploads::Received;

/// Bytes of the `url` of an item.
const LONGEST_URL: usize = 2_000;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// One item.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Submitted {
    pub(super) method: String,
    pub(super) url: String,
    /// By their names as rules know them. Who asks is said by the request around all items.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: JsonMap,
}

/// The items in a body, at most `most`.
///
/// # Errors
/// `BadRequest` when the body has another shape, `Invalid` when items are missing, too many or
/// cannot be what they say.
pub(super) fn read_items(mut body: JsonMap, most: usize) -> Result<Vec<Submitted>, Error> {
    let items = match take(&mut body, "requests") {
        None => Vec::new(),
        Some(Json::Array(items)) => items,
        Some(_) => return Err(Error::bad_request("requests must be a list.")),
    };
    let items = items.into_iter().enumerate().map(|(index, item)| read_item(index, item));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let mut errors = FieldErrors::new();
    if items.is_empty() {
        errors.add("requests", Fault::required());
    } else if items.len() > most {
        let fault = Fault::length(0, most);
        errors.add("requests", fault);
    }
    let mut faulty = FieldErrors::new();
    for (index, item) in items.iter().enumerate() {
        faulty.nest(index.to_string(), check(item));
    }
    errors.nest("requests", faulty);
    errors.into_result()?;
    Ok(items)
}

/// The files by the item that they belong to, with the key that they have there:
/// `requests.2.cover` and `requests[2].cover` are `cover` of item 2. Others mean nothing.
pub(super) fn files_by_item(files: Vec<Received>) -> BTreeMap<usize, Vec<Received>> {
    let mut by_item: BTreeMap<usize, Vec<Received>> = BTreeMap::new();
    for file in files {
        if let Some((index, field)) = place(&file.key) {
            let key = field.to_owned();
            by_item.entry(index).or_default().push(Received { key, ..file });
        }
    }
    by_item
}

fn place(key: &str) -> Option<(usize, &str)> {
    let rest = key.strip_prefix("requests")?;
    let (index, field) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once("].")?,
        None => rest.strip_prefix('.')?.split_once('.')?,
    };
    // The number as it is written, so that there is one name for each item.
    let number: usize = index.parse().ok()?;
    (number.to_string() == index && !field.is_empty()).then_some((number, field))
}

fn read_item(index: usize, item: Json) -> Result<Submitted, Error> {
    let malformed = |what: &str| Error::bad_request(format!("requests.{index}{what}."));
    let mut item = match item {
        Json::Object(item) => item,
        Json::Null => JsonMap::new(),
        _ => return Err(malformed(" must be an object")),
    };
    let text = |item: &mut JsonMap, name: &str| match take(item, name) {
        None => Ok(String::new()),
        Some(Json::String(text)) => Ok(text),
        Some(_) => Err(malformed(&format!(".{name} must be a text"))),
    };
    let object = |item: &mut JsonMap, name: &str| match take(item, name) {
        None => Ok(JsonMap::new()),
        Some(Json::Object(map)) => Ok(map),
        Some(_) => Err(malformed(&format!(".{name} must be an object"))),
    };
    let mut headers = BTreeMap::new();
    for (name, value) in object(&mut item, "headers")? {
        let Json::String(value) = value else {
            return Err(malformed(&format!(".headers.{name} must be a text")));
        };
        let name = name.to_ascii_lowercase().replace('-', "_");
        if name != "authorization" && name != "host" {
            headers.insert(name, value);
        }
    }
    Ok(Submitted {
        method: text(&mut item, "method")?,
        url: text(&mut item, "url")?,
        headers,
        body: object(&mut item, "body")?,
    })
}

fn check(item: &Submitted) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if item.method.is_empty() {
        errors.add("method", Fault::required());
    } else if !METHODS.contains(&item.method.as_str()) {
        let message = format!("Must be one of {}.", METHODS.join(", "));
        errors.add("method", Fault::new("validation_in_invalid", message));
    }
    if item.url.is_empty() {
        errors.add("url", Fault::required());
    } else if item.url.len() > LONGEST_URL {
        errors.add("url", Fault::length(0, LONGEST_URL));
    }
    errors
}

/// Takes the value of `name`, in any case as PocketBase's server finds it; null is none.
fn take(map: &mut JsonMap, name: &str) -> Option<Json> {
    let value = match map.get_mut(name) {
        Some(value) => value,
        None => map.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1,
    };
    Some(value.take()).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Json) -> Result<Vec<Submitted>, Error> {
        read_items(body.as_object().unwrap().clone(), 3)
    }

    fn faults(body: Json) -> Vec<String> {
        let Err(Error::Invalid(errors)) = read(body.clone()) else { panic!("{body}") };
        errors.faults().into_iter().map(|(path, fault)| format!("{path} {}", fault.code)).collect()
    }

    #[test]
    fn items_are_counted_and_each_is_looked_at() {
        assert_eq!(faults(json!({})), ["requests validation_required"]);
        assert_eq!(faults(json!({ "requests": null })), ["requests validation_required"]);
        assert_eq!(faults(json!({ "requests": [] })), ["requests validation_required"]);
        let many = vec![json!({}); 4];
        assert_eq!(faults(json!({ "requests": many })), ["requests validation_length_too_long"]);
        let items = json!([
            { "method": "POST", "url": "x".repeat(2_000) },
            { "method": "post", "url": "x".repeat(2_001) },
            null,
        ]);
        assert_eq!(
            faults(json!({ "requests": items })),
            [
                "requests.1.method validation_in_invalid",
                "requests.1.url validation_length_too_long",
                "requests.2.method validation_required",
                "requests.2.url validation_required",
            ]
        );
    }

    #[test]
    fn another_shape_is_no_batch() {
        for body in [
            json!({ "requests": {} }),
            json!({ "requests": [1] }),
            json!({ "requests": [{ "method": 1 }] }),
            json!({ "requests": [{ "url": [] }] }),
            json!({ "requests": [{ "body": [] }] }),
            json!({ "requests": [{ "headers": "x" }] }),
            json!({ "requests": [{ "headers": { "a": 1 } }] }),
        ] {
            assert!(matches!(read(body.clone()), Err(Error::BadRequest(_))), "{body}");
        }
    }

    #[test]
    fn keys_have_any_case_and_the_caller_is_not_said_by_headers() {
        let items = json!({ "Requests": [{
            "METHOD": "POST", "Url": "/x", "body": null,
            "headers": { "X-A": "1", "authorization": "t", "Authorization": "t", "Host": "h" },
        }] });
        let items = read(items).unwrap();
        assert_eq!((items[0].method.as_str(), items[0].url.as_str()), ("POST", "/x"));
        assert_eq!(items[0].headers, BTreeMap::from([("x_a".to_owned(), "1".to_owned())]));
    }

    #[test]
    fn files_are_named_by_the_number_of_their_item() {
        assert_eq!(place("requests.0.cover"), Some((0, "cover")));
        assert_eq!(place("requests[12].+files"), Some((12, "+files")));
        assert_eq!(place("requests.1.a.b"), Some((1, "a.b")));
        for other in [
            "cover",
            "requests",
            "requests.",
            "requests.1",
            "requests.1.",
            "requests.01.a",
            "requests.+1.a",
            "requests.-1.a",
            "requests[1]a",
            "requests[1.a",
            "requests.x.a",
            "requests.99999999999999999999.a",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
