//! Finding or making the account of somebody whom a provider vouches for. What its transaction needs
//! and must not make itself follows from what is there before; when that has changed by the time it
//! runs, it starts over.

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::invalid::{FieldErrors, Invalid};
use crate::domain::random::{ALPHANUMERIC, Random};
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::oauth2::Attempt;
use crate::services::auth::oauth2::account::{self, Newcomer};
use crate::services::auth::oauth2::sign_up::SignUp;
use crate::services::auth::rows::Ingredients;
use crate::services::oauth2::Identified;

/// Times that it starts over because others changed the accounts.
const ATTEMPTS: usize = 3;
/// Characters of a password that nobody knows.
const PASSWORD: usize = 30;

/// Whoever arrived.
pub(super) struct Arrived {
    /// Their account.
    pub record: Arc<Record>,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// A password that nobody knows, hashed when it is first needed.
#[derive(Default)]
pub(super) struct MadeUp(Option<String>);

impl MadeUp {
    /// Its hash.
    pub(super) async fn hash(&mut self, app: &App) -> Result<String, Error> {
        if let Some(hash) = &self.0 {
            return Ok(hash.clone());
        }
        let hash = app.passwords.hash(Random::system().text(PASSWORD, ALPHANUMERIC)).await?;
        Ok(self.0.insert(hash).clone())
    }
}

/// Lets in whom `identified` vouches for, with a new account as `attempt` says if there is none.
pub(super) async fn arrive(
    app: &App,
    collection: &Arc<Collection>,
    identified: &Identified,
    attempt: Attempt,
    request: &RequestInfo,
) -> Result<Arrived, Error> {
    let newcomer = Newcomer {
        collection: collection.id.clone(),
        provider: identified.provider,
        profile: Arc::new(identified.profile.clone()),
        request: request.clone(),
        made_of: Ingredients::new(request.now),
    };
    let mut password = MadeUp::default();
    let mut sign_up = SignUp::new(&newcomer, attempt);
    for round in 1..=ATTEMPTS {
        let looking = newcomer.clone();
        let found = app.store.read(move |db| account::find(db, &looking)).await?;
        let arrived = match found {
            Some(account) if account.is_settled(&newcomer.profile) => {
                Some(Arrived { record: Arc::new(account.record), is_new: false })
            }
            Some(account) => {
                let hash = match account.loses_password() {
                    true => Some(password.hash(app).await?),
                    false => None,
                };
                let record = let_in(app, &newcomer, account.record.id().to_owned(), hash).await;
                record?.map(|record| Arrived { record, is_new: false })
            }
            None => match sign_up.attempt(app, collection, &mut password).await {
                Err(Error::Invalid(faults)) if round < ATTEMPTS && is_taken(&faults) => None,
                outcome => outcome?.map(|record| Arrived { record, is_new: true }),
            },
        };
        if let Some(arrived) = arrived {
            return Ok(arrived);
        }
    }
    Err(Error::unavailable("the accounts keep changing"))
}

async fn let_in(
    app: &App,
    newcomer: &Newcomer,
    id: String,
    password: Option<String>,
) -> Result<Option<Arc<Record>>, Error> {
    let newcomer = newcomer.clone();
    app.store.write(move |tx| account::let_in(tx, &newcomer, &id, password.as_deref())).await
}

/// Whether somebody else has a value that was to be new. That may be the same person in another
/// window.
fn is_taken(faults: &FieldErrors) -> bool {
    let is_taken = |invalid: &Invalid| match invalid {
        Invalid::Fault(fault) => fault.code == "validation_not_unique",
        Invalid::Nested(_) => false,
    };
    faults.iter().any(|(_, invalid)| is_taken(invalid))
}
