//! Looks up the names of a filter: fields, relations, functions and macros (contract A 3.10, 3.13).
//! What requests carry is in `request_values.rs`.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::rules::ast::{Comparison, Expr, Operand, OperandKind, Operator, Span};
use crate::domain::rules::condition::{
    Compare, Condition, FieldRef, Known, Modifier, Path, Root, Step, Term,
};
use crate::domain::rules::error::RuleError;
use crate::domain::rules::request::RequestInfo;
use crate::domain::rules::{blank, functions, macros, request_values};
use crate::domain::schema::Schema;

/// Most relations on the way to one value (contract A 1.10).
const MAX_STEPS: usize = 6;

/// What a filter is resolved against.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// All collections.
    pub schema: &'a Schema,
    /// The collection of the row.
    pub collection: &'a Arc<Collection>,
    /// The request.
    pub request: &'a RequestInfo,
    /// Whether the row is stored yet.
    pub row: RowState,
    /// Who wrote the filter.
    pub author: Author,
}

/// Whether the row that a filter asks about is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// It is a row of the collection.
    Stored,
    /// It is made of submitted values, so no record can refer to it yet.
    WouldBe,
}

/// Who wrote a filter, and so what it may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The owner of the product, or a superuser: everything.
    Trusted,
    /// A client: no hidden fields, and no collections whose list rule is locked.
    Client,
}

impl Scope<'_> {
    /// Looks up every name of `expr`.
    ///
    /// # Errors
    /// The first name that is unknown, out of reach or wrongly used.
    pub fn condition(&self, expr: &Expr) -> Result<Condition, RuleError> {
        Ok(match expr {
            Expr::All(terms) => Condition::All(self.conditions(terms)?),
            Expr::Any(terms) => Condition::Any(self.conditions(terms)?),
            Expr::Compare(comparison) => Condition::Compare(Box::new(self.compare(comparison)?)),
        })
    }

    fn conditions(&self, terms: &[Expr]) -> Result<Vec<Condition>, RuleError> {
        terms.iter().map(|term| self.condition(term)).collect()
    }

    fn compare(&self, comparison: &Comparison) -> Result<Compare, RuleError> {
        let (operator, any) = (comparison.operator, comparison.any);
        let (left, right) = (self.term(&comparison.left)?, self.term(&comparison.right)?);
        Ok(match blank::decided(self, comparison, &left, &right) {
            Some(holds) => Compare {
                left: Term::Known(Known::new(Json::Bool(holds))),
                operator: Operator::Equal,
                any,
                right: Term::Known(Known::new(Json::Bool(true))),
            },
            None => Compare { left, operator, any, right },
        })
    }

    /// Looks up one operand.
    pub(super) fn term(&self, operand: &Operand) -> Result<Term, RuleError> {
        let known = |value: Json| Ok(Term::Known(Known::new(value)));
        match &operand.kind {
            OperandKind::Null => known(Json::Null),
            OperandKind::Bool(value) => known(Json::Bool(*value)),
            OperandKind::Number(value) => known(Json::from(*value)),
            OperandKind::Text(value) => known(Json::from(value.as_str())),
            OperandKind::Identifier(name) => self.identifier(name, &operand.span),
            OperandKind::Function { name, arguments } => {
                functions::resolve(self, name, arguments, &operand.span)
            }
        }
    }

    /// Looks up a name as it stands in a filter or a sort.
    ///
    /// # Errors
    /// When the name is unknown, out of reach or wrongly used.
    pub fn identifier(&self, name: &str, span: &Span) -> Result<Term, RuleError> {
        let (name, suffix) = split_suffix(name);
        let segments: Vec<&str> = name.split('.').collect();
        let names = match segments.as_slice() {
            ["@collection", _, rest @ ..] => rest,
            all => all,
        };
        if names.iter().any(|name| name.is_empty() || name.contains(':')) {
            return Err(RuleError::new(format!("\"{name}\" is not a name"), span.clone()));
        }
        match segments.as_slice() {
            ["@request", rest @ ..] => request_values::resolve(self, rest, suffix, span),
            ["@collection", collection, rest @ ..] if !rest.is_empty() => {
                self.any_record(collection, rest, suffix, span)
            }
            [name] if name.starts_with('@') => self.moment(name, suffix, span),
            _ => {
                let modifier = suffix.map(|suffix| modifier(suffix, span)).transpose()?;
                let collection = Arc::clone(self.collection);
                self.path(Root::Row, Vec::new(), collection, &segments, modifier, span)
                    .map(Term::Path)
            }
        }
    }

    fn moment(&self, name: &str, suffix: Option<&str>, span: &Span) -> Result<Term, RuleError> {
        match (macros::value(name, self.request.now), suffix) {
            (Some(value), None) => Ok(Term::Known(Known::new(value))),
            (Some(_), Some(suffix)) => Err(unfit(suffix, name, span)),
            (None, _) => {
                let known = macros::NAMES.into_iter().chain(["@request", "@collection"]);
                Err(RuleError::unknown("name", name, known, span.clone()))
            }
        }
    }

    fn any_record(
        &self,
        collection: &str,
        rest: &[&str],
        suffix: Option<&str>,
        span: &Span,
    ) -> Result<Term, RuleError> {
        let (name, alias) = match collection.split_once(':') {
            None => (collection, ""),
            Some((name, alias)) if !alias.is_empty() && !alias.contains(':') => (name, alias),
            Some(_) => {
                let message = format!("\"@collection.{collection}\" is not a name");
                return Err(RuleError::new(message, span.clone()));
            }
        };
        let modifier = suffix.map(|suffix| modifier(suffix, span)).transpose()?;
        let Some(found) = self.schema.find(name) else {
            let known = self.schema.collections().iter().map(|known| known.name.as_str());
            return Err(RuleError::unknown("collection", name, known, span.clone()));
        };
        let root = Root::Collection { collection: Arc::clone(found), alias: alias.to_owned() };
        self.path(root, Vec::new(), Arc::clone(found), rest, modifier, span).map(Term::Path)
    }

    /// Walks `segments` from a record of `current`, after `steps` from `root`.
    pub(super) fn path(
        &self,
        root: Root,
        mut steps: Vec<Step>,
        mut current: Arc<Collection>,
        segments: &[&str],
        modifier: Option<Modifier>,
        span: &Span,
    ) -> Result<Path, RuleError> {
        let mut segments = segments.iter();
        while let Some(&segment) = segments.next() {
            let rest = segments.as_slice();
            let Some(position) = current.position(segment) else {
                let starts_at_row = steps.is_empty() && matches!(root, Root::Row);
                self.may_step_back(segment, starts_at_row, span)?;
                let step = self.step_back(&current, segment, span)?;
                current = self.enter(&mut steps, step, span)?;
                continue;
            };
            let field = FieldRef { collection: Arc::clone(&current), position };
            self.may_read(&field, span)?;
            let inside = match &field.field().kind {
                _ if rest.is_empty() => &[][..],
                FieldKind::Json(_) | FieldKind::GeoPoint => rest,
                FieldKind::Relation(_) if !field.field().is_multiple() && rest == ["id"] => &[],
                FieldKind::Relation(options) => {
                    let to = self.relation_target(&options.collection_id, segment, span)?;
                    current = self.enter(&mut steps, Step::Follow { by: field, to }, span)?;
                    continue;
                }
                _ => {
                    let message = format!("\"{segment}\" has no parts to read");
                    return Err(RuleError::new(message, span.clone()));
                }
            };
            check_modifier(&field, inside, modifier, span)?;
            let inside = inside.iter().map(|&key| key.into()).collect();
            return Ok(Path { root, steps, field, inside, modifier });
        }
        Err(RuleError::new("a field is missing at the end of this path", span.clone()))
    }

    /// A row that is not stored yet cannot be referred to.
    fn may_step_back(
        &self,
        segment: &str,
        starts_at_row: bool,
        span: &Span,
    ) -> Result<(), RuleError> {
        if starts_at_row && segment.contains("_via_") && self.row == RowState::WouldBe {
            let message = "no record can refer to a record that is not stored yet";
            return Err(RuleError::new(message, span.clone()));
        }
        Ok(())
    }

    fn enter(
        &self,
        steps: &mut Vec<Step>,
        step: Step,
        span: &Span,
    ) -> Result<Arc<Collection>, RuleError> {
        let target = Arc::clone(step.target());
        if self.author == Author::Client && target.rules.list.is_none() {
            let message = format!("records of \"{}\" are for superusers only", target.name);
            return Err(RuleError::new(message, span.clone()));
        }
        steps.push(step);
        if steps.len() > MAX_STEPS {
            let message = format!("more than {MAX_STEPS} relations in one path");
            return Err(RuleError::new(message, span.clone()));
        }
        Ok(target)
    }

    pub(super) fn relation_target(
        &self,
        collection_id: &str,
        field: &str,
        span: &Span,
    ) -> Result<Arc<Collection>, RuleError> {
        self.schema.by_id(collection_id).cloned().ok_or_else(|| {
            let message = format!("the collection that \"{field}\" points to is missing");
            RuleError::new(message, span.clone())
        })
    }

    /// The step `comments_via_post` from a record of `current`.
    fn step_back(
        &self,
        current: &Arc<Collection>,
        segment: &str,
        span: &Span,
    ) -> Result<Step, RuleError> {
        let Some((name, field)) = segment.split_once("_via_") else {
            let known = self.suggestible(current);
            return Err(RuleError::unknown("field", segment, known, span.clone()));
        };
        let Some(collection) = self.schema.find(name) else {
            let trusted = self.author == Author::Trusted;
            let known = self.schema.collections().iter().filter(|_| trusted);
            let known = known.map(|known| known.name.as_str());
            return Err(RuleError::unknown("collection", name, known, span.clone()));
        };
        let Some(position) = collection.position(field) else {
            let known = self.suggestible(collection);
            return Err(RuleError::unknown("field", field, known, span.clone()));
        };
        let by = FieldRef { collection: Arc::clone(collection), position };
        self.may_read(&by, span)?;
        match &by.field().kind {
            FieldKind::Relation(options) if options.collection_id == current.id => {
                let unique = collection.unique_index(field).is_some();
                Ok(Step::Back { by, unique })
            }
            _ => {
                let message = format!("\"{name}.{field}\" does not point to \"{}\"", current.name);
                Err(RuleError::new(message, span.clone()))
            }
        }
    }

    /// The fields that an error may name: a client's typing mistake must not reveal hidden ones.
    fn suggestible<'c>(&self, collection: &'c Collection) -> impl Iterator<Item = &'c str> {
        let trusted = self.author == Author::Trusted;
        let fields = collection.fields.iter().filter(move |field| trusted || !field.hidden);
        fields.map(|field| field.name.as_str())
    }

    fn may_read(&self, field: &FieldRef, span: &Span) -> Result<(), RuleError> {
        if self.author == Author::Client && field.field().hidden {
            // The same words as for a field that does not exist: a hidden one is not to be found.
            let message = format!("unknown field \"{}\"", field.field().name);
            return Err(RuleError::new(message, span.clone()));
        }
        Ok(())
    }
}

/// The name without its modifier, and the modifier. The colon of an alias is none.
fn split_suffix(name: &str) -> (&str, Option<&str>) {
    let start_of_last = name.rfind('.').map_or(0, |dot| dot + 1);
    match name[start_of_last..].find(':') {
        Some(colon) => {
            let colon = start_of_last + colon;
            (&name[..colon], Some(&name[colon + 1..]))
        }
        None => (name, None),
    }
}

/// The modifier of a value that is read from data.
pub(super) fn modifier(suffix: &str, span: &Span) -> Result<Modifier, RuleError> {
    match suffix {
        "each" => Ok(Modifier::Each),
        "length" => Ok(Modifier::Length),
        "lower" => Ok(Modifier::Lower),
        "isset" | "changed" => {
            let message = format!("\":{suffix}\" is for \"@request.…\" values only");
            Err(RuleError::new(message, span.clone()))
        }
        _ => {
            let known = ["each", "length", "lower", "isset", "changed"];
            Err(RuleError::unknown("modifier", suffix, known, span.clone()))
        }
    }
}

fn check_modifier(
    field: &FieldRef,
    inside: &[&str],
    modifier: Option<Modifier>,
    span: &Span,
) -> Result<(), RuleError> {
    let kind = &field.field().kind;
    let fits = match modifier {
        None => true,
        Some(Modifier::Each) => is_list_type(kind),
        Some(Modifier::Length) => is_list_type(kind),
        Some(Modifier::Lower) if inside.is_empty() => {
            !matches!(kind, FieldKind::Number(_) | FieldKind::Bool | FieldKind::GeoPoint)
        }
        Some(Modifier::Lower) => true,
    };
    if fits {
        return Ok(());
    }
    let suffix = match modifier {
        Some(Modifier::Each) => "each",
        Some(Modifier::Length) => "length",
        Some(Modifier::Lower) | None => "lower",
    };
    Err(unfit(suffix, &field.field().name, span))
}

/// Select, file and relation fields, multiple or not.
pub(super) const fn is_list_type(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_))
}

pub(super) fn unfit(suffix: &str, name: &str, span: &Span) -> RuleError {
    RuleError::new(format!("\":{suffix}\" does not fit \"{name}\""), span.clone())
}
