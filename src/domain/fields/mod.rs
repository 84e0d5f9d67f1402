//! Fields: one file a type, each with its options, how it reads an incoming value (`normalise`) and
//! what it refuses (`check`). This file dispatches and holds what all types share (contract A 2.9).

mod autodate;
mod date;
mod domains;
mod editor;
mod file;
mod geo_point;
mod json;
mod number;
mod password;
mod relation;
mod select;
mod text;

pub use autodate::AutodateOptions;
pub use date::DateOptions;
pub use domains::DomainOptions;
pub use editor::EditorOptions;
pub use file::FileOptions;
pub use json::JsonOptions;
pub use number::NumberOptions;
pub use password::PasswordOptions;
pub use relation::{OnDelete, RelationOptions};
pub use select::SelectOptions;
pub use text::TextOptions;

use crate::domain::rules::Rule;
use crate::domain::{Json, id};

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

/// Keys of a field that PocketBase does not know (config.md 1.3); all absent means no `ext` key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldExt {
    /// Used on create when no key of the field is sent: a literal, `"@now"`, `"@uuid"` or `"@me"`.
    pub default: Option<Json>,
    /// Whether null is a value of its own beside the zero value.
    pub nullable: bool,
    /// Whether the key (or a default) must be there on create and must never be null.
    pub sent: bool,
    /// `block` on an optional relation; otherwise PocketBase's options decide.
    pub on_delete: Option<OnDelete>,
    /// Whom the field is shown to; absent where the rule does not hold.
    pub read: Option<Rule>,
    /// Server-made ids that no pattern can describe: `"uuid7"`.
    pub autogenerate: Option<String>,
    /// TypeScript type of a json field, for generated clients.
    pub ts: Option<String>,
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
