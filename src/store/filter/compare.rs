//! One comparison as SQL (contract A 3.11): what is empty, known, a column or JSON decides the form.

use crate::domain::Json;
use crate::domain::rules::ast::Operator;
use crate::domain::rules::condition::Known;
use crate::domain::rules::known;
use crate::domain::time::Timestamp;
use crate::store::dialect::Dialect;
use crate::store::filter::fragment::Fragment;
use crate::store::filter::operands::{Rendered, Shape};
use crate::store::value::Value;

/// A condition: decided already, or left to the database.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Always,
    Never,
    Sql(Fragment),
}

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Side<'a> {
    Known(&'a Known),
    Column {
        value: Rendered,
        /// Whether it compares as JSON does.
        json: bool,
    },
}

impl Test {
    /// Always or never.
    pub(super) const fn of(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }

    fn sql(sql: impl Into<Fragment>) -> Self {
        Self::Sql(sql.into())
    }

    /// The opposite; null stays null.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Sql(sql) => Self::Sql(Fragment::from("NOT ") + sql.grouped()),
        }
    }
}

/// `left operator right`.
pub(super) fn compare(
    dialect: Dialect,
    left: &Side<'_>,
    operator: Operator,
    right: &Side<'_>,
) -> Test {
    match (left, right) {
        (Side::Known(left), Side::Known(right)) => Test::of(known::holds(left, operator, right)),
        (Side::Column { value, json }, Side::Known(known)) => {
            column_known(dialect, value, *json, operator, known)
        }
        (Side::Known(known), Side::Column { value, json }) => match operator.flipped() {
            Some(operator) => column_known(dialect, value, *json, operator, known),
            None => known_like_column(dialect, known, operator, value),
        },
        (Side::Column { value: left, json }, Side::Column { value: right, json: other }) => {
            columns(dialect, left, operator, right, *json || *other)
        }
    }
}

const fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "=",
        Operator::NotEqual => "<>",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Like | Operator::NotLike => "LIKE",
    }
}

fn column_known(
    dialect: Dialect,
    column: &Rendered,
    json: bool,
    operator: Operator,
    known: &Known,
) -> Test {
    // A distance is never a text that somebody writes, whatever the text spells.
    let never_alike = column.shape == Shape::Distance && known.value.is_string();
    match operator {
        Operator::Equal | Operator::NotEqual if never_alike => {
            Test::of(operator == Operator::NotEqual)
        }
        Operator::Equal | Operator::NotEqual => {
            let negated = operator == Operator::NotEqual;
            if json || known.json {
                same_as_known(dialect, column, negated, known)
            } else if known.is_empty() {
                is_empty(dialect, column, negated)
            } else {
                equals_known(dialect, column, negated, known)
            }
        }
        Operator::Like | Operator::NotLike => {
            known::text(&known.value).map_or(Test::Never, |text| {
                let pattern = known::pattern(&text);
                if pattern.len() > known::MAX_PATTERN {
                    return Test::of(operator == Operator::NotLike);
                }
                if dialect.refuses_open_escape() && known::has_open_escape(&pattern) {
                    return matches_nothing(column, operator);
                }
                let pattern = Fragment::param(Value::Text(pattern));
                like(dialect, column.text(dialect), operator, pattern)
            })
        }
        _ if known.value.is_null() => Test::Never,
        _ if never_alike => before_text(column, operator),
        _ => order_known(dialect, column, operator, known),
    }
}

/// A pattern that finds no text: null is neither like it nor unlike.
fn matches_nothing(column: &Rendered, operator: Operator) -> Test {
    match (operator, column.nullable) {
        (Operator::NotLike, true) => Test::sql(column.sql.clone() + " IS NOT NULL"),
        (operator, _) => Test::of(operator == Operator::NotLike),
    }
}

/// The empty text or null.
fn is_empty(dialect: Dialect, column: &Rendered, negated: bool) -> Test {
    let value = column.sql.clone();
    let empty = match column.shape {
        Shape::Text => Some("''"),
        Shape::Date => Some(dialect.no_moment()),
        _ => None,
    };
    match (empty, column.nullable, negated) {
        (Some(empty), false, false) => Test::sql(value + " = " + empty),
        (Some(empty), false, true) => Test::sql(value + " <> " + empty),
        (Some(empty), true, false) => {
            Test::sql((value.clone() + " IS NULL OR " + value + " = " + empty).grouped())
        }
        (Some(empty), true, true) => {
            Test::sql((value.clone() + " IS NOT NULL AND " + value + " <> " + empty).grouped())
        }
        (None, true, false) => Test::sql(value + " IS NULL"),
        (None, true, true) => Test::sql(value + " IS NOT NULL"),
        (None, false, _) => Test::of(negated),
    }
}

/// Plain equality, which null never has, or null-safe inequality.
fn equals_known(dialect: Dialect, column: &Rendered, negated: bool, known: &Known) -> Test {
    let Some((value, param)) = comparable(dialect, column, known) else {
        // A number is never a text that is none: unequal, whatever the row holds.
        return Test::of(negated);
    };
    let sign = match (negated, column.nullable) {
        (false, _) => " = ",
        (true, false) => " <> ",
        (true, true) => " IS DISTINCT FROM ",
    };
    Test::sql(value + sign + param)
}

/// The column and the known value in forms that compare; `None` where they never can.
fn comparable(dialect: Dialect, column: &Rendered, known: &Known) -> Option<(Fragment, Fragment)> {
    let (value, param) = match column.shape {
        Shape::Text | Shape::List => {
            let text = known::text(&known.value)?.into_owned();
            (column.text(dialect), Value::Text(text))
        }
        Shape::Date => {
            let text = known::text(&known.value)?.into_owned();
            match exact_moment(&text).filter(|_| dialect.has_moments()) {
                Some(moment) => (column.sql.clone(), Value::Timestamp(moment)),
                None => (column.text(dialect), Value::Text(text)),
            }
        }
        Shape::Bool if known.value.is_boolean() => {
            (column.sql.clone(), Value::Bool(known.value.as_bool().unwrap_or_default()))
        }
        Shape::Number | Shape::Distance | Shape::Bool => {
            let number = known::number(&known.value).map(Value::Real);
            let text = known.value.as_str().filter(|_| dialect.orders_all_types());
            (column.number(dialect), number.or_else(|| text.map(Value::text))?)
        }
        Shape::Json => {
            let param = Fragment::param(scalar(&known.value));
            return Some((column.sql.clone(), param.map(|place| dialect.json_scalar(place))));
        }
    };
    Some((value, Fragment::param(param)))
}

/// The moment that is written exactly as the product writes it.
fn exact_moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).filter(|moment| moment.to_string() == text)
}

/// A scalar as it compares with what is inside JSON: booleans are numbers.
fn scalar(value: &Json) -> Value {
    match value {
        Json::String(text) => Value::text(text.as_str()),
        value => Value::Real(known::number(value).unwrap_or_default()),
    }
}

/// Null-safe equality, or its negation.
fn same_as_known(dialect: Dialect, column: &Rendered, negated: bool, known: &Known) -> Test {
    let value = column.sql.clone();
    if known.value.is_null() {
        return match (column.nullable, negated) {
            (false, _) => Test::of(negated),
            (true, false) => Test::sql(value + " IS NULL"),
            (true, true) => Test::sql(value + " IS NOT NULL"),
        };
    }
    let Some((value, param)) = comparable(dialect, column, known) else {
        return Test::of(negated);
    };
    Test::sql(value + distinct(negated) + param)
}

const fn distinct(negated: bool) -> &'static str {
    if negated { " IS DISTINCT FROM " } else { " IS NOT DISTINCT FROM " }
}

/// The first moment whose text begins with `text`, which ends where a part of it does. No moment is
/// the text itself.
fn first_moment(text: &str) -> Option<Timestamp> {
    const BEGINNING: &str = "0000-01-01 00:00:00.000Z";
    let ends_part = matches!(text.len(), 4 | 5 | 7 | 8 | 10 | 11 | 13 | 14 | 16 | 17 | 19 | 20);
    let rest = BEGINNING.get(text.len()..).filter(|_| ends_part)?;
    exact_moment(&format!("{text}{rest}"))
}

fn order_known(dialect: Dialect, column: &Rendered, operator: Operator, known: &Known) -> Test {
    let first = known::text(&known.value).and_then(|text| first_moment(&text));
    if let Some(first) = first.filter(|_| column.is_moment(dialect)) {
        let is_before = matches!(operator, Operator::Less | Operator::LessOrEqual);
        let sign = if is_before { " < " } else { " >= " };
        return Test::sql(column.sql.clone() + sign + Fragment::param(Value::Timestamp(first)));
    }
    let Some((value, param)) = comparable(dialect, column, known) else {
        return before_text(column, operator);
    };
    if column.shape == Shape::Json {
        return Test::sql(json_order(dialect, value, operator, param));
    }
    let order = if param.is_text() { dialect.byte_order() } else { "" };
    Test::sql(value + " " + sign(operator) + " " + param + order)
}

/// A number beside a text that is none: text comes after every number; null has no order.
fn before_text(column: &Rendered, operator: Operator) -> Test {
    let after = matches!(operator, Operator::Less | Operator::LessOrEqual);
    let answer = if after { " IS NOT NULL THEN TRUE END" } else { " IS NOT NULL THEN FALSE END" };
    Test::sql(Fragment::from("CASE WHEN ") + column.sql.clone() + answer)
}

fn json_order(dialect: Dialect, left: Fragment, operator: Operator, right: Fragment) -> Fragment {
    let (before, between, after) = dialect.json_order(sign(operator));
    Fragment::from(before) + left + between + right + after
}

fn like(dialect: Dialect, text: Fragment, operator: Operator, pattern: Fragment) -> Test {
    let (before, between, after) = dialect.like(operator == Operator::NotLike);
    Test::sql(Fragment::from(before) + text + between + pattern + after)
}

/// A known text that is to contain the value of a column.
fn known_like_column(
    dialect: Dialect,
    known: &Known,
    operator: Operator,
    column: &Rendered,
) -> Test {
    let Some(text) = known::text(&known.value) else { return Test::Never };
    let text = Fragment::param(Value::Text(text.into_owned()));
    like(dialect, text, operator, contains(dialect, column.text(dialect)))
}

/// The pattern of everything that contains `text`, which is not escaped. One that is too long for
/// the database is replaced by one that nothing matches.
fn contains(dialect: Dialect, text: Fragment) -> Fragment {
    let longest = known::MAX_PATTERN - "%%".len();
    let nothing = dialect.no_pattern();
    Fragment::from("CASE WHEN octet_length(")
        + text.clone()
        + format!(") > {longest} THEN {nothing} ELSE '%' || ")
        + text
        + " || '%' END"
}

fn columns(
    dialect: Dialect,
    left: &Rendered,
    operator: Operator,
    right: &Rendered,
    json: bool,
) -> Test {
    let negated = operator == Operator::NotEqual;
    match operator {
        Operator::Equal | Operator::NotEqual if json => {
            let (left, right) = aligned(dialect, left, right);
            Test::sql(left + distinct(negated) + right)
        }
        Operator::Equal | Operator::NotEqual => equal_columns(dialect, left, negated, right),
        Operator::Like | Operator::NotLike => {
            like(dialect, left.text(dialect), operator, contains(dialect, right.text(dialect)))
        }
        _ if left.shape == Shape::Json && right.shape == Shape::Json => {
            Test::sql(json_order(dialect, left.sql.clone(), operator, right.sql.clone()))
        }
        _ => {
            let is_number = (left.shape.is_number() || right.shape.is_number())
                && !is_text_beside(left, right)
                && !is_text_beside(right, left);
            let is_moment = left.is_moment(dialect) && right.is_moment(dialect);
            let order = if is_number || is_moment { "" } else { dialect.byte_order() };
            let (left, right) = aligned(dialect, left, right);
            Test::sql(left + " " + sign(operator) + " " + right + order)
        }
    }
}

/// Equality of two columns where null counts as the empty text, without conversion.
fn equal_columns(dialect: Dialect, left: &Rendered, negated: bool, right: &Rendered) -> Test {
    // What is JSON here is a whole point: its text, or null where a relation leads to no record.
    let is_text = |side: &Rendered| !side.shape.is_number();
    let sign = if negated { " <> " } else { " = " };
    match (is_text(left), is_text(right)) {
        (true, true) => {
            let text = |side: &Rendered| match (side.text(dialect), side.nullable) {
                (text, true) => Fragment::from("COALESCE(") + text + ", '')",
                (text, false) => text,
            };
            Test::sql(text(left) + sign + text(right))
        }
        (false, false) => {
            let sign = if left.nullable || right.nullable { distinct(negated) } else { sign };
            Test::sql(left.number(dialect) + sign + right.number(dialect))
        }
        _ => match (is_empty(dialect, left, false), is_empty(dialect, right, false)) {
            (Test::Sql(left), Test::Sql(right)) => {
                let both = Test::sql((left + " AND " + right).grouped());
                if negated { both.not() } else { both }
            }
            _ => Test::of(negated),
        },
    }
}

/// Whether `side` is a number that is a text beside `other`.
const fn is_text_beside(side: &Rendered, other: &Rendered) -> bool {
    matches!(side.shape, Shape::Distance) && other.shape.is_text()
}

/// Two columns in forms that compare: what comes from JSON as the other side's type, a number as it
/// is and text as a number beside one, but for a distance.
fn aligned(dialect: Dialect, left: &Rendered, right: &Rendered) -> (Fragment, Fragment) {
    let one = |side: &Rendered, other: &Rendered| match (side.shape, other.shape) {
        (Shape::Json, Shape::Json) => side.sql.clone(),
        _ if side.is_moment(dialect) && other.is_moment(dialect) => side.sql.clone(),
        (Shape::Json, other) if other.is_number() => {
            side.sql.clone().map(|value| dialect.json_number(value))
        }
        (shape, Shape::Json) if !shape.is_number() => {
            side.text(dialect).map(|text| dialect.text_beside_json(text))
        }
        _ if is_text_beside(side, other) || is_text_beside(other, side) => side.text(dialect),
        (Shape::Number | Shape::Distance | Shape::Bool, _) => side.number(dialect),
        (_, Shape::Number | Shape::Distance | Shape::Bool) => {
            side.text(dialect).map(|text| dialect.text_as_number(text))
        }
        _ => side.text(dialect),
    };
    (one(left, right), one(right, left))
}
