//! Looking at every row: before the copy at those of the source, for values that the target cannot
//! hold, and after it at those of the target, which must be the same.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::services::copy::error::{CopyError, Difference, Unfit};
use crate::services::copy::progress::{Meter, Phase, Report};
use crate::services::copy::sum::{Sum, TableSum};
use crate::store::copying::{self, SYSTEM_TABLES, SystemTable};
use crate::store::fit::fit;
use crate::store::{Db, Dialect, Snapshot, StoreError, Value, records};

/// Values that are named when there are many that the target cannot hold.
const NAMED: usize = 20;

/// What the source holds, all of which the target can hold.
pub(super) struct Checked {
    /// The collections that have records of their own.
    pub(super) stored: Vec<Arc<Collection>>,
    /// The records of all of them.
    pub(super) records: u64,
    /// The system tables, then those of `stored`.
    pub(super) tables: Vec<TableSum>,
    /// Tables that belong to no collection.
    pub(super) left_out: Vec<String>,
}

/// Looks at everything that `source` holds.
///
/// # Errors
/// [`CopyError::Unfit`] for what `target` cannot hold, or what the source says.
pub(super) fn check(
    source: &mut Snapshot,
    target: Dialect,
    report: &Report,
) -> Result<Checked, CopyError> {
    look(source, target, report).map_err(CopyError::Source)?
}

fn look(
    source: &mut Snapshot,
    target: Dialect,
    report: &Report,
) -> Result<Result<Checked, CopyError>, StoreError> {
    let schema = source.schema();
    let stored = schema.collections().iter().filter(|collection| !collection.is_view());
    let stored: Vec<Arc<Collection>> = stored.map(Arc::clone).collect();
    let mut records = 0;
    for collection in &stored {
        records += records::count(source, collection)?.unsigned_abs();
    }
    let mut meter = Meter::new(report, Phase::Checking, records);
    let mut tables = system_sums(source)?;
    let mut faults = Vec::new();
    for collection in &stored {
        meter.enter(&collection.name);
        let mut sum = Sum::new();
        copying::each_record(source, collection, |mut record| {
            if let Err(misfit) = fit(target, &mut record) {
                faults.push(Unfit {
                    collection: collection.name.clone(),
                    id: record.id().to_owned(),
                    field: misfit.field,
                    reason: misfit.reason,
                });
                // One more than is named tells that there are more.
                faults.truncate(NAMED + 1);
            }
            sum.add(record.values());
            meter.step();
            Ok(())
        })?;
        tables.push(sum.of(&collection.name));
    }
    if !faults.is_empty() {
        let more = faults.len() > NAMED;
        faults.truncate(NAMED);
        return Ok(Err(CopyError::Unfit { faults, more }));
    }
    let left_out = copying::foreign_tables(source)?;
    Ok(Ok(Checked { stored, records, tables, left_out }))
}

/// Reads the copy, and compares it with what was checked.
///
/// # Errors
/// [`CopyError::Differs`], or what the database says.
pub(super) fn compare(db: &mut Db, checked: &Checked, report: &Report) -> Result<(), CopyError> {
    let mut meter = Meter::new(report, Phase::Comparing, checked.records);
    let mut found = system_sums(db)?;
    for collection in &checked.stored {
        meter.enter(&collection.name);
        let mut sum = Sum::new();
        copying::each_record(db, collection, |record| {
            sum.add(record.values());
            meter.step();
            Ok(())
        })?;
        found.push(sum.of(&collection.name));
    }
    let pairs = checked.tables.iter().cloned().zip(found);
    let differences: Vec<Difference> = pairs
        .filter(|(source, target)| source != target)
        .map(|(source, target)| Difference { source, target })
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(CopyError::Differs(differences)) }
}

fn system_sums(db: &mut Db) -> Result<Vec<TableSum>, StoreError> {
    SYSTEM_TABLES.iter().map(|table| system_sum(db, table)).collect()
}

fn system_sum(db: &mut Db, table: &SystemTable) -> Result<TableSum, StoreError> {
    let mut sum = Sum::new();
    for row in copying::system_rows(db, table)? {
        let row: Vec<Json> = row.iter().map(Value::to_json).collect();
        sum.add(&row);
    }
    Ok(sum.of(table.name))
}
