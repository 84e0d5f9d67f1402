//! Tokens to a syntax tree (contract A 3.9). Groups are kept on a stack of our own, so that deep
//! nesting costs heap and never the thread's stack.

use crate::domain::rules::ast::{Comparison, Expr, Operand, OperandKind, Span};
use crate::domain::rules::error::RuleError;
use crate::domain::rules::lexer::{Token, tokens};

/// Most comparisons in one filter or rule (contract A 1.10).
pub const MAX_COMPARISONS: usize = 200;

/// Most parentheses inside each other.
pub const MAX_NESTING: usize = 500;

/// Most functions inside each other (contract A 1.10).
const MAX_FUNCTION_NESTING: usize = 3;

/// Reads a filter. An empty one is an error here: what it means is for the caller to say.
///
/// # Errors
/// The first fault of the text.
pub fn parse(text: &str) -> Result<Expr, RuleError> {
    let tokens = tokens(text)?;
    let end = text.len()..text.len();
    if tokens.is_empty() {
        return Err(RuleError::new("the filter is empty", 0..text.len()));
    }
    Parser { tokens: tokens.into_iter().peekable(), end, comparisons: 0 }.filter()
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(Token, Span)>>,
    end: Span,
    comparisons: usize,
}

/// The open group: alternatives that are complete, and the conjunction being read.
#[derive(Default)]
struct Group {
    opened: Span,
    any: Vec<Expr>,
    all: Vec<Expr>,
}

impl Group {
    fn end_conjunction(&mut self) {
        let mut all = std::mem::take(&mut self.all);
        self.any.extend(if all.len() > 1 { Some(Expr::All(all)) } else { all.pop() });
    }

    fn close(mut self) -> Option<Expr> {
        self.end_conjunction();
        if self.any.len() > 1 { Some(Expr::Any(self.any)) } else { self.any.pop() }
    }
}

impl Parser {
    fn filter(mut self) -> Result<Expr, RuleError> {
        let mut outer: Vec<Group> = Vec::new();
        let mut group = Group::default();
        loop {
            while let Some((_, opened)) = self.tokens.next_if(|(token, _)| *token == Token::Open) {
                if outer.len() == MAX_NESTING {
                    let message = format!("more than {MAX_NESTING} parentheses inside each other");
                    return Err(RuleError::new(message, opened));
                }
                outer.push(std::mem::replace(&mut group, Group { opened, ..Group::default() }));
            }
            let comparison = self.comparison()?;
            group.all.push(Expr::Compare(comparison));
            while let Some((_, span)) = self.tokens.next_if(|(token, _)| *token == Token::Close) {
                let Some(parent) = outer.pop() else {
                    return Err(RuleError::new("this parenthesis was never opened", span));
                };
                let closed = std::mem::replace(&mut group, parent);
                group.all.extend(closed.close());
            }
            match self.tokens.next() {
                Some((Token::And, _)) => {}
                Some((Token::Or, _)) => group.end_conjunction(),
                Some((_, span)) => {
                    return Err(RuleError::new("expected \"&&\" or \"||\" here", span));
                }
                None => break,
            }
        }
        if !outer.is_empty() {
            return Err(RuleError::new("this parenthesis is never closed", group.opened));
        }
        group.close().ok_or_else(|| RuleError::new("the filter is empty", self.end))
    }

    fn comparison(&mut self) -> Result<Comparison, RuleError> {
        let left = self.operand(1)?;
        let (operator, any) = match self.tokens.next() {
            Some((Token::Compare { operator, any }, _)) => (operator, any),
            Some((_, span)) => return Err(RuleError::new("expected an operator here", span)),
            None => {
                let message = "an operator and a second operand are missing after this";
                return Err(RuleError::new(message, left.span));
            }
        };
        let right = self.operand(1)?;
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            let message = format!("more than {MAX_COMPARISONS} comparisons");
            return Err(RuleError::new(message, left.span.start..right.span.end));
        }
        Ok(Comparison { left, operator, any, right })
    }

    fn operand(&mut self, depth: usize) -> Result<Operand, RuleError> {
        let (token, span) = self.next("expected a name, a text or a number here")?;
        let kind = match token {
            Token::Number(number) => OperandKind::Number(number),
            Token::Text(text) => OperandKind::Text(text),
            Token::Word(name) if self.opens_at(span.end) => {
                return self.function(name, span, depth);
            }
            Token::Word(name) => word(name),
            _ => return Err(RuleError::new("expected a name, a text or a number here", span)),
        };
        Ok(Operand { kind, span })
    }

    /// Whether a parenthesis follows without a space, as it does behind the name of a function.
    fn opens_at(&mut self, end: usize) -> bool {
        self.tokens.peek().is_some_and(|(token, span)| *token == Token::Open && span.start == end)
    }

    fn function(&mut self, name: String, span: Span, depth: usize) -> Result<Operand, RuleError> {
        if depth > MAX_FUNCTION_NESTING {
            let message = format!("more than {MAX_FUNCTION_NESTING} functions inside each other");
            return Err(RuleError::new(message, span));
        }
        self.tokens.next();
        let mut arguments = Vec::new();
        loop {
            if let Some((_, close)) = self.tokens.next_if(|(token, _)| *token == Token::Close) {
                let kind = OperandKind::Function { name, arguments };
                return Ok(Operand { kind, span: span.start..close.end });
            }
            arguments.push(self.operand(depth + 1)?);
            match self.tokens.peek() {
                Some((Token::Comma, _)) => {
                    self.tokens.next();
                }
                Some((Token::Close, _)) => {}
                _ => {
                    let (_, span) = self.next("this function is never closed")?;
                    return Err(RuleError::new("expected \",\" or \")\" here", span));
                }
            }
        }
    }

    fn next(&mut self, missing: &str) -> Result<(Token, Span), RuleError> {
        self.tokens.next().ok_or_else(|| RuleError::new(missing, self.end.clone()))
    }
}

fn word(name: String) -> OperandKind {
    match name.to_ascii_lowercase().as_str() {
        "null" => OperandKind::Null,
        "true" => OperandKind::Bool(true),
        "false" => OperandKind::Bool(false),
        _ => OperandKind::Identifier(name),
    }
}
