//! The rows of a view that is not there yet: what its query would show (contract A 2.12, 2.14).

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::store::column;
use crate::store::error::StoreError;
use crate::store::sql::{Statement, quote};
use crate::store::tx::Db;
use crate::store::value::Value;

/// The first `limit` rows of the query of `view`, whose fields are inferred. Its columns get the same
/// types as those of the view that is made of it.
///
/// # Errors
/// What the database says.
pub fn sample(db: &mut Db, view: &Arc<Collection>, limit: i64) -> Result<Vec<Record>, StoreError> {
    let types = types(db, view)?;
    let columns: Vec<String> = view
        .fields
        .iter()
        .zip(types)
        .map(|(field, sql_type)| {
            let name = quote(&field.name);
            sql_type.map_or_else(|| name.clone(), |cast| format!("CAST({name} AS {cast})"))
        })
        .collect();
    let source = source(db, view);
    let sql = format!("SELECT {} FROM {source} LIMIT $1", columns.join(", "));
    let rows = db.fetch_all(Statement::new(sql, vec![Value::Int(limit)]))?;
    rows.into_iter().map(|row| column::decode(view, row)).collect()
}

/// What each column is cast to.
fn types(db: &mut Db, view: &Collection) -> Result<Vec<Option<&'static str>>, StoreError> {
    let dialect = db.dialect();
    let names: Vec<&str> = view.fields.iter().map(|field| field.name.as_str()).collect();
    let source = source(db, view);
    let Some(question) = dialect.types_of_source(&source, &names) else {
        // An id is a text; SQLite's other values say themselves what they are.
        return Ok(names.iter().map(|name| (*name == "id").then_some("TEXT")).collect());
    };
    let row = db.fetch_one(question)?;
    let of = |(position, name): (usize, &&str)| Ok(dialect.view_type(name, row.text(position)?));
    names.iter().enumerate().map(of).collect()
}

/// The query as a source of rows. It stands on lines of its own, so that a comment at its end ends
/// there.
fn source(db: &Db, view: &Collection) -> String {
    let blank = |c: char| c == ';' || c.is_whitespace();
    let query = db.dialect().view_query(view, &db.schema());
    format!("(\n{}\n) AS \"source\"{}", query.text.trim_matches(blank), query.columns)
}
