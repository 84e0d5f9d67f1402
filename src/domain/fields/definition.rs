//! A field's definition as JSON and the rules that it must obey (contract A 2.4, 2.9). Option by
//! option it asks the file of the field's type.

use crate::domain::JsonMap;
use crate::domain::collection::Collection;
use crate::domain::decode::{self, Malformed};
use crate::domain::fields::{
    AutodateOptions, DateOptions, DomainOptions, EditorOptions, Field, FieldExt, FieldKind,
    FileOptions, JsonOptions, NumberOptions, PasswordOptions, RelationOptions, SelectOptions,
    TextOptions,
};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::schema::Schema;

const RESERVED_NAMES: [&str; 7] =
    ["null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand"];

/// What a field's options are checked against.
#[derive(Debug, Clone, Copy)]
pub struct OptionContext<'a> {
    /// The collection that has the field, as it will be.
    pub collection: &'a Collection,
    /// The stored field with the same id.
    pub old: Option<&'a Field>,
    /// The other collections, as they will be.
    pub schema: &'a Schema,
}

impl Field {
    /// Reads a field onto a blank one of its type: what is not said is at its default. The id is
    /// empty when none is said.
    ///
    /// # Errors
    /// An unknown type, or a key whose value has the wrong type.
    pub fn read(map: &JsonMap) -> Result<Self, Malformed> {
        let type_name = decode::text(map, "type")?
            .ok_or_else(|| Malformed::new("type", "is missing: which type has the field?"))?;
        let is_autodate = type_name == "autodate";
        let flag = |key| Ok(decode::boolean(map, key)?.unwrap_or_default());
        Ok(Self {
            id: decode::text(map, "id")?.unwrap_or_default(),
            name: decode::text(map, "name")?.unwrap_or_default(),
            system: flag("system")?,
            hidden: flag("hidden")?,
            presentable: flag("presentable")?,
            required: !is_autodate && flag("required")?,
            help: decode::text(map, "help")?.filter(|_| !is_autodate).unwrap_or_default(),
            kind: FieldKind::read(&type_name, map)?,
            ext: match decode::object(map, "ext")? {
                Some(ext) => FieldExt::read(ext).map_err(|err| err.within("ext"))?,
                None => FieldExt::default(),
            },
        })
    }

    /// The definition, keys in byte order; `ext` only where it holds something.
    pub fn to_json(&self) -> JsonMap {
        let mut out = JsonMap::new();
        out.insert("id".to_owned(), self.id.as_str().into());
        out.insert("name".to_owned(), self.name.as_str().into());
        out.insert("type".to_owned(), self.kind.type_name().into());
        out.insert("system".to_owned(), self.system.into());
        out.insert("hidden".to_owned(), self.hidden.into());
        out.insert("presentable".to_owned(), self.presentable.into());
        if !matches!(self.kind, FieldKind::Autodate(_)) {
            out.insert("required".to_owned(), self.required.into());
            out.insert("help".to_owned(), self.help.as_str().into());
        }
        self.kind.write(&mut out);
        let ext = self.ext.to_json();
        if !ext.is_empty() {
            out.insert("ext".to_owned(), ext.into());
        }
        out.sort_keys();
        out
    }

    /// Checks the definition; faults by option.
    pub fn check_options(&self, context: &OptionContext<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.id.is_empty() {
            errors.add("id", Fault::required());
        }
        if self.id.len() > 100 {
            errors.add("id", Fault::length(1, 100));
        }
        errors.check("name", self.check_name());
        if self.help.len() > 300 {
            errors.add("help", Fault::length(1, 300));
        }
        if self.is_primary_key() {
            if !self.required {
                errors.add("required", Fault::required());
            }
            if self.hidden {
                errors.add("hidden", Fault::not_empty("The id of a record cannot be hidden."));
            }
            if context.collection.fields.iter().filter(|field| field.is_primary_key()).count() > 1 {
                let message = "A collection has one primary key, `id`.";
                let fault = Fault::new("validation_unsupported_composite_pk", message);
                errors.add("primaryKey", fault);
            }
        }
        self.check_kind(context, &mut errors);
        errors.nest("ext", self.check_ext(context));
        errors
    }

    fn check_name(&self) -> Result<(), Fault> {
        let name = self.name.as_str();
        if name.is_empty() {
            return Err(Fault::required());
        }
        if name.len() > 100 {
            return Err(Fault::length(1, 100));
        }
        if !is_word(name) {
            return Err(Fault::new(
                "validation_match_invalid",
                format!("`{name}` must consist of letters, digits and underscores."),
            ));
        }
        if RESERVED_NAMES.contains(&name) {
            return Err(Fault::new(
                "validation_not_in_invalid",
                format!("`{name}` has a meaning of its own and cannot name a field."),
            ));
        }
        if name.to_ascii_lowercase().contains("_via_") {
            return Err(Fault::new(
                "validation_found_via",
                "A name cannot contain `_via_`, which names back-relations.",
            ));
        }
        if self.is_primary_key() && name != "id" {
            return Err(Fault::new("validation_in_invalid", "The primary key is called `id`."));
        }
        Ok(())
    }

    fn check_kind(&self, context: &OptionContext<'_>, errors: &mut FieldErrors) {
        match &self.kind {
            FieldKind::Text(options) => options.check_options(errors),
            FieldKind::Editor(options) => options.check_options(errors),
            FieldKind::Number(options) => options.check_options(errors),
            FieldKind::Email(options) | FieldKind::Url(options) => options.check_options(errors),
            FieldKind::Date(options) => options.check_options(errors),
            FieldKind::Autodate(options) => {
                let fixed = match context.old {
                    Some(Self { system: true, kind: FieldKind::Autodate(old), .. }) => Some(old),
                    _ => None,
                };
                options.check_options(fixed, errors);
            }
            FieldKind::Select(options) => options.check_options(errors),
            FieldKind::File(options) => options.check_options(errors),
            FieldKind::Relation(options) => {
                let old = match context.old {
                    Some(Self { kind: FieldKind::Relation(old), .. }) => Some(old),
                    _ => None,
                };
                options.check_options(context.collection, old, context.schema, errors);
            }
            FieldKind::Json(options) => options.check_options(errors),
            FieldKind::Password(options) => options.check_options(errors),
            FieldKind::Bool | FieldKind::GeoPoint => {}
        }
    }
}

impl FieldKind {
    fn read(type_name: &str, map: &JsonMap) -> Result<Self, Malformed> {
        Ok(match type_name {
            "text" => Self::Text(TextOptions::read(map)?),
            "editor" => Self::Editor(EditorOptions::read(map)?),
            "number" => Self::Number(NumberOptions::read(map)?),
            "bool" => Self::Bool,
            "email" => Self::Email(DomainOptions::read(map)?),
            "url" => Self::Url(DomainOptions::read(map)?),
            "date" => Self::Date(DateOptions::read(map)?),
            "autodate" => Self::Autodate(AutodateOptions::read(map)?),
            "select" => Self::Select(SelectOptions::read(map)?),
            "file" => Self::File(FileOptions::read(map)?),
            "relation" => Self::Relation(RelationOptions::read(map)?),
            "json" => Self::Json(JsonOptions::read(map)?),
            "password" => Self::Password(PasswordOptions::read(map)?),
            "geoPoint" => Self::GeoPoint,
            unknown => {
                return Err(Malformed::new("type", format!("is `{unknown}`, which no field has")));
            }
        })
    }

    fn write(&self, out: &mut JsonMap) {
        match self {
            Self::Text(options) => options.write(out),
            Self::Editor(options) => options.write(out),
            Self::Number(options) => options.write(out),
            Self::Email(options) | Self::Url(options) => options.write(out),
            Self::Date(options) => options.write(out),
            Self::Autodate(options) => options.write(out),
            Self::Select(options) => options.write(out),
            Self::File(options) => options.write(out),
            Self::Relation(options) => options.write(out),
            Self::Json(options) => options.write(out),
            Self::Password(options) => options.write(out),
            Self::Bool | Self::GeoPoint => {}
        }
    }
}

/// Whether `text` consists of ASCII letters, digits and underscores, and of at least one.
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
