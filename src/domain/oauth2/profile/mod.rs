//! What an account of a provider says about its owner (contract B 4.3). Only addresses that the
//! provider vouches for are taken: accounts are found by them.

mod code_hosts;
mod media;
mod openid;
mod social;
mod work;

use crate::domain::oauth2::EmailClaim;
use crate::domain::{Json, JsonMap};

/// The owner of an account, as its provider knows them. What it does not say is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// What the provider knows the account by, for ever.
    pub id: String,
    /// The full name.
    pub name: String,
    /// The name to sign in with there.
    pub username: String,
    /// Where a picture is.
    pub avatar_url: String,
    /// An address that is proved to be theirs.
    pub email: String,
    /// All that the provider answered.
    pub raw: JsonMap,
}

/// What a provider answered about an account.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    /// The profile, or the claims of the id_token where that is the profile.
    pub profile: &'a JsonMap,
    /// The list of addresses, where one was asked for and given.
    pub emails: Option<&'a Json>,
    /// The answer that the tokens came with.
    pub tokens: &'a JsonMap,
    /// The claims of the id_token beside a profile.
    pub claims: Option<&'a JsonMap>,
    /// Which address of a Microsoft account counts.
    pub email_claim: EmailClaim,
}

/// Why nobody can sign in with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The provider has closed it, or not opened it yet.
    #[error("the account is not active")]
    Inactive,
    /// The provider answered no account, or several.
    #[error("the provider does not say which account it is")]
    NoAccount,
    /// The id of an OpenID account is always a text.
    #[error("`sub` is not a text")]
    Subject,
}

/// Reads what the provider called `name` answered.
///
/// # Errors
/// Why the account will not do.
pub fn read(name: &str, answers: &Answers<'_>) -> Result<Profile, Unfit> {
    let account = Account(answers.profile);
    let profile = match name {
        "apple" => openid::apple(account),
        "google" => openid::google(account),
        "microsoft" => Ok(openid::microsoft(account, answers)),
        "livechat" => Ok(openid::livechat(account)),
        "github" => Ok(code_hosts::github(account, answers.emails)),
        "gitlab" => Ok(code_hosts::gitlab(account)),
        "bitbucket" => code_hosts::bitbucket(account, answers.emails),
        "gitee" => Ok(code_hosts::gitee(account, answers.emails)),
        "gitea" => code_hosts::gitea(account, answers.emails),
        "yandex" => Ok(social::yandex(account)),
        "facebook" => Ok(social::facebook(account)),
        "instagram2" => Ok(social::instagram(account)),
        "discord" => Ok(social::discord(account)),
        "twitter" => Ok(social::twitter(account)),
        "kakao" => Ok(social::kakao(account)),
        "vk" => social::vk(account, answers.tokens),
        "twitch" => media::twitch(account),
        "patreon" => Ok(media::patreon(account)),
        "spotify" => Ok(media::spotify(account)),
        "trakt" => Ok(media::trakt(account)),
        "strava" => Ok(media::strava(account)),
        "wakatime" => Ok(work::wakatime(account)),
        "linear" => work::linear(account),
        "notion" => Ok(work::notion(account)),
        "monday" => work::monday(account),
        "lark" => Ok(work::lark(account)),
        "box" => work::box_account(account),
        "mailcow" => work::mailcow(account),
        "planningcenter" => work::planning_center(account),
        _ => openid::oidc(account),
    };
    let mut raw = answers.profile.clone();
    if name == "instagram2"
        && let Some(permissions) = answers.tokens.get("permissions")
    {
        raw.insert("permissions".to_owned(), permissions.clone());
    }
    Ok(Profile { raw, ..profile? })
}

/// An answer that is looked into by paths such as `data/attributes/email`.
#[derive(Clone, Copy)]
struct Account<'a>(&'a JsonMap);

impl<'a> Account<'a> {
    fn at(self, path: &str) -> Option<&'a Json> {
        let mut steps = path.split('/');
        let first = self.0.get(steps.next()?)?;
        steps.try_fold(first, |value, step| match value {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.get(step),
        })
    }

    /// The text there, or an empty one.
    fn text(self, path: &str) -> String {
        self.at(path).and_then(Json::as_str).unwrap_or_default().to_owned()
    }

    /// The id there: a text, or a whole number as one.
    fn id(self, path: &str) -> String {
        match self.at(path) {
            Some(Json::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => self.text(path),
        }
    }

    /// The id of an OpenID account.
    fn subject(self) -> Result<String, Unfit> {
        match self.at("sub") {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(subject)) => Ok(subject.clone()),
            Some(_) => Err(Unfit::Subject),
        }
    }

    /// Whether `true` is there, perhaps spelled as a text.
    fn is_true(self, path: &str) -> bool {
        match self.at(path) {
            Some(Json::Bool(value)) => *value,
            Some(Json::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
            Some(Json::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    /// The text there, if `path` says yes to it: a number says nothing.
    fn text_if(self, path: &str, text: &str) -> String {
        let is_number = matches!(self.at(path), Some(Json::Number(_)));
        if self.is_true(path) && !is_number { self.text(text) } else { String::new() }
    }

    /// How many items the list there has.
    fn count(self, path: &str) -> usize {
        self.at(path).and_then(Json::as_array).map_or(0, Vec::len)
    }
}

/// The words that are not empty, with a space in between.
fn joined(words: &[String]) -> String {
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}

fn require(holds: bool) -> Result<(), Unfit> {
    if holds { Ok(()) } else { Err(Unfit::Inactive) }
}
