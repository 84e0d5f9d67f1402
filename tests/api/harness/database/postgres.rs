//! A schema of PostgreSQL, looked at from outside the server.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::quote;
use crate::engine::wait_for;

/// A schema, asked on a connection for each question.
pub(crate) struct Schema {
    url: String,
}

impl Schema {
    pub(super) const fn new(url: String) -> Self {
        Self { url }
    }

    pub(super) fn change(&self, sql: &str) {
        self.ask(vec![sql.to_owned()]);
    }

    pub(super) fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*)::text FROM {}", quote(table));
        self.ask_one(sql)[0].parse().unwrap()
    }

    pub(super) fn column(&self, table: &str, column: &str) -> Vec<String> {
        let (table, column) = (quote(table), quote(column));
        self.ask_one(format!(
            "SELECT CASE pg_typeof({column}) WHEN 'boolean'::regtype \
             THEN {column}::text::boolean::int::text ELSE {column}::text END \
             FROM {table} ORDER BY \"_rowid_\""
        ))
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        let text = text.replace('\'', "''");
        let search = |table: &String| {
            let table = quote(table);
            format!("SELECT 'x' FROM {table} AS source WHERE strpos(source::text, '{text}') > 0")
        };
        let found = self.ask(self.tables().iter().map(search).collect());
        found.iter().any(|rows| !rows.is_empty())
    }

    pub(super) fn digest(&self) -> String {
        let tables = self.tables();
        let tables: Vec<_> = tables.into_iter().filter(|table| !super::is_tally(table)).collect();
        let digests = self.ask(tables.iter().map(|table| digest_of(table)).collect());
        let mut text = String::new();
        for (table, digest) in tables.iter().zip(digests) {
            writeln!(text, "{table}: {}", digest[0]).unwrap();
        }
        text
    }

    fn tables(&self) -> Vec<String> {
        self.ask_one(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
                .to_owned(),
        )
    }

    fn ask_one(&self, sql: String) -> Vec<String> {
        self.ask(vec![sql]).remove(0)
    }

    /// The first column of what each statement answers.
    fn ask(&self, statements: Vec<String>) -> Vec<Vec<String>> {
        let url = self.url.clone();
        let work = async move {
            let mut connection = PgConnection::connect(&url).await?;
            let mut answers = Vec::new();
            for sql in statements {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
                answers.push(rows.iter().map(|row| row.get(0)).collect());
            }
            connection.close().await?;
            Ok::<_, sqlx::Error>(answers)
        };
        wait_for(work).unwrap()
    }
}

/// The rows are hashed one by one and added up, so their order does not matter.
fn digest_of(table: &str) -> String {
    format!(
        "SELECT count(*) || ' rows, ' || \
         coalesce(sum(hashtextextended(source::text, 0)::numeric), 0) FROM {} AS source",
        quote(table)
    )
}
