//! One comparison of values at hand, answered as the SQL of `store/filter/compare.rs` is on both engines
//! (contract A 3.11). What only a database can answer exactly stays open.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::domain::Json;
use crate::domain::rules::ast::Operator;
use crate::domain::rules::condition::Known;
use crate::domain::rules::known;

/// Whole numbers up to this are the same as integers and as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Longest text that is compared here.
const MOST_BYTES: usize = 100_000;

/// Most characters of a text times those of a pattern that it is matched with.
const MOST_STEPS: usize = 100_000;

/// What a comparison may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// It may hold.
    pub(super) holds: bool,
    /// It may not hold.
    pub(super) fails: bool,
    /// It may be SQL's null, which is not to hold and not to fail.
    pub(super) unknown: bool,
}

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Operand<'a> {
    /// What the request carries, or a literal.
    Known(&'a Known),
    /// What a column holds.
    Stored(Stored<'a>),
    /// The same if the record that it is of is there, else null.
    Perhaps(Stored<'a>),
    /// Only the database knows.
    Open,
}

/// A value as its column has it.
#[derive(Debug, Clone)]
pub(super) struct Stored<'a> {
    pub(super) value: Value<'a>,
    /// Whether it was read from JSON: it compares null-safe and without conversion.
    pub(super) json: bool,
}

/// The values that comparisons tell apart; true and false are 1 and 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(f64),
}

impl Answer {
    /// Nothing is certain.
    pub(super) const OPEN: Self = Self { holds: true, fails: true, unknown: true };
    pub(super) const HOLDS: Self = Self { holds: true, fails: false, unknown: false };
    const UNKNOWN: Self = Self { holds: false, fails: false, unknown: true };

    const fn of(holds: bool) -> Self {
        Self { holds, fails: !holds, unknown: false }
    }

    /// Null is neither.
    fn or_unknown(holds: Option<bool>) -> Self {
        holds.map_or(Self::UNKNOWN, Self::of)
    }

    /// Either of the two.
    const fn or(self, other: Self) -> Self {
        Self {
            holds: self.holds || other.holds,
            fails: self.fails || other.fails,
            unknown: self.unknown || other.unknown,
        }
    }

    /// Both of the two.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            holds: self.holds && other.holds,
            fails: self.fails || other.fails,
            unknown: self.unknown || other.unknown,
        }
    }

    /// Whether it is not violated: null violates nothing.
    pub(super) const fn not_violated(self) -> Self {
        Self { holds: self.holds || self.unknown, unknown: false, ..self }
    }

    /// Whether it holds, where that is certain.
    pub(super) const fn certain(self) -> Option<bool> {
        match self {
            Self { holds: false, .. } => Some(false),
            Self { holds: true, fails: false, unknown: false } => Some(true),
            _ => None,
        }
    }
}

impl Operand<'_> {
    pub(super) const NULL: Self = Self::Stored(Stored::NULL);
}

impl<'a> Stored<'a> {
    pub(super) const NULL: Self = Self { value: Value::Null, json: false };

    pub(super) const fn number(number: f64) -> Self {
        Self { value: Value::Number(number), json: false }
    }

    /// A text; open where it holds what databases cannot read.
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Option<Self> {
        let text = text.into();
        is_plain(&text).then_some(Self { value: Value::Text(text), json: false })
    }

    /// A scalar from inside JSON, if it is one that both engines read alike.
    pub(super) fn inside_json(value: &'a Json) -> Option<Self> {
        let value = match value {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Number(f64::from(u8::from(*value))),
            Json::Number(number) => {
                let is_whole = number.is_i64();
                let number = number.as_f64()?;
                let is_short = number.fract() != 0.0 && number.to_string().len() <= 15;
                let is_exact = is_whole && number.abs() < EXACT || is_short;
                is_exact.then_some(Value::Number(number))?
            }
            Json::String(text) => Value::Text(is_plain(text).then_some(text)?.into()),
            Json::Array(_) | Json::Object(_) => return None,
        };
        Some(Self { value, json: true })
    }

    /// The ASCII letters in lower case; open of a number, which would become a text.
    pub(super) fn lower(self) -> Option<Self> {
        let value = match self.value {
            Value::Null => Value::Null,
            Value::Text(text) => Value::Text(text.to_ascii_lowercase().into()),
            Value::Number(_) => return None,
        };
        Some(Self { value, ..self })
    }

    fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            Value::Number(_) => false,
        }
    }

    /// The text that `~` sees. That of a fraction is for the database to write.
    fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::Null => None,
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                Some(Cow::Owned((*number as i64).to_string()))
            }
            Value::Number(_) => None,
        }
    }
}

/// What `left operator right` comes to.
pub(super) fn compare(left: &Operand<'_>, operator: Operator, right: &Operand<'_>) -> Answer {
    match (left, right) {
        (Operand::Open, _) | (_, Operand::Open) => Answer::OPEN,
        (Operand::Perhaps(left), right) => either(left)
            .map(|left| compare(&left, operator, right))
            .into_iter()
            .fold(NEVER, Answer::or),
        (left, Operand::Perhaps(right)) => either(right)
            .map(|right| compare(left, operator, &right))
            .into_iter()
            .fold(NEVER, Answer::or),
        (Operand::Known(left), Operand::Known(right)) => {
            Answer::of(known::holds(left, operator, right))
        }
        (Operand::Known(known), _) | (_, Operand::Known(known)) if !is_readable(known) => {
            Answer::OPEN
        }
        (Operand::Stored(stored), Operand::Known(known)) => with_known(stored, operator, known),
        (Operand::Known(known), Operand::Stored(stored)) => match operator.flipped() {
            Some(operator) => with_known(stored, operator, known),
            None => known_like(known, operator, stored),
        },
        (Operand::Stored(left), Operand::Stored(right)) => both_stored(left, operator, right),
    }
}

/// No answer at all, to begin a union with.
const NEVER: Answer = Answer { holds: false, fails: false, unknown: false };

fn either<'a>(stored: &Stored<'a>) -> [Operand<'a>; 2] {
    [Operand::Stored(stored.clone()), Operand::Stored(Stored::NULL)]
}

/// U+0000 is in no text of a record, and ends or refuses a text elsewhere. Long texts are for the
/// database.
fn is_plain(text: &str) -> bool {
    text.len() <= MOST_BYTES && !text.contains('\0')
}

fn is_readable(known: &Known) -> bool {
    known.value.as_str().is_none_or(is_plain)
}

fn with_known(stored: &Stored<'_>, operator: Operator, known: &Known) -> Answer {
    match operator {
        Operator::Equal => Answer::or_unknown(equals_known(stored, known)),
        Operator::NotEqual => Answer::of(equals_known(stored, known) != Some(true)),
        Operator::Like | Operator::NotLike => {
            let Some(wanted) = known::text(&known.value) else { return Answer::of(false) };
            let pattern = known::pattern(&wanted);
            // The engines differ in what an escape of nothing matches.
            if known::has_open_escape(&pattern) {
                return Answer::OPEN;
            }
            like(stored, operator, &pattern)
        }
        _ if known.value.is_null() => Answer::of(false),
        _ => Answer::or_unknown(order_known(stored, known).map(|order| fits(operator, order))),
    }
}

/// Equality as the type of the column has it; `None` of a null that is compared with something.
fn equals_known(stored: &Stored<'_>, known: &Known) -> Option<bool> {
    if stored.json || known.json {
        let same = order_known(stored, known).is_some_and(Ordering::is_eq);
        return Some(same || stored.is_null() && known.value.is_null());
    }
    if known.is_empty() {
        return Some(stored.is_empty());
    }
    order_known(stored, known).map(Ordering::is_eq)
}

/// `None` where one of them is null.
fn order_known(stored: &Stored<'_>, known: &Known) -> Option<Ordering> {
    let order = match &stored.value {
        Value::Null => return None,
        Value::Text(_) if stored.json && !known.value.is_string() => {
            return known::number(&known.value).map(|_| Ordering::Greater);
        }
        Value::Text(text) => text.as_bytes().cmp(known::text(&known.value)?.as_bytes()),
        Value::Number(_) if stored.json && known.value.is_string() => Ordering::Less,
        Value::Number(number) => match known::number(&known.value) {
            Some(known) => number.partial_cmp(&known)?,
            None if known.value.is_null() => return None,
            // A text that is no number comes after all of them.
            None => Ordering::Less,
        },
    };
    Some(order)
}

/// A known text that is to contain what a column holds.
fn known_like(known: &Known, operator: Operator, stored: &Stored<'_>) -> Answer {
    let Some(text) = known::text(&known.value) else { return Answer::of(false) };
    if stored.is_null() {
        return Answer::UNKNOWN;
    }
    let Some(wanted) = stored.as_text() else { return Answer::OPEN };
    matches(&text, operator, &contains(&wanted))
}

fn both_stored(left: &Stored<'_>, operator: Operator, right: &Stored<'_>) -> Answer {
    if left.json || right.json {
        return Answer::OPEN;
    }
    match operator {
        Operator::Equal => Answer::of(equal(left, right)),
        Operator::NotEqual => Answer::of(!equal(left, right)),
        _ if left.is_null() || right.is_null() => Answer::UNKNOWN,
        Operator::Like | Operator::NotLike => match right.as_text() {
            Some(wanted) => like(left, operator, &contains(&wanted)),
            None => Answer::OPEN,
        },
        _ => match (&left.value, &right.value) {
            (Value::Text(left), Value::Text(right)) => {
                Answer::of(fits(operator, left.as_bytes().cmp(right.as_bytes())))
            }
            (Value::Number(left), Value::Number(right)) => {
                let order = left.partial_cmp(right);
                order.map_or(Answer::OPEN, |order| Answer::of(fits(operator, order)))
            }
            // The engines read numbers from texts with their own precision.
            _ => Answer::OPEN,
        },
    }
}

/// The pattern of what contains `text`, which is not escaped.
fn contains(text: &str) -> String {
    format!("%{text}%")
}

fn like(stored: &Stored<'_>, operator: Operator, pattern: &str) -> Answer {
    if stored.is_null() {
        return Answer::UNKNOWN;
    }
    stored.as_text().map_or(Answer::OPEN, |text| matches(&text, operator, pattern))
}

fn matches(text: &str, operator: Operator, pattern: &str) -> Answer {
    if pattern.len() > known::MAX_PATTERN || text.len().saturating_mul(pattern.len()) > MOST_STEPS {
        return Answer::OPEN;
    }
    Answer::of(known::matches(text, pattern) == (operator == Operator::Like))
}

/// Equality of two columns: null counts as the empty text, and nothing is converted.
fn equal(left: &Stored<'_>, right: &Stored<'_>) -> bool {
    match (&left.value, &right.value) {
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left == right,
        _ => left.is_empty() && right.is_empty(),
    }
}

const fn fits(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Equal | Operator::Like => order.is_eq(),
        Operator::NotEqual | Operator::NotLike => order.is_ne(),
    }
}
