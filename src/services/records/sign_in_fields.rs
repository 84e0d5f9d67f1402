//! What a save of an auth record asks of the fields that people sign in with, and what else such a
//! save changes (contract A 3.7, B 1.3, B 2.5). Decides only; knows no database.

use crate::domain::JsonMap;
use crate::domain::fields;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::record::Record;

/// Whether the caller may manage the sign-in of others (contract A 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Management {
    /// A superuser, or the manage rule holds.
    Granted,
    /// Everybody else.
    Denied,
}

/// The secrets of a body, as text; absent ones are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The new password.
    pub password: String,
    /// The new password once more.
    pub confirm: String,
    /// The password that holds until now.
    pub old: String,
}

impl Secrets {
    /// The secrets in a body.
    pub fn read(body: &JsonMap) -> Self {
        let text = |key| body.get(key).map(fields::to_text).unwrap_or_default();
        Self {
            password: text("password"),
            confirm: text("passwordConfirm"),
            old: text("oldPassword"),
        }
    }

    /// Whether the old password that was sent is compared with that of the record, unless the caller
    /// may do without.
    pub const fn may_need_old(&self) -> bool {
        !self.old.is_empty() && (!self.password.is_empty() || !self.confirm.is_empty())
    }
}

/// What is known of the old password that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldPassword {
    /// It is that of the record.
    Right,
    /// It is not.
    Wrong,
    /// Nobody looked.
    Unknown,
}

/// What a save changes beside the fields that were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consequences {
    /// The token key is made anew: every token of the record dies.
    pub new_token_key: bool,
    /// The second factors in progress and the known places go.
    pub forget_sign_ins: bool,
    /// The links to other providers go, since nobody proved that they belong to the address; if
    /// there were any, the token key is made anew.
    pub unlink_providers: bool,
}

/// Checks a new record of an auth collection. There are no `secrets` where the server makes up the
/// password.
pub fn check_created(
    next: &Record,
    secrets: Option<&Secrets>,
    management: Management,
) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Some(secrets) = secrets {
        if secrets.password.is_empty() {
            errors.add("password", Fault::required());
        }
        check_confirmation(secrets, &mut errors);
    }
    if management == Management::Denied && next.get("verified") == true {
        errors.add("verified", mismatch("The address can only be verified by its owner."));
    }
    errors
}

/// Checks the new values of a stored record of an auth collection.
pub fn check_updated(
    stored: &Record,
    next: &Record,
    secrets: &Secrets,
    management: Management,
    old: OldPassword,
) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if management == Management::Denied {
        if next.text("email") != stored.text("email") {
            errors.add("email", mismatch("Ask for an e-mail change to set a new address."));
        }
        if next.get("verified") != stored.get("verified") {
            errors.add("verified", mismatch("The address can only be verified by its owner."));
        }
    }
    if *secrets == Secrets::default() {
        return errors;
    }
    if secrets.password.is_empty() {
        errors.add("password", Fault::required());
    }
    check_confirmation(secrets, &mut errors);
    if asks_for_old_password(secrets, management) {
        match old {
            _ if secrets.old.is_empty() => errors.add("oldPassword", Fault::required()),
            OldPassword::Right | OldPassword::Unknown => {}
            OldPassword::Wrong => errors.add(
                "oldPassword",
                Fault::new("validation_invalid_old_password", "That is not the old password."),
            ),
        }
    }
    errors
}

/// Whether it matters for an update with these secrets if the old password that was sent is right.
pub const fn compares_old_password(secrets: &Secrets, management: Management) -> bool {
    matches!(management, Management::Denied) && secrets.may_need_old()
}

/// Whether an update with these secrets is allowed only to those who know the old password.
const fn asks_for_old_password(secrets: &Secrets, management: Management) -> bool {
    matches!(management, Management::Denied)
        && !(secrets.password.is_empty() && secrets.confirm.is_empty())
}

fn check_confirmation(secrets: &Secrets, errors: &mut FieldErrors) {
    if secrets.confirm.is_empty() {
        errors.add("passwordConfirm", Fault::required());
    } else if secrets.confirm != secrets.password {
        errors.add("passwordConfirm", mismatch("The two passwords are not the same."));
    }
}

fn mismatch(message: &str) -> Fault {
    Fault::new("validation_values_mismatch", message)
}

/// What changing `stored` into `next` brings with it, where that sets a password or does not.
pub fn consequences(stored: &Record, next: &Record, sets_password: bool) -> Consequences {
    let key_kept = next.text("tokenKey") == stored.text("tokenKey");
    let new_address = next.text("email") != stored.text("email");
    Consequences {
        new_token_key: key_kept && (sets_password || new_address),
        forget_sign_ins: sets_password,
        unlink_providers: stored.get("verified") == false && next.get("verified") == true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domain::collection::{Collection, CollectionKind};
    use crate::domain::fields::{DomainOptions, Field, FieldKind, TextOptions};

    fn record(email: &str, verified: bool, key: &str) -> Record {
        let fields = vec![
            Field::new("email", FieldKind::Email(DomainOptions::default())),
            Field::new("verified", FieldKind::Bool),
            Field::new("tokenKey", FieldKind::Text(TextOptions::default())),
        ];
        let collection = Arc::new(Collection {
            id: "u".into(),
            name: "users".into(),
            fields,
            ..Collection::blank(CollectionKind::Base)
        });
        Record::new(collection, vec![json!(email), json!(verified), json!(key)])
    }

    fn secrets(password: &str, confirm: &str, old: &str) -> Secrets {
        Secrets { password: password.into(), confirm: confirm.into(), old: old.into() }
    }

    fn codes(errors: &FieldErrors) -> String {
        let faults = errors.faults().into_iter();
        let codes: Vec<String> = faults
            .map(|(field, fault)| format!("{field}:{}", fault.code.replace("validation_", "")))
            .collect();
        codes.join(" ")
    }

    #[test]
    fn a_new_account_needs_its_password_twice() {
        use Management::{Denied, Granted};
        let cases = [
            (secrets("", "", ""), false, Granted, "password:required passwordConfirm:required"),
            (secrets("12345678", "", ""), false, Denied, "passwordConfirm:required"),
            (secrets("12345678", "1", ""), false, Granted, "passwordConfirm:values_mismatch"),
            (secrets("12345678", "12345678", ""), false, Denied, ""),
            (secrets("12345678", "12345678", ""), true, Denied, "verified:values_mismatch"),
            (secrets("12345678", "12345678", ""), true, Granted, ""),
        ];
        for (secrets, verified, management, expected) in cases {
            let errors = check_created(&record("a@b.c", verified, ""), Some(&secrets), management);
            assert_eq!(codes(&errors), expected, "{secrets:?} {verified} {management:?}");
        }
    }

    #[test]
    fn an_owner_must_know_the_old_password_and_keeps_the_address() {
        use Management::{Denied, Granted};
        use OldPassword::{Right, Unknown, Wrong};
        let new = secrets("new", "new", "");
        let with_old = secrets("new", "new", "old");
        let cases = [
            (secrets("", "", ""), Denied, Unknown, ""),
            (secrets("", "", "old"), Denied, Unknown, "password:required passwordConfirm:required"),
            (secrets("new", "", "old"), Denied, Right, "passwordConfirm:required"),
            (
                secrets("", "new", "old"),
                Granted,
                Unknown,
                "password:required passwordConfirm:values_mismatch",
            ),
            (new.clone(), Denied, Unknown, "oldPassword:required"),
            (new, Granted, Unknown, ""),
            (with_old.clone(), Denied, Wrong, "oldPassword:invalid_old_password"),
            (with_old.clone(), Denied, Right, ""),
            (with_old, Granted, Wrong, ""),
        ];
        let stored = record("a@b.c", false, "k");
        for (secrets, management, old, expected) in cases {
            let errors = check_updated(&stored, &stored, &secrets, management, old);
            assert_eq!(codes(&errors), expected, "{secrets:?} {management:?} {old:?}");
        }
        let moved = record("x@b.c", true, "k");
        let none = Secrets::default();
        assert_eq!(
            codes(&check_updated(&stored, &moved, &none, Denied, Unknown)),
            "email:values_mismatch verified:values_mismatch"
        );
        assert_eq!(codes(&check_updated(&stored, &moved, &none, Granted, Unknown)), "");
    }

    #[test]
    fn tokens_die_with_the_password_the_address_and_the_key() {
        let stored = record("a@b.c", false, "k");
        let nothing = Consequences::default();
        assert_eq!(consequences(&stored, &stored, false), nothing);
        assert_eq!(
            consequences(&stored, &stored, true),
            Consequences { new_token_key: true, forget_sign_ins: true, ..nothing }
        );
        assert_eq!(
            consequences(&stored, &record("x@b.c", false, "k"), false),
            Consequences { new_token_key: true, ..nothing }
        );
        assert_eq!(
            consequences(&stored, &record("x@b.c", false, "other"), false),
            nothing,
            "a key that was set stays"
        );
        assert_eq!(
            consequences(&stored, &record("a@b.c", true, "k"), false),
            Consequences { unlink_providers: true, ..nothing }
        );
    }
}
