//! Select fields: one or several of a fixed list.

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::{Json, JsonMap};

/// Options of a select field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelectOptions {
    /// The values to choose from.
    pub values: Vec<String>,
    /// Most values; 0 and 1 make it single.
    pub max_select: i64,
}

impl SelectOptions {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            values: decode::texts(map, "values")?.unwrap_or_default(),
            max_select: decode::integer(map, "maxSelect")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("values".to_owned(), Json::from(self.values.clone()));
        out.insert("maxSelect".to_owned(), self.max_select.into());
    }

    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        let chosen = super::texts(value);
        super::value::check_at_most(chosen.len(), self.max_select)?;
        for text in chosen {
            if !self.values.iter().any(|known| known == text) {
                return Err(Fault::invalid_value(format!(
                    "`{text}` is not one of {}.",
                    self.values.join(", ")
                ))
                .with("value", text));
            }
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        if self.values.is_empty() {
            errors.add("values", Fault::required());
        }
        let blank = |value: &String| if value.is_empty() { Err(Fault::required()) } else { Ok(()) };
        errors.nest("values", option::each(&self.values, blank));
        errors.check("maxSelect", option::between(self.max_select, 0, self.values.len() as i64));
    }
}
