//! Emptying a PostgreSQL schema, for `ferrobase dev --reset`, if it is the product's alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::engine::postgres::connect::{Role, Server};
use crate::store::engine::postgres::open::{check_server, is_ours, new_tx};
use crate::store::engine::postgres::worker::session;
use crate::store::error::{OpenError, ServerFault, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::Tx;
use crate::store::{PostgresOptions, StoreOptions};

/// How long it may take, and may wait for transactions that still run.
const LIMIT: Duration = Duration::from_secs(60);

/// The names that the product's tables and views have.
const NAMES: &str = "SELECT \"name\" FROM \"_collections\" UNION ALL \
    SELECT tablename FROM pg_tables WHERE schemaname = current_schema() \
    AND tablename LIKE '% search' UNION ALL \
    SELECT unnest(ARRAY['_collections', '_params', '_revision', '_config_states', '_events', \
    '_loose_files', '_queue', '_mails', '_throttle', '_sessions', \
    '_totp', '_nodes', '_crons', '_cron_runs', '_limits', '_logs', '_log_batches', \
    '_migrations'])";

/// What drops the product's views, tables, functions and types, each kind at once, since its members
/// may need each other. What somebody else made keeps what it needs: then nothing is dropped.
fn drops() -> String {
    format!(
        "WITH named (name) AS ({NAMES}), \
         made AS (SELECT c.relkind, quote_ident(c.relname) AS name FROM pg_class c \
         JOIN named ON named.name = c.relname \
         WHERE c.relnamespace = current_schema()::regnamespace), \
         drops (place, text) AS ( \
         SELECT 1, 'DROP VIEW ' || string_agg(name, ', ') FROM made WHERE relkind = 'v' \
         UNION ALL \
         SELECT 2, 'DROP TABLE ' || string_agg(name, ', ') FROM made WHERE relkind = 'r' \
         UNION ALL \
         SELECT 3, 'DROP FUNCTION ' || string_agg(p.oid::regprocedure::text, ', ') \
         FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace \
         AND (p.proname LIKE 'ferrobase\\_%' OR p.proname LIKE '% search' \
         OR p.proname = 'geo_distance') \
         UNION ALL \
         SELECT 4, 'DROP TYPE ' || string_agg(quote_ident(t.typname), ', ') FROM pg_type t \
         JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' \
         WHERE t.typnamespace = current_schema()::regnamespace \
         AND t.typname LIKE 'ferrobase\\_%') \
         SELECT text FROM drops WHERE text IS NOT NULL ORDER BY place"
    )
}

/// Answers the schema and the first table or view in it that is not the product's.
fn stranger() -> String {
    format!(
        "SELECT current_schema()::text, c.relname::text FROM pg_class c \
         WHERE c.relnamespace = current_schema()::regnamespace \
         AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname NOT IN ({NAMES}) \
         AND NOT EXISTS \
         (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') LIMIT 1"
    )
}

/// Removes what the product made in the schema. Blocks.
pub(super) fn erase(postgres: &PostgresOptions, options: &StoreOptions) -> Result<(), OpenError> {
    let server = Arc::new(Server::at(&postgres.url, options)?);
    let mut tx = new_tx(&server, Role::Writes, None, &options.keyring)?;
    session(&mut tx).connect().map_err(|error| server.open_error(error))?;
    check_server(&mut tx, &server)?;
    tx.begin(Arc::default(), Instant::now() + LIMIT);
    if !is_ours(&mut tx, &server)? {
        return Ok(());
    }
    refuse_strangers(&mut tx, &server)?;
    session(&mut tx).start("BEGIN".to_owned()).map_err(|error| server.failed(error))?;
    tx.begin(Arc::default(), Instant::now() + LIMIT);
    let dropped = drop_all(&mut tx);
    tx.end();
    let done = dropped.and_then(|()| session(&mut tx).commit(String::new()));
    done.map(|_| ()).map_err(|error| server.failed(error))
}

/// A schema that others use too is left as it is: it could not be started from afterwards either.
fn refuse_strangers(tx: &mut Tx, server: &Server) -> Result<(), OpenError> {
    let failed = |source| server.failed(source);
    let found = tx.fetch_optional(Statement::new(stranger(), Vec::new())).map_err(failed)?;
    let Some(row) = found else { return Ok(()) };
    let schema = row.text(0).map_err(failed)?.to_owned();
    let table = row.text(1).map_err(failed)?.to_owned();
    Err(server.fault(ServerFault::Foreign { schema, table }))
}

fn drop_all(tx: &mut Tx) -> Result<(), StoreError> {
    for row in tx.fetch_all(Statement::new(drops(), Vec::new()))? {
        tx.run(Statement::new(row.text(0)?.to_owned(), Vec::new()))?;
    }
    Ok(())
}
