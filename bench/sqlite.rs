//! Rows into a file of SQLite, and what it then holds.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction, params_from_iter};
use serde_json::{Map, Value, json};

use crate::rows::{Cell, TABLES, rows};
use crate::{Failure, Filled, RowsDigest};

pub(crate) fn fill(path: &str, messages: u64) -> Result<Filled, Failure> {
    let mut database = Connection::open(path)?;
    let transaction = database.transaction()?;
    write_rows(&transaction, messages)?;
    transaction.commit()?;
    // Both planners shall know the same about the rows.
    database.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")?;
    let mut more = Map::new();
    more.insert("indexes".to_owned(), indexes(&database)?);
    more.insert("statistics".to_owned(), statistics(&database)?);
    let caller = "SELECT email, id, password FROM users ORDER BY id LIMIT 1";
    let caller =
        database.query_row(caller, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
    Ok(Filled { rows: digest(&database)?, more, caller })
}

fn write_rows(transaction: &Transaction<'_>, messages: u64) -> Result<(), Failure> {
    let users: Vec<String> = transaction
        .prepare("SELECT id FROM users ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for (table, rows) in rows(&users, messages) {
        let places = vec!["?"; table.columns.len()].join(", ");
        let columns = table.columns.join(", ");
        let insert = format!("INSERT INTO {} ({columns}) VALUES ({places})", table.name);
        let mut insert = transaction.prepare(&insert)?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
        }
    }
    Ok(())
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Int(number) => ValueRef::Integer(*number),
        }))
    }
}

fn digest(database: &Connection) -> Result<String, Failure> {
    let mut digest = RowsDigest::default();
    for table in &TABLES {
        let columns = table.columns.join(", ");
        let sql = format!("SELECT json_array({columns}) FROM {} ORDER BY rowid", table.name);
        let mut rows = database.prepare(&sql)?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            digest.add(&row.get::<_, String>(0)?);
        }
    }
    Ok(digest.finish())
}

/// The columns of each index, since the two name their indexes differently.
fn indexes(database: &Connection) -> Result<Value, Failure> {
    lines(
        database,
        "SELECT tables.value || ': ' || group_concat(columns.name, ', ')
                || iif(list.\"unique\", ' unique', '')
         FROM json_each('[\"room\", \"room_members\", \"message\"]') AS tables,
              pragma_index_list(tables.value) AS list, pragma_index_info(list.name) AS columns
         GROUP BY tables.value, list.name ORDER BY 1",
    )
}

/// What ANALYZE found out.
fn statistics(database: &Connection) -> Result<Value, Failure> {
    lines(
        database,
        "SELECT tbl || ': ' || stat FROM sqlite_stat1
         WHERE tbl IN ('room', 'room_members', 'message') ORDER BY 1",
    )
}

fn lines(database: &Connection, sql: &str) -> Result<Value, Failure> {
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    Ok(json!(rows.collect::<Result<Vec<_>, _>>()?))
}
