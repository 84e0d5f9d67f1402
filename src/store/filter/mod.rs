//! Rules, client filters and sorts as SQL: which rows of a collection a caller may have, in which
//! order. Values are parameters and names are quoted, always. What a name means is decided in
//! [`crate::domain::rules`]; which answer a refusal becomes is decided by services.

mod compare;
mod fragment;
mod functions;
mod joins;
mod operands;
mod predicate;
mod render;
mod sort;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use functions::{SCALAR_FUNCTIONS, ScalarFunction, distance};

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::rules::{self, Author, RequestInfo, RowState, Rule, RuleError, Scope};
use crate::domain::schema::Schema;
use crate::store::column::encode;
use crate::store::dialect::Dialect;
use crate::store::records::select_list;
use crate::store::sql::{Statement, quote};
use crate::store::value::Value;
use fragment::Fragment;
use joins::{Joins, Source};
use predicate::{Builder, Predicate};
use render::{Places, Renderer};
use sort::SortKey;

/// Most bytes of a client's filter (contract A 1.10).
const MAX_FILTER: usize = 3500;

/// Most joined tables in one statement; SQLite has room for 64.
const MAX_JOINS: usize = 60;

/// The id of a row that has none yet: not empty, and no record's.
const NO_ID_YET: &str = "@new";

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
    would_be: Option<&'a Record>,
    among: Option<Among>,
    joins: Joins,
    terms: Vec<Predicate>,
    restricted: BTreeSet<joins::JoinId>,
    sort: Vec<SortKey>,
}

/// Whether there is a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Exists {
    /// That is clear without asking the database.
    Known(bool),
    /// The database knows: one row with one truth value.
    Ask(Statement),
}

/// The parts of a statement that are the same whatever is asked of the rows.
struct Body<'q> {
    from: Fragment,
    joins: Fragment,
    among: Option<Fragment>,
    test: compare::Test,
    renderer: Renderer,
    places: Places<'q>,
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
            would_be: None,
            among: None,
            joins: Joins::default(),
            terms: Vec::new(),
            restricted: BTreeSet::new(),
            sort: Vec::new(),
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
        Self { would_be: Some(record), ..query }
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

    /// Whether all rows pass or none does, where that is clear without asking the database.
    pub fn decided(&self) -> Option<bool> {
        let terms: Vec<&Predicate> = self.terms.iter().collect();
        let row = Places::new(&self.joins, self.row(), true);
        match Renderer::new(self.dialect).all(&terms, &row) {
            compare::Test::Always => Some(true),
            compare::Test::Never => Some(false),
            compare::Test::Sql(_) => None,
        }
    }

    /// Asks whether there is such a row. One that is asked for by id is taken to be there: the
    /// question is whether it passes.
    ///
    /// # Errors
    /// [`FilterError::Invalid`] when it would join too many tables.
    pub fn exists(&self) -> Result<Exists, FilterError> {
        let body = self.body(&[])?;
        Ok(match body.test {
            compare::Test::Never => Exists::Known(false),
            compare::Test::Always if self.is_one_row() && body.joins.is_empty() => {
                Exists::Known(true)
            }
            _ => {
                let rows = Fragment::from("SELECT EXISTS (SELECT 1") + body.rows() + ")";
                Exists::Ask(rows.statement())
            }
        })
    }

    /// Asks for the rows without order or bound, as [`crate::store::records::decode`] reads them.
    ///
    /// # Errors
    /// [`FilterError::Invalid`] when it would join too many tables.
    pub fn all(&self) -> Result<Statement, FilterError> {
        Ok((self.select() + self.body(&[])?.rows()).statement())
    }

    /// Asks for `limit` rows after the first `offset`, in order, as
    /// [`crate::store::records::decode`] reads them.
    ///
    /// # Errors
    /// [`FilterError::Invalid`] when it would join too many tables.
    pub fn page(&self, limit: i64, offset: i64) -> Result<Statement, FilterError> {
        self.page_with(limit, offset, None)
    }

    /// The same for [`crate::store::Db::fetch_counted`], where the order makes the database look at
    /// every row before it answers the first one: then they can be counted on the way. That is sure
    /// where no index has anything to do with the order.
    ///
    /// # Errors
    /// As [`Query::page`].
    pub fn counted_page(&self, limit: i64, offset: i64) -> Result<Option<Statement>, FilterError> {
        let Some(tally) = self.dialect.tally() else { return Ok(None) };
        if self.collection.is_view() || !self.sorts_without_index() {
            return Ok(None);
        }
        self.page_with(limit, offset, Some(tally)).map(Some)
    }

    fn sorts_without_index(&self) -> bool {
        let mentioned = |column: &str| {
            let column = column.to_ascii_lowercase();
            let mut indexes = self.collection.indexes.iter();
            column == "id" || indexes.any(|index| index.to_ascii_lowercase().contains(&column))
        };
        let is_free = |key: &SortKey| key.row_column().is_some_and(|column| !mentioned(column));
        !self.sort.is_empty() && self.sort.iter().all(is_free)
    }

    /// A page; `tally` is the last thing that the rows are sorted by.
    fn page_with(
        &self,
        limit: i64,
        offset: i64,
        tally: Option<&'static str>,
    ) -> Result<Statement, FilterError> {
        let default = [SortKey::INSERTION];
        let keys = match self.sort.as_slice() {
            [] if self.collection.is_view() => &[][..],
            [] => &default,
            keys => keys,
        };
        let body = self.body(keys)?;
        let (row, renderer, places) = (self.row(), &body.renderer, &body.places);
        let keys: Vec<Fragment> = keys
            .iter()
            .map(|key| key.sql(self.dialect, renderer, &self.terms, places, &row))
            .chain(tally.map(Fragment::from))
            .collect();
        let order = if keys.is_empty() { "" } else { " ORDER BY " };
        let statement = self.select() + body.rows() + order + Fragment::join(keys, ", ");
        let statement = statement + " LIMIT " + Fragment::param(Value::Int(limit));
        let skipped = Fragment::from(" OFFSET ") + Fragment::param(Value::Int(offset));
        Ok(if offset == 0 { statement } else { statement + skipped }.statement())
    }

    /// Asks how many rows there are: one row with one number.
    ///
    /// # Errors
    /// [`FilterError::Invalid`] when it would join too many tables.
    pub fn count(&self) -> Result<Statement, FilterError> {
        Ok((Fragment::from("SELECT COUNT(*)") + self.body(&[])?.rows()).statement())
    }

    /// Whether the query is about one row that is there.
    const fn is_one_row(&self) -> bool {
        self.would_be.is_some() || matches!(self.among, Some(Among::Id(_)))
    }

    const fn scope(&self, author: Author) -> Scope<'a> {
        Scope {
            schema: self.schema,
            collection: self.collection,
            request: self.request,
            row: if self.would_be.is_some() { RowState::WouldBe } else { RowState::Stored },
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

    fn row(&self) -> String {
        quote(&self.collection.name)
    }

    fn select(&self) -> Fragment {
        format!("SELECT {}", select_list(self.collection, &self.collection.name)).into()
    }

    /// The rows and their joins that the terms and `keys` read and that multiply no rows.
    fn body(&self, keys: &[SortKey]) -> Result<Body<'_>, FilterError> {
        let renderer = Renderer::new(self.dialect);
        let row = Places::new(&self.joins, self.row(), true);
        let mut used: BTreeSet<_> =
            self.terms.iter().flat_map(|term| term.joins(&self.joins)).collect();
        used.extend(keys.iter().flat_map(|key| key.joins(&row)));
        if used.len() > MAX_JOINS {
            let message = "the filter goes through too many relations".to_owned();
            return Err(FilterError::Invalid(message));
        }
        let used = &used & &self.joins.single();
        let needed = self.terms.iter().flat_map(Predicate::needs).collect();
        let places = renderer.place(&row, &used, &needed);
        let terms: Vec<&Predicate> = self.terms.iter().collect();
        let test = renderer.all(&terms, &places);
        let joins = renderer.join_clauses(used, &places);
        let from = Fragment::from(" FROM ") + self.table();
        Ok(Body { from, joins, among: self.among(), test, renderer, places })
    }

    fn table(&self) -> Fragment {
        let Some(record) = self.would_be else { return self.row().into() };
        let columns = self.joins.row_columns.iter().filter_map(|name| {
            let field = record.collection().field(name)?;
            let value = encode(self.dialect, field, &would_be_value(record, name));
            let kind = value.kind();
            let param = Fragment::param(value).map(|param| self.dialect.typed(param, kind));
            Some(param + " AS " + quote(name))
        });
        let columns: Vec<Fragment> = columns.collect();
        let columns = if columns.is_empty() { "1".into() } else { Fragment::join(columns, ", ") };
        Fragment::from("(SELECT ") + columns + ") AS " + self.row()
    }

    fn among(&self) -> Option<Fragment> {
        let column = |name: &str| format!("{}.{}", self.row(), quote(name));
        Some(match self.among.as_ref()? {
            Among::Id(id) => {
                Fragment::from(column("id")) + " = " + Fragment::param(Value::text(id))
            }
            Among::Ids(ids) => {
                Fragment::param(ids.clone()).map(|ids| self.dialect.is_in(&column("id"), ids))
            }
        })
    }
}

impl Body<'_> {
    /// ` FROM … WHERE …`
    fn rows(&self) -> Fragment {
        let among = self.among.clone().map(compare::Test::Sql);
        let condition = render::filtered(render::all(among.into_iter().chain([self.test.clone()])));
        self.from.clone() + self.joins.clone() + condition
    }
}

/// What a create rule sees of a field (contract A 3.4).
fn would_be_value(record: &Record, name: &str) -> Json {
    match name {
        "id" if record.id().is_empty() => Json::from(NO_ID_YET),
        "verified" if record.collection().is_auth() => Json::Bool(false),
        name => record.get(name).clone(),
    }
}

fn list<T: AsRef<str>>(ids: &[T]) -> Value {
    Value::Json(ids.iter().map(|id| Json::from(id.as_ref())).collect())
}

fn invalid(error: RuleError) -> FilterError {
    FilterError::Invalid(error.message)
}
