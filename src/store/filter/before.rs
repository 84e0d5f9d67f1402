//! The rows that a transaction changed, as they were before it. A rule about a record that is gone may
//! read records that went with it, so a statement can be put to those rows in place of the stored
//! ones: a common table expression has the name of the table.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::store::column::{column_type, encode};
use crate::store::dialect::Dialect;
use crate::store::filter::FilterError;
use crate::store::filter::fragment::Fragment;
use crate::store::sql::quote;
use crate::store::value::Value;

/// Most rows of one collection that are put back. Every one is written into the statement, and there
/// may be a statement for each of them.
const MOST_ROWS: usize = 100;

/// What a transaction changed, as it was before.
#[derive(Debug, Default)]
pub struct Before {
    tables: Vec<Table>,
}

/// The changed rows of one collection.
#[derive(Debug)]
struct Table {
    collection: Arc<Collection>,
    /// The ids of all rows that were changed.
    changed: HashSet<String>,
    /// Those that had been there.
    rows: Vec<Arc<Record>>,
}

impl Before {
    /// The state before the transaction that told `events`.
    pub fn of(events: &[Event]) -> Self {
        let mut before = Self::default();
        for event in events {
            match event {
                Event::Created(record) => before.add(record, None),
                Event::Updated { old, .. } => before.add(old, Some(old)),
                Event::Deleted(record) => before.add(record, Some(record)),
                Event::SchemaChanged | Event::SignedOut { .. } | Event::Queued => {}
            }
        }
        before
    }

    /// Only the first change of a record tells what was there before all of them.
    fn add(&mut self, changed: &Record, row: Option<&Arc<Record>>) {
        let collection = changed.collection();
        let known = self.tables.iter().position(|table| table.collection.id == collection.id);
        let known = known.unwrap_or_else(|| {
            let collection = Arc::clone(collection);
            self.tables.push(Table { collection, changed: HashSet::new(), rows: Vec::new() });
            self.tables.len() - 1
        });
        let table = &mut self.tables[known];
        if table.changed.insert(changed.id().to_owned()) {
            table.rows.extend(row.cloned());
        }
    }

    /// `statement` put to the rows as they were: where it joins a table that was changed, that table
    /// has its former rows. The row that it is about is in the statement already.
    ///
    /// # Errors
    /// [`FilterError::Invalid`] when too many rows would have to be put back.
    pub(super) fn put(
        &self,
        dialect: Dialect,
        statement: Fragment,
    ) -> Result<Fragment, FilterError> {
        let mut tables = Vec::new();
        for table in self.tables.iter().filter(|table| statement.joins(&table.collection.name)) {
            if table.changed.len() > MOST_ROWS {
                let message = "too many records were changed at once".to_owned();
                return Err(FilterError::Invalid(message));
            }
            tables.push(table.expression(dialect));
        }
        if tables.is_empty() {
            return Ok(statement);
        }
        Ok(Fragment::from("WITH ") + Fragment::join(tables, ", ") + " " + statement)
    }
}

impl Table {
    /// `"name" AS (…)`
    fn expression(&self, dialect: Dialect) -> Fragment {
        let fields = self.collection.fields.iter();
        let columns: Vec<String> = fields.map(|field| quote(&field.name)).collect();
        let stored = dialect.stored_table(&self.collection.name);
        let changed = Value::Json(self.changed.iter().map(|id| Json::from(id.as_str())).collect());
        let changed = Fragment::param(changed).map(|ids| dialect.is_in("\"id\"", ids));
        let name = quote(&self.collection.name);
        let head = format!("{name} AS NOT MATERIALIZED (SELECT {}", columns.join(", "));
        let mut rows = Fragment::from(head) + format!(" FROM {stored} WHERE NOT (") + changed + ")";
        for row in &self.rows {
            rows = rows + " UNION ALL SELECT " + self.row(dialect, row);
        }
        rows + ")"
    }

    fn row(&self, dialect: Dialect, row: &Record) -> Fragment {
        let values = self.collection.fields.iter().map(|field| {
            let value = encode(dialect, field, row.get(&field.name));
            let column = column_type(field);
            Fragment::param(value).map(|param| dialect.typed(param, column))
        });
        Fragment::join(values, ", ")
    }
}
