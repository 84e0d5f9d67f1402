//! Whether a rule can be used: its syntax, and its names against the collections (contract A 2.6).

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::rules::Rule;
use crate::domain::rules::condition::{Path, Root};
use crate::domain::rules::error::RuleError;
use crate::domain::rules::request::RequestInfo;
use crate::domain::rules::resolve::{Author, RowState, Scope};
use crate::domain::schema::Schema;

/// Checks `rule` of `collection` as a request without caller, query and body would run it.
/// `collection` may be newer than its state in `schema`.
///
/// # Errors
/// The first fault of the rule.
pub fn check(rule: &Rule, collection: &Collection, schema: &Schema) -> Result<(), RuleError> {
    let Some(expr) = rule.expr().map_err(Clone::clone)? else {
        return Ok(());
    };
    with_scope(collection, schema, |scope| scope.condition(expr).map(|_| ()))
}

/// Looks up a path of plain fields and relations, such as `post.author`, that starts at a record of
/// `collection`.
///
/// # Errors
/// When a name is unknown or has no parts.
pub fn field_path(path: &str, collection: &Collection, schema: &Schema) -> Result<Path, RuleError> {
    with_scope(collection, schema, |scope| {
        let segments: Vec<&str> = path.split('.').collect();
        let start = Arc::clone(scope.collection);
        scope.path(Root::Row, Vec::new(), start, &segments, None, &(0..path.len()))
    })
}

fn with_scope<T>(
    collection: &Collection,
    schema: &Schema,
    work: impl FnOnce(Scope<'_>) -> Result<T, RuleError>,
) -> Result<T, RuleError> {
    let request = RequestInfo::default();
    work(Scope {
        schema,
        collection: &Arc::new(collection.clone()),
        request: &request,
        row: RowState::Stored,
        author: Author::Trusted,
    })
}
