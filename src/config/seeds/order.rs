//! Puts rows into an order in which every row comes after the ones that it refers to.

use std::collections::HashMap;

use crate::config::report::Fault;
use crate::config::section::Reader;
use crate::config::seeds::{SeedRow, is_meant};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Done,
}

/// The rows, sorted; rows that refer to each other in a circle are noted.
pub(super) fn order(rows: Vec<SeedRow>, reader: &mut Reader<'_>) -> Vec<SeedRow> {
    let targets = targets(&rows, reader);
    let mut states: HashMap<usize, State> = HashMap::new();
    let mut order = Vec::with_capacity(rows.len());
    for start in 0..rows.len() {
        visit(start, &rows, &targets, &mut states, &mut order, reader);
    }
    let mut rows: Vec<Option<SeedRow>> = rows.into_iter().map(Some).collect();
    order.into_iter().filter_map(|position| rows[position].take()).collect()
}

/// For each row the positions of the rows that it refers to.
fn targets(rows: &[SeedRow], reader: &mut Reader<'_>) -> Vec<Vec<usize>> {
    let mut targets = Vec::with_capacity(rows.len());
    for row in rows {
        let mut own = Vec::new();
        for reference in &row.references {
            match rows.iter().position(|row| is_meant(row, reference)) {
                Some(position) => own.push(position),
                None => reader.fault(
                    Fault::error(format!(
                        "no row of `{}` has `{}` = `{}`",
                        reference.collection, reference.key, reference.value
                    ))
                    .at(&row.place)
                    .help(format!(
                        "add it to [seeds.{}], or correct the reference",
                        reference.collection
                    )),
                ),
            }
        }
        targets.push(own);
    }
    targets
}

/// Depth first without recursion, since a chain of rows can be as long as the file.
fn visit(
    start: usize,
    rows: &[SeedRow],
    targets: &[Vec<usize>],
    states: &mut HashMap<usize, State>,
    order: &mut Vec<usize>,
    reader: &mut Reader<'_>,
) {
    let mut stack = vec![(start, 0)];
    while let Some((row, next)) = stack.pop() {
        if next == 0 {
            if states.contains_key(&row) {
                continue;
            }
            states.insert(row, State::Open);
        }
        let Some(target) = targets[row].get(next) else {
            states.insert(row, State::Done);
            order.push(row);
            continue;
        };
        stack.push((row, next + 1));
        if states.get(target) == Some(&State::Open) {
            reader.fault(
                Fault::error("these rows refer to each other in a circle")
                    .at(&rows[row].place)
                    .and(&rows[*target].place, "refers back")
                    .help("leave one reference out, and set it later"),
            );
        } else {
            stack.push((*target, 0));
        }
    }
}
