//! Collections as JSON (contract A 2.1, 2.2): written for the API or for storage, and read onto a
//! collection that is there already, key by key.

use crate::domain::collection::{AccessRules, Collection, CollectionExt, CollectionKind};
use crate::domain::decode::{self, Malformed, Secrets};
use crate::domain::fields::Field;
use crate::domain::id;
use crate::domain::rules::Rule;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};

impl Collection {
    /// The form that the API shows: without secrets.
    pub fn to_json(&self) -> JsonMap {
        self.write(Secrets::LeftOut)
    }

    /// The complete form, secrets included, for storage only.
    pub fn to_stored_json(&self) -> JsonMap {
        self.write(Secrets::Kept)
    }

    /// Reads what [`Collection::to_stored_json`] wrote.
    ///
    /// # Errors
    /// When the JSON has another shape.
    pub fn from_stored_json(map: &JsonMap) -> Result<Self, Malformed> {
        let type_name = decode::text(map, "type")?.unwrap_or_default();
        let kind = CollectionKind::blank(&type_name, String::new)
            .ok_or_else(|| Malformed::new("type", "must be base, auth or view"))?;
        let mut collection = Self::blank(kind);
        collection.apply(map)?;
        Ok(collection)
    }

    /// A collection without a name, a field or an option of its own.
    pub fn blank(kind: CollectionKind) -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            system: false,
            rules: AccessRules::default(),
            fields: Vec::new(),
            indexes: Vec::new(),
            kind,
            created: Timestamp::default(),
            updated: Timestamp::default(),
            ext: CollectionExt::default(),
        }
    }

    fn write(&self, secrets: Secrets) -> JsonMap {
        let mut out = JsonMap::new();
        let mut put = |key: &str, value: Json| out.insert(key.to_owned(), value);
        put("id", self.id.as_str().into());
        for (key, rule) in self.rules.by_key() {
            put(key, rule_json(rule));
        }
        put("name", self.name.as_str().into());
        put("type", self.kind.type_name().into());
        put("fields", self.fields.iter().map(|field| Json::from(field.to_json())).collect());
        put("indexes", self.indexes.clone().into());
        put("created", self.created.to_string().into());
        put("updated", self.updated.to_string().into());
        put("system", self.system.into());
        match &self.kind {
            CollectionKind::Base => {}
            CollectionKind::Auth(options) => options.write(secrets, &mut out),
            CollectionKind::View(options) => {
                out.insert("viewQuery".to_owned(), options.query.as_str().into());
            }
        }
        let ext = self.ext.to_json();
        if !ext.is_empty() {
            out.insert("ext".to_owned(), ext.into());
        }
        out
    }

    /// Lays `map` over the collection: absent keys stay, option objects merge key by key, lists are
    /// replaced (contract A 2.4). The type is not looked at.
    pub(super) fn apply(&mut self, map: &JsonMap) -> Result<(), Malformed> {
        if let Some(id) = decode::text(map, "id")? {
            self.id = id;
        }
        if let Some(name) = decode::text(map, "name")? {
            self.name = name;
        }
        if let Some(system) = decode::boolean(map, "system")? {
            self.system = system;
        }
        for (key, rule) in self.rules.by_key_mut() {
            apply_rule(rule, map, key)?;
        }
        if let Some(entries) = decode::list(map, "fields")? {
            let fields = read_fields(entries, &self.fields)?;
            self.ext.follow(&self.fields, &fields);
            self.fields = fields;
        }
        if let Some(indexes) = decode::texts(map, "indexes")? {
            self.indexes = indexes;
        }
        for (key, moment) in [("created", &mut self.created), ("updated", &mut self.updated)] {
            if let Some(written) = decode::text(map, key)?.and_then(|text| Timestamp::parse(&text))
            {
                *moment = written;
            }
        }
        match &mut self.kind {
            CollectionKind::Base => {}
            CollectionKind::Auth(options) => options.apply(map)?,
            CollectionKind::View(options) => {
                if let Some(query) = decode::text(map, "viewQuery")? {
                    options.query = query;
                }
            }
        }
        match map.get("ext") {
            None => {}
            Some(Json::Null) => self.ext = CollectionExt::default(),
            Some(Json::Object(ext)) => self.ext = CollectionExt::read(ext)?,
            Some(_) => return Err(Malformed::new("ext", "must be an object")),
        }
        Ok(())
    }
}

impl AccessRules {
    /// The rules with the keys that they have in JSON, in its order.
    pub fn by_key(&self) -> [(&'static str, Option<&Rule>); 5] {
        [
            ("listRule", self.list.as_ref()),
            ("viewRule", self.view.as_ref()),
            ("createRule", self.create.as_ref()),
            ("updateRule", self.update.as_ref()),
            ("deleteRule", self.delete.as_ref()),
        ]
    }

    fn by_key_mut(&mut self) -> [(&'static str, &mut Option<Rule>); 5] {
        [
            ("listRule", &mut self.list),
            ("viewRule", &mut self.view),
            ("createRule", &mut self.create),
            ("updateRule", &mut self.update),
            ("deleteRule", &mut self.delete),
        ]
    }
}

pub(super) fn rule_json(rule: Option<&Rule>) -> Json {
    rule.map_or(Json::Null, |rule| Json::from(rule.text()))
}

/// A rule is replaced by what is said; null locks it.
pub(super) fn apply_rule(
    rule: &mut Option<Rule>,
    map: &JsonMap,
    key: &str,
) -> Result<(), Malformed> {
    if map.contains_key(key) {
        // A rule of the same text keeps what was parsed of it.
        let text = decode::text(map, key)?;
        if rule.as_ref().map(Rule::text) != text.as_deref() {
            *rule = text.map(Rule::new);
        }
    }
    Ok(())
}

impl CollectionExt {
    fn read(map: &JsonMap) -> Result<Self, Malformed> {
        let within = |err: Malformed| err.within("ext");
        Ok(Self {
            search: decode::texts(map, "search").map_err(within)?.unwrap_or_default(),
            queries: decode::object(map, "queries").map_err(within)?.cloned().unwrap_or_default(),
            totp: decode::boolean(map, "totp").map_err(within)?.unwrap_or_default(),
        })
    }

    /// The fields of the search as they are called now, less those that are gone.
    fn follow(&mut self, old: &[Field], new: &[Field]) {
        self.search.retain_mut(|name| {
            let Some(field) = old.iter().find(|field| field.name == *name) else { return true };
            let same = new.iter().find(|other| other.id == field.id);
            same.is_some_and(|same| {
                name.clone_from(&same.name);
                true
            })
        });
    }

    fn to_json(&self) -> JsonMap {
        let mut out = JsonMap::new();
        if !self.queries.is_empty() {
            out.insert("queries".to_owned(), self.queries.clone().into());
        }
        if !self.search.is_empty() {
            out.insert("search".to_owned(), self.search.clone().into());
        }
        if self.totp {
            out.insert("totp".to_owned(), true.into());
        }
        out
    }
}

/// A list of fields as it is sent. An entry with the id of an earlier one, or without an id and with
/// the name of one, replaces it in place; an entry without `ext` keeps that of the stored field with
/// the same id (config.md 1.3).
fn read_fields(entries: &[Json], stored: &[Field]) -> Result<Vec<Field>, Malformed> {
    let mut fields: Vec<Field> = Vec::with_capacity(entries.len());
    for (position, entry) in entries.iter().enumerate() {
        let place = || format!("fields.{position}");
        let map = entry.as_object().ok_or_else(|| Malformed::new(place(), "must be an object"))?;
        let mut field = Field::read(map).map_err(|err| err.within(place()))?;
        let earlier = fields.iter().position(|earlier| {
            if field.id.is_empty() {
                !field.name.is_empty() && earlier.name == field.name
            } else {
                earlier.id == field.id
            }
        });
        if field.id.is_empty() {
            field.id = match earlier {
                Some(earlier) => fields[earlier].id.clone(),
                None => id::field_id(&field.kind, &field.name, |id| {
                    fields.iter().any(|field| field.id == id)
                }),
            };
        }
        if !map.contains_key("ext")
            && let Some(same) = stored.iter().find(|stored| stored.id == field.id)
        {
            field.ext = same.ext.clone();
        }
        match earlier {
            Some(earlier) => fields[earlier] = field,
            None => fields.push(field),
        }
    }
    Ok(fields)
}
