//! Accounts of those who host code. Their addresses come in a list of their own.

use super::{Account, Profile, Unfit, require};
use crate::domain::fields::is_email;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};

pub(super) fn github(account: Account<'_>, emails: Option<&Json>) -> Profile {
    Profile {
        id: account.id("id"),
        name: account.text("name"),
        username: account.text("login"),
        avatar_url: account.text("avatar_url"),
        email: first(emails, |email| email.is_true("verified") && email.is_true("primary")),
        ..Profile::default()
    }
}

pub(super) fn gitea(account: Account<'_>, emails: Option<&Json>) -> Result<Profile, Unfit> {
    require(account.is_true("active"))?;
    Ok(Profile { name: account.text("full_name"), ..github(account, emails) })
}

pub(super) fn gitlab(account: Account<'_>) -> Profile {
    let is_confirmed = Timestamp::parse(&account.text("confirmed_at")).is_some();
    Profile {
        id: account.id("id"),
        name: account.text("name"),
        username: account.text("username"),
        avatar_url: account.text("avatar_url"),
        email: if is_confirmed { account.text("email") } else { String::new() },
        ..Profile::default()
    }
}

pub(super) fn bitbucket(account: Account<'_>, emails: Option<&Json>) -> Result<Profile, Unfit> {
    require(account.text("account_status") == "active")?;
    let emails = emails.and_then(|page| page.get("values"));
    Ok(Profile {
        id: account.text("uuid"),
        name: account.text("display_name"),
        username: account.text("username"),
        avatar_url: account.text("links/avatar/href"),
        email: first(emails, |email| email.is_true("is_primary") && email.is_true("is_confirmed")),
        ..Profile::default()
    })
}

pub(super) fn gitee(account: Account<'_>, emails: Option<&Json>) -> Profile {
    let is_primary = |email: Account<'_>| {
        let scopes = email.at("scope").and_then(Json::as_array);
        scopes.is_some_and(|scopes| scopes.iter().any(|scope| scope == "primary"))
    };
    let shown = account.text("email");
    Profile {
        id: account.id("id"),
        name: account.text("name"),
        username: account.text("login"),
        avatar_url: account.text("avatar_url"),
        email: if is_email(&shown) {
            shown
        } else {
            first(emails, |email| email.text("state") == "confirmed" && is_primary(email))
        },
        ..Profile::default()
    }
}

/// The `email` of the first entry that is as it must be.
fn first(emails: Option<&Json>, is_wanted: impl Fn(Account<'_>) -> bool) -> String {
    let entries = emails.and_then(Json::as_array).into_iter().flatten();
    let mut entries = entries.filter_map(Json::as_object).map(|entry: &JsonMap| Account(entry));
    entries.find(|entry| is_wanted(*entry)).map(|entry| entry.text("email")).unwrap_or_default()
}
