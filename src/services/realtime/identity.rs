//! What changes of accounts do to connections that act for them (contract A 5.6). A connection keeps its
//! token, and becomes a guest's when what signs the token changes.

use std::sync::Arc;

use crate::domain::record::Record;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::session;
use crate::services::realtime::Realtime;
use crate::services::realtime::client::{Client, Identity, is_same_account};
use crate::services::tokens::{TokenKind, is_signed_by};
use crate::store::records;

/// An account was changed: its connections see it as it is now, or are guests if their tokens ended.
pub(super) fn updated(realtime: &Realtime, account: &Arc<Record>) {
    for client in of_account(realtime, account) {
        renew(&client, account);
    }
}

/// An account was removed: its connections are guests.
pub(super) fn deleted(realtime: &Realtime, account: &Record) {
    for client in of_account(realtime, account) {
        client.state().identity = None;
    }
}

/// Collections were changed, and with them perhaps what signs tokens: all accounts are read again.
pub(super) async fn check_all(app: &App) {
    for client in app.realtime.clients() {
        let Some(identity) = client.state().identity.clone() else { continue };
        match read(app, &identity.record).await {
            Ok(Some(account)) => renew(&client, &Arc::new(account)),
            Ok(None) => client.state().identity = None,
            Err(error) => {
                // Who cannot be checked must not go on.
                tracing::warn!(%error, "the account of a realtime client cannot be read");
                app.realtime.end(&client);
            }
        }
    }
}

/// Sessions of the account `id` ended: the connections that act for it within one of them are guests.
pub(super) async fn signed_out(app: &App, id: &str) {
    for client in app.realtime.clients() {
        let identity = client.state().identity.clone();
        let Some(identity) = identity.filter(|identity| identity.record.id() == id) else {
            continue;
        };
        if let Err(error) = confirm(app, &client, &identity).await {
            tracing::warn!(%error, "the session of a realtime client cannot be read");
        }
    }
}

/// Makes `client` a guest's unless `identity` still holds: its session may have ended while the client
/// was being told who it acts for.
///
/// # Errors
/// When the database cannot be asked; the client is a guest's then.
pub(super) async fn confirm(app: &App, client: &Client, identity: &Identity) -> Result<(), Error> {
    let session = session::session_of(app, &identity.token).await;
    if !matches!(session, Ok(Some(_))) {
        let mut state = client.state();
        if state.identity.as_ref().is_some_and(|current| current.token == identity.token) {
            state.identity = None;
        }
    }
    session.map(|_| ())
}

fn of_account(realtime: &Realtime, account: &Record) -> Vec<Arc<Client>> {
    if !account.collection().is_auth() {
        return Vec::new();
    }
    let is_of_account = |client: &Arc<Client>| {
        let state = client.state();
        state.identity.as_ref().is_some_and(|identity| is_same_account(&identity.record, account))
    };
    realtime.clients().into_iter().filter(is_of_account).collect()
}

fn renew(client: &Client, account: &Arc<Record>) {
    let mut state = client.state();
    if let Some(identity) = &mut state.identity {
        if is_signed_by(&identity.token, account, TokenKind::Auth) {
            identity.record = Arc::clone(account);
        } else {
            state.identity = None;
        }
    }
}

async fn read(app: &App, account: &Record) -> Result<Option<Record>, Error> {
    let (collection, id) = (account.collection().id.clone(), account.id().to_owned());
    let read = app.store.read(move |db| {
        let schema = db.schema();
        match schema.by_id(&collection).filter(|collection| collection.is_auth()) {
            Some(collection) => records::by_id(db, collection, &id),
            None => Ok(None),
        }
    });
    Ok(read.await?)
}
