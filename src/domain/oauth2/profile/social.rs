//! Accounts of social networks.

use super::{Account, Profile, Unfit, joined};
use crate::domain::JsonMap;

pub(super) fn yandex(account: Account<'_>) -> Profile {
    let picture = account.text("default_avatar_id");
    let has_picture = !picture.is_empty() && !account.is_true("is_avatar_empty");
    Profile {
        id: account.id("id"),
        name: account.text("real_name"),
        username: account.text("login"),
        avatar_url: if has_picture {
            format!("https://avatars.yandex.net/get-yapic/{picture}/islands-200")
        } else {
            String::new()
        },
        email: account.text("default_email"),
        ..Profile::default()
    }
}

pub(super) fn facebook(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("id"),
        name: account.text("name"),
        avatar_url: account.text("picture/data/url"),
        email: account.text("email"),
        ..Profile::default()
    }
}

pub(super) fn instagram(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("user_id"),
        name: account.text("name"),
        username: account.text("username"),
        avatar_url: account.text("profile_picture_url"),
        ..Profile::default()
    }
}

pub(super) fn discord(account: Account<'_>) -> Profile {
    let (id, username) = (account.id("id"), account.text("username"));
    let picture = account.text("avatar");
    let avatar_url = if picture.is_empty() {
        String::new()
    } else {
        format!("https://cdn.discordapp.com/avatars/{id}/{picture}.png")
    };
    // Names of old came with a number.
    let number = account.text("discriminator");
    let name = match account.text("global_name") {
        name if !name.is_empty() => name,
        _ if number.is_empty() || number == "0" => username.clone(),
        _ => format!("{username}#{number}"),
    };
    Profile {
        id,
        name,
        username,
        avatar_url,
        email: account.text_if("verified", "email"),
        ..Profile::default()
    }
}

pub(super) fn twitter(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("data/id"),
        name: account.text("data/name"),
        username: account.text("data/username"),
        avatar_url: account.text("data/profile_image_url"),
        email: account.text("data/confirmed_email"),
        ..Profile::default()
    }
}

pub(super) fn kakao(account: Account<'_>) -> Profile {
    let is_proved = account.is_true("kakao_account/is_email_valid")
        && account.is_true("kakao_account/is_email_verified");
    Profile {
        id: account.id("id"),
        username: account.text("properties/nickname"),
        avatar_url: account.text("properties/profile_image"),
        email: if is_proved { account.text("kakao_account/email") } else { String::new() },
        ..Profile::default()
    }
}

/// The address comes with the tokens.
pub(super) fn vk(account: Account<'_>, tokens: &JsonMap) -> Result<Profile, Unfit> {
    if account.count("response") == 0 {
        return Err(Unfit::NoAccount);
    }
    Ok(Profile {
        id: account.id("response/0/id"),
        name: joined(&[
            account.text("response/0/first_name"),
            account.text("response/0/last_name"),
        ]),
        username: account.text("response/0/screen_name"),
        avatar_url: account.text("response/0/photo_max"),
        email: Account(tokens).text("email"),
        ..Profile::default()
    })
}
