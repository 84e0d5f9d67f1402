//! What every database has from its first start: the product's own collections, and without a
//! config file the `users` collection that clients expect (contract A 2.15).

use std::time::Duration;

use crate::domain::random::Random;
use crate::domain::system;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections;

/// Where the collections of a fresh database come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A config file declares them.
    ConfigFile,
    /// There is no file; they are made through the API.
    Api,
}

/// Makes the system collections that are not there yet, and `users` in a database that was never
/// used before and has no config file. Does nothing on every later start.
///
/// # Errors
/// What the database says; nothing is made then.
pub async fn run(app: &App, source: Source) -> Result<(), Error> {
    const LIMIT: Duration = Duration::from_secs(60);
    let (now, random) = (app.clock.now(), Random::system());
    app.store
        .write_with(LIMIT, move |tx| {
            let mut random = random.clone();
            let before = tx.schema();
            for collection in system::collections(now, &mut random) {
                if before.by_name(&collection.name).is_none() {
                    collections::create(tx, &collection)?;
                }
            }
            if before.collections().is_empty() && source == Source::Api {
                collections::create(tx, &system::users(now, &mut random))?;
            }
            Ok(())
        })
        .await
}
