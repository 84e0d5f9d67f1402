//! The syntax tree of a filter or rule: what the author wrote, before any name is looked up.

use std::ops::Range;

/// Bytes of the source text.
pub type Span = Range<usize>;

/// A filter. A join has at least two terms and parentheses leave no trace, so the tree is never
/// deeper than a filter has comparisons, whatever the nesting of the text.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Every term holds (`&&`).
    All(Vec<Self>),
    /// At least one term holds (`||`).
    Any(Vec<Self>),
    /// One comparison.
    Compare(Comparison),
}

/// Two operands and what is asked of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What stands left of the operator.
    pub left: Operand,
    /// What is asked.
    pub operator: Operator,
    /// Whether one value of several is enough (`?=` and its kin).
    pub any: bool,
    /// What stands right of the operator.
    pub right: Operand,
}

/// What a comparison asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `~`: contains, or matches a pattern with `%`.
    Like,
    /// `!~`
    NotLike,
}

impl Operator {
    /// The operator that asks the same of swapped sides, where there is one.
    pub const fn flipped(self) -> Option<Self> {
        Some(match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Like | Self::NotLike => return None,
        })
    }
}

/// One side of a comparison, or one argument of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// What it is.
    pub kind: OperandKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of operand.
#[derive(Debug, Clone, PartialEq)]
pub enum OperandKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number literal.
    Number(f64),
    /// A text literal, escapes resolved.
    Text(String),
    /// A name that is looked up: a field, a path, a request value or a macro.
    Identifier(String),
    /// A function and its arguments.
    Function {
        /// The name as written.
        name: String,
        /// The arguments in order.
        arguments: Vec<Operand>,
    },
}
