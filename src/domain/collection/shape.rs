//! What every collection of a type has, whatever was sent: system fields with their flags, unique
//! indexes, and options that follow from others (contract A 2.4, 2.8; B 1.1, 1.5).

use crate::domain::JsonMap;
use crate::domain::collection::{
    AuthOptions, Collection, CollectionKind, OAuth2, SUPERUSERS, ViewOptions,
};
use crate::domain::decode::{self, Malformed};
use crate::domain::fields::{
    DEFAULT_ID_PATTERN, DomainOptions, Field, FieldExt, FieldKind, PasswordOptions, TextOptions,
};
use crate::domain::id;
use crate::domain::indexes::{self, Index};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::rules::Rule;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;

/// Why a body is no collection.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// The body has not the shape of a collection.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A value in it is not allowed.
    #[error("some values are not valid")]
    Invalid(FieldErrors),
}

/// What becomes of stored fields and collections that an import does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// They stay.
    Kept,
    /// They go, unless they are the product's own.
    Removed,
}

impl CollectionKind {
    /// The kind of this type with every option at its default; `None` for an unknown type.
    pub fn blank(type_name: &str, secret: impl FnMut() -> String) -> Option<Self> {
        match type_name {
            "base" => Some(Self::Base),
            "auth" => Some(Self::Auth(Box::new(AuthOptions::new(secret)))),
            "view" => Some(Self::View(ViewOptions::default())),
            _ => None,
        }
    }

    /// The word for the type in JSON.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Auth(_) => "auth",
            Self::View(_) => "view",
        }
    }
}

impl Collection {
    /// A new collection of this kind and name with the fields and indexes that every such has; its
    /// id is the contract's for a name that nobody has.
    pub fn scaffold(kind: CollectionKind, name: &str, random: &mut Random) -> Self {
        let mut collection = Self::blank(kind);
        name.clone_into(&mut collection.name);
        collection.id = id::collection_id(collection.kind.type_name(), name, |_| false);
        collection.complete(None, random);
        collection
    }

    /// Reads the body of a create (contract A 2.4): laid over the defaults of its type. The fields of
    /// a view are still to be inferred.
    ///
    /// # Errors
    /// When the body does not decode or names an unknown type.
    pub fn create(
        body: &JsonMap,
        schema: &Schema,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Self, ReadError> {
        let type_name = decode::text(body, "type")?.unwrap_or_default();
        let type_name = if type_name.is_empty() { "base" } else { &type_name };
        let name = decode::text(body, "name")?.unwrap_or_default();
        let kind = CollectionKind::blank(type_name, || random.secret())
            .ok_or_else(|| ReadError::Invalid(unknown_type(type_name, &name)))?;
        let mut collection = Self::blank(kind);
        collection.apply(body)?;
        collection.created = now;
        collection.updated = now;
        if collection.id.is_empty() {
            collection.id =
                id::collection_id(type_name, &collection.name, |id| schema.by_id(id).is_some());
        }
        collection.complete(None, random);
        Ok(collection)
    }

    /// The blank model of this kind that a dashboard starts from: without an id, a name and dates,
    /// its indexes named by chance (contract A 2.14).
    pub fn template(kind: CollectionKind, random: &mut Random) -> Self {
        let mut collection = Self::blank(kind);
        collection.id = random.text(10, LOWER_ALPHANUMERIC);
        collection.complete(None, random);
        collection.id.clear();
        collection
    }

    /// Reads the body of an update: laid over this, the stored collection.
    ///
    /// # Errors
    /// When the body does not decode or names an unknown type.
    pub fn updated(
        &self,
        body: &JsonMap,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Self, ReadError> {
        let mut collection = self.overlaid(body, random)?;
        collection.updated = now;
        collection.complete(Some(self), random);
        Ok(collection)
    }

    /// Reads an item of an import: laid over this, the stored collection, as an update is, but what
    /// it says nothing of stays (contract A 2.13).
    ///
    /// # Errors
    /// As [`Collection::updated`].
    pub fn imported(
        &self,
        item: &JsonMap,
        missing: Missing,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Self, ReadError> {
        let mut collection = self.overlaid(item, random)?;
        if missing == Missing::Removed && decode::value(item, "fields").is_none() {
            collection.fields.clear();
        }
        collection.keep_fields(&self.fields, missing);
        collection.updated = now;
        collection.complete(Some(self), random);
        Ok(collection)
    }

    /// Adds the stored fields that the list lacks. A field of the name and type of a stored one takes
    /// over its id, so that no column is lost.
    fn keep_fields(&mut self, stored: &[Field], missing: Missing) {
        for field in stored.iter().filter(|field| field.system || missing == Missing::Kept) {
            if self.fields.iter().any(|known| known.id == field.id) {
                continue;
            }
            let twin = self.fields.iter_mut().find(|twin| {
                twin.name == field.name && twin.kind.type_name() == field.kind.type_name()
            });
            match twin {
                Some(twin) => {
                    twin.id.clone_from(&field.id);
                    if twin.ext == FieldExt::default() {
                        twin.ext = field.ext.clone();
                    }
                }
                None => self.fields.push(field.clone()),
            }
        }
    }

    fn overlaid(&self, body: &JsonMap, random: &mut Random) -> Result<Self, ReadError> {
        let mut collection = self.clone();
        let type_name = decode::text(body, "type")?.unwrap_or_default();
        if !type_name.is_empty() && type_name != self.kind.type_name() {
            collection.kind = CollectionKind::blank(&type_name, || random.secret())
                .ok_or_else(|| ReadError::Invalid(unknown_type(&type_name, &self.name)))?;
        }
        collection.apply(body)?;
        Ok(collection)
    }

    /// Adds what the type has in any case, and forces what it prescribes. `old` is the stored
    /// collection: a system field that is left out comes back as it is by default, in its column.
    pub fn complete(&mut self, old: Option<&Self>, random: &mut Random) {
        if self.is_view() {
            return;
        }
        for (position, system) in system_fields(self.is_auth()).into_iter().enumerate() {
            self.complete_field(system, position == 0, old);
        }
        self.name_indexes();
        if self.is_auth() {
            self.complete_unique("tokenKey", "");
            self.complete_unique("email", "`email` != ''");
            self.complete_auth(old, random);
        }
    }

    fn complete_field(&mut self, system: Field, first: bool, old: Option<&Self>) {
        let same_type = |field: &Field| field.kind.type_name() == system.kind.type_name();
        let present = self.fields.iter().position(|field| field.name == system.name);
        let position = match present {
            Some(position) if same_type(&self.fields[position]) => position,
            _ => {
                let stored = old.and_then(|old| old.field(&system.name)).filter(|f| same_type(f));
                // It comes back as it is by default, in the column where it was.
                let mut field = system.clone();
                if let Some(stored) = stored {
                    field.id.clone_from(&stored.id);
                    field.ext = stored.ext.clone();
                }
                if let Some(retyped) = present {
                    self.fields.remove(retyped);
                }
                if self.fields.iter().any(|other| other.id == field.id) {
                    field.id = id::field_id(&field.kind, &field.name, |id| {
                        self.fields.iter().any(|other| other.id == id)
                    });
                }
                let position = match present {
                    Some(retyped) => retyped,
                    None if first => 0,
                    None => self.fields.len(),
                };
                self.fields.insert(position, field);
                position
            }
        };
        force(&mut self.fields[position]);
    }

    /// Index texts name this collection's table, whatever table they were written for.
    fn name_indexes(&mut self) {
        for text in &mut self.indexes {
            if let Ok(mut index) = Index::parse(text)
                && index.table != self.name
            {
                index.table.clone_from(&self.name);
                *text = index.to_sql();
            }
        }
    }

    fn complete_unique(&mut self, field: &str, condition: &str) {
        if self.unique_index(field).is_some() {
            return;
        }
        let name = indexes::automatic_name(&[field], &self.id, |_| false);
        let mut sql = format!("CREATE UNIQUE INDEX `{name}` ON `{}` (`{field}`)", self.name);
        if !condition.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(condition);
        }
        self.indexes.push(sql);
    }

    fn complete_auth(&mut self, old: Option<&Self>, random: &mut Random) {
        let names: Vec<String> = self.fields.iter().map(|field| field.name.clone()).collect();
        let is_superusers = self.name == SUPERUSERS;
        let CollectionKind::Auth(options) = &mut self.kind else { return };
        let mapped = &mut options.oauth2.mapped_fields;
        for target in
            [&mut mapped.id, &mut mapped.name, &mut mapped.username, &mut mapped.avatar_url]
        {
            if !names.contains(target) {
                target.clear();
            }
        }
        if is_superusers {
            options.oauth2 = OAuth2::default();
            options.password_auth.enabled = true;
            if options.password_auth.identity_fields.is_empty() {
                options.password_auth.identity_fields = vec!["email".to_owned()];
            }
            if options.otp.enabled {
                options.mfa.enabled = true;
            }
        }
        // A token issued under another condition must not outlive it; null and public count alike.
        let text = |rule: &Option<Rule>| rule.as_ref().map_or("", Rule::text).to_owned();
        if let Some(old) = old.and_then(Self::auth)
            && text(&old.auth_rule) != text(&options.auth_rule)
        {
            options.auth_token.secret = random.secret();
        }
    }
}

/// The faults of a body whose type is none; of the rest only the name can be told something about.
fn unknown_type(type_name: &str, name: &str) -> FieldErrors {
    let message = format!("`{type_name}` is no type of collection; there are base, auth and view.");
    let mut errors = FieldErrors::from(("type", Fault::new("validation_in_invalid", message)));
    if name.is_empty() {
        errors.add("name", Fault::required());
    }
    errors
}

/// The system fields of base and auth collections with their defaults, `id` first.
pub fn system_fields(auth: bool) -> Vec<Field> {
    let id = TextOptions {
        min: 15,
        max: 15,
        pattern: DEFAULT_ID_PATTERN.into(),
        autogenerate_pattern: "[a-z0-9]{15}".into(),
        primary_key: true,
    };
    let mut fields = vec![Field::new("id", FieldKind::Text(id))];
    if auth {
        let password = PasswordOptions { min: 8, ..PasswordOptions::default() };
        let token_key = TextOptions {
            min: 30,
            max: 60,
            autogenerate_pattern: "[a-zA-Z0-9]{50}".into(),
            ..TextOptions::default()
        };
        let mut email = Field::new("email", FieldKind::Email(DomainOptions::default()));
        email.required = true;
        fields.push(Field::new("password", FieldKind::Password(password)));
        fields.push(Field::new("tokenKey", FieldKind::Text(token_key)));
        fields.push(email);
        fields.push(Field::new("emailVisibility", FieldKind::Bool));
        fields.push(Field::new("verified", FieldKind::Bool));
    }
    fields.iter_mut().for_each(force);
    fields
}

/// Forces the flags of a system field, by its name.
fn force(field: &mut Field) {
    field.system = true;
    match field.name.as_str() {
        "id" => {
            field.required = true;
            field.hidden = false;
            if let FieldKind::Text(options) = &mut field.kind {
                options.primary_key = true;
                if options.pattern.is_empty() {
                    options.pattern = DEFAULT_ID_PATTERN.into();
                }
            }
        }
        "password" | "tokenKey" => {
            field.required = true;
            field.hidden = true;
        }
        "email" => field.hidden = false,
        _ => {}
    }
}
