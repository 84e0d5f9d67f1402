//! Checks that the options of several field types share.

use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::pattern::Pattern;

/// Greatest whole number that every client can hold.
pub(super) const MAX_SAFE: i64 = 9_007_199_254_740_991;

/// A number between two bounds; 0 means that it is not set.
pub(super) fn between(value: i64, min: i64, max: i64) -> Result<(), Fault> {
    if value != 0 && value < min {
        return Err(Fault::below(min));
    }
    if value > max { Err(Fault::above(max)) } else { Ok(()) }
}

/// An expression that compiles, or none.
pub(super) fn compiles(pattern: &Pattern) -> Result<(), Fault> {
    if pattern.is_empty() {
        return Ok(());
    }
    pattern.regex().map(|_| ()).map_err(|reason| {
        Fault::new(
            "validation_invalid_regex",
            format!("`{}` is not a regular expression: {reason}", pattern.text()),
        )
    })
}

/// Faults of the items of a list, by index.
pub(super) fn each<T>(items: &[T], check: impl Fn(&T) -> Result<(), Fault>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (index, item) in items.iter().enumerate() {
        errors.check(index.to_string(), check(item));
    }
    errors
}
