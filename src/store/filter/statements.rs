//! From a query to the statements that ask it. What the query is about is collected beside this.

use std::collections::BTreeSet;

use crate::domain::Json;
use crate::domain::record::Record;
use crate::store::column::{column_type, encode};
use crate::store::filter::compare::Test;
use crate::store::filter::fragment::Fragment;
use crate::store::filter::predicate::Predicate;
use crate::store::filter::render::{self, Places, Renderer};
use crate::store::filter::sort::SortKey;
use crate::store::filter::{Among, FilterError, Given, Query};
use crate::store::records::select_list;
use crate::store::sql::{Statement, quote};
use crate::store::value::Value;

/// Most joined tables in one statement; SQLite has room for 64.
const MAX_JOINS: usize = 60;

/// The id of a row that has none yet: not empty, and no record's.
const NO_ID_YET: &str = "@new";

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
    found: Option<Fragment>,
    test: Test,
    renderer: Renderer,
    places: Places<'q>,
}

impl Query<'_> {
    /// Whether all rows pass or none does, where that is clear without asking the database.
    pub fn decided(&self) -> Option<bool> {
        let terms: Vec<&Predicate> = self.terms.iter().collect();
        let row = Places::new(&self.joins, self.row(), true);
        match Renderer::new(self.dialect).all(&terms, &row) {
            Test::Always => Some(true),
            Test::Never => Some(false),
            Test::Sql(_) => None,
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
            Test::Never => Exists::Known(false),
            Test::Always if self.is_one_row() && body.joins.is_empty() && body.found.is_none() => {
                Exists::Known(true)
            }
            _ => {
                let rows = Fragment::from("SELECT EXISTS (SELECT 1") + body.rows() + ")";
                Exists::Ask(self.as_it_was(rows)?.statement())
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
    /// every row before it answers the first one: then they can be counted on the way. That takes an
    /// order that no index has anything to do with and rows that come from one table alone: rows of
    /// a join or a sub-query may be sorted more than once.
    ///
    /// # Errors
    /// As [`Query::page`].
    pub fn counted_page(&self, limit: i64, offset: i64) -> Result<Option<Statement>, FilterError> {
        let Some(tally) = self.dialect.tally() else { return Ok(None) };
        if self.collection.is_view() || !self.sorts_without_index() {
            return Ok(None);
        }
        let page = self.page_with(limit, offset, Some(tally))?;
        let is_one_table = !page.sql.contains(" JOIN ") && page.sql.matches("SELECT ").count() == 1;
        Ok(is_one_table.then_some(page))
    }

    fn sorts_without_index(&self) -> bool {
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let mentioned = |column: &str| {
            let mut indexes = self.collection.indexes.iter();
            let says = |index: &String| {
                index.split(|c| !is_word(c)).any(|word| word.eq_ignore_ascii_case(column))
            };
            column.eq_ignore_ascii_case("id") || indexes.any(says)
        };
        let is_free = |key: &SortKey| key.row_column().is_some_and(|column| !mentioned(column));
        !self.sort.is_empty() && self.sort.iter().all(is_free)
    }

    /// A page; a call of `tally` is the last thing that the rows are sorted by.
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
        let best = self.search.as_ref().filter(|_| self.sort.is_empty());
        let best = best.map(|search| search.rank(self.dialect, self.collection, &row));
        let keys =
            keys.iter().map(|key| key.sql(self.dialect, renderer, &self.terms, places, &row));
        let keys: Vec<Fragment> = best
            .into_iter()
            .chain(keys)
            .chain(tally.map(|tally| format!("{tally}()").into()))
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

    /// Asks how many rows there are of each value of `key`, in the order of these: rows of a value and a
    /// number. `key` is SQL over the row.
    ///
    /// # Errors
    /// [`FilterError::Invalid`] when it would join too many tables.
    pub(in crate::store) fn count_by(&self, key: &str) -> Result<Statement, FilterError> {
        let select = Fragment::from(format!("SELECT {key}, COUNT(*)"));
        Ok((select + self.body(&[])?.rows() + " GROUP BY 1 ORDER BY 1").statement())
    }

    /// Whether the query is about one row that is there.
    const fn is_one_row(&self) -> bool {
        self.given.is_some() || matches!(self.among, Some(Among::Id(_)))
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
        let search = self.search.as_ref();
        let found = search.map(|search| search.found(self.dialect, self.collection, &self.row()));
        Ok(Body { from, joins, among: self.among(), found, test, renderer, places })
    }

    /// `statement` put to the rows as they were, where the query is about that moment.
    fn as_it_was(&self, statement: Fragment) -> Result<Fragment, FilterError> {
        match self.given {
            Some(Given::Told { before: Some(before), .. }) => before.put(self.dialect, statement),
            _ => Ok(statement),
        }
    }

    fn table(&self) -> Fragment {
        let Some(given) = self.given else { return self.row().into() };
        let record = given.record();
        let columns = self.joins.row_columns.iter().filter_map(|name| {
            let field = record.collection().field(name)?;
            let value = self.dialect.held(encode(self.dialect, field, &given.value(name)));
            let column = column_type(field);
            let param = Fragment::param(value).map(|param| self.dialect.typed(param, column));
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
        let rows = [&self.among, &self.found].into_iter().flatten().cloned().map(Test::Sql);
        let condition = render::filtered(render::all(rows.chain([self.test.clone()])));
        self.from.clone() + self.joins.clone() + condition
    }
}

impl<'a> Given<'a> {
    const fn record(self) -> &'a Record {
        match self {
            Self::WouldBe(record) | Self::Told { record, .. } => record,
        }
    }

    fn value(self, name: &str) -> Json {
        match self {
            Self::WouldBe(record) => would_be_value(record, name),
            Self::Told { record, .. } => record.get(name).clone(),
        }
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
