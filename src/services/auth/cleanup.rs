//! Removes what no sign-in can use any more: codes and first factors that are too old (contract B 1.5),
//! sessions that have expired, and what was counted long ago.

use std::sync::Arc;

use crate::domain::collection::{AuthOptions, Collection};
use crate::domain::event::Event;
use crate::domain::system::{MFAS, OTPS};
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::rows;
use crate::store::{Tx, accounts, records, sessions, throttle};

/// Rows of one transaction.
const BATCH: i64 = 500;

/// Removes all of it.
///
/// # Errors
/// When the database cannot be reached.
pub async fn run(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    app.store.write(move |tx| throttle::sweep(tx, now)).await?;
    app.store.write(move |tx| sessions::sweep(tx, now)).await?;
    let schema = app.store.schema();
    for collection in schema.collections().iter().filter(|collection| collection.is_auth()) {
        let Some(options) = collection.auth() else { continue };
        for (name, seconds) in lifetimes(options) {
            let before = now.plus_millis(seconds.saturating_mul(-1_000));
            let (of, mut removed) = (Arc::clone(collection), BATCH);
            while removed == BATCH {
                let of = Arc::clone(&of);
                let batch = app.store.write(move |tx| remove(tx, name, &of, before));
                removed = batch.await?;
            }
        }
    }
    Ok(())
}

/// How long rows of each kind may be of use, also where the way in is closed by now.
const fn lifetimes(options: &AuthOptions) -> [(&'static str, i64); 2] {
    [(MFAS, options.mfa.duration), (OTPS, options.otp.duration)]
}

fn remove(
    tx: &mut Tx,
    name: &str,
    collection: &Collection,
    before: Timestamp,
) -> Result<i64, Error> {
    let owner = rows::collection(tx, name)?;
    let old = accounts::belongings_before(tx, &owner, collection, before, BATCH)?;
    let count = i64::try_from(old.len()).unwrap_or(i64::MAX);
    for row in old {
        records::remove(tx, &owner, row.id())?;
        tx.emit(Event::Deleted(Arc::new(row)));
    }
    Ok(count)
}
