//! From a resolved filter to a tree of tests over joins, with the conditions that a client's filter
//! carries along (contract A 3.10, config.md 1.4). Writes no SQL.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::rules::ast::Operator;
use crate::domain::rules::condition::{
    Compare, Condition, FieldRef, Known, Path, Root, Step, Term,
};
use crate::domain::rules::{Author, RowState, Rule, RuleError, Scope, known};
use crate::store::filter::joins::{JoinId, Joins, Source};
use crate::store::filter::operands::{Column, Operand};

/// A test of one combination of the row and joined rows.
#[derive(Debug)]
pub(super) enum Predicate {
    /// Decided already.
    Const(bool),
    /// Every term holds.
    All(Vec<Self>),
    /// At least one term holds.
    Any(Vec<Self>),
    /// A comparison of the values of this combination.
    Compare(Box<Comparison>),
    /// No combination of the multiple sides violates the comparison.
    Every(Box<Comparison>),
    /// A boolean of a joined row is set.
    Flag(Column),
    /// A rule holds for the record at `source`.
    Rule(Box<RuleOf>),
}

/// Two sides and what is asked of them.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) left: Side,
    pub(super) operator: Operator,
    pub(super) right: Side,
}

/// An operand with what must hold for the caller to compare with it.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) operand: Operand,
    pub(super) multiple: bool,
    pub(super) guards: Vec<Predicate>,
    /// Of a multiple operand: what must hold of the joined rows for the caller to know of them.
    pub(super) listed: Vec<Predicate>,
}

/// A rule of another record, with joins of its own.
#[derive(Debug)]
pub(super) struct RuleOf {
    pub(super) source: Source,
    pub(super) joins: Joins,
    pub(super) predicate: Predicate,
    /// Whether a missing record passes.
    pub(super) or_missing: bool,
}

impl Predicate {
    /// The predicate and what hangs off it, one at a time.
    pub(super) fn joins(&self, joins: &Joins) -> BTreeSet<JoinId> {
        match self {
            Self::Const(_) => BTreeSet::new(),
            Self::All(terms) | Self::Any(terms) => {
                terms.iter().flat_map(|term| term.joins(joins)).collect()
            }
            Self::Compare(comparison) | Self::Every(comparison) => {
                let mut all = comparison.left.joins(joins);
                all.extend(comparison.right.joins(joins));
                all
            }
            Self::Flag(column) => joins.chain(column.source),
            Self::Rule(rule) => joins.chain(rule.source),
        }
    }

    /// The joins that have to be placed before the predicate can be tested: those of the multiple
    /// sides of [`Self::Every`] are its own.
    pub(super) fn free(&self, joins: &Joins) -> BTreeSet<JoinId> {
        match self {
            Self::Every(comparison) => [&comparison.left, &comparison.right]
                .into_iter()
                .filter(|side| !side.multiple)
                .flat_map(|side| side.joins(joins))
                .collect(),
            Self::All(terms) | Self::Any(terms) => {
                terms.iter().flat_map(|term| term.free(joins)).collect()
            }
            _ => self.joins(joins),
        }
    }

    /// The joins without whose row the predicate does not hold.
    pub(super) fn needs(&self) -> BTreeSet<JoinId> {
        match self {
            Self::All(terms) => terms.iter().flat_map(Self::needs).collect(),
            Self::Any(terms) => {
                let mut terms = terms.iter().map(Self::needs);
                let first = terms.next().unwrap_or_default();
                terms.fold(first, |common, needs| &common & &needs)
            }
            Self::Compare(comparison) => comparison.needs(),
            Self::Flag(Column { source: Source::Join(id), .. }) => BTreeSet::from([*id]),
            Self::Const(_) | Self::Every(_) | Self::Rule(_) | Self::Flag(_) => BTreeSet::new(),
        }
    }
}

impl Side {
    fn joins(&self, joins: &Joins) -> BTreeSet<JoinId> {
        let mut all = self.operand.joins(joins);
        all.extend(self.guards.iter().flat_map(|guard| guard.joins(joins)));
        all
    }
}

impl Comparison {
    fn needs(&self) -> BTreeSet<JoinId> {
        let (left, right) = (&self.left.operand, &self.right.operand);
        let json = left.is_json() || right.is_json();
        let with_known = |operand: &Operand, known: &Known| {
            let empty = if json { known.value.is_null() } else { known.is_empty() };
            let needed = match self.operator {
                Operator::Equal => !empty,
                // Null is neither the empty text nor null, except inside JSON.
                Operator::NotEqual => empty,
                _ => true,
            };
            if needed { operand.null_without() } else { BTreeSet::new() }
        };
        match (left, right) {
            (operand, Operand::Known(known)) | (Operand::Known(known), operand) => {
                with_known(operand, known)
            }
            // The id of the row is never empty, so nothing that is null equals it.
            (Operand::Column(column), other) | (other, Operand::Column(column))
                if self.operator == Operator::Equal && column.row_column() == Some("id") =>
            {
                other.null_without()
            }
            _ if matches!(self.operator, Operator::Equal | Operator::NotEqual) => BTreeSet::new(),
            _ => &left.null_without() | &right.null_without(),
        }
    }
}

/// Turns conditions of one author over one row into predicates.
pub(super) struct Builder<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) joins: &'a mut Joins,
    /// The records that a client's filter is joined with, in order.
    pub(super) passed: Vec<(Source, Arc<Collection>)>,
}

impl<'a> Builder<'a> {
    pub(super) const fn new(scope: Scope<'a>, joins: &'a mut Joins) -> Self {
        Self { scope, joins, passed: Vec::new() }
    }

    /// The predicate of `condition`.
    pub(super) fn predicate(&mut self, condition: &Condition) -> Result<Predicate, RuleError> {
        Ok(match condition {
            Condition::All(terms) => Predicate::All(self.predicates(terms)?),
            Condition::Any(terms) => Predicate::Any(self.predicates(terms)?),
            Condition::Compare(compare) => self.comparison(compare)?,
        })
    }

    fn predicates(&mut self, terms: &[Condition]) -> Result<Vec<Predicate>, RuleError> {
        terms.iter().map(|term| self.predicate(term)).collect()
    }

    fn comparison(&mut self, compare: &Compare) -> Result<Predicate, RuleError> {
        if let (Term::Known(left), Term::Known(right)) = (&compare.left, &compare.right) {
            return Ok(Predicate::Const(known::holds(left, compare.operator, right)));
        }
        let mut comparison = || -> Result<Comparison, RuleError> {
            Ok(Comparison {
                left: self.side(&compare.left)?,
                operator: compare.operator,
                right: self.side(&compare.right)?,
            })
        };
        let any = comparison()?;
        if compare.any || !(any.left.multiple || any.right.multiple) {
            return Ok(Predicate::Compare(Box::new(any)));
        }
        let every = comparison()?;
        Ok(Predicate::All(vec![
            Predicate::Compare(Box::new(any)),
            Predicate::Every(Box::new(every)),
        ]))
    }

    /// An operand and what must hold for the author to read it.
    pub(super) fn side(&mut self, term: &Term) -> Result<Side, RuleError> {
        let mut guards = Vec::new();
        let before = self.passed.len();
        let (operand, multiple) = self.operand(term, &mut guards)?;
        let passed = if multiple { &self.passed[before..] } else { &[] };
        let listed = passed.iter().map(|(source, collection)| self.listed(*source, collection));
        let listed = listed.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(Side { operand, multiple, guards, listed })
    }

    /// That the caller may list the record of `collection` at `source`, or that there is none;
    /// nothing where everybody may.
    pub(super) fn listed(
        &self,
        source: Source,
        collection: &Arc<Collection>,
    ) -> Result<Option<Predicate>, RuleError> {
        match &collection.rules.list {
            Some(rule) if !rule.is_public() => {
                self.rule_of(rule, source, collection, true).map(Some)
            }
            // A locked collection was refused when the path was resolved.
            _ => Ok(None),
        }
    }

    fn operand(
        &mut self,
        term: &Term,
        guards: &mut Vec<Predicate>,
    ) -> Result<(Operand, bool), RuleError> {
        Ok(match term {
            Term::Known(known) => (Operand::Known(known.clone()), false),
            Term::Path(path) => (Operand::Column(self.column(path, guards)?), path.is_multiple()),
            Term::Changed { path, value } => {
                (Operand::Changed(self.column(path, guards)?, value.clone()), false)
            }
            Term::Distance(terms) => {
                let mut operands = Vec::with_capacity(terms.len());
                for term in terms {
                    operands.push(self.operand(term, guards)?.0);
                }
                (Operand::Distance(operands), false)
            }
            Term::Strftime { format, time, modifiers } => {
                let (time, multiple) = match time.as_deref() {
                    Some(Term::Known(known)) => (Operand::Known(self.moment(known)), false),
                    Some(time) => self.operand(time, guards)?,
                    None => (Operand::Known(Known::new("now".into())), false),
                };
                let time = Box::new(match time {
                    Operand::Known(known) => Operand::Known(self.moment(&known)),
                    other => other,
                });
                let (format, modifiers) = (format.clone(), modifiers.clone());
                (Operand::Strftime { format, time, modifiers }, multiple)
            }
        })
    }

    /// The request's moment for `now`, which the database would take from its own clock.
    fn moment(&self, known: &Known) -> Known {
        let is_now = known.value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("now"));
        if is_now {
            return Known::new(self.scope.request.now.to_string().into());
        }
        known.clone()
    }

    fn column(&mut self, path: &Path, guards: &mut Vec<Predicate>) -> Result<Column, RuleError> {
        let (source, passed) = self.joins.follow(path);
        let column = Column::new(path, source);
        if let Some(name) = column.row_column() {
            self.joins.row_columns.insert(name.to_owned());
        }
        if self.scope.author == Author::Client {
            self.guard(path, &passed, guards)?;
            self.passed.extend(passed);
        }
        Ok(column)
    }

    /// What a client must be allowed to see: every field on the way and the one at its end.
    fn guard(
        &self,
        path: &Path,
        passed: &[(Source, Arc<Collection>)],
        guards: &mut Vec<Predicate>,
    ) -> Result<(), RuleError> {
        let start = match path.root {
            Root::Row => Source::Row,
            Root::Collection { .. } | Root::Auth(_) | Root::Body { .. } => return Ok(()),
        };
        let mut here = start;
        for (step, (source, _)) in path.steps.iter().zip(passed) {
            match step {
                Step::Follow { by, .. } => self.guard_field(by, here, guards)?,
                Step::Back { by, .. } => self.guard_field(by, *source, guards)?,
            }
            here = *source;
        }
        self.guard_field(&path.field, here, guards)
    }

    fn guard_field(
        &self,
        field: &FieldRef,
        source: Source,
        guards: &mut Vec<Predicate>,
    ) -> Result<(), RuleError> {
        let collection = &field.collection;
        let is_address = matches!(field.field().kind, FieldKind::Email(_));
        if is_address && collection.is_auth() && field.field().name == "email" {
            guards.push(match collection.position("emailVisibility") {
                Some(position) => {
                    let flag = FieldRef { collection: Arc::clone(collection), position };
                    Predicate::Flag(Column::flag(&flag, source))
                }
                None => Predicate::Const(false),
            });
        }
        if let Some(rule) = &field.field().ext.read {
            guards.push(self.rule_of(rule, source, collection, false)?);
        }
        Ok(())
    }

    /// `rule`, one of the owner's, for the record of `collection` at `source`.
    pub(super) fn rule_of(
        &self,
        rule: &Rule,
        source: Source,
        collection: &Arc<Collection>,
        or_missing: bool,
    ) -> Result<Predicate, RuleError> {
        let Some(expr) = rule.expr().map_err(Clone::clone)? else {
            return Ok(Predicate::Const(true));
        };
        let scope =
            Scope { collection, author: Author::Trusted, row: RowState::Stored, ..self.scope };
        let condition = scope.condition(expr)?;
        let mut joins = Joins::default();
        let predicate = Builder::new(scope, &mut joins).predicate(&condition)?;
        Ok(Predicate::Rule(Box::new(RuleOf { source, joins, predicate, or_missing })))
    }
}
