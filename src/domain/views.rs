//! The fields of a view, inferred from the text of its query (contract A 2.12). Whether the query
//! runs, and what its rows hold, is for the database to say.

mod select;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fields::{
    DEFAULT_ID_PATTERN, Field, FieldExt, FieldKind, JsonOptions, NumberOptions, RelationOptions,
    TextOptions,
};
use crate::domain::id;
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::schema::Schema;
use select::{Column, Select, Source};

pub use select::Engine;

/// Why a text cannot be the query of a view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ViewError {
    /// A sentence for the author.
    pub message: String,
    /// Whether all that is wrong is that no column is called `id`.
    pub misses_id: bool,
}

impl ViewError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), misses_id: false }
    }
}

/// The query as it runs: without semicolons around it.
pub fn trimmed(query: &str) -> &str {
    query.trim_matches(|character: char| character.is_whitespace() || character == ';')
}

/// The fields of the view whose query this is.
///
/// # Errors
/// When the text is not one `SELECT`, names no columns (`*`) or has no `id`.
pub fn infer(query: &str, schema: &Schema) -> Result<Vec<Field>, ViewError> {
    let select = Select::parse(Engine::Sqlite, trimmed(query))?;
    let mut fields: Vec<Field> = Vec::with_capacity(select.columns.len());
    for column in &select.columns {
        let field = field_of(column, &select, schema, &fields);
        fields.push(field);
    }
    if fields.iter().any(|field| field.name == "id") {
        return Ok(fields);
    }
    Err(ViewError {
        message: "The query needs a column called `id` that is different in every row.".to_owned(),
        misses_id: true,
    })
}

/// Checks the query that a view has for one engine alone, whose words need not be SQLite's.
///
/// # Errors
/// When the text is not one `SELECT`.
pub fn check_own(engine: Engine, query: &str) -> Result<(), ViewError> {
    Select::parse(engine, trimmed(query)).map(|_| ())
}

/// The tables that the inferred fields depend on, as the query's `FROM` names them.
///
/// # Errors
/// As [`infer`].
pub fn tables(query: &str) -> Result<Vec<String>, ViewError> {
    let select = Select::parse(Engine::Sqlite, trimmed(query))?;
    let named = select.tables.into_iter().filter(|table| !table.is_hidden);
    Ok(named.map(|table| table.name).collect())
}

/// Where the values of the column `name` of a view come from, when it is a plain field of a collection:
/// that collection and the field's name there. Through views that it reads, to the one that has rows.
pub fn origin<'a>(
    view: &Collection,
    name: &str,
    schema: &'a Schema,
) -> Option<(&'a Arc<Collection>, String)> {
    let (mut query, mut name) = (query_of(view)?, name.to_owned());
    // Views cannot read each other in circles; this many in a row nobody makes.
    for _ in 0..16 {
        let select = Select::parse(Engine::Sqlite, trimmed(query)).ok()?;
        let column = select.columns.iter().find(|column| column.name == name)?;
        let Source::Field { table, field } = &column.source else { return None };
        let source = schema.by_name(select.table(table.as_deref())?)?;
        match query_of(source) {
            None => return Some((source, field.clone())),
            Some(next) => (query, name) = (next, field.clone()),
        }
    }
    None
}

fn query_of(collection: &Collection) -> Option<&str> {
    match &collection.kind {
        CollectionKind::View(options) => Some(&options.query),
        _ => None,
    }
}

/// Every table that the query may read, in lower case: those of [`tables`] and of queries inside of
/// it, as far as a name follows `FROM` or `JOIN`.
pub fn reads(query: &str) -> BTreeSet<String> {
    let named = tables(query).unwrap_or_default();
    let inside = select::sources(trimmed(query));
    named.into_iter().chain(inside).map(|name| name.to_ascii_lowercase()).collect()
}

impl Collection {
    /// Infers the fields of a view from its query; other collections stay as they are.
    ///
    /// # Errors
    /// As [`infer`]; the fields are then as before.
    pub fn infer_fields(&mut self, schema: &Schema) -> Result<(), ViewError> {
        if let CollectionKind::View(options) = &self.kind {
            self.fields = infer(&options.query, schema)?;
        }
        Ok(())
    }
}

fn field_of(column: &Column, select: &Select, schema: &Schema, earlier: &[Field]) -> Field {
    if column.name == "id" {
        return view_id();
    }
    let kind = match &column.source {
        Source::Field { table, field } => {
            let collection = select.table(table.as_deref()).and_then(|name| schema.by_name(name));
            // To a database the case of names does not count.
            let named = |source: &&Field| source.name.eq_ignore_ascii_case(field);
            match collection.map(|collection| (collection, collection.fields.iter().find(named))) {
                Some((_, Some(source))) if source.name != "id" => {
                    return copy(source, &column.name, earlier);
                }
                Some((collection, Some(_))) => FieldKind::Relation(RelationOptions {
                    collection_id: collection.id.clone(),
                    max_select: 1,
                    ..RelationOptions::default()
                }),
                _ => unknown(),
            }
        }
        Source::Number => FieldKind::Number(NumberOptions::default()),
        Source::Integer => {
            FieldKind::Number(NumberOptions { only_int: true, ..NumberOptions::default() })
        }
        Source::Text => FieldKind::Text(TextOptions::default()),
        Source::Bool => FieldKind::Bool,
        Source::Other => unknown(),
    };
    let mut field = Field::new(column.name.as_str(), kind);
    field.id = id::field_id(&field.kind, &field.name, |id| is_taken(id, earlier));
    field
}

fn is_taken(id: &str, earlier: &[Field]) -> bool {
    earlier.iter().any(|field| field.id == id)
}

const fn unknown() -> FieldKind {
    FieldKind::Json(JsonOptions { max_size: 1 })
}

fn view_id() -> Field {
    let options = TextOptions {
        pattern: DEFAULT_ID_PATTERN.into(),
        primary_key: true,
        ..TextOptions::default()
    };
    let mut field = Field::new("id", FieldKind::Text(options));
    field.system = true;
    field.required = true;
    field
}

/// `source` under another name. The id only has to be free; it is drawn from the name, so that the
/// same query always gives the same fields.
fn copy(source: &Field, name: &str, earlier: &[Field]) -> Field {
    let mut random = Random::seeded(u64::from(crc32fast::hash(name.as_bytes())));
    let id = loop {
        let id = format!("_clone_{}", random.text(4, LOWER_ALPHANUMERIC));
        if !is_taken(&id, earlier) {
            break id;
        }
    };
    let ext = FieldExt {
        nullable: source.ext.nullable,
        ts: source.ext.ts.clone(),
        ..FieldExt::default()
    };
    // A field's own read rule speaks of fields that the view may lack, so what it guards stays hidden.
    let hidden = source.hidden || source.ext.read.is_some();
    Field { id, name: name.to_owned(), hidden, ext, ..source.clone() }
}
