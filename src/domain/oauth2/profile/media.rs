//! Accounts of those who show music, films, streams and sport.

use super::{Account, Profile, Unfit, joined};

pub(super) fn twitch(account: Account<'_>) -> Result<Profile, Unfit> {
    if account.count("data") == 0 {
        return Err(Unfit::NoAccount);
    }
    Ok(Profile {
        id: account.id("data/0/id"),
        name: account.text("data/0/display_name"),
        username: account.text("data/0/login"),
        avatar_url: account.text("data/0/profile_image_url"),
        email: account.text("data/0/email"),
        ..Profile::default()
    })
}

pub(super) fn patreon(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("data/id"),
        name: account.text("data/attributes/full_name"),
        username: account.text("data/attributes/vanity"),
        avatar_url: account.text("data/attributes/image_url"),
        email: account.text_if("data/attributes/is_email_verified", "data/attributes/email"),
        ..Profile::default()
    }
}

/// Its addresses are not verified.
pub(super) fn spotify(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("id"),
        name: account.text("display_name"),
        avatar_url: account.text("images/0/url"),
        ..Profile::default()
    }
}

pub(super) fn trakt(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("user/ids/uuid"),
        name: account.text("user/name"),
        username: account.text("user/username"),
        avatar_url: account.text("user/images/avatar/full"),
        ..Profile::default()
    }
}

pub(super) fn strava(account: Account<'_>) -> Profile {
    let id = account.id("id");
    Profile {
        id: if id == "0" { String::new() } else { id },
        name: joined(&[account.text("firstname"), account.text("lastname")]),
        username: account.text("username"),
        avatar_url: account.text("profile"),
        ..Profile::default()
    }
}
