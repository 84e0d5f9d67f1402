//! The `sort` parameter (contract A 3.14).

use std::collections::BTreeSet;

use crate::domain::rules::RuleError;
use crate::domain::rules::condition::Term;
use crate::store::dialect::Dialect;
use crate::store::filter::fragment::Fragment;
use crate::store::filter::joins::JoinId;
use crate::store::filter::predicate::{Builder, Predicate, Side};
use crate::store::filter::render::{Places, Renderer};

/// Most entries of a sort.
const MAX_ENTRIES: usize = 8;

/// Most bytes of one entry.
const MAX_ENTRY: usize = 255;

/// One entry of a sort.
#[derive(Debug)]
pub(super) struct SortKey {
    by: By,
    descending: bool,
}

#[derive(Debug)]
enum By {
    Random,
    Insertion,
    Value(Box<Side>),
}

impl SortKey {
    /// The order in which rows were inserted.
    pub(super) const INSERTION: Self = Self { by: By::Insertion, descending: false };

    /// The joins that the entry reads.
    pub(super) fn joins(&self, places: &Places<'_>) -> BTreeSet<JoinId> {
        match &self.by {
            By::Value(side) => {
                let mut joins = side.operand.joins(places.joins);
                joins.extend(side.guards.iter().flat_map(|guard| guard.joins(places.joins)));
                joins
            }
            By::Random | By::Insertion => BTreeSet::new(),
        }
    }

    /// The column of the row itself that the entry sorts by, when it is one without conditions.
    pub(super) fn row_column(&self) -> Option<&str> {
        match &self.by {
            By::Value(side) if side.guards.is_empty() => side.operand.row_column(),
            By::Value(_) | By::Random | By::Insertion => None,
        }
    }

    /// The entry in `ORDER BY`. A value of several joined rows is the first of those combinations
    /// for which `terms` hold, since these made the row part of the result.
    pub(super) fn sql(
        &self,
        dialect: Dialect,
        renderer: &Renderer,
        terms: &[Predicate],
        places: &Places<'_>,
        row: &str,
    ) -> Fragment {
        let direction = |nullable: bool| {
            let nulls = if nullable { dialect.null_order(self.descending) } else { "" };
            format!("{}{nulls}", if self.descending { " DESC" } else { "" })
        };
        let side = match &self.by {
            By::Random => return "random()".into(),
            By::Insertion => {
                return Fragment::from(format!("{row}.\"_rowid_\"{}", direction(false)));
            }
            By::Value(side) => side,
        };
        let mut joins = places.missing(self.joins(places));
        if joins.is_empty() {
            let value = renderer.sort_value(side, places);
            return value.sql + direction(value.nullable);
        }
        let related = related(terms, &mut joins, places);
        match renderer.combinations(&joins, &related, places) {
            Ok((combinations, inner)) => {
                let value = renderer.sort_value(side, &inner);
                let order = value.sql.clone() + direction(value.nullable);
                let first = Fragment::from("(SELECT ") + value.sql + combinations;
                first + " ORDER BY " + order + " LIMIT 1)" + direction(true)
            }
            // No row is found at all, so none needs an order.
            Err(_) => dialect.no_key().into(),
        }
    }
}

/// The terms that share joined rows with `joins`, which grows by what those terms join.
fn related<'a>(
    terms: &'a [Predicate],
    joins: &mut BTreeSet<JoinId>,
    places: &Places<'_>,
) -> Vec<&'a Predicate> {
    let mut related = Vec::new();
    let mut rest: Vec<(&Predicate, BTreeSet<JoinId>)> =
        terms.iter().map(|term| (term, places.missing(term.free(places.joins)))).collect();
    loop {
        let (near, far): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(_, others)| !others.is_disjoint(joins));
        if near.is_empty() {
            return related;
        }
        for (term, others) in near {
            related.push(term);
            joins.extend(others);
        }
        rest = far;
    }
}

/// Reads `text`, which is not empty.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<Vec<SortKey>, RuleError> {
    let entries: Vec<&str> = text.split(',').collect();
    if entries.len() > MAX_ENTRIES {
        let message = format!("more than {MAX_ENTRIES} sort fields");
        return Err(RuleError::new(message, 0..text.len()));
    }
    let mut start = 0;
    let mut keys = Vec::with_capacity(entries.len());
    for entry in entries {
        let span = start..start + entry.len();
        start = span.end + 1;
        keys.push(key(entry.trim(), builder, span)?);
    }
    Ok(keys)
}

fn key(
    entry: &str,
    builder: &mut Builder<'_>,
    span: std::ops::Range<usize>,
) -> Result<SortKey, RuleError> {
    if entry.len() > MAX_ENTRY {
        return Err(RuleError::new(format!("a sort field has at most {MAX_ENTRY} bytes"), span));
    }
    let (name, descending) = match entry.strip_prefix('-') {
        Some(name) => (name, true),
        None => (entry.strip_prefix('+').unwrap_or(entry), false),
    };
    let name = name.trim();
    let is_name = name.bytes().enumerate().all(|(index, b)| {
        b.is_ascii_alphanumeric() || b"_.:".contains(&b) || index == 0 && b == b'@'
    });
    if name.is_empty() || !is_name {
        return Err(RuleError::new("expected the name of a field to sort by", span));
    }
    let by = match name {
        "@random" => By::Random,
        "@rowid" if builder.scope.collection.is_view() => {
            return Err(RuleError::new("views have no order of insertion", span));
        }
        "@rowid" => By::Insertion,
        name => {
            let term = builder.scope.identifier(name, &span)?;
            if !matches!(term, Term::Path(_)) {
                let message = format!("\"{name}\" is the same for all rows");
                return Err(RuleError::new(message, span));
            }
            By::Value(Box::new(builder.side(&term)?))
        }
    };
    Ok(SortKey { by, descending })
}
