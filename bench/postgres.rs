//! Rows into a database of PostgreSQL, and what it then holds.

use futures_util::TryStreamExt;
use serde_json::Map;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::rows::{Cell, TABLES, Table, rows};
use crate::{Failure, Filled, RowsDigest};

/// How much is sent at once.
const CHUNK: usize = 1 << 16;

pub(crate) fn fill(url: &str, messages: u64) -> Result<Filled, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut database = PgConnection::connect(url).await?;
        write_rows(&mut database, messages).await?;
        // As autovacuum would, but now: statistics, and pages known to be visible to all.
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut database).await?;
        let caller = "SELECT email, id, password FROM users ORDER BY id LIMIT 1";
        let caller = sqlx::query(caller).fetch_one(&mut database).await?;
        let caller = [caller.try_get(0)?, caller.try_get(1)?, caller.try_get(2)?];
        let rows = digest(&mut database).await?;
        database.close().await?;
        Ok(Filled { rows, more: Map::new(), caller })
    })
}

async fn write_rows(database: &mut PgConnection, messages: u64) -> Result<(), Failure> {
    let users: Vec<String> =
        sqlx::query_scalar("SELECT id FROM users ORDER BY id").fetch_all(&mut *database).await?;
    for (table, rows) in rows(&users, messages) {
        let columns = quoted(table.columns).join(", ");
        let copy = format!("COPY \"{}\" ({columns}) FROM STDIN", table.name);
        let mut sink = database.copy_in_raw(&copy).await?;
        let mut chunk = String::new();
        for row in rows {
            push_line(&mut chunk, &row);
            if chunk.len() > CHUNK {
                sink.send(std::mem::take(&mut chunk).into_bytes()).await?;
            }
        }
        sink.send(chunk.into_bytes()).await?;
        sink.finish().await?;
    }
    Ok(())
}

/// A row as COPY reads it. No text of ours has a tab, a line break or a backslash.
fn push_line(lines: &mut String, row: &[Cell]) {
    for (position, cell) in row.iter().enumerate() {
        if position > 0 {
            lines.push('\t');
        }
        match cell {
            Cell::Text(text) => lines.push_str(text),
            Cell::Int(number) => lines.push_str(&number.to_string()),
        }
    }
    lines.push('\n');
}

fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("\"{name}\"")).collect()
}

async fn digest(database: &mut PgConnection) -> Result<String, Failure> {
    let mut digest = RowsDigest::default();
    for table in &TABLES {
        let sql = as_json(table);
        let mut rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch(&mut *database);
        while let Some(row) = rows.try_next().await? {
            let row: String = row;
            digest.add(&row);
        }
    }
    Ok(digest.finish())
}

/// Every row as SQLite's `json_array` writes it. No text of ours has a quote.
fn as_json(table: &Table) -> String {
    let column = |name: &&str| match *name {
        "created" | "updated" => {
            let text = "'YYYY-MM-DD HH24:MI:SS.MS\"Z\"'";
            format!("'\"' || to_char(\"{name}\" AT TIME ZONE 'UTC', {text}) || '\"'")
        }
        "rank" => "\"rank\"::bigint".to_owned(),
        name => format!("'\"' || \"{name}\" || '\"'"),
    };
    let columns: Vec<_> = table.columns.iter().map(column).collect();
    let columns = columns.join(" || ',' || ");
    format!("SELECT '[' || {columns} || ']' FROM \"{}\" ORDER BY \"_rowid_\"", table.name)
}
