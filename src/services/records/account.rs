//! Changes of accounts: what a changed password, address, key or verification brings with it, and
//! the changes that no request body asks for (contract B 2.5, appendix B).

use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::changes::{Changes, Input};
use crate::domain::event::Event;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::system::{AUTH_ORIGINS, EXTERNAL_AUTHS, MFAS, OTPS};
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::records::{checks, sign_in_fields, system_refs};
use crate::store::accounts::AccountKey;
use crate::store::{Tx, records, sessions};

/// What a sign-in flow changes of an account.
#[derive(Debug, Clone, Default)]
pub struct Alteration {
    /// Its address from now on.
    pub email: Option<String>,
    /// Whether the address is proven to be its own now.
    pub verify: bool,
    /// The hash of its password from now on.
    pub password: Option<String>,
    /// Whether nothing that was signed for it holds any more.
    pub sign_out: bool,
}

impl Alteration {
    /// Whether it would change nothing of `record`.
    pub fn is_idle(&self, record: &Record) -> bool {
        self.password.is_none()
            && !self.sign_out
            && (!self.verify || record.get("verified") == true)
            && self.email.as_deref().is_none_or(|email| email == record.text("email"))
    }
}

/// Changes the locked account `old`, with all that follows; the account as it is now.
///
/// # Errors
/// `Invalid` when another account has the address, or what the database says.
pub fn alter(
    tx: &mut Tx,
    old: Record,
    alteration: &Alteration,
    now: Timestamp,
    mut random: Random,
) -> Result<Arc<Record>, Error> {
    if alteration.is_idle(&old) {
        return Ok(Arc::new(old));
    }
    let (body, caller) = (JsonMap::new(), Caller::server());
    let input = Input { body: &body, uploads: &[], caller: &caller, now };
    let mut changes = Changes::update(&old, &input, &mut random);
    if let Some(email) = &alteration.email {
        changes.record.set("email", Json::from(email.as_str()));
    }
    if alteration.verify {
        changes.record.set("verified", Json::Bool(true));
    }
    if let Some(hash) = &alteration.password {
        changes.set_hash("password", hash.clone());
    }
    if alteration.sign_out {
        changes.record.set("tokenKey", Json::from(random.secret()));
    }
    changes.complete(now, &mut random);
    let mut new = changes.record;
    settle(tx, &old, &mut new, alteration.password.is_some(), &mut random)?;
    save(tx, old, new)
}

/// Stores a changed record and tells of it.
///
/// # Errors
/// `Invalid` when a value is taken, or what the database says.
pub(super) fn save(tx: &mut Tx, old: Record, new: Record) -> Result<Arc<Record>, Error> {
    records::update(tx, &old, &new).map_err(|error| checks::not_unique(&new, error))?;
    system_refs::tell_processes(tx, new.collection())?;
    let new = Arc::new(new);
    tx.emit(Event::Updated { old: Arc::new(old), new: Arc::clone(&new) });
    Ok(new)
}

/// Makes what a changed password, address, key or verification brings with it. `sets_password` is
/// true also where the new password is the old one.
pub(super) fn settle(
    tx: &mut Tx,
    old: &Record,
    new: &mut Record,
    sets_password: bool,
    random: &mut Random,
) -> Result<(), Error> {
    let collection = Arc::clone(old.collection());
    let consequences = sign_in_fields::consequences(old, new, sets_password);
    let mut remove = |name: &str| system_refs::remove_from(tx, name, &collection, old.id());
    let unlinked = consequences.unlink_providers && remove(EXTERNAL_AUTHS)? > 0;
    let kept = new.text("tokenKey") == old.text("tokenKey");
    if consequences.new_token_key || (unlinked && kept) {
        new.set("tokenKey", Json::from(random.secret()));
    }
    if new.text("tokenKey") != old.text("tokenKey") {
        remove(OTPS)?;
        sessions::remove_others(tx, &AccountKey::from(old), "")?;
    }
    if consequences.forget_sign_ins {
        for name in [MFAS, AUTH_ORIGINS] {
            system_refs::remove_from(tx, name, &collection, old.id())?;
        }
    }
    Ok(())
}
