//! The account that somebody from a provider has here, and what changes of it when they come: the part
//! of a sign-in that runs inside the transaction (contract B 3.4, steps 4 and 5). An account whose
//! address nobody proved may have been made by somebody who expected its owner to come this way, so
//! whatever gave access to it before ends.

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::oauth2::Profile;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::system::EXTERNAL_AUTHS;
use crate::services::Error;
use crate::services::auth::rows::{self, Ingredients};
use crate::services::records::account::{self, Alteration};
use crate::services::records::create::{self, Creation};
use crate::services::records::system_refs;
use crate::store::records::{self, Case};
use crate::store::{Db, Tx, accounts};

/// Somebody from a provider, and where they ask to be let in.
#[derive(Clone)]
pub(super) struct Newcomer {
    /// Id of the collection.
    pub collection: String,
    /// Name of the provider.
    pub provider: &'static str,
    /// Who the provider says it is.
    pub profile: Arc<Profile>,
    /// The request, with who the caller is already.
    pub request: RequestInfo,
    /// What a link is made of.
    pub made_of: Ingredients,
}

/// An account that is the newcomer's.
#[derive(Clone)]
pub(super) struct Account {
    /// The record.
    pub record: Record,
    /// Whether the caller is signed in as it.
    pub is_own: bool,
    /// Whether it is tied to the provider's.
    pub is_tied: bool,
}

impl Account {
    fn is_verified(&self) -> bool {
        self.record.get("verified") == true
    }

    /// Whether its owner comes back to find everything as it is to be.
    pub(super) fn is_settled(&self, profile: &Profile) -> bool {
        self.is_tied && self.is_verified() && adoption(self, profile).is_idle(&self.record)
    }

    /// Whether its password is void when somebody comes from a provider.
    pub(super) fn loses_password(&self) -> bool {
        !self.is_verified() && !self.is_own
    }
}

/// The newcomer's account: the one that is tied to the provider's, else the caller's own, else the
/// one with an address that the provider vouches for.
pub(super) fn find(db: &mut Db, newcomer: &Newcomer) -> Result<Option<Account>, Error> {
    let collection = collection(db, newcomer)?;
    let caller = newcomer.request.caller.record();
    let caller = caller.filter(|record| record.collection().id == collection.id);
    let own_id = caller.map(|record| record.id().to_owned());
    let account = |record: Record| {
        let is_own = own_id.as_deref() == Some(record.id());
        Account { record, is_own, is_tied: false }
    };
    if let Some(link) = link(db, &collection, newcomer)?
        && let Some(record) = records::by_id(db, &collection, link.text("recordRef"))?
    {
        return Ok(Some(Account { is_tied: true, ..account(record) }));
    }
    if let Some(id) = &own_id
        && let Some(record) = records::by_id(db, &collection, id)?
    {
        return Ok(Some(account(record)));
    }
    let email = &newcomer.profile.email;
    let Some(field) = collection.field("email").filter(|_| !email.is_empty()) else {
        return Ok(None);
    };
    let record = records::by_identity(db, &collection, field, email, case(&collection, "email"))?;
    Ok(record.map(account))
}

/// Whether case counts in the values of `field`: that is up to its unique index.
pub(super) fn case(collection: &Collection, field: &str) -> Case {
    match collection.unique_index(field) {
        Some(index) if index.is_nocase() => Case::Insensitive,
        _ => Case::Sensitive,
    }
}

/// Lets the newcomer into the account `id`; nothing happens when that is not theirs any more, or when
/// a `password` is needed that was not made.
pub(super) fn let_in(
    tx: &mut Tx,
    newcomer: &Newcomer,
    id: &str,
    password: Option<&str>,
) -> Result<Option<Arc<Record>>, Error> {
    let collection = collection(tx, newcomer)?;
    records::lock(tx, &collection, id)?;
    let found = find(tx, newcomer)?.filter(|account| account.record.id() == id);
    let Some(account) = found else { return Ok(None) };
    let mut alteration = adoption(&account, &newcomer.profile);
    if account.loses_password() {
        let Some(hash) = password else { return Ok(None) };
        alteration.password = Some(hash.to_owned());
    }
    if !account.is_verified() && !alteration.verify {
        // Where the address becomes verified they go by that, and every token with them.
        system_refs::remove_from(tx, EXTERNAL_AUTHS, &collection, id)?;
    }
    let record = alter(tx, newcomer, account.record, &alteration)?;
    tie(tx, newcomer, &record)?;
    Ok(Some(record))
}

/// Makes the account of `creation` and ties it to the provider's; nothing happens when the newcomer
/// has one by now.
pub(super) fn make(
    tx: &mut Tx,
    newcomer: &Newcomer,
    creation: &Creation,
) -> Result<Option<Arc<Record>>, Error> {
    if find(tx, newcomer)?.is_some() {
        return Ok(None);
    }
    let mut record = create::in_transaction(tx, creation)?.record;
    if record.text("email") == newcomer.profile.email {
        let alteration = Alteration { verify: true, ..Alteration::default() };
        record = alter(tx, newcomer, Record::clone(&record), &alteration)?;
    }
    tie(tx, newcomer, &record)?;
    Ok(Some(record))
}

/// What an account takes over from a profile.
fn adoption(account: &Account, profile: &Profile) -> Alteration {
    let email = account.record.text("email");
    let is_new = email.is_empty() && !profile.email.is_empty();
    let is_theirs = email.is_empty() || email == profile.email;
    Alteration {
        email: is_new.then(|| profile.email.clone()),
        verify: !account.is_verified() && is_theirs,
        ..Alteration::default()
    }
}

fn alter(
    tx: &mut Tx,
    newcomer: &Newcomer,
    record: Record,
    alteration: &Alteration,
) -> Result<Arc<Record>, Error> {
    let Ingredients { now, random, .. } = newcomer.made_of.clone();
    account::alter(tx, record, alteration, now, random)
}

/// Ties `record` to the provider's account, unless it is.
fn tie(tx: &mut Tx, newcomer: &Newcomer, record: &Record) -> Result<(), Error> {
    if link(tx, record.collection(), newcomer)?.is_some() {
        return Ok(());
    }
    let provider = [("provider", newcomer.provider), ("providerId", newcomer.profile.id.as_str())];
    rows::create(tx, EXTERNAL_AUTHS, record, provider, &newcomer.made_of).map(|_| ())
}

/// What ties an account here to the provider's; an account without an id is tied to nothing.
fn link(
    db: &mut Db,
    collection: &Collection,
    newcomer: &Newcomer,
) -> Result<Option<Record>, Error> {
    let id = newcomer.profile.id.as_str();
    if id.is_empty() {
        return Ok(None);
    }
    let links = rows::collection(db, EXTERNAL_AUTHS)?;
    Ok(accounts::link(db, &links, collection, (newcomer.provider, id))?)
}

fn collection(db: &Db, newcomer: &Newcomer) -> Result<Arc<Collection>, Error> {
    db.schema().by_id(&newcomer.collection).cloned().ok_or(Error::NotFound)
}
