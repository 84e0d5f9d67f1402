//! One statement each: tables, views and indexes from scratch.

use std::fmt::Write;

use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::indexes::Index;
use crate::store::dialect::Dialect;
use crate::store::sql::{Statement, quote};

/// The table of a collection that is no view.
pub(super) fn create_table(dialect: Dialect, collection: &Collection) -> Statement {
    let mut columns = String::new();
    for field in &collection.fields {
        let separator = if columns.is_empty() { "" } else { ", " };
        // Writing to a text does not fail.
        let _ = write!(columns, "{separator}{}", column(dialect, field));
    }
    let own = dialect.own_columns();
    statement(format!("CREATE TABLE {} ({columns}{own})", quote(&collection.name)))
}

/// The column of `field` with its name.
pub(super) fn column(dialect: Dialect, field: &Field) -> String {
    if field.name == "id" {
        return dialect.id_column().to_owned();
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

/// An index; the table that its text names does not count.
pub(super) fn create_index(dialect: Dialect, collection: &Collection, index: &Index) -> Statement {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let columns: Vec<String> =
        index.columns.iter().map(|column| dialect.index_column(column)).collect();
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
pub(super) fn create_view(dialect: Dialect, collection: &Collection) -> Statement {
    create_view_of(dialect, collection, "*")
}

/// The view of a collection, with the ids as texts.
pub(super) fn create_view_with_text_id(dialect: Dialect, collection: &Collection) -> Statement {
    let columns: Vec<String> = collection
        .fields
        .iter()
        .map(|field| match field.name.as_str() {
            "id" => "CAST(\"id\" AS TEXT) AS \"id\"".to_owned(),
            name => quote(name),
        })
        .collect();
    create_view_of(dialect, collection, &columns.join(", "))
}

fn create_view_of(dialect: Dialect, collection: &Collection, columns: &str) -> Statement {
    let blank = |c: char| c == ';' || c.is_whitespace();
    let query = dialect.view_query(collection).trim_matches(blank);
    let name = quote(&collection.name);
    statement(format!("CREATE VIEW {name} AS SELECT {columns} FROM (\n{query}\n) AS \"source\""))
}

pub(super) fn statement(sql: String) -> Statement {
    Statement::new(sql, Vec::new())
}
