//! A plan as text for people.

use std::fmt::Write;

use crate::services::plan::change::{Change, ChangeKind, Class, Plan};

/// Width of the column in which the parts of a collection stand.
const PART: usize = 24;

/// The plan as lines: collections with their changes, what is parked, what is blocked, and a sum.
pub fn render(plan: &Plan) -> String {
    let mut text = String::new();
    let mut collections: Vec<&str> = Vec::new();
    for change in &plan.changes {
        if !collections.contains(&change.collection.as_str()) {
            collections.push(&change.collection);
        }
    }
    for collection in collections {
        let changes = plan.changes.iter().filter(|change| change.collection == collection);
        heading(&mut text, collection, changes.clone().find(|change| is_heading(change)));
        changes.filter(|change| !is_heading(change)).for_each(|change| line(&mut text, change));
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

/// Whether a change is about the collection itself and stands in its heading.
const fn is_heading(change: &Change) -> bool {
    matches!(
        change.kind,
        ChangeKind::NewCollection
            | ChangeKind::RenamedCollection
            | ChangeKind::ParkedCollection
            | ChangeKind::ReturnedCollection
            | ChangeKind::RemovedCollection
    )
}

fn heading(text: &mut String, collection: &str, own: Option<&Change>) {
    let name = if collection.is_empty() { "settings" } else { collection };
    match own {
        Some(change) => {
            let (mark, width) = (change.kind.mark(), PART + 4);
            let name = format!("{name} ");
            let line = format!("  {mark} {name:<width$}{}{}", change.text, class_note(change));
            push(text, &line);
        }
        None => push(text, &format!("  ~ {name}")),
    }
}

fn line(text: &mut String, change: &Change) {
    // A name that fills its column keeps a space behind it.
    let part = format!("{} ", change.part);
    let mut line = String::new();
    // Writing to a text cannot fail.
    let _ = write!(line, "      {} {part:<PART$}{}", change.kind.mark(), change.text);
    line.push_str(class_note(change));
    push(text, line.trim_end());
}

const fn class_note(change: &Change) -> &'static str {
    match (change.class, change.kind) {
        (Class::Safe, _) => "",
        (Class::Opening, ChangeKind::Rule) => "   OPENS to guests",
        (Class::Opening, _) => "   OPENS",
        (Class::NeedsApply, _) => "   NEEDS APPLY",
        (Class::Blocked, _) => "   BLOCKED",
    }
}

fn sum(plan: &Plan) -> String {
    if plan.is_empty() {
        return "Plan: nothing to change.".to_owned();
    }
    let blocked = plan.of(Class::Blocked).count();
    // The rules of a new collection come with it and are no changes of their own.
    let is_new = |name: &str| {
        let mut all = plan.changes.iter();
        all.any(|change| change.kind == ChangeKind::NewCollection && change.collection == name)
    };
    let (mut add, mut change, mut destroy) = (0, 0, 0);
    for one in plan.changes.iter().filter(|one| one.class != Class::Blocked) {
        match one.kind {
            kind if kind.destroys() => destroy += 1,
            kind if kind.mark() == '+' => add += 1,
            ChangeKind::Rule if is_new(&one.collection) => {}
            _ => change += 1,
        }
    }
    let mut sum = format!("Plan: {add} to add, {change} to change, {destroy} to destroy");
    for (number, word) in [
        (blocked, "blocked"),
        (plan.of(Class::NeedsApply).count(), "waiting for apply"),
        (plan.of(Class::Opening).count(), "opening to others"),
    ] {
        if number > 0 {
            let _ = write!(sum, ", {number} {word}");
        }
    }
    sum.push('.');
    sum
}
