//! Text fields.

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option::{self, MAX_SAFE};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::pattern::{AutogeneratePattern, Pattern};
use crate::domain::random::Random;
use crate::domain::{Json, JsonMap};

/// The pattern of ids unless another is written; only others need the checks of file systems.
pub const DEFAULT_ID_PATTERN: &str = "^[a-z0-9]+$";
const DEFAULT_MAX: i64 = 5000;

/// Options of a text field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Least characters; 0 is no bound.
    pub min: i64,
    /// Most characters; 0 is 5000.
    pub max: i64,
    /// RE2-style expression that must match somewhere; empty is none.
    pub pattern: Pattern,
    /// Expression that a value is made from when none is sent; empty is none.
    pub autogenerate_pattern: AutogeneratePattern,
    /// Whether this is the collection's `id`.
    pub primary_key: bool,
}

impl TextOptions {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            min: decode::integer(map, "min")?.unwrap_or_default(),
            max: decode::integer(map, "max")?.unwrap_or_default(),
            pattern: decode::text(map, "pattern")?.unwrap_or_default().into(),
            autogenerate_pattern: decode::text(map, "autogeneratePattern")?
                .unwrap_or_default()
                .into(),
            primary_key: decode::boolean(map, "primaryKey")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("min".to_owned(), self.min.into());
        out.insert("max".to_owned(), self.max.into());
        out.insert("pattern".to_owned(), self.pattern.text().into());
        out.insert("autogeneratePattern".to_owned(), self.autogenerate_pattern.text().into());
        out.insert("primaryKey".to_owned(), self.primary_key.into());
    }

    /// Checks a value that is not empty.
    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        let text = value.as_str().unwrap_or_default();
        let length = text.chars().count() as i64;
        if length < self.min {
            return Err(Fault::new(
                "validation_min_text_constraint",
                format!("Must be at least {} characters long.", self.min),
            )
            .with("min", self.min));
        }
        let max = if self.max == 0 { DEFAULT_MAX } else { self.max };
        if length > max {
            return Err(Fault::new(
                "validation_max_text_constraint",
                format!("Must be no more than {max} characters long."),
            )
            .with("max", max));
        }
        if !self.pattern.is_match(text) {
            return Err(Fault::new(
                "validation_invalid_format",
                format!("Must match the pattern `{}`.", self.pattern.text()),
            ));
        }
        if self.primary_key && self.pattern.text() != DEFAULT_ID_PATTERN {
            check_id(text)?;
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        errors.check("min", option::between(self.min, 0, MAX_SAFE));
        errors.check("max", option::between(self.max, self.min.max(0), MAX_SAFE));
        if self.primary_key && self.pattern.is_empty() {
            errors.add("pattern", Fault::required());
        }
        errors.check("pattern", option::compiles(&self.pattern));
        errors.check("autogeneratePattern", self.check_autogenerate());
    }

    fn check_autogenerate(&self) -> Result<(), Fault> {
        let pattern = &self.autogenerate_pattern;
        if pattern.is_empty() {
            return Ok(());
        }
        option::compiles(&Pattern::new(pattern.text()))?;
        let mut random = Random::seeded(1);
        for _ in 0..10 {
            let sample = pattern.generate(&mut random).map_err(|reason| {
                Fault::new(
                    "validation_invalid_autogenerate_pattern",
                    format!("Texts cannot be made from this pattern: {reason}."),
                )
            })?;
            self.check(&Json::from(sample.as_str())).map_err(|fault| {
                Fault::new(
                    "validation_invalid_autogenerate_pattern_value",
                    format!(
                        "The pattern makes values such as `{sample}`, which the field refuses: {}",
                        fault.message
                    ),
                )
            })?;
        }
        Ok(())
    }
}

/// What an id of a pattern of its own may not hold, since it names a folder of files.
fn check_id(id: &str) -> Result<(), Fault> {
    const FORBIDDEN: &str = "./\\|\"'`<>:?*%$\0 \t\n\r";
    if let Some(character) = id.chars().find(|character| FORBIDDEN.contains(*character)) {
        return Err(Fault::new(
            "validation_forbidden_pk_character",
            format!("An id must not contain {character:?}."),
        )
        .with("ch", character.to_string()));
    }
    let upper = id.to_ascii_uppercase();
    let numbered = (upper.starts_with("COM") || upper.starts_with("LPT"))
        && upper.len() == 4
        && matches!(upper.as_bytes()[3], b'1'..=b'9');
    if numbered || ["CON", "PRN", "AUX", "NUL"].contains(&upper.as_str()) {
        return Err(Fault::new(
            "validation_reserved_pk",
            format!("`{id}` is the name of a device and cannot be an id."),
        )
        .with("reserved", upper));
    }
    Ok(())
}
