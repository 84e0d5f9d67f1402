//! The table `_events` of a PostgreSQL database: what committed transactions did, for the other
//! processes that use it. A row is written by the transaction itself, just before its commit, so an
//! event is there if and only if the change is.

use std::sync::Arc;

use serde_json::{Map, json};

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::schema::Schema;
use crate::store::error::StoreError;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// Most rows that are read again.
const MOST_PAST: usize = 10_000;

/// The last rows of the table as of one moment.
pub(in crate::store) struct Page {
    /// The revision of the collections.
    pub(in crate::store) revision: i64,
    /// Every transaction below this number has ended.
    pub(in crate::store) ended: i64,
    /// The rows, in the order of their numbers.
    pub(in crate::store) rows: Vec<Entry>,
}

/// One row: what one transaction did.
pub(in crate::store) struct Entry {
    /// Its number. Numbers are given just before the commit; what changed the same record has them
    /// in the order of the changes.
    pub(in crate::store) number: i64,
    /// The events, unless they are those of the process that asks.
    pub(in crate::store) events: Option<String>,
}

/// The statement that writes `events` of the process `node` and answers their number, to be sent with the
/// COMMIT; empty when there is nothing to write.
pub(in crate::store) fn insert(node: &str, events: &[Event]) -> String {
    if events.is_empty() {
        return String::new();
    }
    let (node, events) = (literal(node), literal(&encode(events)));
    format!(
        "INSERT INTO \"_events\" (\"node\", \"events\") VALUES ({node}, {events}) \
         RETURNING \"number\"; "
    )
}

/// The rows after `last` and those of `missing` that have come since, without the events of `node`.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn since(
    db: &mut Db,
    node: &str,
    last: i64,
    missing: &[i64],
) -> Result<Page, StoreError> {
    let sql = "SELECT (SELECT \"number\" FROM \"_revision\"), \
               (pg_snapshot_xmin(\"now\".\"state\")::text)::bigint, \
               \"_events\".\"number\", \
               CASE WHEN \"node\" <> $1 THEN \"events\" END \
               FROM (SELECT pg_current_snapshot() AS \"state\") AS \"now\" \
               LEFT JOIN \"_events\" ON \"number\" > $2 OR \"number\" IN \
               (SELECT json_array_elements_text($3)::bigint) ORDER BY \"_events\".\"number\"";
    let params = vec![Value::text(node), Value::Int(last), Value::Json(json!(missing))];
    let mut page = Page { revision: 0, ended: 0, rows: Vec::new() };
    db.fetch_each(Statement::new(sql, params), |row| {
        (page.revision, page.ended) = (row.int(0)?, row.int(1)?);
        if !row.is_null(2)? {
            let events = if row.is_null(3)? { None } else { Some(row.text(3)?.to_owned()) };
            page.rows.push(Entry { number: row.int(2)?, events });
        }
        Ok(())
    })?;
    Ok(page)
}

/// The number of a transaction that begins now. Who writes a row has a number before the row has, so those
/// of all who have taken one are below.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn transaction(tx: &mut Tx) -> Result<i64, StoreError> {
    let sql = "SELECT (pg_current_xact_id()::text)::bigint";
    tx.fetch_one(Statement::new(sql, Vec::new()))?.int(0)
}

/// The rows with these numbers, with their events, whoever's they are.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn under(db: &mut Db, numbers: &[i64]) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT \"number\", \"events\" FROM \"_events\" WHERE \"number\" IN \
               (SELECT json_array_elements_text($1)::bigint) ORDER BY \"number\"";
    entries(db, Statement::new(sql, vec![Value::Json(json!(numbers))]))
}

/// The rows from the number `from` on and `before` the other one, whoever's they are; of very many the last.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn between(
    db: &mut Db,
    from: i64,
    before: i64,
) -> Result<Vec<Entry>, StoreError> {
    let sql = format!(
        "SELECT * FROM (SELECT \"number\", \"events\" FROM \"_events\" \
         WHERE \"number\" >= $1 AND \"number\" < $2 ORDER BY \"number\" DESC LIMIT {MOST_PAST}) \
         AS \"past\" ORDER BY \"number\""
    );
    entries(db, Statement::new(sql, vec![Value::Int(from), Value::Int(before)]))
}

fn entries(db: &mut Db, statement: Statement) -> Result<Vec<Entry>, StoreError> {
    let mut rows = Vec::new();
    db.fetch_each(statement, |row| {
        rows.push(Entry { number: row.int(0)?, events: Some(row.text(1)?.to_owned()) });
        Ok(())
    })?;
    Ok(rows)
}

/// The greatest number so far.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn last(db: &mut Db) -> Result<i64, StoreError> {
    let sql = "SELECT COALESCE(MAX(\"number\"), 0) FROM \"_events\"";
    db.fetch_one(Statement::new(sql, Vec::new()))?.int(0)
}

/// Removes the rows up to `number`.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn forget(tx: &mut Tx, number: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_events\" WHERE \"number\" <= $1";
    tx.run(Statement::new(sql, vec![Value::Int(number)])).map(|_| ())
}

/// What [`insert`] wrote. Records of collections that are gone are left out, and fields that are
/// new have their zero value: who must know more reads the record.
pub(in crate::store) fn decode(schema: &Schema, text: &str) -> Vec<Event> {
    let events: Vec<Json> = serde_json::from_str(text).unwrap_or_default();
    events.iter().filter_map(|event| decode_event(schema, event)).collect()
}

fn encode(events: &[Event]) -> String {
    Json::Array(events.iter().map(encode_event).collect()).to_string()
}

fn encode_event(event: &Event) -> Json {
    match event {
        Event::Created(record) => written(record, json!({ "new": values(record) })),
        Event::Updated { old, new } => {
            written(new, json!({ "old": values(old), "new": values(new) }))
        }
        Event::Deleted(record) => written(record, json!({ "old": values(record) })),
        Event::SchemaChanged => json!({}),
        Event::SignedOut { record } => json!({ "signedOut": record }),
        Event::Queued => json!({ "queued": true }),
    }
}

fn written(record: &Record, mut event: Json) -> Json {
    event["collection"] = Json::from(record.collection().id.as_str());
    event
}

fn values(record: &Record) -> Json {
    let fields = record.collection().fields.iter().zip(record.values());
    Json::Object(fields.map(|(field, value)| (field.name.clone(), value.clone())).collect())
}

fn decode_event(schema: &Schema, event: &Json) -> Option<Event> {
    let Some(id) = event.get("collection") else { return Some(decode_other(event)) };
    let collection = schema.by_id(id.as_str()?)?;
    let side = |name: &str| Some(record(collection, event.get(name)?.as_object()?));
    match (side("old"), side("new")) {
        (None, Some(new)) => Some(Event::Created(new)),
        (Some(old), Some(new)) => Some(Event::Updated { old, new }),
        (Some(old), None) => Some(Event::Deleted(old)),
        (None, None) => None,
    }
}

/// An event that is about no record.
fn decode_other(event: &Json) -> Event {
    match event.get("signedOut").and_then(Json::as_str) {
        Some(record) => Event::SignedOut { record: record.to_owned() },
        None if event.get("queued").is_some() => Event::Queued,
        None => Event::SchemaChanged,
    }
}

fn record(collection: &Arc<Collection>, values: &Map<String, Json>) -> Arc<Record> {
    let fields = collection.fields.iter();
    let values = fields.map(|field| values.get(&field.name).cloned().unwrap_or(field.zero()));
    Arc::new(Record::new(Arc::clone(collection), values.collect()))
}

/// A text as SQL, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::collection::CollectionKind;
    use crate::domain::fields::{Field, FieldKind, TextOptions};

    fn collection(fields: &[&str]) -> Arc<Collection> {
        let text = |name: &&str| Field::new(*name, FieldKind::Text(TextOptions::default()));
        Arc::new(Collection {
            id: "c1".to_owned(),
            name: "notes".to_owned(),
            fields: fields.iter().map(text).collect(),
            ..Collection::blank(CollectionKind::Base)
        })
    }

    #[test]
    fn events_come_back_as_they_were_sent() {
        let collection = collection(&["id", "title"]);
        let note = |title: &str| {
            Arc::new(Record::new(Arc::clone(&collection), vec!["r1".into(), title.into()]))
        };
        let events = [
            Event::Created(note("it's \\ \" new")),
            Event::Updated { old: note("a"), new: note("b") },
            Event::Deleted(note("b")),
            Event::SchemaChanged,
            Event::SignedOut { record: "r1".to_owned() },
            Event::Queued,
        ];
        let schema = Schema::new(1, vec![Arc::clone(&collection)]);
        let decoded = decode(&schema, &encode(&events));
        assert_eq!(format!("{decoded:?}"), format!("{events:?}"));
    }

    #[test]
    fn what_has_changed_since_is_left_out_or_zero() {
        let written = collection(&["id", "old"]);
        let record = Arc::new(Record::new(written, vec!["r1".into(), "x".into()]));
        let text = encode(&[Event::Created(record)]);
        assert!(decode(&Schema::new(2, vec![]), &text).is_empty());
        let schema = Schema::new(2, vec![collection(&["id", "new"])]);
        let [Event::Created(read)] = &decode(&schema, &text)[..] else { panic!("{text}") };
        assert_eq!((read.text("id"), read.text("new")), ("r1", ""));
    }

    #[test]
    fn a_text_cannot_leave_its_literal() {
        assert_eq!(literal("a'; DROP TABLE x; --\\"), "E'a''; DROP TABLE x; --\\\\'");
        assert_eq!(insert("n", &[]), "");
        let sql = insert("n", &[Event::SchemaChanged]);
        let expected = r#"INSERT INTO "_events" ("node", "events") VALUES (E'n', E'[{}]') RETURNING "number"; "#;
        assert_eq!(sql, expected);
    }
}
