//! What every database has from its first start: the product's own collections, and without a
//! config file the `users` collection that clients expect (contract A 2.15).

use std::time::Duration;

use crate::domain::Json;
use crate::domain::random::Random;
use crate::domain::system;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections;
use crate::store::{StoreError, Tx, ddl, params};

/// The setting that says that the first collections were decided. Collections alone do not tell: a
/// superuser can be made before the first start, and all collections can be deleted later.
const DECIDED: &str = "first_collections";

/// How long making the collections may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the collections of a fresh database come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A config file declares them.
    ConfigFile,
    /// There is no file; they are made through the API.
    Api,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigFile => "config",
            Self::Api => "api",
        }
    }
}

/// Makes the system collections that are not there yet, and `users` in a database that was never
/// served before and has no config file. Makes full-text indexes that an older version did not know.
/// Does nothing on every later start.
///
/// # Errors
/// What the database says; nothing is made then.
pub async fn run(app: &App, source: Source) -> Result<(), Error> {
    let (now, random) = (app.clock.now(), Random::system());
    app.store
        .write_with(LIMIT, move |tx| {
            let mut random = random.clone();
            make_system(tx, now, &mut random)?;
            for collection in tx.schema().collections() {
                ddl::complete_search(tx, collection)?;
            }
            if params::load(tx, DECIDED)?.is_some() {
                return Ok(());
            }
            let empty = tx.schema().collections().iter().all(|collection| collection.system);
            if empty && source == Source::Api {
                collections::create(tx, &system::users(now, &mut random))?;
            }
            Ok(decide(tx, source, now)?)
        })
        .await
}

/// Says where the collections of the database come from, so that no start makes others.
///
/// # Errors
/// What the database says.
pub fn decide(tx: &mut Tx, source: Source, now: Timestamp) -> Result<(), StoreError> {
    params::save(tx, DECIDED, &Json::from(source.as_str()), now)
}

/// Makes the system collections that are not there yet, and leaves it to the first server to say
/// what else there is.
///
/// # Errors
/// What the database says; nothing is made then.
pub async fn system_collections(app: &App) -> Result<(), Error> {
    let (now, random) = (app.clock.now(), Random::system());
    app.store.write_with(LIMIT, move |tx| make_system(tx, now, &mut random.clone())).await
}

fn make_system(tx: &mut Tx, now: Timestamp, random: &mut Random) -> Result<(), Error> {
    let before = tx.schema();
    for collection in system::collections(now, random) {
        if before.by_name(&collection.name).is_none() {
            collections::create(tx, &collection)?;
        }
    }
    Ok(())
}
