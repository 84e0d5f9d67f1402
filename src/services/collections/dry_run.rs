//! Trying the query of a view without making one (contract A 2.14).

use std::sync::Arc;

use serde::Serialize;

use crate::domain::JsonMap;
use crate::domain::collection::{Collection, CollectionKind, ViewOptions};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::random::{ALPHANUMERIC, Random};
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::{LIMIT, views};
use crate::services::records::record_view::{Reader, RecordView, Shape};
use crate::store::{StoreError, view_rows};

/// Most bytes of a query that is tried.
const LONGEST: usize = 5_000;

/// How many records are shown.
const SHOWN: i64 = 10;

/// The fields that a view would have, and its first records.
#[derive(Debug, Serialize)]
pub struct DryRun {
    fields: Vec<JsonMap>,
    sample: Vec<RecordView>,
}

/// Refuses a query that is not there or too long to be tried.
pub(in crate::services) fn check_length(query: &str) -> Result<(), Error> {
    if query.is_empty() {
        return Err(Error::invalid("query", Fault::required()));
    }
    if query.len() > LONGEST {
        return Err(Error::invalid("query", Fault::length(0, LONGEST)));
    }
    Ok(())
}

/// What a view of `query` would be. Nothing is written, whatever the query calls.
///
/// # Errors
/// `Invalid` for a query that is not there or too long, `BadRequest` with the reason for one that is
/// none.
pub async fn dry_run(app: &App, query: &str) -> Result<DryRun, Error> {
    check_length(query)?;
    let schema = app.store.schema();
    let kind = CollectionKind::View(ViewOptions { query: query.to_owned() });
    let mut random = Random::system();
    let name = format!("temp_view_{}", random.text(5, ALPHANUMERIC));
    let mut view = Collection::scaffold(kind, &name, &mut random);
    view.fields = views::fields(&view, &schema).map_err(|error| refused(&error.message))?;
    first_fault(&view.validate(None, &schema))?;
    let view = Arc::new(view);
    let shape = Arc::new(Shape::new(&view, Reader::Superuser));
    let fields = view.fields.iter().map(|field| field.to_json()).collect();
    let rows = app.store.look(LIMIT, move |db| view_rows::sample(db, &view, SHOWN)).await;
    let rows = rows.map_err(|error: StoreError| match error {
        StoreError::Statement { message, .. } => refused(&message),
        StoreError::ReadOnly => refused("a view never writes"),
        error => error.into(),
    })?;
    let show = |row| RecordView::new(Arc::clone(&shape), Arc::new(row), Vec::new());
    Ok(DryRun { fields, sample: rows.into_iter().map(show).collect() })
}

fn refused(reason: &str) -> Error {
    Error::bad_request(format!("The query cannot be that of a view: {reason}"))
}

fn first_fault(errors: &FieldErrors) -> Result<(), Error> {
    let faults = errors.faults();
    let inner = faults.iter().find(|(path, _)| path.starts_with("fields")).or(faults.first());
    inner.map_or(Ok(()), |(path, fault)| Err(refused(&format!("{path}: {}", fault.message))))
}
