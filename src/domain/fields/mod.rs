//! Fields: one file a type, each with its options, how it reads an incoming value (`normalise`) and
//! what it refuses (`check`). This file dispatches and holds what all types share (contract A 2.9).

mod autodate;
mod cast;
mod date;
mod definition;
mod domains;
mod editor;
mod ext;
mod file;
mod geo_point;
mod json;
mod number;
mod option;
mod password;
mod relation;
mod select;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use autodate::AutodateOptions;
pub use cast::{json_number, spells_true, to_text};
pub use date::DateOptions;
pub use definition::{OptionContext, is_word};
pub use domains::{DomainOptions, is_domain, is_email, is_url};
pub use editor::EditorOptions;
pub use ext::{DefaultValue, FieldExt};
pub use file::FileOptions;
pub use geo_point::point;
pub use json::{JsonOptions, from_scalar_text};
pub use number::NumberOptions;
pub use password::{PasswordOptions, fits_hash};
pub use relation::{OnDelete, RelationOptions};
pub use select::SelectOptions;
pub use text::{DEFAULT_ID_PATTERN, TextOptions};
pub use value::texts;
pub(crate) use value::{join, split};

use crate::domain::id;

/// One field of a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Stable id, 1 to 100 bytes; survives renames (contract A 2.5).
    pub id: String,
    /// Name, unique in the collection without regard to case; also the column.
    pub name: String,
    /// Whether the product needs it and protects it.
    pub system: bool,
    /// Whether only superusers ever see or set it.
    pub hidden: bool,
    /// Hint for dashboards: shows the record to people.
    pub presentable: bool,
    /// Whether the zero value is refused.
    pub required: bool,
    /// Hint for dashboards, up to 300 bytes.
    pub help: String,
    /// The type and its own options.
    pub kind: FieldKind,
    /// What PocketBase's JSON has no word for.
    pub ext: FieldExt,
}

/// Type of a field with the options that only this type has.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Text.
    Text(TextOptions),
    /// HTML.
    Editor(EditorOptions),
    /// A double.
    Number(NumberOptions),
    /// True or false.
    Bool,
    /// An e-mail address.
    Email(DomainOptions),
    /// A web address.
    Url(DomainOptions),
    /// A moment.
    Date(DateOptions),
    /// A moment that the server sets.
    Autodate(AutodateOptions),
    /// One or several of a fixed list.
    Select(SelectOptions),
    /// One or several uploads.
    File(FileOptions),
    /// One or several records of a collection.
    Relation(RelationOptions),
    /// Any JSON.
    Json(JsonOptions),
    /// A password, kept as a hash.
    Password(PasswordOptions),
    /// A longitude and a latitude.
    GeoPoint,
}

impl Field {
    /// A field of `kind` with the generated id of contract A 2.5 and every option at its default.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        let name = name.into();
        Self {
            id: id::field_id(&kind, &name, |_| false),
            name,
            system: false,
            hidden: false,
            presentable: false,
            required: false,
            help: String::new(),
            kind,
            ext: FieldExt::default(),
        }
    }

    /// Whether this is the collection's `id`.
    pub const fn is_primary_key(&self) -> bool {
        matches!(&self.kind, FieldKind::Text(options) if options.primary_key)
    }

    /// Whether the value is a list: a select, file or relation with `maxSelect` above one.
    pub const fn is_multiple(&self) -> bool {
        match &self.kind {
            FieldKind::Select(options) => options.max_select > 1,
            FieldKind::File(options) => options.max_select > 1,
            FieldKind::Relation(options) => options.max_select > 1,
            _ => false,
        }
    }
}

impl FieldKind {
    /// The word for the type in JSON (`text`, `geoPoint`, …).
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Editor(_) => "editor",
            Self::Number(_) => "number",
            Self::Bool => "bool",
            Self::Email(_) => "email",
            Self::Url(_) => "url",
            Self::Date(_) => "date",
            Self::Autodate(_) => "autodate",
            Self::Select(_) => "select",
            Self::File(_) => "file",
            Self::Relation(_) => "relation",
            Self::Json(_) => "json",
            Self::Password(_) => "password",
            Self::GeoPoint => "geoPoint",
        }
    }
}
