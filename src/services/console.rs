//! Statements that superusers write by hand (contract A 2.14).

use std::time::{Duration, Instant};

use serde::Serialize;
use serde::ser::SerializeStruct;

use crate::domain::event::Event;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::{check_length, require_unlocked};
use crate::store::console::{self, Column, Table};
use crate::store::{StoreError, Tx, collections, ddl};

/// How long a statement may take.
const LIMIT: Duration = Duration::from_secs(3 * 60);

/// Most rows that are answered.
const MOST_ROWS: usize = 1_000;

/// How statements begin that change something. They answer no rows.
const WRITES: [&str; 8] =
    ["INSERT", "CREATE", "UPDATE", "DELETE", "DROP", "DETACH", "ALTER", "REPLACE"];

/// How those of them begin that change tables and not rows.
const DEFINES: [&str; 4] = ["CREATE", "DROP", "DETACH", "ALTER"];

/// What a statement answered.
#[derive(Debug)]
pub struct Outcome {
    took: Duration,
    affected: u64,
    table: Table,
}

/// Runs one statement.
///
/// # Errors
/// `Invalid` for one that is not there or too long, `Locked` for one that changes something where a
/// config file says what there is, `BadRequest` with the words of the database.
pub async fn run(app: &App, query: &str) -> Result<Outcome, Error> {
    check_length(query)?;
    let sql = query.trim().to_owned();
    let started = Instant::now();
    let (affected, table) = if begins(&sql, &WRITES) {
        require_unlocked(app)?;
        let statements = [sql];
        let affected = app.store.write_with(LIMIT, move |tx| change(tx, &statements)).await?;
        (affected, Table { columns: Vec::new(), rows: Vec::new() })
    } else {
        let read = app.store.look(LIMIT, move |db| console::fetch(db, &sql, MOST_ROWS)).await;
        (0, read.map_err(refused)?)
    };
    Ok(Outcome { took: started.elapsed(), affected, table })
}

fn begins(sql: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        sql.split_at_checked(word.len())
            .is_some_and(|(first, rest)| first.eq_ignore_ascii_case(word) && ends(rest))
    })
}

/// Runs statements that change something, and sees to it that nothing goes on with what it knew
/// before: the collections are read again, and every process is told. How many rows they changed.
///
/// # Errors
/// `BadRequest` with the words of the database, or for what no server goes on after.
pub(in crate::services) fn change(tx: &mut Tx, statements: &[String]) -> Result<u64, Error> {
    let before = tx.schema();
    let mark = console::revision_mark(tx)?;
    let defines = statements.iter().any(|sql| begins(sql, &DEFINES));
    let broken = if defines { ddl::unreadable(tx)? } else { Vec::new() };
    let mut affected = 0;
    for sql in statements {
        affected += console::run(tx, sql).map_err(refused)?;
    }
    if !matches!(console::revision_mark(tx), Ok(found) if found == mark) {
        return Err(Error::bad_request(
            "The table _revision is how processes notice changes; it stays as it is.",
        ));
    }
    let schema = collections::load(tx, before.version()).map_err(|error| {
        Error::bad_request(format!("The collections could not be read after this: {error}"))
    })?;
    let gone =
        before.collections().iter().find(|old| old.system && schema.by_id(&old.id).is_none());
    if let Some(gone) = gone {
        return Err(Error::bad_request(format!(
            "{} is a collection of the product itself, and no server starts without it.",
            gone.name
        )));
    }
    if !defines && schema.collections() == before.collections() {
        // Statements that change rows stand in the way of no others that do.
        tx.emit(Event::SchemaChanged);
    } else {
        collections::publish(tx)?;
        let mut lost = ddl::unreadable(tx)?;
        lost.retain(|name| !broken.contains(name));
        if let Some(name) = lost.first() {
            return Err(Error::bad_request(format!(
                "The records of {name} could not be read after this. Change a collection by its \
                 definition (PATCH /api/collections/{name}), which changes the table with it."
            )));
        }
    }
    Ok(if defines { 0 } else { affected })
}

/// What the author of a statement is told.
fn refused(error: StoreError) -> Error {
    match error {
        StoreError::Statement { message, .. } => Error::BadRequest(message),
        StoreError::Unique(unique) => {
            Error::bad_request(format!("UNIQUE constraint failed: {unique}"))
        }
        StoreError::ReadOnly => Error::bad_request(format!(
            "A statement that asks for rows cannot change any. What changes something begins with \
             one of {}.",
            WRITES.join(", ")
        )),
        error => error.into(),
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns: Vec<_> = self.table.columns.iter().map(ShownColumn).collect();
        let mut outcome = serializer.serialize_struct("Outcome", 4)?;
        outcome.serialize_field("execTime", &(self.took.as_millis() as u64))?;
        outcome.serialize_field("affectedRows", &self.affected)?;
        outcome.serialize_field("columns", &columns)?;
        outcome.serialize_field("rows", &self.table.rows)?;
        outcome.end()
    }
}

struct ShownColumn<'a>(&'a Column);

impl Serialize for ShownColumn<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut column = serializer.serialize_struct("Column", 3)?;
        column.serialize_field("name", &self.0.name)?;
        column.serialize_field("type", &self.0.type_name)?;
        // Whether a result may be null is more than either engine says.
        column.serialize_field("nullable", &true)?;
        column.end()
    }
}
