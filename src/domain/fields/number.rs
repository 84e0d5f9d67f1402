//! Number fields: IEEE doubles.

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::cast::json_number;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::{Json, JsonMap};

/// Options of a number field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NumberOptions {
    /// Least value.
    pub min: Option<f64>,
    /// Greatest value.
    pub max: Option<f64>,
    /// Whether fractions are refused.
    pub only_int: bool,
}

impl NumberOptions {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            min: decode::number(map, "min")?,
            max: decode::number(map, "max")?,
            only_int: decode::boolean(map, "onlyInt")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("min".to_owned(), self.min.map_or(Json::Null, json_number));
        out.insert("max".to_owned(), self.max.map_or(Json::Null, json_number));
        out.insert("onlyInt".to_owned(), self.only_int.into());
    }

    /// Checks a value that is not zero.
    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        let number = value.as_f64().unwrap_or_default();
        if self.only_int && !is_integer(number) {
            return Err(only_int());
        }
        if let Some(min) = self.min.filter(|min| number < *min) {
            return Err(Fault::new(
                "validation_min_number_constraint",
                format!("Must be no less than {min}."),
            )
            .with("min", json_number(min)));
        }
        if let Some(max) = self.max.filter(|max| number > *max) {
            return Err(Fault::new(
                "validation_max_number_constraint",
                format!("Must be no greater than {max}."),
            )
            .with("max", json_number(max)));
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        for (key, bound) in [("min", self.min), ("max", self.max)] {
            if self.only_int && bound.is_some_and(|bound| bound.fract() != 0.0) {
                errors.add(key, only_int());
            }
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && max < min
        {
            errors.add(
                "max",
                Fault::new(
                    "validation_min_number_constraint",
                    format!("Must be no less than the least value, {min}."),
                )
                .with("min", json_number(min)),
            );
        }
    }
}

/// Whether a value is a whole number that 64 bits hold.
fn is_integer(number: f64) -> bool {
    number.fract() == 0.0 && (-TWO_TO_63..TWO_TO_63).contains(&number)
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

fn only_int() -> Fault {
    Fault::new("validation_only_int_constraint", "Must be a whole number.")
}
