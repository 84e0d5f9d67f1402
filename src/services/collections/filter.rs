//! Filters over collections (contract A 2.3, 3.9): of one table, with plain columns and without
//! joins. Collections are in memory, so the filter is asked there and not in the database.

use std::cmp::Ordering;

use crate::domain::collection::Collection;
use crate::domain::fields::json_number;
use crate::domain::rules::ast::{Comparison, Expr, Operand, OperandKind, Operator};
use crate::domain::rules::{known, macro_value, parse};
use crate::domain::time::Timestamp;
use crate::services::Error;

/// What collections can be filtered by.
const COLUMNS: [&str; 6] = ["id", "created", "updated", "name", "system", "type"];

/// Longest text of a filter (contract A 1.10).
const LONGEST: usize = 3_500;

/// A filter whose names are known.
pub(super) struct Filter {
    expr: Expr,
    now: Timestamp,
}

/// One side of a comparison for one collection.
#[derive(Clone)]
enum Side {
    Null,
    Number { number: f64, column: bool },
    Text { text: String, column: bool },
}

impl Filter {
    /// Reads `text`.
    ///
    /// # Errors
    /// `BadRequest` when it does not parse, or names something else than a column.
    pub(super) fn parse(text: &str, now: Timestamp) -> Result<Self, Error> {
        if text.len() > LONGEST {
            return Err(Error::bad_request(format!("A filter has at most {LONGEST} bytes.")));
        }
        let expr = parse(text).map_err(|error| Error::bad_request(error.message))?;
        check(&expr)?;
        Ok(Self { expr, now })
    }

    /// Whether `collection` is among what the filter asks for.
    pub(super) fn matches(&self, collection: &Collection) -> bool {
        self.holds(&self.expr, collection)
    }

    fn holds(&self, expr: &Expr, collection: &Collection) -> bool {
        match expr {
            Expr::All(terms) => terms.iter().all(|term| self.holds(term, collection)),
            Expr::Any(terms) => terms.iter().any(|term| self.holds(term, collection)),
            Expr::Compare(comparison) => {
                let left = self.side(&comparison.left, collection);
                let right = self.side(&comparison.right, collection);
                compare(comparison.operator, left, right)
            }
        }
    }

    fn side(&self, operand: &Operand, collection: &Collection) -> Side {
        let text = |text: &str, column| Side::Text { text: text.to_owned(), column };
        match &operand.kind {
            OperandKind::Null | OperandKind::Function { .. } => Side::Null,
            OperandKind::Bool(value) => {
                Side::Number { number: f64::from(u8::from(*value)), column: false }
            }
            OperandKind::Number(number) => Side::Number { number: *number, column: false },
            OperandKind::Text(value) => text(value, false),
            OperandKind::Identifier(name) => match name.as_str() {
                "id" => text(&collection.id, true),
                "name" => text(&collection.name, true),
                "type" => text(collection.kind.type_name(), true),
                "created" => text(&collection.created.to_string(), true),
                "updated" => text(&collection.updated.to_string(), true),
                "system" => {
                    Side::Number { number: f64::from(u8::from(collection.system)), column: true }
                }
                name => match macro_value(name, self.now) {
                    Some(value) => value.as_f64().map_or_else(
                        || text(value.as_str().unwrap_or_default(), false),
                        |number| Side::Number { number, column: false },
                    ),
                    None => Side::Null,
                },
            },
        }
    }
}

/// Whether every operand is a literal, a macro or a column.
fn check(expr: &Expr) -> Result<(), Error> {
    match expr {
        Expr::All(terms) | Expr::Any(terms) => terms.iter().try_for_each(check),
        Expr::Compare(Comparison { left, right, .. }) => {
            [left, right].into_iter().try_for_each(check_operand)
        }
    }
}

fn check_operand(operand: &Operand) -> Result<(), Error> {
    let known =
        |name: &str| COLUMNS.contains(&name) || macro_value(name, Timestamp::default()).is_some();
    let name = match &operand.kind {
        OperandKind::Identifier(name) if known(name) => return Ok(()),
        OperandKind::Identifier(name) | OperandKind::Function { name, .. } => name,
        _ => return Ok(()),
    };
    Err(Error::bad_request(format!(
        "Collections cannot be filtered by {name:?}: there is {}.",
        COLUMNS.join(", ")
    )))
}

/// Asks what contract A 3.11 says of columns that are never null and of known values.
fn compare(operator: Operator, left: Side, right: Side) -> bool {
    match operator {
        Operator::Equal => equal(&left, &right),
        Operator::NotEqual => !equal(&left, &right),
        Operator::Like => like(&left, &right).unwrap_or(false),
        Operator::NotLike => like(&left, &right).is_some_and(|holds| !holds),
        _ => {
            let Some(order) = order(&left, &right) else { return false };
            match operator {
                Operator::Less => order == Ordering::Less,
                Operator::LessOrEqual => order != Ordering::Greater,
                Operator::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }
        }
    }
}

fn equal(left: &Side, right: &Side) -> bool {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => true,
        (true, false) | (false, true) => false,
        (false, false) => order(left, right) == Some(Ordering::Equal),
    }
}

/// The order of two values, numbers before texts; none beside a null. A value beside a column becomes
/// what the column holds, where it can.
fn order(left: &Side, right: &Side) -> Option<Ordering> {
    match (left.beside(right), right.beside(left)) {
        (Side::Null, _) | (_, Side::Null) => None,
        (Side::Number { number: left, .. }, Side::Number { number: right, .. }) => {
            left.partial_cmp(&right)
        }
        (Side::Text { text: left, .. }, Side::Text { text: right, .. }) => Some(left.cmp(&right)),
        (Side::Number { .. }, Side::Text { .. }) => Some(Ordering::Less),
        (Side::Text { .. }, Side::Number { .. }) => Some(Ordering::Greater),
    }
}

impl Side {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Null) || matches!(self, Self::Text { text, .. } if text.is_empty())
    }

    const fn is_column(&self) -> bool {
        matches!(self, Self::Number { column: true, .. } | Self::Text { column: true, .. })
    }

    fn beside(&self, other: &Self) -> Self {
        if self.is_column() || !other.is_column() {
            return self.clone();
        }
        match (self, other) {
            (Self::Number { number, .. }, Self::Text { .. }) => {
                Self::Text { text: json_number(*number).to_string(), column: false }
            }
            (Self::Text { text, .. }, Self::Number { .. }) => match text.trim().parse() {
                Ok(number) => Self::Number { number, column: false },
                Err(_) => self.clone(),
            },
            _ => self.clone(),
        }
    }

    /// The value as a pattern is looked for in it.
    fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Number { number, .. } => Some(json_number(*number).to_string()),
            Self::Text { text, .. } => Some(text.clone()),
        }
    }
}

fn like(left: &Side, right: &Side) -> Option<bool> {
    let (value, pattern) = (left.text()?, right.text()?);
    let pattern = if right.is_column() { format!("%{pattern}%") } else { known::pattern(&pattern) };
    Some(known::matches(&value, &pattern))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::collection::CollectionKind;

    fn holds(filter: &str) -> bool {
        let collection = Collection {
            id: "pbc_1".to_owned(),
            name: "my_posts".to_owned(),
            created: Timestamp::from_millis(1_700_000_000_000),
            ..Collection::blank(CollectionKind::Base)
        };
        Filter::parse(filter, Timestamp::from_millis(1_700_000_000_500))
            .unwrap()
            .matches(&collection)
    }

    #[test]
    fn columns_compare_as_they_do_in_a_database() {
        for filter in [
            "name = 'my_posts' && id != 'x' && type = 'base'",
            "name ~ 'POST' && name !~ 'x' && name ~ 'my%s' && name ~ 'y\\_p'",
            "system = false && system = 0 && system != true && system = '0'",
            "system < 'x' && name > 5 && 1 = 1",
            "name ~ 'my_' && name !~ 'm_' && name ~ 'm__posts%'",
            "created < @now && created > '2023-01-01' && updated != ''",
            "updated != null && '' = null && 'my_posts' = name",
            "(name = 'x' || id ~ 'pbc') && @year = 2023",
            "name ?= 'my_posts' && type >= 'base' && type <= 'base'",
        ] {
            assert!(holds(filter), "{filter}");
        }
        for filter in
            ["name = 'posts'", "name ~ null", "name !~ null", "name > null", "system = 'x'"]
        {
            assert!(!holds(filter), "{filter}");
        }
    }

    #[test]
    fn nothing_but_columns_can_be_named() {
        for filter in [
            "fields ~ 'x'",
            "name:lower = 'x'",
            "@request.auth.id = ''",
            "@collection.users.id = 'x'",
            "strftime('%Y', created) = '2023'",
            "@rowid = 1",
            "name =",
            "name",
        ] {
            assert!(Filter::parse(filter, Timestamp::default()).is_err(), "{filter}");
        }
        let long = format!("name = '{}'", "x".repeat(LONGEST));
        assert!(Filter::parse(&long, Timestamp::default()).is_err());
    }
}
