//! Rules answered in memory, for a record at hand: the second reader of a [`Condition`] beside the SQL of
//! `store/filter`. It answers only where a database would answer the same on either engine, and says
//! where one has to be asked: what is reached through other records, computed or converted.

mod compare;
mod values;

#[cfg(test)]
mod tests;

use crate::domain::record::Record;
use crate::domain::rules::ast::Operator;
use crate::domain::rules::condition::{Compare, Condition, Path, Root, Term};
use crate::domain::rules::{Author, RequestInfo, RowState, Rule, RuleError, Scope};
use crate::domain::schema::Schema;
use compare::{Answer, Operand, compare};
use values::{Data, List, ListKey};

/// How much work one answer may take, in comparisons of values; a database has threads to spare.
const MOST_WORK: usize = 20_000;

/// How many comparisons a pattern may take as long as.
const PATTERN: usize = 100;

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
    let mut compares = Vec::new();
    all_compares(&condition, &mut compares);
    let lists = Lists::of(data, &compares);
    if compares.iter().flat_map(|compare| paths(compare)).map(joins).sum::<usize>() > MOST_JOINS
        || lists.work(&compares) > MOST_WORK
    {
        return Ok(None);
    }
    Ok(lists.decide(&lists.tree(data, &condition)))
}

/// The lists that a condition takes apart. One element of each is looked at at a time: a place in each
/// list is a combination.
struct Lists<'a>(Vec<List<'a>>);

/// A condition whose values are read.
enum Tree<'a> {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// The same for all combinations of elements.
    Decided(Option<bool>),
    Compare(Compared<'a>),
}

/// A comparison whose values are read.
struct Compared<'a> {
    left: Side<'a>,
    operator: Operator,
    right: Side<'a>,
    /// Whether no value, or no pair of values, violates it, where that is asked for.
    every: Answer,
}

enum Side<'a> {
    Fixed(Operand<'a>),
    /// One for each element of the list at this index; null where it has none.
    Elements(usize, Vec<Operand<'a>>),
}

impl<'a> Lists<'a> {
    fn of(data: Data<'a>, compares: &[&'a Compare]) -> Self {
        let mut lists: Vec<List<'a>> = Vec::new();
        for path in compares.iter().flat_map(|compare| paths(compare)) {
            let is_new = ListKey::of(path).is_some_and(|key| lists.iter().all(|it| it.key != key));
            lists.extend(data.list(path).filter(|_| is_new));
        }
        Self(lists)
    }

    fn find(&self, term: &Term) -> Option<(usize, &List<'a>)> {
        let key = ListKey::of(path_of(term)?)?;
        self.0.iter().enumerate().find(|(_, list)| list.key == key)
    }

    /// The work that an answer takes: each comparison for each combination, and once for each pair of
    /// values where all of them are asked about.
    fn work(&self, compares: &[&Compare]) -> usize {
        let combinations = product(self.0.iter().map(|list| list.elements.len()));
        let work = compares.iter().map(|compare| {
            let is_pattern = matches!(compare.operator, Operator::Like | Operator::NotLike);
            let lists = [&compare.left, &compare.right].into_iter().filter_map(|it| self.find(it));
            let pairs = product(lists.map(|(_, list)| list.elements.len()));
            let times = combinations.saturating_add(if compare.any { 0 } else { pairs });
            times.saturating_mul(if is_pattern { PATTERN } else { 1 })
        });
        work.fold(0, usize::saturating_add)
    }

    fn tree(&self, data: Data<'a>, condition: &'a Condition) -> Tree<'a> {
        let trees =
            |terms: &'a [Condition]| terms.iter().map(|term| self.tree(data, term)).collect();
        match condition {
            Condition::All(terms) => Tree::All(trees(terms)),
            Condition::Any(terms) => Tree::Any(trees(terms)),
            Condition::Compare(compare) => self.compared(data, compare),
        }
    }

    fn compared(&self, data: Data<'a>, compare: &'a Compare) -> Tree<'a> {
        let sides = [&compare.left, &compare.right];
        let is_multiple = sides.iter().any(|side| path_of(side).is_some_and(Path::is_multiple));
        let [left, right] = sides.map(|term| self.side(data, term));
        let every = if compare.any || !is_multiple {
            Answer::HOLDS
        } else {
            every(left.all(), compare.operator, right.all())
        };
        let compared = Compared { left, operator: compare.operator, right, every };
        match (&compared.left, &compared.right) {
            (Side::Fixed(_), Side::Fixed(_)) => Tree::Decided(compared.holds(&[])),
            _ => Tree::Compare(compared),
        }
    }

    fn side(&self, data: Data<'a>, term: &'a Term) -> Side<'a> {
        let Some((index, list)) = self.find(term) else { return Side::Fixed(data.operand(term)) };
        let elements = list.elements.iter().map(|element| data.element(term, element));
        let mut elements: Vec<Operand<'a>> = elements.collect();
        if elements.is_empty() {
            elements.push(Operand::NULL);
        }
        Side::Elements(index, elements)
    }

    /// Whether there is a combination of elements for which `tree` holds.
    fn decide(&self, tree: &Tree<'_>) -> Option<bool> {
        let mut places = vec![0; self.0.len()];
        let mut decided = Some(false);
        loop {
            match tree.holds(&places) {
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
        for (place, list) in places.iter_mut().zip(&self.0) {
            *place += 1;
            if *place < list.elements.len() {
                return true;
            }
            *place = 0;
        }
        false
    }
}

impl Tree<'_> {
    /// Null counts as not to hold, and nothing negates a whole group.
    fn holds(&self, places: &[usize]) -> Option<bool> {
        match self {
            Self::All(terms) => until(false, terms, places),
            Self::Any(terms) => until(true, terms, places),
            Self::Decided(decided) => *decided,
            Self::Compare(compared) => compared.holds(places),
        }
    }
}

impl Compared<'_> {
    fn holds(&self, places: &[usize]) -> Option<bool> {
        let (left, right) = (self.left.at(places), self.right.at(places));
        compare(left, self.operator, right).and(self.every).certain()
    }
}

impl<'a> Side<'a> {
    fn at(&self, places: &[usize]) -> &Operand<'a> {
        match self {
            Self::Fixed(operand) => operand,
            Self::Elements(index, elements) => &elements[places[*index]],
        }
    }

    fn all(&self) -> &[Operand<'a>] {
        match self {
            Self::Fixed(operand) => std::slice::from_ref(operand),
            Self::Elements(_, elements) => elements,
        }
    }
}

/// `end` if one of `terms` comes to it, whatever the others are; else its opposite, if all do.
fn until(end: bool, terms: &[Tree<'_>], places: &[usize]) -> Option<bool> {
    let mut decided = Some(!end);
    for term in terms {
        match term.holds(places) {
            Some(holds) if holds == end => return Some(end),
            Some(_) => {}
            None => decided = None,
        }
    }
    decided
}

/// Whether no pair violates the comparison.
fn every(lefts: &[Operand<'_>], operator: Operator, rights: &[Operand<'_>]) -> Answer {
    let pairs = lefts.iter().flat_map(|left| rights.iter().map(move |right| (left, right)));
    let pairs = pairs.map(|(left, right)| compare(left, operator, right).not_violated());
    pairs.fold(Answer::HOLDS, Answer::and)
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

/// How many tables `path` joins at most.
fn joins(path: &Path) -> usize {
    let roots = usize::from(matches!(path.root, Root::Collection { .. }));
    roots + 2 * path.steps.len() + usize::from(path.reads_each())
}

fn product(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.map(|length| length.max(1)).fold(1, usize::saturating_mul)
}
