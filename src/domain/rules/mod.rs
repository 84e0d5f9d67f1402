//! The filter language of access rules and client filters (contract A 3.9 to 3.13): text to tokens to
//! syntax tree, and names to the fields, relations and request values that they mean. Knows no SQL.

pub mod ast;
mod blank;
mod check;
pub mod condition;
mod error;
mod evaluate;
mod functions;
pub mod known;
mod lexer;
mod macros;
mod parser;
mod request;
mod request_values;
mod resolve;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use check::{check, field_path};
pub use error::RuleError;
pub use evaluate::evaluate;
pub use parser::{MAX_COMPARISONS, MAX_NESTING, parse};
pub use request::{RequestContext, RequestInfo};
pub use resolve::{Author, RowState, Scope};

use crate::domain::Json;
use crate::domain::time::Timestamp;
use ast::Expr;

/// An access rule as it is stored: the text that the author wrote, parsed once. A rule that does
/// not parse is kept and fails where it is used (contract A 2.6). Rules are equal by their texts.
#[derive(Debug, Clone)]
pub struct Rule(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    text: String,
    expr: Result<Option<Expr>, RuleError>,
}

impl Rule {
    /// Reads `text`; an empty text is the public rule.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let expr = if text.is_empty() { Ok(None) } else { parse(&text).map(Some) };
        Self(Arc::new(Parsed { text, expr }))
    }

    /// The text as the author wrote it.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether everyone passes.
    pub fn is_public(&self) -> bool {
        self.0.text.is_empty()
    }

    /// The syntax tree, `None` of the public rule.
    ///
    /// # Errors
    /// Why the text does not parse.
    pub fn expr(&self) -> Result<Option<&Expr>, &RuleError> {
        self.0.expr.as_ref().map(Option::as_ref)
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self::new("")
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Rule {}

/// What the macro called `name` (`@now` and its kin) is worth at `now`; `None` when there is none.
pub fn macro_value(name: &str, now: Timestamp) -> Option<Json> {
    macros::value(name, now)
}

/// Whether the text of a client's filter or sort asks for what only superusers may read. A plain
/// search, so that no spelling gets around it.
pub fn needs_superuser(text: &str) -> bool {
    text.contains("@request.") || text.contains("@collection.")
}
