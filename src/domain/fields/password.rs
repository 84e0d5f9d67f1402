//! Password fields: a hash, never shown. Hashing itself is not known here.

use crate::domain::JsonMap;
use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::pattern::Pattern;

/// Most characters of a password, whatever its options say (design §12.11).
const MAX: i64 = 71;
/// Most bytes of a password, the bound of the hashes that PocketBase made (contract B 1.1).
const MAX_BYTES: usize = 72;

/// Whether the hashes that PocketBase made could hold `password` whole.
pub const fn fits_hash(password: &str) -> bool {
    password.len() <= MAX_BYTES
}

/// Options of a password field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PasswordOptions {
    /// Expression that the plain password must match; empty is none.
    pub pattern: Pattern,
    /// Least characters; 0 is no bound.
    pub min: i64,
    /// Most characters; 0 is 71.
    pub max: i64,
    /// Kept for PocketBase's clients and unused: hashes are argon2id.
    pub cost: i64,
}

impl PasswordOptions {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            pattern: decode::text(map, "pattern")?.unwrap_or_default().into(),
            min: decode::integer(map, "min")?.unwrap_or_default(),
            max: decode::integer(map, "max")?.unwrap_or_default(),
            cost: decode::integer(map, "cost")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("pattern".to_owned(), self.pattern.text().into());
        out.insert("min".to_owned(), self.min.into());
        out.insert("max".to_owned(), self.max.into());
        out.insert("cost".to_owned(), self.cost.into());
    }

    /// Checks a plain password that is not empty, before it is hashed.
    ///
    /// # Errors
    /// The first check that fails; the fault never names the password.
    pub fn check_plain(&self, password: &str) -> Result<(), Fault> {
        if !fits_hash(password) {
            return Err(Fault::invalid_value(format!("Must be no longer than {MAX_BYTES} bytes.")));
        }
        let length = password.chars().count() as i64;
        if length < self.min {
            return Err(Fault::new(
                "validation_min_text_constraint",
                format!("Must be at least {} characters long.", self.min),
            ));
        }
        let max = if self.max == 0 { MAX } else { self.max };
        if length > max {
            return Err(Fault::new(
                "validation_max_text_constraint",
                format!("Must be no more than {max} characters long."),
            ));
        }
        if !self.pattern.is_match(password) {
            return Err(Fault::new(
                "validation_invalid_format",
                format!("Must match the pattern `{}`.", self.pattern.text()),
            ));
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        errors.check("pattern", option::compiles(&self.pattern));
        errors.check("min", option::between(self.min, 1, MAX));
        errors.check("max", option::between(self.max, self.min.max(1), MAX));
        errors.check("cost", option::between(self.cost, 4, 31));
    }
}
