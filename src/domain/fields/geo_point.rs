//! GeoPoint fields: a longitude and a latitude in degrees.

use crate::domain::fields::cast::json_number;
use crate::domain::invalid::Fault;
use crate::domain::{Json, JsonMap};

/// The point of these degrees.
pub fn point(lon: f64, lat: f64) -> Json {
    let mut map = JsonMap::new();
    map.insert("lon".to_owned(), json_number(lon));
    map.insert("lat".to_owned(), json_number(lat));
    Json::Object(map)
}

/// The stored form of an incoming value: an object, or its JSON as text. A part that is missing or
/// null is 0.
pub(super) fn normalise(value: &Json) -> Result<Json, Fault> {
    let unusable =
        || Fault::invalid_value("Must be a point, such as `{\"lon\": 12.5, \"lat\": 41.9}`.");
    let parsed;
    let map = match value {
        Json::Null => return Ok(point(0.0, 0.0)),
        Json::String(text) if text.is_empty() => return Ok(point(0.0, 0.0)),
        Json::String(text) => {
            parsed = serde_json::from_str::<JsonMap>(text).map_err(|_| unusable())?;
            &parsed
        }
        Json::Object(map) => map,
        Json::Bool(_) | Json::Number(_) | Json::Array(_) => return Err(unusable()),
    };
    let part = |key: &str| match map.get(key) {
        None | Some(Json::Null) => Ok(0.0),
        Some(value) => value.as_f64().ok_or_else(unusable),
    };
    Ok(point(part("lon")?, part("lat")?))
}

fn parts(value: &Json) -> (f64, f64) {
    let part = |key: &str| value.get(key).and_then(Json::as_f64).unwrap_or_default();
    (part("lon"), part("lat"))
}

/// Whether both parts are 0.
pub(super) fn is_zero(value: &Json) -> bool {
    parts(value) == (0.0, 0.0)
}

pub(super) fn check(value: &Json) -> Result<(), Fault> {
    let (lon, lat) = parts(value);
    if !(-90.0..=90.0).contains(&lat) {
        return Err(Fault::new(
            "validation_invalid_latitude",
            "The latitude must be between -90 and 90.",
        ));
    }
    if !(-180.0..=180.0).contains(&lon) {
        return Err(Fault::new(
            "validation_invalid_longitude",
            "The longitude must be between -180 and 180.",
        ));
    }
    Ok(())
}
