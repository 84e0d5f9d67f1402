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

/// Removes first factors that no second one can follow any more, and sessions that have expired.
///
/// # Errors
/// When the database cannot be reached.
pub async fn factors(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    app.store.write(move |tx| sessions::sweep(tx, now)).await?;
    rows_of(app, MFAS, |options| options.mfa.duration).await
}

/// Removes codes that are too old, and what was counted of those who tried some.
///
/// # Errors
/// When the database cannot be reached.
pub async fn codes(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    app.store.write(move |tx| throttle::sweep(tx, now)).await?;
    rows_of(app, OTPS, |options| options.otp.duration).await
}

/// Removes the rows of the system collection `name` that are older than `seconds` says, also where the
/// way in is closed by now.
async fn rows_of(
    app: &App,
    name: &'static str,
    seconds: fn(&AuthOptions) -> i64,
) -> Result<(), Error> {
    let now = app.clock.now();
    let schema = app.store.schema();
    for collection in schema.collections().iter().filter(|collection| collection.is_auth()) {
        let Some(options) = collection.auth() else { continue };
        let before = now.plus_millis(seconds(options).saturating_mul(-1_000));
        let mut removed = BATCH;
        while removed == BATCH {
            let of = Arc::clone(collection);
            removed = app.store.write(move |tx| remove(tx, name, &of, before)).await?;
        }
    }
    Ok(())
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
