//! One state of a PostgreSQL database, and the lock of who needs to be the only one: each on a
//! connection of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::keyring::Keyring;
use crate::domain::schema::Schema;
use crate::store::engine::postgres::connect::{Role, Server};
use crate::store::engine::postgres::open::new_tx;
use crate::store::engine::postgres::worker::session;
use crate::store::engine::{REVISION, Snapshot};
use crate::store::error::{Source, StoreError};
use crate::store::sql::Statement;
use crate::store::tx::Tx;

/// How long making the connection and beginning may take.
const BEGIN: Duration = Duration::from_secs(30);

/// A transaction that sees what was committed before it, and may take its time. The parts that
/// a server, a role or this connection may limit are told to it.
const ONE_STATE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                         SET LOCAL statement_timeout = 0; \
                         SET LOCAL idle_in_transaction_session_timeout = 0";

/// The database as it is now. Blocks.
pub(super) fn open(server: &Arc<Server>) -> Result<Snapshot, StoreError> {
    let mut tx = connect(server)?;
    session(&mut tx).start(ONE_STATE.to_owned())?;
    let revision = tx.fetch_one(Statement::new(REVISION, Vec::new()))?.int(0)?;
    let schema = crate::store::collections::load(&mut tx, revision)?;
    Ok(Snapshot::of(tx.into_db(), Arc::new(schema), None))
}

/// The lock, unless somebody has it. Blocks.
pub(super) fn hold(server: &Arc<Server>) -> Result<Option<Snapshot>, StoreError> {
    let mut tx = connect(server)?;
    let hold = tx.dialect().hold();
    let held = tx.fetch_one(hold)?.bool(0)?;
    Ok(held.then(|| Snapshot::of(tx.into_db(), Arc::new(Schema::default()), None)))
}

fn connect(server: &Arc<Server>) -> Result<Tx, StoreError> {
    let failed = |error: crate::store::OpenError| {
        StoreError::Away(Source::new(std::io::Error::other(error.to_string())))
    };
    // Who copies rows as they are needs no key for them.
    let mut tx = new_tx(server, Role::SlowReads, None, &Keyring::Blind).map_err(failed)?;
    session(&mut tx).connect().map_err(|error| failed(server.open_error(error)))?;
    tx.begin(Arc::default(), Instant::now() + BEGIN);
    Ok(tx)
}
