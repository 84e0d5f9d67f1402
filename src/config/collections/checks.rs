//! What can be said only when every collection is there: whether rules hold together, and what
//! their author should look at.

use std::ops::Range;

use crate::config::collections::Gathered;
use crate::config::policies::Policies;
use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::shorthand::OptionName;
use crate::config::tree::{Node, Value};
use crate::domain::collection::Collection;
use crate::domain::rules::ast::Expr;
use crate::domain::rules::{self, Rule, RuleError};
use crate::domain::schema::Schema;

/// Checks every rule against the whole schema, and the policies for what clients could abuse.
pub(super) fn check(
    gathered: &[Gathered<'_>],
    schema: &Schema,
    policies: &Policies<'_>,
    reader: &mut Reader<'_>,
) {
    for one in gathered.iter().filter(|one| !one.shapeless) {
        for check in &one.checks {
            for error in faults(&check.rule, &one.spec.collection, schema) {
                let place = check.text.place_of(&error.span);
                reader.fault(
                    Fault::error(error.message).at(&place).label(format!("in {}", check.name)),
                );
            }
        }
    }
    for policy in policies.iter() {
        for (name, span) in auth_fields(policy.text) {
            let place = policy.node.place_of(span);
            warn_about(name, policy.text, &policy.name, gathered, reader, |fault| fault.at(&place));
        }
    }
}

/// Everything that is wrong with a rule. The domain stops at the first comparison, so each is asked
/// about on its own once the whole is at fault.
fn faults(rule: &Rule, collection: &Collection, schema: &Schema) -> Vec<RuleError> {
    let Err(first) = rules::check(rule, collection, schema) else { return Vec::new() };
    let Ok(Some(expression)) = rule.expr() else { return vec![first] };
    let mut comparisons = Vec::new();
    gather(expression, &mut comparisons);
    let mut faults: Vec<RuleError> = comparisons
        .into_iter()
        .filter_map(|span| {
            let part = Rule::new(rule.text().get(span.clone())?);
            let mut error = rules::check(&part, collection, schema).err()?;
            error.span = error.span.start + span.start..error.span.end + span.start;
            Some(error)
        })
        .collect();
    if faults.is_empty() {
        faults.push(first);
    }
    faults
}

/// The bytes of every comparison.
fn gather(expression: &Expr, comparisons: &mut Vec<Range<usize>>) {
    match expression {
        Expr::All(terms) | Expr::Any(terms) => {
            for term in terms {
                gather(term, comparisons);
            }
        }
        Expr::Compare(comparison) => {
            comparisons.push(comparison.left.span.start..comparison.right.span.end);
        }
    }
}

/// `create = "owner"` asks a record that is not there yet to be the caller.
pub(super) fn never_holds(
    section: &Section<'_>,
    rules: Option<&Section<'_>>,
    reader: &mut Reader<'_>,
) {
    let is = |node: &Node, words: &[&str]| matches!(&node.value, Value::Text(text) if words.contains(&text.value.trim()));
    let owner = section.node("owner").filter(|node| is(node, &["id"]));
    let create = rules.and_then(|rules| rules.node("create").or_else(|| rules.node("write")));
    if let (Some(owner), Some(create)) = (owner, create)
        && is(create, &["owner", "$owner"])
    {
        reader.fault(
            Fault::error("nobody can create their own account by this rule")
                .at(&create.place)
                .and(&owner.place, "the owner is the record itself, which is not there yet")
                .help("write create = \"public\" for open sign-up, or leave it out"),
        );
    }
}

/// The fields that `@request.auth.<field>` names, with their bytes.
fn auth_fields(text: &str) -> Vec<(&str, Range<usize>)> {
    const PREFIX: &str = "@request.auth.";
    text.match_indices(PREFIX)
        .filter(|(start, _)| !inside_text(text, *start))
        .map(|(start, _)| {
            let rest = &text[start + PREFIX.len()..];
            let length = rest
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                .count();
            (&rest[..length], start..start + PREFIX.len() + length)
        })
        .collect()
}

/// Whether `position` stands inside a quoted text or a comment.
fn inside_text(text: &str, position: usize) -> bool {
    let mut quote: Option<u8> = None;
    let mut bytes = text.bytes().take(position).peekable();
    while let Some(byte) = bytes.next() {
        match quote {
            Some(b'\n') if byte == b'\n' => quote = None,
            Some(b'\n') => {}
            Some(_) if byte == b'\\' => {
                bytes.next();
            }
            Some(open) if open == byte => quote = None,
            Some(_) => {}
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            // A comment ends with its line.
            None if byte == b'/' && bytes.peek() == Some(&b'/') => quote = Some(b'\n'),
            None => {}
        }
    }
    quote.is_some()
}

fn warn_about(
    name: &str,
    policy: &str,
    policy_name: &str,
    gathered: &[Gathered<'_>],
    reader: &mut Reader<'_>,
    at: impl Fn(Fault) -> Fault,
) {
    let having: Vec<&Gathered<'_>> = gathered
        .iter()
        .filter(|one| one.spec.collection.is_auth())
        .filter(|one| one.spec.collection.field(name).is_some_and(|field| !field.system))
        .collect();
    let names_collection = policy.contains("@request.auth.collectionName")
        || policy.contains("@request.auth.collectionId");
    if having.len() > 1 && !names_collection {
        let names: Vec<&str> = having.iter().map(|one| one.spec.collection.name.as_str()).collect();
        reader.fault(at(Fault::warning(format!(
            "the policy `{policy_name}` holds for accounts of {}, which all have `{name}`",
            names.join(", ")
        ))
        .help("add && @request.auth.collectionName = '…'")));
    }
    for one in having {
        if is_writable(&one.spec.collection, one, name) {
            let collection = &one.spec.collection.name;
            reader.fault(at(Fault::warning(format!(
                "the policy `{policy_name}` trusts `{collection}.{name}`, which clients may set themselves"
            ))
            .help(format!("add the word `server` to the field `{name}` of `{collection}`"))));
        }
    }
}

/// Whether a client may set the field to what it likes.
fn is_writable(collection: &Collection, one: &Gathered<'_>, name: &str) -> bool {
    let open = collection.rules.create.is_some() || collection.rules.update.is_some();
    let guarded =
        one.declared.iter().filter(|declared| declared.field.name == name).any(|declared| {
            declared.field.hidden
                || declared.says(OptionName::Server)
                || declared.draft.write.is_some()
        });
    open && !guarded
}
