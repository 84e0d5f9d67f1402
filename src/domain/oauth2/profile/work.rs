//! Accounts of tools for work.

use super::{Account, Profile, Unfit, require};

pub(super) fn linear(account: Account<'_>) -> Result<Profile, Unfit> {
    require(account.is_true("data/viewer/active"))?;
    Ok(Profile {
        id: account.id("data/viewer/id"),
        name: account.text("data/viewer/name"),
        username: account.text("data/viewer/displayName"),
        avatar_url: account.text("data/viewer/avatarUrl"),
        email: account.text("data/viewer/email"),
        ..Profile::default()
    })
}

pub(super) fn notion(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("bot/owner/user/id"),
        name: account.text("bot/owner/user/name"),
        avatar_url: account.text("bot/owner/user/avatar_url"),
        email: account.text("bot/owner/user/person/email"),
        ..Profile::default()
    }
}

pub(super) fn monday(account: Account<'_>) -> Result<Profile, Unfit> {
    require(account.is_true("data/me/enabled"))?;
    Ok(Profile {
        id: account.id("data/me/id"),
        name: account.text("data/me/name"),
        avatar_url: account.text("data/me/photo_small"),
        email: account.text_if("data/me/is_verified", "data/me/email"),
        ..Profile::default()
    })
}

pub(super) fn lark(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("data/union_id"),
        name: account.text("data/name"),
        avatar_url: account.text("data/avatar_url"),
        ..Profile::default()
    }
}

pub(super) fn box_account(account: Account<'_>) -> Result<Profile, Unfit> {
    require(account.text("status") == "active")?;
    Ok(Profile {
        id: account.id("id"),
        name: account.text("name"),
        avatar_url: account.text("avatar_url"),
        email: account.text("login"),
        ..Profile::default()
    })
}

pub(super) fn wakatime(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("data/id"),
        name: account.text("data/display_name"),
        username: account.text("data/username"),
        avatar_url: account.text_if("data/photo_public", "data/photo"),
        email: account.text_if("data/is_email_confirmed", "data/email"),
        ..Profile::default()
    }
}

/// Its user names are addresses.
pub(super) fn mailcow(account: Account<'_>) -> Result<Profile, Unfit> {
    require(account.is_true("active"))?;
    let username = account.text("username");
    Ok(Profile {
        id: account.id("id"),
        name: account.text("full_name"),
        username: username.split('@').next().unwrap_or_default().to_owned(),
        email: account.text("email"),
        ..Profile::default()
    })
}

pub(super) fn planning_center(account: Account<'_>) -> Result<Profile, Unfit> {
    require(account.text("data/attributes/status") == "active")?;
    Ok(Profile {
        id: account.id("data/id"),
        name: account.text("data/attributes/name"),
        avatar_url: account.text("data/attributes/avatar"),
        ..Profile::default()
    })
}
