//! File fields: names of stored uploads. Where and how files are stored is not known here.

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option::{self, MAX_SAFE};
use crate::domain::files::thumb::{LONGEST_SIDE, ThumbFault, ThumbSize};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::{Json, JsonMap};

const DEFAULT_MAX_SIZE: i64 = 5 << 20;

/// Options of a file field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// Most bytes of one file; 0 is 5 MiB.
    pub max_size: i64,
    /// Most files; 0 and 1 make it single.
    pub max_select: i64,
    /// Content types that are accepted, all when absent; `image/*` is every type of that prefix.
    pub mime_types: Option<Vec<String>>,
    /// Sizes of thumbnails, such as `100x100`.
    pub thumbs: Option<Vec<String>>,
    /// Whether reading a file needs the view rule.
    pub protected: bool,
}

/// Bytes of a file's name that a fault repeats.
const LONGEST_NAME: usize = 300;

/// The beginning of a name that is too long to be repeated.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    format!("{}...", &name[..name.floor_char_boundary(LONGEST_NAME)])
}

impl FileOptions {
    /// Most bytes of one file, the default where none is set.
    pub const fn size_limit(&self) -> i64 {
        if self.max_size == 0 { DEFAULT_MAX_SIZE } else { self.max_size }
    }

    /// Whether uploads of this content type are accepted. What follows a `;` does not count.
    pub fn accepts(&self, mime: &str) -> bool {
        let essence = mime.split(';').next().unwrap_or_default().trim();
        let Some(accepted) = self.mime_types.as_ref().filter(|types| !types.is_empty()) else {
            return true;
        };
        accepted.iter().any(|accepted| match accepted.strip_suffix('*') {
            Some(prefix) => essence.starts_with(prefix),
            None => accepted == essence || accepted == mime,
        })
    }

    /// Checks one upload: its size, then its content type.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn check_upload(&self, original_name: &str, size: u64, mime: &str) -> Result<(), Fault> {
        let max = self.size_limit();
        if size > max.unsigned_abs() {
            return Err(Fault::new(
                "validation_file_size_limit",
                format!("`{original_name}` is larger than {max} bytes."),
            )
            .with("file", shortened(original_name))
            .with("maxSize", max));
        }
        if !self.accepts(mime) {
            let accepted = self.mime_types.as_deref().unwrap_or_default().join(", ");
            return Err(Fault::new(
                "validation_invalid_mime_type",
                format!("`{original_name}` is of the type {mime}; accepted are {accepted}."),
            ));
        }
        Ok(())
    }

    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            max_size: decode::integer(map, "maxSize")?.unwrap_or_default(),
            max_select: decode::integer(map, "maxSelect")?.unwrap_or_default(),
            mime_types: decode::texts(map, "mimeTypes")?,
            thumbs: decode::texts(map, "thumbs")?,
            protected: decode::boolean(map, "protected")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("maxSize".to_owned(), self.max_size.into());
        out.insert("maxSelect".to_owned(), self.max_select.into());
        out.insert("mimeTypes".to_owned(), Json::from(self.mime_types.clone()));
        out.insert("thumbs".to_owned(), Json::from(self.thumbs.clone()));
        out.insert("protected".to_owned(), self.protected.into());
    }

    /// Checks how many names there are.
    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        self.check_count(super::texts(value).len())
    }

    /// Checks how many files there would be.
    pub(crate) fn check_count(&self, count: usize) -> Result<(), Fault> {
        let max = self.max_select.max(1);
        if count as i64 > max {
            return Err(Fault::new(
                "validation_too_many_files",
                format!("There may be no more than {max} files."),
            )
            .with("maxSelect", max));
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        errors.check("maxSize", option::between(self.max_size, 0, MAX_SAFE));
        errors.check("maxSelect", option::between(self.max_select, 0, MAX_SAFE));
        let thumbs = self.thumbs.as_deref().unwrap_or_default();
        errors.nest("thumbs", option::each(thumbs, |thumb| check_thumb(thumb)));
    }
}

fn check_thumb(thumb: &str) -> Result<(), Fault> {
    thumb.parse::<ThumbSize>().map(|_| ()).map_err(|fault| match fault {
        ThumbFault::NoSide => {
            Fault::new("validation_not_in_invalid", "A thumbnail needs a width or a height.")
        }
        ThumbFault::TooLong => Fault::above(LONGEST_SIDE),
        ThumbFault::Format => Fault::new(
            "validation_match_invalid",
            "Must be a size such as 100x100, 100x100t, 100x100b, 100x100f, 0x100 or 100x0.",
        ),
    })
}
