//! Accounts described in the words of OpenID Connect, or nearly so.

use super::{Account, Answers, Profile, Unfit};
use crate::domain::oauth2::EmailClaim;

/// Apple tells the name once and elsewhere: to the page that people come back to.
pub(super) fn apple(account: Account<'_>) -> Result<Profile, Unfit> {
    Ok(Profile {
        id: account.subject()?,
        email: account.text_if("email_verified", "email"),
        ..Profile::default()
    })
}

pub(super) fn google(account: Account<'_>) -> Result<Profile, Unfit> {
    Ok(Profile { username: String::new(), ..oidc(account)? })
}

pub(super) fn oidc(account: Account<'_>) -> Result<Profile, Unfit> {
    Ok(Profile {
        id: account.subject()?,
        name: account.text("name"),
        username: account.text("preferred_username"),
        avatar_url: account.text("picture"),
        email: account.text_if("email_verified", "email"),
        ..Profile::default()
    })
}

pub(super) fn microsoft(account: Account<'_>, answers: &Answers<'_>) -> Profile {
    let empty = crate::domain::JsonMap::new();
    let claims = Account(answers.claims.unwrap_or(&empty));
    let of_proved_domain = || claims.text_if("xms_edov", "email");
    let verified = || claims.id_or_first("verified_primary_email");
    let email = match answers.email_claim {
        EmailClaim::Mail => account.text("mail"),
        EmailClaim::Email => claims.text("email"),
        EmailClaim::EmailOfProvedDomain => of_proved_domain(),
        EmailClaim::VerifiedPrimary => verified(),
        EmailClaim::AnyVerified => {
            Some(verified()).filter(|email| !email.is_empty()).unwrap_or_else(of_proved_domain)
        }
    };
    Profile {
        id: account.text("id"),
        name: account.text("displayName"),
        email,
        ..Profile::default()
    }
}

pub(super) fn livechat(account: Account<'_>) -> Profile {
    Profile {
        id: account.id("account_id"),
        name: account.text("name"),
        avatar_url: account.text("avatar_url"),
        email: account.text_if("email_verified", "email"),
        ..Profile::default()
    }
}

impl Account<'_> {
    /// The text there, or the first of a list of them.
    fn id_or_first(self, path: &str) -> String {
        let text = self.text(path);
        if text.is_empty() { self.text(&format!("{path}/0")) } else { text }
    }
}
