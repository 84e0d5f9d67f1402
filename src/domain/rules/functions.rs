//! The functions of filters: how many arguments of which kinds they take (contract A 3.13).

use crate::domain::rules::ast::{Operand, OperandKind, Span};
use crate::domain::rules::condition::Term;
use crate::domain::rules::error::RuleError;
use crate::domain::rules::resolve::Scope;

/// Most arguments of `strftime` (contract A 1.10).
const MAX_STRFTIME_ARGUMENTS: usize = 10;

/// Looks up a call of the function `name`.
pub(super) fn resolve(
    scope: &Scope<'_>,
    name: &str,
    arguments: &[Operand],
    span: &Span,
) -> Result<Term, RuleError> {
    match name {
        "geoDistance" => distance(scope, arguments, span),
        "strftime" => strftime(scope, arguments, span),
        _ => {
            let known = ["geoDistance", "strftime"];
            Err(RuleError::unknown("function", name, known, span.clone()))
        }
    }
}

fn distance(scope: &Scope<'_>, arguments: &[Operand], span: &Span) -> Result<Term, RuleError> {
    if arguments.len() != 4 {
        let message = "geoDistance takes a longitude and a latitude, twice";
        return Err(RuleError::new(message, span.clone()));
    }
    let terms = arguments.iter().map(|argument| match argument.kind {
        OperandKind::Identifier(_) | OperandKind::Number(_) => scope.term(argument),
        _ => Err(RuleError::new("expected a name or a number here", argument.span.clone())),
    });
    Ok(Term::Distance(terms.collect::<Result<_, _>>()?))
}

fn strftime(scope: &Scope<'_>, arguments: &[Operand], span: &Span) -> Result<Term, RuleError> {
    if arguments.len() > MAX_STRFTIME_ARGUMENTS {
        let message = format!("strftime takes at most {MAX_STRFTIME_ARGUMENTS} arguments");
        return Err(RuleError::new(message, span.clone()));
    }
    let Some((format, rest)) = arguments.split_first() else {
        return Err(RuleError::new("strftime needs a format", span.clone()));
    };
    let time = rest.first().map(|time| match time.kind {
        OperandKind::Identifier(_) | OperandKind::Number(_) | OperandKind::Text(_) => {
            scope.term(time).map(Box::new)
        }
        _ => Err(RuleError::new("expected a time here", time.span.clone())),
    });
    Ok(Term::Strftime {
        format: text(format)?,
        time: time.transpose()?,
        modifiers: rest.iter().skip(1).map(text).collect::<Result<_, _>>()?,
    })
}

fn text(operand: &Operand) -> Result<String, RuleError> {
    match &operand.kind {
        OperandKind::Text(text) => Ok(text.clone()),
        _ => Err(RuleError::new("expected a text here", operand.span.clone())),
    }
}
