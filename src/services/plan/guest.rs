//! Whether a changed rule lets guests in where they were kept out. Reads the rules alone: every
//! comparison that follows from being a guest is decided, all others are taken to hold for some row
//! or request. So it may call a change an opening that opens nothing, and never the reverse, as far
//! as one rule's text goes: what a guest can reach through other collections' rows is not followed.

use std::collections::BTreeSet;

use crate::domain::rules::Rule;
use crate::domain::rules::ast::{Comparison, Expr, Operand, OperandKind, Operator};

/// Whether `new` may show or allow a guest something that `old` did not.
pub(super) fn opens(old: Option<&Rule>, new: Option<&Rule>) -> bool {
    match (for_guest(old), for_guest(new)) {
        (_, ForGuest::Never) | (ForGuest::Always, _) => false,
        (ForGuest::Never, _) | (_, ForGuest::Always) => true,
        (ForGuest::When(old), ForGuest::When(new)) => !old.is_subset(&new),
    }
}

/// Whether the rule holds for every guest and every row.
pub(in crate::services) fn lets_everybody(rule: Option<&Rule>) -> bool {
    matches!(for_guest(rule), ForGuest::Always)
}

/// What is left of a rule when a guest asks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ForGuest {
    Never,
    Always,
    /// Conditions that all have to hold, in one spelling.
    When(BTreeSet<String>),
}

fn for_guest(rule: Option<&Rule>) -> ForGuest {
    match rule.map(Rule::expr) {
        None | Some(Err(_)) => ForGuest::Never,
        Some(Ok(None)) => ForGuest::Always,
        Some(Ok(Some(expr))) => reduce(expr),
    }
}

fn reduce(expr: &Expr) -> ForGuest {
    match expr {
        Expr::All(terms) => {
            let mut left = BTreeSet::new();
            for term in terms {
                match reduce(term) {
                    ForGuest::Never => return ForGuest::Never,
                    ForGuest::Always => {}
                    ForGuest::When(conditions) => left.extend(conditions),
                }
            }
            if left.is_empty() { ForGuest::Always } else { ForGuest::When(left) }
        }
        Expr::Any(terms) => {
            let mut left = BTreeSet::new();
            for term in terms {
                match reduce(term) {
                    ForGuest::Never => {}
                    ForGuest::Always => return ForGuest::Always,
                    ForGuest::When(conditions) => {
                        left.insert(conditions);
                    }
                }
            }
            either(left)
        }
        Expr::Compare(comparison) => compare(comparison),
    }
}

/// One of several alternatives has to hold.
fn either(mut alternatives: BTreeSet<BTreeSet<String>>) -> ForGuest {
    if alternatives.len() < 2 {
        return alternatives.pop_first().map_or(ForGuest::Never, ForGuest::When);
    }
    let spelled: Vec<String> = alternatives
        .into_iter()
        .map(|conditions| conditions.into_iter().collect::<Vec<_>>().join(" && "))
        .collect();
    ForGuest::When(BTreeSet::from([format!("({})", spelled.join(" || "))]))
}

fn compare(comparison: &Comparison) -> ForGuest {
    let decided = match (known(&comparison.left), known(&comparison.right)) {
        (Some(Known::Empty), Some(other)) | (Some(other), Some(Known::Empty)) => {
            decide(comparison.operator, other)
        }
        _ => None,
    };
    match decided {
        Some(true) => ForGuest::Always,
        Some(false) => ForGuest::Never,
        None => ForGuest::When(BTreeSet::from([spell(comparison)])),
    }
}

/// What a guest's empty value gives beside `other`; nothing where that depends on how the other
/// side is compared.
const fn decide(operator: Operator, other: Known) -> Option<bool> {
    match (operator, other) {
        (Operator::Equal, Known::Empty) | (Operator::NotEqual, Known::Something) => Some(true),
        (Operator::NotEqual, Known::Empty)
        | (Operator::Equal | Operator::Like, Known::Something) => Some(false),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy)]
enum Known {
    /// What every value of `@request.auth` is for a guest.
    Empty,
    /// A literal that no empty value equals.
    Something,
}

fn known(operand: &Operand) -> Option<Known> {
    match &operand.kind {
        OperandKind::Null => Some(Known::Empty),
        OperandKind::Text(text) if text.is_empty() => Some(Known::Empty),
        OperandKind::Text(text) if text.chars().any(|c| c != '%') => Some(Known::Something),
        OperandKind::Bool(true) => Some(Known::Something),
        OperandKind::Identifier(name)
            if name.starts_with("@request.auth.") && !name.contains(':') =>
        {
            Some(Known::Empty)
        }
        _ => None,
    }
}

/// The comparison in one spelling, so that two rules can be compared without regard to spaces.
fn spell(comparison: &Comparison) -> String {
    format!(
        "{} {}{:?} {}",
        spell_operand(&comparison.left),
        if comparison.any { "any " } else { "" },
        comparison.operator,
        spell_operand(&comparison.right)
    )
}

fn spell_operand(operand: &Operand) -> String {
    match &operand.kind {
        OperandKind::Null => "null".to_owned(),
        OperandKind::Bool(value) => value.to_string(),
        OperandKind::Number(number) => number.to_string(),
        OperandKind::Text(text) => format!("{text:?}"),
        OperandKind::Identifier(name) => name.clone(),
        OperandKind::Function { name, arguments } => {
            let arguments: Vec<String> = arguments.iter().map(spell_operand).collect();
            format!("{name}({})", arguments.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(old: Option<&str>, new: Option<&str>) -> bool {
        opens(old.map(Rule::new).as_ref(), new.map(Rule::new).as_ref())
    }

    #[test]
    fn a_rule_opens_when_a_guest_may_meet_it_for_the_first_time() {
        let signed_in = "@request.auth.id != ''";
        let owner = "@request.auth.id != '' && author = @request.auth.id";
        for (old, new, expected) in [
            (None, Some(""), true),
            (None, Some("status = 'published'"), true),
            (None, Some("author = @request.auth.id"), true),
            (None, Some(signed_in), false),
            (None, Some(owner), false),
            (None, Some("@request.auth.role = 'admin'"), false),
            (None, Some("@request.auth.verified = true && open = true"), false),
            (Some(signed_in), Some(""), true),
            (Some(signed_in), Some(owner), false),
            (Some(""), Some("status = 'published'"), false),
            (Some(""), None, false),
            (Some("status = 'published'"), Some(""), true),
            (Some("status = 'published'"), Some("status='published' && open = true"), false),
            (Some("status = 'published' && open = true"), Some("status = 'published'"), true),
            (Some("status = 'a'"), Some("status = 'b'"), true),
        ] {
            assert_eq!(opened(old, new), expected, "{old:?} -> {new:?}");
        }
    }

    #[test]
    fn alternatives_for_the_signed_in_do_not_count() {
        let published = "status = 'published'";
        let mine = "status = 'published' || (@request.auth.id != '' && author = @request.auth.id)";
        assert!(!opened(Some(published), Some(mine)));
        assert!(!opened(Some(mine), Some(published)));
        assert!(opened(None, Some(mine)));
    }

    #[test]
    fn a_rule_that_does_not_parse_lets_nobody_in() {
        assert!(!opened(None, Some("status =")));
        assert!(opened(Some("status ="), Some("status = 'a'")));
    }
}
