//! Emptying a PostgreSQL schema, for `ferrobase dev --reset`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::engine::postgres::connect::{Role, Server};
use crate::store::engine::postgres::open::{check_schema, check_server, new_tx};
use crate::store::engine::postgres::worker::session;
use crate::store::error::{OpenError, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::Tx;
use crate::store::{PostgresOptions, StoreOptions};

/// How long it may take, and may wait for transactions that still run.
const LIMIT: Duration = Duration::from_secs(60);

/// What drops each view, table, function and type of the schema, if it did not go with another one. Those
/// of extensions stay.
const DROPS: &str = "SELECT format('DROP %s IF EXISTS %I CASCADE', \
    CASE WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END, c.relname) \
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace \
    AND c.relkind IN ('r', 'p', 'v') AND NOT EXISTS \
    (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
    UNION ALL SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', p.oid::regprocedure) \
    FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace \
    AND p.prokind = 'f' AND NOT EXISTS \
    (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') \
    UNION ALL SELECT format('DROP TYPE IF EXISTS %I CASCADE', t.typname) \
    FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' \
    WHERE t.typnamespace = current_schema()::regnamespace";

/// Removes what is in the schema, if it is the product's. Blocks.
pub(super) fn erase(postgres: &PostgresOptions, options: &StoreOptions) -> Result<(), OpenError> {
    let server = Arc::new(Server::at(&postgres.url, options)?);
    let mut tx = new_tx(&server, Role::Writes, None)?;
    session(&mut tx).connect().map_err(|error| server.open_error(error))?;
    check_server(&mut tx, &server)?;
    check_schema(&mut tx, &server)?;
    session(&mut tx).start("BEGIN".to_owned()).map_err(|error| server.failed(error))?;
    tx.begin(Arc::default(), Instant::now() + LIMIT);
    let dropped = drop_all(&mut tx);
    tx.end();
    let done = dropped.and_then(|()| session(&mut tx).commit(String::new()));
    done.map_err(|error| server.failed(error))
}

fn drop_all(tx: &mut Tx) -> Result<(), StoreError> {
    let mut drops = Vec::new();
    for row in tx.fetch_all(Statement::new(DROPS, Vec::new()))? {
        drops.push(row.text(0)?.to_owned());
    }
    for drop in drops {
        tx.run(Statement::new(drop, Vec::new()))?;
    }
    Ok(())
}
