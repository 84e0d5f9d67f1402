//! One statement each: tables, views and indexes from scratch.

use std::fmt::Write;

use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::indexes::Index;
use crate::domain::schema::Schema;
use crate::store::dialect::Dialect;
use crate::store::records::select_list;
use crate::store::sql::{Statement, quote};

/// The table of a collection that is no view.
pub(super) fn create_table(dialect: Dialect, collection: &Collection) -> Statement {
    let mut columns = String::new();
    for field in &collection.fields {
        let separator = if columns.is_empty() { "" } else { ", " };
        // Writing to a text does not fail.
        let _ = write!(columns, "{separator}{}", column(dialect, collection, field));
    }
    let own = dialect.own_columns();
    statement(format!("CREATE TABLE {} ({columns}{own})", quote(&collection.name)))
}

/// The column of `field` of `collection` with its name.
pub(super) fn column(dialect: Dialect, collection: &Collection, field: &Field) -> String {
    if field.name == "id" {
        return dialect.id_column(collection);
    }
    format!("{} {}", quote(&field.name), dialect.declaration(field))
}

/// Removes the table or view of a collection.
pub(super) fn drop(collection: &Collection) -> Statement {
    if collection.is_view() {
        return drop_view(&collection.name);
    }
    statement(format!("DROP TABLE {}", quote(&collection.name)))
}

/// Removes the view called `name`.
pub(super) fn drop_view(name: &str) -> Statement {
    statement(format!("DROP VIEW {}", quote(name)))
}

/// Asks a view for nothing, which fails if its query does not run.
pub(super) fn probe(view: &str) -> Statement {
    statement(format!("SELECT 1 FROM {} LIMIT 0", quote(view)))
}

/// Asks the table or view of `collection` for no rows with all of its fields.
pub(super) fn probe_columns(collection: &Collection) -> Statement {
    let columns = select_list(collection, &collection.name);
    statement(format!("SELECT {columns} FROM {} LIMIT 0", quote(&collection.name)))
}

/// An index; the table that its text names does not count.
pub(super) fn create_index(dialect: Dialect, collection: &Collection, index: &Index) -> Statement {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let columns: Vec<String> =
        index.columns.iter().map(|column| dialect.index_column(collection, column)).collect();
    let condition = match index.condition.as_str() {
        "" => String::new(),
        text => format!(" WHERE {}", dialect.index_condition(collection, text)),
    };
    statement(format!(
        "CREATE {unique}INDEX {} ON {} ({}){condition}",
        quote(&index.name),
        quote(&collection.name),
        columns.join(", ")
    ))
}

/// Removes the index called `name`.
pub(super) fn drop_index(name: &str) -> Statement {
    statement(format!("DROP INDEX IF EXISTS {}", quote(name)))
}

/// The view of a collection. The query stands on lines of its own, so that a comment at its end
/// ends there.
pub(super) fn create_view(dialect: Dialect, schema: &Schema, collection: &Collection) -> Statement {
    create_view_of(dialect, schema, collection, "*")
}

/// The view of a collection, with some columns cast to other types: `casts` are names and types.
pub(super) fn create_view_with_casts(
    dialect: Dialect,
    schema: &Schema,
    collection: &Collection,
    casts: &[(String, &str)],
) -> Statement {
    let columns: Vec<String> = collection
        .fields
        .iter()
        .map(|field| {
            let name = quote(&field.name);
            match casts.iter().find(|(cast, _)| *cast == field.name) {
                Some((_, sql_type)) => format!("CAST({name} AS {sql_type}) AS {name}"),
                None => name,
            }
        })
        .collect();
    create_view_of(dialect, schema, collection, &columns.join(", "))
}

fn create_view_of(
    dialect: Dialect,
    schema: &Schema,
    collection: &Collection,
    columns: &str,
) -> Statement {
    let blank = |c: char| c == ';' || c.is_whitespace();
    let query = dialect.view_query(collection, schema);
    let (text, names) = (query.text.trim_matches(blank), query.columns);
    let name = quote(&collection.name);
    statement(format!(
        "CREATE VIEW {name} AS SELECT {columns} FROM (\n{text}\n) AS \"source\"{names}"
    ))
}

pub(super) fn statement(sql: String) -> Statement {
    Statement::new(sql, Vec::new())
}
