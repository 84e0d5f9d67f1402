//! Predicates as SQL. Joins that never multiply rows are tables of the statement; the others live in
//! `EXISTS` around the fewest terms that share them, so a record is found once and counted plainly.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::rules::ast::Operator;
use crate::domain::rules::condition::Known;
use crate::domain::rules::known;
use crate::store::dialect::Dialect;
use crate::store::filter::compare::{self, Test};
use crate::store::filter::fragment::Fragment;
use crate::store::filter::joins::{JoinId, Joins, Source};
use crate::store::filter::operands::{Operand, Rendered, Shape};
use crate::store::filter::predicate::{Comparison, Predicate, RuleOf, Side};

/// Writes SQL in one dialect and names joined rows.
pub(super) struct Renderer {
    dialect: Dialect,
    aliases: Cell<usize>,
}

/// Which rows have which names where a predicate is written.
#[derive(Clone)]
pub(super) struct Places<'a> {
    pub(super) joins: &'a Joins,
    row: Place,
    placed: BTreeMap<JoinId, Place>,
}

#[derive(Clone)]
struct Place {
    alias: String,
    /// Whether the row is there for certain; a missing one has null in every column.
    present: bool,
}

impl<'a> Places<'a> {
    /// Only the row itself, called `alias`.
    pub(super) const fn new(joins: &'a Joins, alias: String, present: bool) -> Self {
        Self { joins, row: Place { alias, present }, placed: BTreeMap::new() }
    }

    fn place(&self, source: Source) -> (String, bool) {
        let place = match source {
            Source::Row => Some(&self.row),
            Source::Join(id) => self.placed.get(&id),
            Source::Request => None,
        };
        place.map_or_else(Default::default, |place| (place.alias.clone(), place.present))
    }

    pub(super) fn missing(&self, wanted: BTreeSet<JoinId>) -> BTreeSet<JoinId> {
        wanted.into_iter().filter(|id| !self.placed.contains_key(id)).collect()
    }
}

impl Renderer {
    pub(super) const fn new(dialect: Dialect) -> Self {
        Self { dialect, aliases: Cell::new(0) }
    }

    /// A name that no collection can have.
    fn alias(&self) -> String {
        self.aliases.set(self.aliases.get() + 1);
        format!("\"@{}\"", self.aliases.get())
    }

    /// Names the rows of `joins`; those in `needed` are there for certain, and so is what they hang
    /// off.
    pub(super) fn place<'a>(
        &self,
        places: &Places<'a>,
        joins: &BTreeSet<JoinId>,
        needed: &BTreeSet<JoinId>,
    ) -> Places<'a> {
        let certain: BTreeSet<JoinId> =
            needed.iter().flat_map(|id| places.joins.chain(Source::Join(*id))).collect();
        let mut places = places.clone();
        for &id in joins {
            let place = Place { alias: self.alias(), present: certain.contains(&id) };
            places.placed.insert(id, place);
        }
        places
    }

    /// `JOIN …` for each of `joins`, which are placed.
    pub(super) fn join_clauses(
        &self,
        joins: impl IntoIterator<Item = JoinId>,
        places: &Places<'_>,
    ) -> Fragment {
        joins.into_iter().fold(Fragment::default(), |clauses, id| {
            let (_, present) = places.place(Source::Join(id));
            let (rows, condition) = self.rows(id, places);
            let word = if present { " JOIN " } else { " LEFT JOIN " };
            let condition = condition.unwrap_or_else(|| "TRUE".into());
            clauses + word + rows + " ON " + condition
        })
    }

    fn rows(&self, id: JoinId, places: &Places<'_>) -> (Fragment, Option<Fragment>) {
        let join = places.joins.join(id);
        let (alias, _) = places.place(Source::Join(id));
        let (parent, _) = places.place(join.parent);
        join.rows.sql(self.dialect, &parent, &alias)
    }

    /// `FROM …` of a sub-query over `joins`, which are placed, and the conditions of its first table.
    fn from(&self, joins: &BTreeSet<JoinId>, places: &Places<'_>) -> (Fragment, Vec<Test>) {
        let mut rest = joins.iter().copied().peekable();
        let first = rest.next_if(|id| places.place(Source::Join(*id)).1);
        let (from, condition) = match first {
            Some(id) => self.rows(id, places),
            None => (Fragment::from("(SELECT 1) AS \"@0\""), None),
        };
        let from = Fragment::from(" FROM ") + from + self.join_clauses(rest, places);
        (from, condition.map(Test::Sql).into_iter().collect())
    }

    /// The test of `predicate`.
    pub(super) fn test(&self, predicate: &Predicate, places: &Places<'_>) -> Test {
        match predicate {
            Predicate::Const(holds) => Test::of(*holds),
            // A row exists for one of several alternatives exactly if one exists for one of them.
            Predicate::Any(terms) => any(terms.iter().map(|term| self.test(term, places))),
            Predicate::All(terms) => self.all(&terms.iter().collect::<Vec<_>>(), places),
            leaf => {
                let missing = places.missing(leaf.free(places.joins));
                if missing.is_empty() {
                    self.leaf(leaf, places)
                } else {
                    self.exists(&missing, &[leaf], places)
                }
            }
        }
    }

    /// Terms that share a joined row belong into one sub-query; terms that share none are
    /// independent of each other.
    pub(super) fn all(&self, terms: &[&Predicate], places: &Places<'_>) -> Test {
        let mut groups: Vec<(BTreeSet<JoinId>, Vec<&Predicate>)> = Vec::new();
        for term in flat(terms) {
            let mut joins = places.missing(term.free(places.joins));
            let mut members = Vec::new();
            let mut rest = Vec::new();
            for (others, terms) in groups {
                if others.is_disjoint(&joins) {
                    rest.push((others, terms));
                } else {
                    joins.extend(others);
                    members.extend(terms);
                }
            }
            members.push(term);
            rest.push((joins, members));
            groups = rest;
        }
        all(groups.into_iter().map(|(joins, terms)| match terms.as_slice() {
            [term] => self.test(term, places),
            terms => self.exists(&joins, terms, places),
        }))
    }

    /// Whether there is a combination of rows of `joins` for which every term holds.
    fn exists(&self, joins: &BTreeSet<JoinId>, terms: &[&Predicate], places: &Places<'_>) -> Test {
        match self.combinations(joins, terms, places) {
            Ok((sub_query, _)) => Test::Sql(Fragment::from("EXISTS (SELECT 1") + sub_query + ")"),
            Err(test) => test,
        }
    }

    /// `FROM … WHERE …` over the combinations of rows of `joins` for which every term holds, and
    /// where the rows are; or the answer, where it is the same for all.
    pub(super) fn combinations<'a>(
        &self,
        joins: &BTreeSet<JoinId>,
        terms: &[&Predicate],
        places: &Places<'a>,
    ) -> Result<(Fragment, Places<'a>), Test> {
        let needed: BTreeSet<JoinId> = terms.iter().flat_map(|term| term.needs()).collect();
        let places = self.place(places, joins, &needed);
        let terms: Vec<Test> = terms.iter().map(|term| self.test(term, &places)).collect();
        if terms.contains(&Test::Never) {
            return Err(Test::Never);
        }
        let (from, mut conditions) = self.from(joins, &places);
        conditions.extend(terms);
        Ok((from + filtered(all(conditions)), places))
    }

    fn leaf(&self, predicate: &Predicate, places: &Places<'_>) -> Test {
        match predicate {
            Predicate::Compare(comparison) => self.compare(comparison, places, places),
            Predicate::Every(comparison) => self.every(comparison, places),
            Predicate::Flag(column) => {
                let value = Operand::Column(column.clone())
                    .render(self.dialect, &|source| places.place(source));
                Test::Sql(value.sql + " = TRUE")
            }
            Predicate::Rule(rule) => self.rule(rule, places),
            other => self.test(other, places),
        }
    }

    fn rule(&self, rule: &RuleOf, places: &Places<'_>) -> Test {
        let (alias, present) = places.place(rule.source);
        let inner = Places::new(&rule.joins, alias.clone(), present || rule.or_missing);
        let holds = self.test(&rule.predicate, &inner);
        if present || !rule.or_missing {
            return holds;
        }
        any([Test::Sql(Fragment::from(format!("{alias}.\"id\" IS NULL"))), holds])
    }

    /// The comparison and its guards, with either side's rows where `left` and `right` have them.
    fn compare(&self, comparison: &Comparison, left: &Places<'_>, right: &Places<'_>) -> Test {
        let sides = [(&comparison.left, left), (&comparison.right, right)];
        let test = match sides.map(|(side, places)| self.operand(side, places)) {
            [Value::Changed(changed), Value::Plain(compare::Side::Known(wanted))]
            | [Value::Plain(compare::Side::Known(wanted)), Value::Changed(changed)]
                if is_truth(comparison.operator, wanted) =>
            {
                let holds = known::number(&wanted.value) == Some(1.0);
                let equal = comparison.operator == Operator::Equal;
                if holds == equal { changed } else { changed.not() }
            }
            [left, right] => {
                let (left, right) = (left.side(), right.side());
                compare::compare(self.dialect, &left, comparison.operator, &right)
            }
        };
        let guards = sides.into_iter().flat_map(|(side, places)| {
            side.guards.iter().map(move |guard| self.test(guard, places))
        });
        all(std::iter::once(test).chain(guards))
    }

    fn operand<'a>(&self, side: &'a Side, places: &Places<'_>) -> Value<'a> {
        let operand = &side.operand;
        if let Operand::Known(known) = operand {
            return Value::Plain(compare::Side::Known(known));
        }
        let value = operand.render(self.dialect, &|source| places.place(source));
        if let Operand::Changed(column, submitted) = operand {
            let json = Operand::Column(column.clone()).is_json();
            let stored = compare::Side::Column { value, json };
            let submitted = compare::Side::Known(submitted);
            let test = compare::compare(self.dialect, &stored, Operator::NotEqual, &submitted);
            return Value::Changed(test);
        }
        Value::Plain(compare::Side::Column { value, json: operand.is_json() })
    }

    /// No value of the multiple sides violates the comparison. Both sides multiple: no pair does.
    /// Rows that the caller may not list violate nothing: whether they do would tell what they hold.
    fn every(&self, comparison: &Comparison, places: &Places<'_>) -> Test {
        let fresh = |side: &Side| {
            if side.multiple { places.missing_from(side) } else { BTreeSet::new() }
        };
        let (left, right) = (fresh(&comparison.left), fresh(&comparison.right));
        // With one chain of rows its first may be taken as there: a row source without rows gives
        // nulls, for which the comparison itself, tested beside this, is no violation. With two,
        // the nulls of one meet the values of the other.
        let first = |joins: &BTreeSet<JoinId>, other: &BTreeSet<JoinId>| -> BTreeSet<JoinId> {
            joins.first().filter(|_| other.is_empty()).copied().into_iter().collect()
        };
        let left_places = self.place(places, &left, &first(&left, &right));
        let right_places = self.place(places, &right, &first(&right, &left));
        let test = self.compare(comparison, &left_places, &right_places);
        if test == Test::Always {
            return Test::Always;
        }
        let (from, conditions) = if left.is_empty() {
            self.from(&right, &right_places)
        } else {
            let (from, conditions) = self.from(&left, &left_places);
            (from + self.join_clauses(right.iter().copied(), &right_places), conditions)
        };
        let listed = [(&comparison.left, &left_places), (&comparison.right, &right_places)];
        let listed = listed.into_iter().flat_map(|(side, places)| {
            side.listed.iter().map(move |listed| self.test(listed, places))
        });
        let violated = all(conditions.into_iter().chain(listed).chain([test.not()]));
        Test::Sql(Fragment::from("NOT EXISTS (SELECT 1") + from + filtered(violated) + ")")
    }

    /// A value to sort by: null where a guard does not hold.
    pub(super) fn sort_value(&self, side: &Side, places: &Places<'_>) -> Rendered {
        let value = side.operand.render(self.dialect, &|source| places.place(source));
        let value = value.key(self.dialect);
        match all(side.guards.iter().map(|guard| self.test(guard, places))) {
            Test::Always => value,
            Test::Never => {
                let sql = self.dialect.no_key().into();
                Rendered { sql, shape: Shape::Text, nullable: true }
            }
            Test::Sql(guard) => {
                let sql = Fragment::from("CASE WHEN ") + guard + " THEN " + value.sql + " END";
                Rendered { sql, nullable: true, ..value }
            }
        }
    }
}

impl Places<'_> {
    /// The joins of a multiple side that its own sub-query has to repeat: all from the first that
    /// may have several rows.
    fn missing_from(&self, side: &Side) -> BTreeSet<JoinId> {
        let mut joins = side.operand.joins(self.joins);
        for guard in &side.guards {
            joins.extend(guard.joins(self.joins));
        }
        let single = self.joins.single();
        joins
            .into_iter()
            .filter(|id| !single.contains(id) || !self.placed.contains_key(id))
            .collect()
    }
}

/// An operand where it is compared.
enum Value<'a> {
    Plain(compare::Side<'a>),
    Changed(Test),
}

impl<'a> Value<'a> {
    fn side(self) -> compare::Side<'a> {
        let sql = match self {
            Self::Plain(side) => return side,
            Self::Changed(Test::Always) => "1".into(),
            Self::Changed(Test::Never) => "0".into(),
            Self::Changed(Test::Sql(sql)) => {
                Fragment::from("CAST(CASE WHEN ") + sql + " THEN 1 ELSE 0 END AS INTEGER)"
            }
        };
        let value = Rendered { sql, shape: Shape::Number, nullable: false };
        compare::Side::Column { value, json: false }
    }
}

/// Whether a comparison with `wanted` asks for true or false.
fn is_truth(operator: Operator, wanted: &Known) -> bool {
    let number = known::number(&wanted.value);
    matches!(operator, Operator::Equal | Operator::NotEqual)
        && (number == Some(1.0) || number == Some(0.0))
}

/// `terms` without conjunctions among them.
fn flat<'a>(terms: &[&'a Predicate]) -> Vec<&'a Predicate> {
    let mut flat = Vec::with_capacity(terms.len());
    let mut rest: Vec<&Predicate> = terms.iter().rev().copied().collect();
    while let Some(term) = rest.pop() {
        match term {
            Predicate::All(terms) => rest.extend(terms.iter().rev()),
            term => flat.push(term),
        }
    }
    flat
}

/// ` WHERE test`, or nothing where it always holds.
pub(super) fn filtered(test: Test) -> Fragment {
    match test {
        Test::Always => Fragment::default(),
        Test::Never => " WHERE FALSE".into(),
        Test::Sql(sql) => Fragment::from(" WHERE ") + sql,
    }
}

/// Every test holds.
pub(super) fn all(tests: impl IntoIterator<Item = Test>) -> Test {
    let mut parts = Vec::new();
    for test in tests {
        match test {
            Test::Always => {}
            Test::Never => return Test::Never,
            Test::Sql(sql) => parts.push(sql),
        }
    }
    if parts.is_empty() { Test::Always } else { Test::Sql(Fragment::join(parts, " AND ")) }
}

/// At least one test holds.
fn any(tests: impl IntoIterator<Item = Test>) -> Test {
    let mut parts = Vec::new();
    for test in tests {
        match test {
            Test::Always => return Test::Always,
            Test::Never => {}
            Test::Sql(sql) => parts.push(sql),
        }
    }
    match parts.len() {
        0 => Test::Never,
        1 => parts.pop().map_or(Test::Never, Test::Sql),
        _ => Test::Sql(Fragment::join(parts, " OR ").grouped()),
    }
}
