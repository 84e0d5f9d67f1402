//! Editor fields: HTML, stored as it is.

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option::{self, MAX_SAFE};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::{Json, JsonMap};

const DEFAULT_MAX_SIZE: i64 = 5 << 20;

/// Options of an editor field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditorOptions {
    /// Most bytes; 0 is 5 MiB.
    pub max_size: i64,
    /// Hint for dashboards.
    pub convert_urls: bool,
}

impl EditorOptions {
    /// Most bytes of a value, the default where none is set.
    pub const fn size_limit(&self) -> i64 {
        if self.max_size == 0 { DEFAULT_MAX_SIZE } else { self.max_size }
    }

    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            max_size: decode::integer(map, "maxSize")?.unwrap_or_default(),
            convert_urls: decode::boolean(map, "convertURLs")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("maxSize".to_owned(), self.max_size.into());
        out.insert("convertURLs".to_owned(), self.convert_urls.into());
    }

    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        let max = self.size_limit();
        if value.as_str().unwrap_or_default().len() as i64 > max {
            return Err(Fault::new(
                "validation_content_size_limit",
                format!("Must be no larger than {max} bytes."),
            )
            .with("maxSize", max));
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        errors.check("maxSize", option::between(self.max_size, 0, MAX_SAFE));
    }
}
