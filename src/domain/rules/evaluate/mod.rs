//! Rules answered in memory, for a record at hand: the second reader of a [`Condition`] beside the SQL of
//! `store/filter`. It answers only where a database would answer the same on either engine, and says
//! where one has to be asked: what is reached through other records, computed or converted.

mod compare;
mod values;

#[cfg(test)]
mod tests;

use crate::domain::record::Record;
use crate::domain::rules::condition::{Compare, Condition, Path, Root, Term};
use crate::domain::rules::{Author, RequestInfo, RowState, Rule, RuleError, Scope};
use crate::domain::schema::Schema;
use compare::{Answer, Operand};
use values::{Data, List, ListKey};

/// Most comparisons of values for one answer; a database has indexes, and threads to spare.
const MOST_COMPARISONS: usize = 20_000;

/// Most tables that a rule may join. One that may join more is for the database, which refuses it.
const MOST_JOINS: usize = 60;

/// Whether `rule` holds for `record`, a stored one with these values; `None` where only the database
/// can tell.
///
/// # Errors
/// Why the rule cannot be used: it does not parse, or names what is not there.
pub fn evaluate(
    rule: &Rule,
    record: &Record,
    schema: &Schema,
    request: &RequestInfo,
) -> Result<Option<bool>, RuleError> {
    let Some(expr) = rule.expr().map_err(Clone::clone)? else { return Ok(Some(true)) };
    let collection = record.collection();
    let (row, author) = (RowState::Stored, Author::Trusted);
    let condition = Scope { schema, collection, request, row, author }.condition(expr)?;
    let data = Data { record, caller: request.caller.record().map(|caller| &**caller) };
    Ok(Evaluation::of(data, &condition).and_then(|evaluation| evaluation.decide(&condition)))
}

/// A record with the lists that a condition takes apart.
struct Evaluation<'a> {
    data: Data<'a>,
    lists: Vec<List<'a>>,
}

impl<'a> Evaluation<'a> {
    /// Nothing where an answer would take too long.
    fn of(data: Data<'a>, condition: &'a Condition) -> Option<Self> {
        let mut compares = Vec::new();
        all_compares(condition, &mut compares);
        let mut lists: Vec<List<'a>> = Vec::new();
        for list in
            compares.iter().flat_map(|compare| paths(compare)).filter_map(|path| data.list(path))
        {
            if !lists.iter().any(|known| known.key == list.key) {
                lists.push(list);
            }
        }
        let evaluation = Self { data, lists };
        let joins: usize = compares.iter().flat_map(|compare| paths(compare)).map(joins).sum();
        let lengths = evaluation.lists.iter().map(|list| list.elements.len());
        let costs = compares.iter().map(|compare| evaluation.cost(compare));
        let cost = costs.fold(0, usize::saturating_add).saturating_mul(product(lengths));
        (joins <= MOST_JOINS && cost <= MOST_COMPARISONS).then_some(evaluation)
    }

    /// How many comparisons of values `compare` takes for each combination of elements.
    fn cost(&self, compare: &Compare) -> usize {
        if compare.any {
            return 1;
        }
        let lists = paths(compare).filter_map(|path| self.list_of(path));
        product(lists.map(|(_, list)| list.elements.len())).saturating_add(1)
    }

    /// Whether there is a combination of elements for which `condition` holds.
    fn decide(&self, condition: &'a Condition) -> Option<bool> {
        let mut places = vec![0; self.lists.len()];
        let mut decided = Some(false);
        loop {
            match self.holds(condition, &places) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => decided = None,
            }
            if !self.advance(&mut places) {
                return decided;
            }
        }
    }

    /// Moves on to the next combination of elements, if there is one.
    fn advance(&self, places: &mut [usize]) -> bool {
        for (place, list) in places.iter_mut().zip(&self.lists) {
            *place += 1;
            if *place < list.elements.len() {
                return true;
            }
            *place = 0;
        }
        false
    }

    /// Null counts as not to hold, and nothing negates a whole group.
    fn holds(&self, condition: &'a Condition, places: &[usize]) -> Option<bool> {
        match condition {
            Condition::All(terms) => self.until(false, terms, places),
            Condition::Any(terms) => self.until(true, terms, places),
            Condition::Compare(compare) => self.compare(compare, places).certain(),
        }
    }

    /// `end` if one of `terms` comes to it, whatever the others are; else its opposite, if all do.
    fn until(&self, end: bool, terms: &'a [Condition], places: &[usize]) -> Option<bool> {
        let mut decided = Some(!end);
        for term in terms {
            match self.holds(term, places) {
                Some(holds) if holds == end => return Some(end),
                Some(_) => {}
                None => decided = None,
            }
        }
        decided
    }

    fn compare(&self, compare: &'a Compare, places: &[usize]) -> Answer {
        let here = |term| self.data.operand(term, self.element(term, places));
        let (left, right) = (here(&compare.left), here(&compare.right));
        let now = compare::compare(&left, compare.operator, &right);
        let is_multiple = is_multiple(&compare.left) || is_multiple(&compare.right);
        if compare.any || !is_multiple || !now.holds {
            return now;
        }
        let (lefts, rights) = (self.all(&compare.left, left), self.all(&compare.right, right));
        let pairs = lefts.iter().flat_map(|left| rights.iter().map(move |right| (left, right)));
        pairs.fold(now, |answer, (left, right)| {
            let pair = compare::compare(left, compare.operator, right);
            let may_pass = pair.holds || pair.unknown;
            Answer { holds: answer.holds && may_pass, fails: answer.fails || pair.fails, ..answer }
        })
    }

    /// All values of one side, which is worth `here` in this combination.
    fn all(&self, term: &'a Term, here: Operand<'a>) -> Vec<Operand<'a>> {
        match path_of(term).and_then(|path| self.list_of(path)) {
            Some((_, list)) if !list.elements.is_empty() => list
                .elements
                .iter()
                .map(|element| self.data.operand(term, Some(Some(element))))
                .collect(),
            _ => vec![here],
        }
    }

    /// The element of its list that `term` reads in this combination.
    fn element(&self, term: &Term, places: &[usize]) -> Option<Option<&'a str>> {
        let (index, list) = self.list_of(path_of(term)?)?;
        Some(list.elements.get(places[index]).copied())
    }

    fn list_of(&self, path: &Path) -> Option<(usize, &List<'a>)> {
        let key = ListKey::of(path)?;
        self.lists.iter().enumerate().find(|(_, list)| list.key == key)
    }
}

fn all_compares<'a>(condition: &'a Condition, compares: &mut Vec<&'a Compare>) {
    match condition {
        Condition::All(terms) | Condition::Any(terms) => {
            terms.iter().for_each(|term| all_compares(term, compares));
        }
        Condition::Compare(compare) => compares.push(compare),
    }
}

fn paths(compare: &Compare) -> impl Iterator<Item = &Path> {
    [&compare.left, &compare.right].into_iter().filter_map(path_of)
}

const fn path_of(term: &Term) -> Option<&Path> {
    match term {
        Term::Path(path) => Some(path),
        _ => None,
    }
}

fn is_multiple(term: &Term) -> bool {
    path_of(term).is_some_and(Path::is_multiple)
}

/// How many tables `path` joins at most.
fn joins(path: &Path) -> usize {
    let roots = usize::from(matches!(path.root, Root::Collection { .. }));
    roots + 2 * path.steps.len() + usize::from(path.reads_each())
}

fn product(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.map(|length| length.max(1)).fold(1, usize::saturating_mul)
}
