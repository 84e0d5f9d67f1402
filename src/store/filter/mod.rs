//! Rules, client filters and sorts as SQL: which rows of a collection a caller may have, in which
//! order. Values are parameters and names are quoted, always. What a name means is decided in
//! [`crate::domain::rules`]; which answer a refusal becomes is decided by services.

mod before;
mod compare;
mod fragment;
mod functions;
mod joins;
mod operands;
mod predicate;
mod render;
mod search;
mod sort;
mod statements;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use before::Before;
pub use functions::{SCALAR_FUNCTIONS, ScalarFunction, distance};
pub use statements::Exists;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::rules::{self, Author, RequestInfo, RowState, Rule, RuleError, Scope};
use crate::domain::schema::Schema;
use crate::store::dialect::Dialect;
use crate::store::value::Value;
use joins::{Joins, Source};
use predicate::{Builder, Predicate};
use search::Search;
use sort::SortKey;

/// Most bytes of a client's filter (contract A 1.10).
const MAX_FILTER: usize = 3500;

/// Why rows cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The filter or sort reads what only superusers may.
    #[error("only superusers may filter or sort by @request and @collection values")]
    Forbidden,
    /// The filter or sort is wrong; the sentence says how.
    #[error("{0}")]
    Invalid(String),
    /// A rule cannot be used.
    #[error("the rule cannot be used: {0}")]
    Rule(RuleError),
}

/// Rows of a collection under rules, a filter and a sort.
///
/// ```text
/// Query::rows(dialect, &schema, &collection, &request)
///     .require(&rule)?.filter(filter)?.sort(sort)?.page(30, 0)
/// ```
#[derive(Debug)]
pub struct Query<'a> {
    dialect: Dialect,
    schema: &'a Schema,
    collection: &'a Arc<Collection>,
    request: &'a RequestInfo,
    given: Option<Given<'a>>,
    among: Option<Among>,
    joins: Joins,
    terms: Vec<Predicate>,
    restricted: BTreeSet<joins::JoinId>,
    sort: Vec<SortKey>,
    search: Option<Search>,
}

/// A row that is asked about by its values.
#[derive(Debug, Clone, Copy)]
enum Given<'a> {
    /// It is not stored yet.
    WouldBe(&'a Record),
    /// It is or was stored, with these values at one moment.
    Told { record: &'a Record, before: Option<&'a Before> },
}

/// Which rows are asked for by key.
#[derive(Debug)]
enum Among {
    Id(String),
    Ids(Value),
}

impl<'a> Query<'a> {
    /// The stored rows of `collection`.
    pub fn rows(
        dialect: Dialect,
        schema: &'a Schema,
        collection: &'a Arc<Collection>,
        request: &'a RequestInfo,
    ) -> Self {
        Self {
            dialect,
            schema,
            collection,
            request,
            given: None,
            among: None,
            joins: Joins::default(),
            terms: Vec::new(),
            restricted: BTreeSet::new(),
            sort: Vec::new(),
            search: None,
        }
    }

    /// A row that is not stored yet, of the values of `record` (contract A 3.4). It takes rules, and
    /// is asked for with [`Query::exists`].
    pub fn would_be(
        dialect: Dialect,
        schema: &'a Schema,
        record: &'a Record,
        request: &'a RequestInfo,
    ) -> Self {
        let query = Self::rows(dialect, schema, record.collection(), request);
        Self { given: Some(Given::WouldBe(record)), ..query }
    }

    /// A row that is or was stored, with the values that `record` has: what is told of it later must
    /// not depend on what has become of it. With `before`, other rows are as they were then too. It
    /// takes rules and filters, and is asked for with [`Query::exists`].
    pub fn told(
        dialect: Dialect,
        schema: &'a Schema,
        record: &'a Record,
        before: Option<&'a Before>,
        request: &'a RequestInfo,
    ) -> Self {
        let query = Self::rows(dialect, schema, record.collection(), request);
        Self { given: Some(Given::Told { record, before }), ..query }
    }

    /// Only rows that `rule` lets through; the public rule lets all.
    ///
    /// # Errors
    /// [`FilterError::Rule`] when the rule does not parse or names what is not there.
    pub fn require(mut self, rule: &Rule) -> Result<Self, FilterError> {
        let expr = rule.expr().map_err(|error| FilterError::Rule(error.clone()))?;
        if let Some(expr) = expr {
            let scope = self.scope(Author::Trusted);
            let condition = scope.condition(expr).map_err(FilterError::Rule)?;
            let predicate = Builder::new(scope, &mut self.joins).predicate(&condition);
            self.terms.push(predicate.map_err(FilterError::Rule)?);
        }
        Ok(self)
    }

    /// Only rows that a client's filter finds; an empty one finds all.
    ///
    /// # Errors
    /// [`FilterError::Forbidden`] and [`FilterError::Invalid`], as contract A 3.9 and 3.10 say.
    pub fn filter(mut self, text: &str) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Ok(self);
        }
        let author = self.author(text)?;
        if text.len() > MAX_FILTER {
            return Err(FilterError::Invalid(format!("a filter has at most {MAX_FILTER} bytes")));
        }
        let expr = rules::parse(text).map_err(invalid)?;
        let scope = self.scope(author);
        let condition = scope.condition(&expr).map_err(invalid)?;
        let mut builder = Builder::new(scope, &mut self.joins);
        let predicate = builder.predicate(&condition).map_err(FilterError::Rule)?;
        let passed = builder.passed;
        self.terms.push(predicate);
        self.restrict(passed)?;
        Ok(self)
    }

    /// In the order that a client asks for; an empty sort leaves the order of insertion.
    ///
    /// # Errors
    /// [`FilterError::Forbidden`] and [`FilterError::Invalid`], as contract A 3.14 says.
    pub fn sort(mut self, text: &str) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Ok(self);
        }
        let author = self.author(text)?;
        let mut builder = Builder::new(self.scope(author), &mut self.joins);
        let keys = sort::parse(text, &mut builder).map_err(invalid)?;
        let passed = builder.passed;
        self.sort.extend(keys);
        self.restrict(passed)?;
        Ok(self)
    }

    /// Only rows that have all words of a client's search, of which the last may go on; without a sort
    /// the best come first. A search without words finds all, and so does one in a collection that
    /// has none.
    ///
    /// # Errors
    /// [`FilterError::Invalid`] when the search is too long, or reads what is not for everybody.
    pub fn search(mut self, text: &str) -> Result<Self, FilterError> {
        let is_trusted = self.request.caller.is_superuser();
        self.search = Search::parse(self.collection, text, is_trusted)?;
        Ok(self)
    }

    /// Only the row with this id.
    #[must_use]
    pub fn by_id(mut self, id: &str) -> Self {
        self.among = Some(Among::Id(id.to_owned()));
        self
    }

    /// Only rows with one of these ids.
    #[must_use]
    pub fn by_ids<T: AsRef<str>>(mut self, ids: &[T]) -> Self {
        self.among = Some(Among::Ids(list(ids)));
        self
    }

    const fn scope(&self, author: Author) -> Scope<'a> {
        Scope {
            schema: self.schema,
            collection: self.collection,
            request: self.request,
            row: match self.given {
                Some(Given::WouldBe(_)) => RowState::WouldBe,
                Some(Given::Told { .. }) | None => RowState::Stored,
            },
            author,
        }
    }

    /// Who wrote a text of the request: a superuser is trusted, others may not ask for everything.
    fn author(&self, text: &str) -> Result<Author, FilterError> {
        if self.request.caller.is_superuser() {
            return Ok(Author::Trusted);
        }
        if rules::needs_superuser(text) {
            return Err(FilterError::Forbidden);
        }
        Ok(Author::Client)
    }

    /// Only rows whose joined records the client might list, or that join none (contract A 3.10).
    fn restrict(&mut self, passed: Vec<(Source, Arc<Collection>)>) -> Result<(), FilterError> {
        for (source, collection) in passed {
            let Source::Join(id) = source else { continue };
            if self.restricted.contains(&id) {
                continue;
            }
            let scope = self.scope(Author::Trusted);
            let listed = Builder::new(scope, &mut self.joins).listed(source, &collection);
            if let Some(listed) = listed.map_err(FilterError::Rule)? {
                self.restricted.insert(id);
                self.terms.push(listed);
            }
        }
        Ok(())
    }
}

fn list<T: AsRef<str>>(ids: &[T]) -> Value {
    Value::Json(ids.iter().map(|id| Json::from(id.as_ref())).collect())
}

fn invalid(error: RuleError) -> FilterError {
    FilterError::Invalid(error.message)
}
