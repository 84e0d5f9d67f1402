//! Signing in and who is signed in (contract B 3). Knows no HTTP.

mod answer;
pub mod methods;
pub mod password;
pub mod refresh;
pub mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use answer::SignedIn;

use crate::domain::collection::{AuthOptions, Collection};
use crate::services::Error;
use crate::services::app::App;

/// The auth collection with this id or name.
///
/// # Errors
/// `NotFound` when there is none, or its records cannot sign in.
pub fn auth_collection(app: &App, id_or_name: &str) -> Result<Arc<Collection>, Error> {
    let schema = app.store.schema();
    let collection = schema.find(id_or_name).filter(|collection| collection.is_auth());
    collection.cloned().ok_or(Error::NotFound)
}

/// The options of an auth collection.
fn options(collection: &Collection) -> Result<&AuthOptions, Error> {
    collection.auth().ok_or(Error::NotFound)
}
