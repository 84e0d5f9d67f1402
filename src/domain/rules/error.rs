//! What is wrong with a rule or filter, and where.

use crate::domain::rules::ast::Span;

/// Why a rule or filter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RuleError {
    /// A sentence for the author.
    pub message: String,
    /// The bytes of the text that are meant.
    pub span: Span,
    /// A known name that the author may have meant.
    pub suggestion: Option<String>,
}

impl RuleError {
    /// An error at `span`.
    pub fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), span, suggestion: None }
    }

    /// An unknown name. The nearest of `known`, if any is near, becomes the suggestion.
    pub(crate) fn unknown<'a>(
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
        span: Span,
    ) -> Self {
        let suggestion = nearest(name, known);
        let message = suggestion.as_ref().map_or_else(
            || format!("unknown {what} \"{name}\""),
            |nearest| format!("unknown {what} \"{name}\", did you mean \"{nearest}\"?"),
        );
        Self { message, span, suggestion }
    }
}

fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}
