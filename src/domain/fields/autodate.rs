//! Autodate fields: set by the server, never by a client.

use crate::domain::JsonMap;
use crate::domain::decode::{self, Malformed};
use crate::domain::invalid::{Fault, FieldErrors};

/// Options of an autodate field (contract A 2.9); at least one is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AutodateOptions {
    /// Set on insert.
    pub on_create: bool,
    /// Set on every later save.
    pub on_update: bool,
}

impl AutodateOptions {
    /// Whether a save sets the date: an insert, or else a later save.
    pub const fn is_set_by(&self, insert: bool) -> bool {
        if insert { self.on_create } else { self.on_update }
    }

    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            on_create: decode::boolean(map, "onCreate")?.unwrap_or_default(),
            on_update: decode::boolean(map, "onUpdate")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("onCreate".to_owned(), self.on_create.into());
        out.insert("onUpdate".to_owned(), self.on_update.into());
    }

    /// `fixed` are the stored options of a system field, which may not change.
    pub(super) fn check_options(&self, fixed: Option<&Self>, errors: &mut FieldErrors) {
        if !self.on_create && !self.on_update {
            errors.add("onCreate", Fault::required());
            errors.add("onUpdate", Fault::required());
        }
        let Some(fixed) = fixed else { return };
        for (key, same) in [
            ("onCreate", self.on_create == fixed.on_create),
            ("onUpdate", self.on_update == fixed.on_update),
        ] {
            if !same {
                errors.add(
                    key,
                    Fault::new(
                        "validation_values_mismatch",
                        "A system field's dates cannot change.",
                    ),
                );
            }
        }
    }
}
