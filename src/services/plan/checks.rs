//! Questions to the stored rows, asked before anything changes. Reads only.

use std::collections::BTreeMap;

use crate::domain::Json;
use crate::domain::fields::{Field, FieldKind, texts};
use crate::services::plan::change::{Change, Class};
use crate::services::plan::compare::Draft;
use crate::services::plan::indexes::UniqueQuestion;
use crate::store::{Db, StoreError, records, row_checks};

/// What must hold for the rows before a change may go by itself.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// Every value passes the checks of `field`, which has the column's present name.
    Values {
        /// The table.
        table: String,
        /// The column with its new options.
        field: Box<Field>,
    },
    /// Every id in `field` belongs to a record.
    Orphans {
        /// The table.
        table: String,
        /// The relation with its new options.
        field: Box<Field>,
    },
    /// No two rows agree in the columns of a unique index.
    Unique {
        /// The table.
        table: String,
        /// What must not be the same.
        question: UniqueQuestion,
    },
    /// There are no rows, because each of them would lack a value of `field`.
    NoRows {
        /// The table.
        table: String,
        /// The new field.
        field: String,
    },
    /// Nothing has to hold: how many rows go with the table.
    Rows {
        /// The table.
        table: String,
    },
    /// Nothing has to hold: how many values go with the column.
    FilledRows {
        /// The table.
        table: String,
        /// The column.
        field: Box<Field>,
    },
}

/// Samples that a line shows.
const SAMPLES: usize = 3;

/// The change of `draft`, blocked when the rows stand against it.
pub(super) fn answer(db: &mut Db, draft: Draft) -> Result<Change, StoreError> {
    let Some(check) = draft.check else { return Ok(draft.change) };
    let change = draft.change;
    match check {
        Check::Values { table, field } => values(db, change, &table, &field),
        Check::Orphans { table, field } => orphans(db, change, &table, &field),
        Check::Unique { table, question } => unique(db, change, &table, &question),
        Check::NoRows { table, field } => no_rows(db, change, &table, &field),
        Check::Rows { table } => rows(db, change, &table),
        Check::FilledRows { table, field } => filled_rows(db, change, &table, &field),
    }
}

/// Rows that break something: how many, and some of their values.
#[derive(Debug, Default)]
struct Violations {
    count: u64,
    samples: Vec<String>,
}

impl Violations {
    fn add(&mut self, sample: impl FnOnce() -> String) {
        self.count += 1;
        if self.samples.len() < SAMPLES {
            self.samples.push(sample());
        }
    }
}

fn blocked(mut change: Change, text: &str, advice: String) -> Change {
    change.class = Class::Blocked;
    change.text = format!("{}: {text}", change.text);
    change.advise(advice)
}

fn values(db: &mut Db, change: Change, table: &str, field: &Field) -> Result<Change, StoreError> {
    let mut empty = Violations::default();
    let mut wrong = Violations::default();
    row_checks::each_value(db, table, field, |id, value| {
        if value.is_null() && (field.ext.nullable || matches!(field.kind, FieldKind::Json(_))) {
            if field.required {
                empty.add(|| format!("record {id}"));
            }
        } else if value.is_null() || (field.required && field.is_zero(&value)) {
            empty.add(|| format!("record {id}"));
        } else if let Err(fault) = field.check(&value) {
            wrong.add(|| format!("record {id} has {}: {}", short(&value), fault.message));
        }
        Ok(())
    })?;
    if empty.count + wrong.count == 0 {
        return Ok(change);
    }
    let text = match (empty.count, wrong.count) {
        (0, wrong) => format!("{} not fit", rows_do(wrong)),
        (empty, 0) => format!("{} empty", rows_are(empty)),
        (empty, wrong) => format!("{} empty, {} not fit", rows_are(empty), rows_do(wrong)),
    };
    let mut samples = wrong.samples;
    samples.extend(empty.samples.into_iter().map(|sample| format!("{sample} is empty")));
    samples.truncate(SAMPLES);
    Ok(blocked(change, &text, format!("{}; mend the rows first", samples.join("; "))))
}

fn rows_do(count: u64) -> String {
    if count == 1 { "1 row does".to_owned() } else { format!("{count} rows do") }
}

fn rows_are(count: u64) -> String {
    if count == 1 { "1 row is".to_owned() } else { format!("{count} rows are") }
}

/// A value for people, cut where it gets long.
fn short(value: &Json) -> String {
    const LONGEST: usize = 40;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}

fn orphans(db: &mut Db, change: Change, table: &str, field: &Field) -> Result<Change, StoreError> {
    let FieldKind::Relation(relation) = &field.kind else { return Ok(change) };
    let schema = db.schema();
    let Some(target) = schema.by_id(&relation.collection_id) else { return Ok(change) };
    let mut references: BTreeMap<String, String> = BTreeMap::new();
    row_checks::each_value(db, table, field, |id, value| {
        for target in texts(&value) {
            references.entry(target.to_owned()).or_insert_with(|| id.to_owned());
        }
        Ok(())
    })?;
    let mut lost = Violations::default();
    let ids: Vec<&str> = references.keys().map(String::as_str).collect();
    for some in ids.chunks(1000) {
        let existing = records::existing(db, target, some)?;
        for id in some.iter().filter(|id| !existing.contains(**id)) {
            lost.add(|| format!("record {} refers to {id}", references[*id]));
        }
    }
    if lost.count == 0 {
        return Ok(change);
    }
    let text = format!("{} ids belong to no record of {}", lost.count, target.name);
    Ok(blocked(change, &text, format!("{}; mend the rows first", lost.samples.join("; "))))
}

fn unique(
    db: &mut Db,
    change: Change,
    table: &str,
    question: &UniqueQuestion,
) -> Result<Change, StoreError> {
    let found =
        row_checks::duplicates(db, table, &question.keys, &question.filter, SAMPLES as i64)?;
    if found.values == 0 {
        return Ok(change);
    }
    let text = match (question.keys.is_empty(), found.values) {
        (true, _) => "the rows would all have the same value".to_owned(),
        (false, 1) => "1 value occurs more than once".to_owned(),
        (false, values) => format!("{values} values occur more than once"),
    };
    let samples: Vec<String> =
        found.samples.iter().map(|(value, times)| format!("{value} x{times}")).collect();
    let advice = if question.keys.is_empty() {
        "fill the field first, then make it unique".to_owned()
    } else {
        format!("{}; mend the rows first", samples.join(", "))
    };
    Ok(blocked(change, &text, advice))
}

fn no_rows(db: &mut Db, change: Change, table: &str, field: &str) -> Result<Change, StoreError> {
    let count = row_checks::count(db, table)?;
    if count == 0 {
        return Ok(change);
    }
    let words = if count == 1 { "row" } else { "rows" };
    let text = format!("{count} {words} would have none");
    let advice = format!("give {field} a default, or add it without `!` and fill the rows first");
    Ok(blocked(change, &text, advice))
}

/// How many rows go with a collection.
fn rows(db: &mut Db, mut change: Change, table: &str) -> Result<Change, StoreError> {
    let count = row_checks::count(db, table)?;
    let word = if count == 1 { "row" } else { "rows" };
    change.text = format!("{}, {count} {word}", change.text);
    Ok(change)
}

/// How many values go with a field.
fn filled_rows(
    db: &mut Db,
    mut change: Change,
    table: &str,
    field: &Field,
) -> Result<Change, StoreError> {
    let mut count = 0_u64;
    row_checks::each_value(db, table, field, |_, value| {
        count += u64::from(!field.is_zero(&value));
        Ok(())
    })?;
    let words = if count == 1 { "row has" } else { "rows have" };
    change.text = format!("{}, {count} {words} a value", change.text);
    Ok(change)
}
