//! A plan as text for people.

use std::fmt::Write;

use crate::services::plan::change::{Change, ChangeKind, Class, Plan};

/// Width of the column in which the parts of a collection stand.
const PART: usize = 24;

/// The plan as lines: collections with their changes, what is parked, what is blocked, and a sum.
pub fn render(plan: &Plan) -> String {
    let mut text = String::new();
    let mut last = None;
    for change in &plan.changes {
        if last != Some(&change.collection) {
            heading(&mut text, plan, change);
        }
        last = Some(&change.collection);
        if !change.part.is_empty() || !is_heading(change.kind) {
            line(&mut text, change);
        }
    }
    if plan.unchanged > 0 {
        push(&mut text, &format!("  = {} unchanged", plan.unchanged));
    }
    for parked in &plan.parked {
        push(&mut text, &format!("  parked: {parked} is not in the file; its data is kept"));
    }
    for change in plan.changes.iter().filter(|change| !change.advice.is_empty()) {
        let word = match change.class {
            Class::Blocked => "Blocked",
            Class::NeedsApply => "Waiting",
            Class::Safe | Class::Opening => "Note",
        };
        push(&mut text, &format!("\n{word}: {}   {}", change.path(), change.advice));
    }
    push(&mut text, &format!("\n{}", sum(plan)));
    text
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Whether a change of this kind is about the collection itself and stands in its heading.
const fn is_heading(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::NewCollection
            | ChangeKind::RenamedCollection
            | ChangeKind::ParkedCollection
            | ChangeKind::ReturnedCollection
            | ChangeKind::RemovedCollection
    )
}

fn heading(text: &mut String, plan: &Plan, first: &Change) {
    let name = if first.collection.is_empty() { "settings" } else { &first.collection };
    let own = plan.changes.iter().find(|change| {
        change.collection == first.collection && change.part.is_empty() && is_heading(change.kind)
    });
    match own {
        Some(change) => {
            let (mark, width) = (change.kind.mark(), PART + 4);
            let line =
                format!("  {mark} {name:<width$}{}{}", change.text, class_note(change.class));
            push(text, &line);
        }
        None => push(text, &format!("  ~ {name}")),
    }
}

fn line(text: &mut String, change: &Change) {
    let part = if change.part.is_empty() { "" } else { &change.part };
    let mut line = String::new();
    // Writing to a text cannot fail.
    let _ = write!(line, "      {} {part:<PART$}{}", change.kind.mark(), change.text);
    line.push_str(class_note(change.class));
    push(text, line.trim_end());
}

const fn class_note(class: Class) -> &'static str {
    match class {
        Class::Safe => "",
        Class::Opening => "   OPENS",
        Class::NeedsApply => "   NEEDS APPLY",
        Class::Blocked => "   BLOCKED",
    }
}

fn sum(plan: &Plan) -> String {
    if plan.is_empty() {
        return "Plan: nothing to change.".to_owned();
    }
    let count = |wanted: &dyn Fn(&&Change) -> bool| plan.changes.iter().filter(wanted).count();
    let blocked = count(&|change| change.class == Class::Blocked);
    let destroy = count(&|change| change.class != Class::Blocked && change.kind.destroys());
    let add = count(&|change| change.class != Class::Blocked && change.kind.mark() == '+');
    let change = plan.changes.len() - blocked - destroy - add;
    let mut sum = format!("Plan: {add} to add, {change} to change, {destroy} to destroy");
    for (number, word) in [
        (blocked, "blocked"),
        (plan.of(Class::NeedsApply).count(), "waiting for apply"),
        (plan.of(Class::Opening).count(), "opening"),
    ] {
        if number > 0 {
            let _ = write!(sum, ", {number} {word}");
        }
    }
    sum.push('.');
    sum
}
