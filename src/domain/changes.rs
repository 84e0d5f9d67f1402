//! What a request body makes of a record: modifiers, uploads, hidden fields, defaults and the checks
//! of all fields (contract A 2.10, 3.4, 3.5; config.md 1.2). Knows no rule and no database: whether
//! related records exist, ids are free and old passwords are right is checked elsewhere.

mod modifier;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::fields::{DefaultValue, Field, FieldKind, FileOptions, texts};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use modifier::{Operation, Operations, operations};

/// Bytes of the name of a file that is not stored that a fault repeats.
const LONGEST_FILE_NAME: usize = 250;

/// Names of files that are not stored that a fault repeats.
const MOST_INVALID_FILES: usize = 100;

/// A file that came with a request and has its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The key that it was sent under: a file field, perhaps with `+` before or after it.
    pub key: String,
    /// The name that it is stored under.
    pub name: String,
    /// The name that it had at the client.
    pub original_name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The content type that its first bytes show.
    pub mime: String,
}

/// What a request says about one record.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The body's keys as they were sent.
    pub body: &'a JsonMap,
    /// The files beside them.
    pub uploads: &'a [Upload],
    /// Who sends it: hidden fields are dropped unless it is a superuser, and defaults name it.
    pub caller: &'a Caller,
    /// The moment of the write.
    pub now: Timestamp,
}

/// A record as a request would have it. What reading found wrong is kept until [`Changes::check`], since
/// rules run before any field's fault is told.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The record with modifiers and defaults applied, all values normalised.
    pub record: Record,
    /// What `@request.body` holds: submitted fields with their final values, uploads as objects, and
    /// unknown keys as they were sent. Hidden fields that the caller may not set are gone.
    pub body: Arc<JsonMap>,
    /// Plain passwords by field, to be hashed and handed to [`Changes::set_hash`].
    pub passwords: BTreeMap<String, String>,
    stored: Option<Record>,
    submitted: HashSet<usize>,
    faults: FieldErrors,
}

impl Changes {
    /// What `input` makes of a new record. `random` makes the defaults and texts that are made by
    /// chance.
    pub fn create(collection: &Arc<Collection>, input: &Input<'_>, random: &mut Random) -> Self {
        let zeros = collection.fields.iter().map(Field::zero).collect();
        let mut changes = Self::blank(Record::new(Arc::clone(collection), zeros), None);
        changes.read(input, random);
        changes.fill_defaults(input, random);
        changes
    }

    /// What `input` makes of a stored record.
    pub fn update(stored: &Record, input: &Input<'_>, random: &mut Random) -> Self {
        let mut changes = Self::blank(stored.clone(), Some(stored.clone()));
        changes.read(input, random);
        changes
    }

    fn blank(record: Record, stored: Option<Record>) -> Self {
        Self {
            record,
            body: Arc::default(),
            passwords: BTreeMap::new(),
            stored,
            submitted: HashSet::new(),
            faults: FieldErrors::new(),
        }
    }

    /// Puts the hash of a password in its place.
    pub fn set_hash(&mut self, field: &str, hash: String) {
        self.record.set(field, Json::from(hash));
    }

    /// Makes what the server makes and nobody sent: ids and other generated texts of a new record,
    /// and the dates that a save sets. Comes after the create rule, which does not see these.
    pub fn complete(&mut self, now: Timestamp, random: &mut Random) {
        let collection = Arc::clone(self.record.collection());
        let creates = self.stored.is_none();
        for (position, field) in collection.fields.iter().enumerate() {
            match &field.kind {
                FieldKind::Autodate(options) if options.is_set_by(creates) => {
                    self.record.set_at(position, Json::from(now.to_string()));
                }
                FieldKind::Text(_) if creates && field.is_zero(&self.record.values()[position]) => {
                    let text = generate(field, now, random);
                    if !text.is_empty() {
                        self.record.set_at(position, Json::from(text));
                    }
                }
                _ => {}
            }
        }
        if collection.name == SUPERUSERS {
            self.record.set("verified", Json::Bool(true));
        }
    }

    /// Everything that is wrong with the record's fields, all together; unchanged ones are checked
    /// too.
    pub fn check(&self) -> FieldErrors {
        let mut errors = self.faults.clone();
        for (field, value) in self.record.collection().fields.iter().zip(self.record.values()) {
            errors.check(field.name.as_str(), self.check_field(field, value));
        }
        errors
    }

    fn check_field(&self, field: &Field, value: &Json) -> Result<(), Fault> {
        if let FieldKind::Password(options) = &field.kind
            && let Some(plain) = self.passwords.get(&field.name)
        {
            return options.check_plain(plain);
        }
        if field.is_primary_key()
            && let Some(stored) = &self.stored
        {
            if value == stored.get(&field.name) {
                return Ok(());
            }
            return Err(Fault::new("validation_pk_change", "The id of a record cannot change."));
        }
        field.check(value)
    }

    fn read(&mut self, input: &Input<'_>, random: &mut Random) {
        let collection = Arc::clone(self.record.collection());
        let Operations { by_field, unknown } = operations(&collection, input);
        for (key, value) in unknown {
            self.show(key, value.clone());
        }
        for (position, operations) in by_field {
            let field = &collection.fields[position];
            if may_set(&collection, field, input.caller) {
                self.submitted.insert(position);
                self.apply(position, field, &operations, input, random);
            }
        }
        for (position, field) in collection.fields.iter().enumerate() {
            let has_value = field.ext.default.is_some() || self.submitted.contains(&position);
            if self.stored.is_none() && field.ext.sent && !has_value {
                self.faults.add(field.name.as_str(), Fault::required());
            }
        }
    }

    /// Shows `value` to rules as `@request.body.<key>`.
    fn show(&mut self, key: &str, value: Json) {
        Arc::make_mut(&mut self.body).insert(key.to_owned(), value);
    }

    fn apply(
        &mut self,
        position: usize,
        field: &Field,
        operations: &[Operation<'_>],
        input: &Input<'_>,
        random: &mut Random,
    ) {
        match field.kind {
            FieldKind::Password(_) => return self.apply_password(position, field, operations),
            FieldKind::Autodate(_) => return self.ignore_date(position, field, operations),
            _ => {}
        }
        let mut value = self.record.values()[position].clone();
        for operation in operations {
            if operation.is_null() && field.ext.sent {
                self.faults.add(field.name.as_str(), Fault::required());
            }
            match operation.apply(field, &value, input.now, random) {
                Ok(next) => value = next,
                Err(fault) => self.faults.add(field.name.as_str(), fault),
            }
        }
        let mut shown = value.clone();
        if let FieldKind::File(options) = &field.kind {
            let outcome = self.check_files(field, options, &value, input.uploads);
            self.faults.check(field.name.as_str(), outcome);
            shown = with_uploads(&value, input.uploads);
        }
        self.show(&field.name, shown);
        self.record.set_at(position, value);
    }

    /// Nobody sets a date that the server sets, so it does not matter what was sent. Rules see it
    /// where it is a date.
    fn ignore_date(&mut self, position: usize, field: &Field, operations: &[Operation<'_>]) {
        let sent = operations.iter().rev().find_map(|sent| field.normalise(sent.value()).ok());
        let shown = sent.unwrap_or_else(|| self.record.values()[position].clone());
        self.show(&field.name, shown);
    }

    /// An empty password clears the hash; another one waits for its hash beside the record.
    fn apply_password(&mut self, position: usize, field: &Field, operations: &[Operation<'_>]) {
        for operation in operations {
            let plain = field.normalise(operation.value()).unwrap_or_default();
            let plain = plain.as_str().unwrap_or_default();
            if plain.is_empty() {
                self.record.set_at(position, Json::from(""));
                self.passwords.remove(&field.name);
            } else {
                self.passwords.insert(field.name.clone(), plain.to_owned());
            }
            self.show(&field.name, Json::from(plain));
        }
    }

    /// Names must be stored already or uploaded now; uploads must fit (contract A 3.4).
    fn check_files(
        &self,
        field: &Field,
        options: &FileOptions,
        value: &Json,
        uploads: &[Upload],
    ) -> Result<(), Fault> {
        let names = texts(value);
        let stored = self.stored.as_ref().map(|stored| texts(stored.get(&field.name)));
        let stored: HashSet<&str> = stored.into_iter().flatten().collect();
        let uploads = by_name(uploads);
        let invalid: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !stored.contains(name) && !uploads.contains_key(name))
            .take(MOST_INVALID_FILES)
            .map(|name| &name[..name.floor_char_boundary(LONGEST_FILE_NAME)])
            .collect();
        if !invalid.is_empty() {
            return Err(Fault::new(
                "validation_invalid_file",
                format!("These files are not stored here: {}.", invalid.join(", ")),
            )
            .with("invalidFiles", invalid));
        }
        options.check_count(names.len())?;
        names.iter().filter_map(|name| uploads.get(name)).try_for_each(|upload| {
            options.check_upload(&upload.original_name, upload.size, &upload.mime)
        })
    }

    fn fill_defaults(&mut self, input: &Input<'_>, random: &mut Random) {
        let collection = Arc::clone(self.record.collection());
        for (position, field) in collection.fields.iter().enumerate() {
            if self.submitted.contains(&position) {
                continue;
            }
            let default = match field.default_value() {
                None => continue,
                Some(DefaultValue::Literal(literal)) => field.normalise(literal),
                Some(DefaultValue::Now) => Ok(Json::from(input.now.to_string())),
                Some(DefaultValue::Uuid) => Ok(Json::from(random.uuid7(input.now))),
                Some(DefaultValue::Me) => match caller_id(field, input.caller) {
                    Some(id) => field.normalise(&Json::from(id)),
                    None => continue,
                },
            };
            match default {
                Ok(value) => self.record.set_at(position, value),
                Err(fault) => self.faults.add(field.name.as_str(), fault),
            }
        }
    }
}

/// Hidden fields are for superusers, but for the password of an auth record.
fn may_set(collection: &Collection, field: &Field, caller: &Caller) -> bool {
    let is_password = collection.is_auth() && field.name == "password";
    !field.hidden || is_password || caller.is_superuser()
}

/// The caller's id, when the relation points to the caller's collection.
fn caller_id<'a>(field: &Field, caller: &'a Caller) -> Option<&'a str> {
    let FieldKind::Relation(options) = &field.kind else { return None };
    let record = caller.record()?;
    (record.collection().id == options.collection_id).then(|| record.id())
}

/// A text for an empty field that makes its own, else an empty one.
fn generate(field: &Field, now: Timestamp, random: &mut Random) -> String {
    if field.ext.autogenerate.as_deref() == Some("uuid7") {
        return random.uuid7(now);
    }
    let FieldKind::Text(options) = &field.kind else { return String::new() };
    if options.autogenerate_pattern.is_empty() {
        return String::new();
    }
    options.autogenerate_pattern.generate(random).unwrap_or_default()
}

fn by_name(uploads: &[Upload]) -> HashMap<&str, &Upload> {
    uploads.iter().map(|upload| (upload.name.as_str(), upload)).collect()
}

/// The names of a file field as rules see them: what is uploaded now is an object.
fn with_uploads(value: &Json, uploads: &[Upload]) -> Json {
    let uploads = by_name(uploads);
    let shown = |name: &Json| {
        let upload = name.as_str().and_then(|name| uploads.get(name));
        upload.map_or_else(
            || name.clone(),
            |upload| {
                serde_json::json!({
                    "name": upload.name,
                    "originalName": upload.original_name,
                    "size": upload.size,
                })
            },
        )
    };
    match value {
        Json::Array(names) => names.iter().map(shown).collect(),
        name => shown(name),
    }
}
