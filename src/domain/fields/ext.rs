//! The `ext` key of a field: what PocketBase's JSON has no word for (config.md 1.2, 1.3).

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::{Field, FieldKind, OnDelete, OptionContext};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::rules::{self, Rule};
use crate::domain::{Json, JsonMap};

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

/// What a default stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultValue<'a> {
    /// The value itself, as it was written.
    Literal(&'a Json),
    /// The moment of the write.
    Now,
    /// A UUID of version 7.
    Uuid,
    /// The caller's id, when the caller is a record of the relation's collection.
    Me,
}

impl FieldExt {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        let on_delete = match decode::text(map, "onDelete")?.as_deref() {
            None | Some("") => None,
            Some("block") => Some(OnDelete::Block),
            Some(_) => return Err(Malformed::new("onDelete", "must be `block`")),
        };
        Ok(Self {
            default: decode::value(map, "default").cloned(),
            nullable: decode::boolean(map, "nullable")?.unwrap_or_default(),
            sent: decode::boolean(map, "sent")?.unwrap_or_default(),
            on_delete,
            read: decode::text(map, "read")?.map(Rule::new),
            autogenerate: decode::text(map, "autogenerate")?,
            ts: decode::text(map, "ts")?,
        })
    }

    /// The object, without what is not set; keys in byte order.
    pub(super) fn to_json(&self) -> JsonMap {
        let mut out = JsonMap::new();
        let mut put = |key: &str, value: Option<Json>| {
            if let Some(value) = value {
                out.insert(key.to_owned(), value);
            }
        };
        put("autogenerate", self.autogenerate.clone().map(Json::from));
        put("default", self.default.clone());
        put("nullable", self.nullable.then(|| Json::from(true)));
        put("onDelete", self.on_delete.map(|OnDelete::Block| Json::from("block")));
        put("read", self.read.as_ref().map(|rule| Json::from(rule.text())));
        put("sent", self.sent.then(|| Json::from(true)));
        put("ts", self.ts.clone().map(Json::from));
        out
    }
}

impl Field {
    /// What the field's default stands for, when it has one. The words mean something only for the
    /// type that they are for; elsewhere they are literals.
    pub fn default_value(&self) -> Option<DefaultValue<'_>> {
        let default = self.ext.default.as_ref()?;
        Some(match (&self.kind, default.as_str()) {
            (FieldKind::Date(_), Some("@now")) => DefaultValue::Now,
            (FieldKind::Text(_), Some("@uuid")) => DefaultValue::Uuid,
            (FieldKind::Relation(_), Some("@me")) => DefaultValue::Me,
            _ => DefaultValue::Literal(default),
        })
    }

    /// Checks the `ext` keys against the type and against each other.
    pub(super) fn check_ext(&self, context: &OptionContext<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let word = self.kind.type_name();
        let refuse = |message: String| Err(Fault::invalid_value(message));
        let ext = &self.ext;
        if ext.nullable {
            errors.check("nullable", self.check_nullable());
        }
        if ext.sent && matches!(self.kind, FieldKind::Autodate(_)) {
            errors.check("sent", refuse("The server sets an autodate; nobody sends it.".into()));
        }
        errors.check("default", self.check_default(context));
        if ext.on_delete.is_some() {
            let fine =
                matches!(&self.kind, FieldKind::Relation(options) if !options.cascade_delete);
            if !fine {
                let message = "Only a relation without cascadeDelete can block a delete.";
                errors.check("onDelete", refuse(message.into()));
            }
        }
        if let Some(autogenerate) = &ext.autogenerate {
            let fine = matches!(self.kind, FieldKind::Text(_)) && autogenerate == "uuid7";
            if !fine {
                errors
                    .check("autogenerate", refuse("Only `uuid7` on a text field is known.".into()));
            }
        }
        if let Some(rule) = &ext.read {
            let outcome = rules::check(rule, context.collection, context.schema);
            let invalid =
                |err: rules::RuleError| Fault::new("validation_invalid_rule", err.message);
            errors.check("read", outcome.map_err(invalid));
        }
        if ext.ts.is_some() && !matches!(self.kind, FieldKind::Json(_)) {
            errors
                .check("ts", refuse(format!("A TypeScript type belongs to json, not to {word}.")));
        }
        errors
    }

    fn check_nullable(&self) -> Result<(), Fault> {
        let has_no_null = matches!(
            self.kind,
            FieldKind::Json(_) | FieldKind::Autodate(_) | FieldKind::Password(_)
        );
        if has_no_null || self.is_multiple() || self.is_primary_key() {
            return Err(Fault::invalid_value(
                "Lists, json, autodate, password and id fields cannot be null.",
            ));
        }
        if self.required || self.ext.sent {
            return Err(Fault::invalid_value("A field that must be there cannot be null."));
        }
        Ok(())
    }

    fn check_default(&self, context: &OptionContext<'_>) -> Result<(), Fault> {
        if matches!(self.kind, FieldKind::Autodate(_) | FieldKind::Password(_) | FieldKind::File(_))
            && self.ext.default.is_some()
        {
            let word = self.kind.type_name();
            return Err(Fault::invalid_value(format!("A field of type {word} takes no default.")));
        }
        match self.default_value() {
            None | Some(DefaultValue::Now | DefaultValue::Uuid) => Ok(()),
            Some(DefaultValue::Literal(literal)) => self.check(&self.normalise(literal)?),
            Some(DefaultValue::Me) => {
                let FieldKind::Relation(options) = &self.kind else { return Ok(()) };
                let is_auth = if options.collection_id == context.collection.id {
                    context.collection.is_auth()
                } else {
                    context.schema.by_id(&options.collection_id).is_some_and(|to| to.is_auth())
                };
                if is_auth {
                    return Ok(());
                }
                Err(Fault::invalid_value("`@me` needs a relation to an auth collection."))
            }
        }
    }
}
