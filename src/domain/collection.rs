//! A collection: its fields, access rules, indexes and the options of its type (contract A 2.1, 2.2).

mod auth_json;
mod json;
mod shape;
mod templates;
#[cfg(test)]
mod tests;
mod validate;

pub use shape::{Missing, ReadError, system_fields};
pub use templates::MailTexts;

pub use validate::INTERNAL_NAMES;

use crate::domain::JsonMap;
use crate::domain::fields::Field;
use crate::domain::rules::Rule;
use crate::domain::time::Timestamp;

/// Name of the system collection whose records skip every rule.
pub const SUPERUSERS: &str = "_superusers";

/// A named set of records of one shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// Stable id, 1 to 100 bytes of `\w` (contract A 2.5).
    pub id: String,
    /// Name, unique without regard to case; also the name of the table or view.
    pub name: String,
    /// Whether the product made it and protects its shape.
    pub system: bool,
    /// Who may read and write; a rule that is `None` is locked: superusers only.
    pub rules: AccessRules,
    /// The fields in order, `id` included.
    pub fields: Vec<Field>,
    /// `CREATE INDEX` texts (contract A 2.8).
    pub indexes: Vec<String>,
    /// The options of the collection's type.
    pub kind: CollectionKind,
    /// When it was made.
    pub created: Timestamp,
    /// When its definition last changed.
    pub updated: Timestamp,
    /// What PocketBase's JSON has no word for (config.md 1.3).
    pub ext: CollectionExt,
}

/// The five access rules of contract A 2.6: `None` is locked, an empty text public.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccessRules {
    /// Which rows a list shows.
    pub list: Option<Rule>,
    /// Which rows may be viewed one at a time.
    pub view: Option<Rule>,
    /// Which would-be rows may be created.
    pub create: Option<Rule>,
    /// Which stored rows may be changed.
    pub update: Option<Rule>,
    /// Which stored rows may be deleted.
    pub delete: Option<Rule>,
}

/// What a collection is, with the options that only this type has.
#[derive(Debug, Clone, PartialEq)]
pub enum CollectionKind {
    /// Records and nothing else.
    Base,
    /// Records that can sign in.
    Auth(Box<AuthOptions>),
    /// Rows of a SQL query, read-only.
    View(ViewOptions),
}

/// Options of a view collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewOptions {
    /// One SQL `SELECT` (contract A 2.12).
    pub query: String,
}

/// Keys of a collection that PocketBase does not know (config.md 1.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionExt {
    /// Fields of the full-text index.
    pub search: Vec<String>,
    /// A view's SQL by engine, `sqlite` and `postgres`; empty when one text serves both.
    pub queries: JsonMap,
    /// Whether accounts may ask for a code of an authenticator when they sign in.
    pub totp: bool,
}

/// Options of an auth collection (contract A 2.2, B 1.2).
#[derive(Debug, Clone, PartialEq)]
pub struct AuthOptions {
    /// Extra condition for a sign-in; `None` lets nobody in.
    pub auth_rule: Option<Rule>,
    /// Who may manage the records of others; `None` is nobody but superusers, never public.
    pub manage_rule: Option<Rule>,
    /// Mail on a sign-in from a new place.
    pub auth_alert: AuthAlert,
    /// Sign-in through other providers.
    pub oauth2: OAuth2,
    /// Sign-in by identity and password.
    pub password_auth: PasswordAuth,
    /// Whether a second factor is wanted.
    pub mfa: Mfa,
    /// Sign-in by a code sent by mail.
    pub otp: Otp,
    /// Tokens of signed-in requests.
    pub auth_token: TokenOptions,
    /// Tokens of password-reset mails.
    pub password_reset_token: TokenOptions,
    /// Tokens of e-mail-change mails.
    pub email_change_token: TokenOptions,
    /// Tokens of verification mails.
    pub verification_token: TokenOptions,
    /// Tokens of protected files.
    pub file_token: TokenOptions,
    /// Text of verification mails.
    pub verification_template: EmailTemplate,
    /// Text of password-reset mails.
    pub reset_password_template: EmailTemplate,
    /// Text of e-mail-change mails.
    pub confirm_email_change_template: EmailTemplate,
}

/// Secret and lifetime of one kind of token. The secret never leaves through the API.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenOptions {
    /// 30 to 255 bytes; the record's `tokenKey` and this together sign the token.
    pub secret: String,
    /// Lifetime in seconds.
    pub duration: i64,
}

impl std::fmt::Debug for TokenOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenOptions")
            .field("secret", &"***")
            .field("duration", &self.duration)
            .finish()
    }
}

/// Subject and body of a mail, with `{PLACEHOLDERS}` (contract B 8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailTemplate {
    /// Subject line.
    pub subject: String,
    /// HTML body.
    pub body: String,
}

/// Mail on a sign-in from a new place (contract B 3.14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthAlert {
    /// Whether alerts are sent.
    pub enabled: bool,
    /// Text of the alert.
    pub email_template: EmailTemplate,
}

/// Sign-in by identity and password (contract B 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordAuth {
    /// Whether this way in is open.
    pub enabled: bool,
    /// Fields that name the account, each with a unique index of its own.
    pub identity_fields: Vec<String>,
}

/// Whether a second factor is wanted (contract B 3.8).
#[derive(Debug, Clone, PartialEq)]
pub struct Mfa {
    /// Whether a second factor is asked for.
    pub enabled: bool,
    /// How long the first factor holds, in seconds.
    pub duration: i64,
    /// When a second factor is asked for; empty is always.
    pub rule: Rule,
}

/// Sign-in by a code sent by mail (contract B 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otp {
    /// Whether this way in is open.
    pub enabled: bool,
    /// How long a code holds, in seconds.
    pub duration: i64,
    /// Digits of a code.
    pub length: i64,
    /// Text of the mail.
    pub email_template: EmailTemplate,
}

/// Sign-in through other providers (contract B 1.4).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OAuth2 {
    /// Whether this way in is open.
    pub enabled: bool,
    /// Which provider value goes into which field on sign-up.
    pub mapped_fields: MappedFields,
    /// The providers in the order in which they are offered.
    pub providers: Vec<OAuth2Provider>,
}

/// Field names, or empty texts, for the values of a provider's profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedFields {
    /// Field for the provider's id.
    pub id: String,
    /// Field for the full name.
    pub name: String,
    /// Field for the user name.
    pub username: String,
    /// Field for the picture.
    pub avatar_url: String,
}

/// One provider of an auth collection. The client secret never leaves through the API.
#[derive(Clone, PartialEq)]
pub struct OAuth2Provider {
    /// Known provider name, unique in the list.
    pub name: String,
    /// Public id of the application.
    pub client_id: String,
    /// Secret of the application.
    pub client_secret: String,
    /// Override of the authorisation address, or empty.
    pub auth_url: String,
    /// Override of the token address, or empty.
    pub token_url: String,
    /// Override of the profile address, or empty.
    pub user_info_url: String,
    /// Override of the shown name, or empty.
    pub display_name: String,
    /// Whether PKCE is used; `None` is the provider's own default.
    pub pkce: Option<bool>,
    /// Provider-specific options.
    pub extra: Option<JsonMap>,
}

impl std::fmt::Debug for OAuth2Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth2Provider")
            .field("name", &self.name)
            .field("client_id", &self.client_id)
            .field("client_secret", &"***")
            .finish_non_exhaustive()
    }
}

impl Collection {
    /// Position of the field called `name`, exact case, in [`Collection::fields`].
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The field called `name`, exact case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The auth options, when records of this collection can sign in.
    pub const fn auth(&self) -> Option<&AuthOptions> {
        match &self.kind {
            CollectionKind::Auth(options) => Some(options),
            CollectionKind::Base | CollectionKind::View(_) => None,
        }
    }

    /// Whether records of this collection may have an authenticator. Superusers always may.
    pub fn offers_totp(&self) -> bool {
        self.is_auth() && (self.ext.totp || self.name == SUPERUSERS)
    }

    /// Whether records of this collection can sign in.
    pub const fn is_auth(&self) -> bool {
        matches!(self.kind, CollectionKind::Auth(_))
    }

    /// Whether this is a read-only view.
    pub const fn is_view(&self) -> bool {
        matches!(self.kind, CollectionKind::View(_))
    }
}
