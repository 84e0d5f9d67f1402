//! Comparisons with each of the values of a field for which a request submits none. What is not
//! there equals nothing, not even what is empty: a guest's id must not be found among members that
//! nobody named.

use crate::domain::Json;
use crate::domain::rules::ast::{Comparison, Operand, OperandKind, Operator};
use crate::domain::rules::condition::{Path, Root, Term};
use crate::domain::rules::request_values::elements;
use crate::domain::rules::resolve::{Scope, is_list_type};

/// What such a comparison comes to, where that is certain before any row is read.
pub(super) fn decided(
    scope: &Scope<'_>,
    comparison: &Comparison,
    left: &Term,
    right: &Term,
) -> Option<bool> {
    let (field, other) = match field_of(scope, &comparison.left) {
        Some(field) => (field, right),
        None => (field_of(scope, &comparison.right)?, left),
    };
    // Every value of a multiple field must differ, and then there being none is as an empty one.
    let one_is_enough = comparison.any || field == Values::One;
    match comparison.operator {
        Operator::Equal if !is_json(other) => Some(false),
        Operator::NotEqual if one_is_enough && is_never_null(other) => Some(true),
        _ => None,
    }
}

#[derive(PartialEq)]
enum Values {
    One,
    Several,
}

/// How many values the field has whose every value is asked for, when none are submitted.
fn field_of(scope: &Scope<'_>, operand: &Operand) -> Option<Values> {
    let OperandKind::Identifier(name) = &operand.kind else { return None };
    let name = name.strip_prefix("@request.body.")?.strip_suffix(":each")?;
    let field = scope.collection.field(name).filter(|field| is_list_type(&field.kind))?;
    let submitted = scope.request.body.get(name).unwrap_or(&Json::Null);
    let values = if field.is_multiple() { Values::Several } else { Values::One };
    elements(submitted).is_empty().then_some(values)
}

fn is_json(term: &Term) -> bool {
    match term {
        Term::Known(known) => known.json,
        Term::Path(path) => path.is_json(),
        Term::Distance(_) => true,
        Term::Changed { .. } | Term::Strftime { .. } => false,
    }
}

fn is_never_null(term: &Term) -> bool {
    match term {
        Term::Known(known) => !known.json,
        Term::Path(path) => is_column_of_row(path) && !is_json(term),
        _ => false,
    }
}

/// A column of the row itself; what is reached through others may be missing.
fn is_column_of_row(path: &Path) -> bool {
    let field = path.field.field();
    let stored_as_null = field.ext.nullable || path.field.collection.is_view();
    matches!(path.root, Root::Row) && path.steps.is_empty() && !path.reads_each() && !stored_as_null
}
