//! The options of auth collections as JSON (contract A 2.2), and their defaults.

use super::json::{apply_rule, rule_json};
use crate::domain::collection::{
    AuthAlert, AuthOptions, EmailTemplate, MappedFields, Mfa, OAuth2, OAuth2Provider, Otp,
    PasswordAuth, TokenOptions, templates::MailTexts,
};
use crate::domain::decode::{self, Malformed, Secrets, set, within};
use crate::domain::language::Language;
use crate::domain::rules::Rule;
use crate::domain::{Json, JsonMap};

type Outcome = Result<(), Malformed>;

impl AuthOptions {
    /// The defaults; `secret` makes the secret of each kind of token.
    pub fn new(mut secret: impl FnMut() -> String) -> Self {
        let texts = MailTexts::usual(Language::English);
        let mut token = |duration| TokenOptions { secret: secret(), duration };
        Self {
            auth_rule: Some(Rule::default()),
            manage_rule: None,
            auth_alert: AuthAlert { enabled: true, email_template: texts.auth_alert },
            oauth2: OAuth2::default(),
            password_auth: PasswordAuth {
                enabled: true,
                identity_fields: vec!["email".to_owned()],
            },
            mfa: Mfa { enabled: false, duration: 600, rule: Rule::default() },
            otp: Otp { enabled: false, duration: 180, length: 8, email_template: texts.otp },
            auth_token: token(432_000),
            password_reset_token: token(1800),
            email_change_token: token(1800),
            verification_token: token(86_400),
            file_token: token(180),
            verification_template: texts.verification,
            reset_password_template: texts.password_reset,
            confirm_email_change_template: texts.email_change,
        }
    }

    /// Gives every kind of token a secret of its own from `secret`; whatever was signed before is
    /// void.
    pub fn renew_secrets(&mut self, mut secret: impl FnMut() -> String) {
        for token in [
            &mut self.auth_token,
            &mut self.password_reset_token,
            &mut self.email_change_token,
            &mut self.verification_token,
            &mut self.file_token,
        ] {
            token.secret = secret();
        }
    }

    pub(super) fn write(&self, secrets: Secrets, out: &mut JsonMap) {
        let mut put = |key: &str, value: Json| out.insert(key.to_owned(), value);
        put("authRule", rule_json(self.auth_rule.as_ref()));
        put("manageRule", rule_json(self.manage_rule.as_ref()));
        put(
            "authAlert",
            object([
                ("enabled", self.auth_alert.enabled.into()),
                ("emailTemplate", self.auth_alert.email_template.to_json()),
            ]),
        );
        put("oauth2", self.oauth2.to_json(secrets));
        put(
            "passwordAuth",
            object([
                ("enabled", self.password_auth.enabled.into()),
                ("identityFields", self.password_auth.identity_fields.clone().into()),
            ]),
        );
        put(
            "mfa",
            object([
                ("enabled", self.mfa.enabled.into()),
                ("duration", self.mfa.duration.into()),
                ("rule", self.mfa.rule.text().into()),
            ]),
        );
        put(
            "otp",
            object([
                ("enabled", self.otp.enabled.into()),
                ("duration", self.otp.duration.into()),
                ("length", self.otp.length.into()),
                ("emailTemplate", self.otp.email_template.to_json()),
            ]),
        );
        for (key, token) in self.tokens() {
            put(key, token.to_json(secrets));
        }
        for (key, template) in self.templates() {
            put(key, template.to_json());
        }
    }

    /// The token options with the keys that they have in JSON.
    pub fn tokens(&self) -> [(&'static str, &TokenOptions); 5] {
        [
            ("authToken", &self.auth_token),
            ("passwordResetToken", &self.password_reset_token),
            ("emailChangeToken", &self.email_change_token),
            ("verificationToken", &self.verification_token),
            ("fileToken", &self.file_token),
        ]
    }

    /// The templates at the top level with the keys that they have in JSON.
    pub fn templates(&self) -> [(&'static str, &EmailTemplate); 3] {
        [
            ("verificationTemplate", &self.verification_template),
            ("resetPasswordTemplate", &self.reset_password_template),
            ("confirmEmailChangeTemplate", &self.confirm_email_change_template),
        ]
    }

    pub(super) fn apply(&mut self, map: &JsonMap) -> Outcome {
        apply_rule(&mut self.auth_rule, map, "authRule")?;
        apply_rule(&mut self.manage_rule, map, "manageRule")?;
        within(map, "authAlert", |map| {
            set(&mut self.auth_alert.enabled, decode::boolean(map, "enabled")?);
            self.auth_alert.email_template.apply(map, "emailTemplate")
        })?;
        within(map, "oauth2", |map| self.oauth2.apply(map))?;
        within(map, "passwordAuth", |map| {
            set(&mut self.password_auth.enabled, decode::boolean(map, "enabled")?);
            set(&mut self.password_auth.identity_fields, decode::texts(map, "identityFields")?);
            Ok(())
        })?;
        within(map, "mfa", |map| {
            set(&mut self.mfa.enabled, decode::boolean(map, "enabled")?);
            set(&mut self.mfa.duration, decode::integer(map, "duration")?);
            set(&mut self.mfa.rule, decode::text(map, "rule")?.map(Rule::new));
            Ok(())
        })?;
        within(map, "otp", |map| {
            set(&mut self.otp.enabled, decode::boolean(map, "enabled")?);
            set(&mut self.otp.duration, decode::integer(map, "duration")?);
            set(&mut self.otp.length, decode::integer(map, "length")?);
            self.otp.email_template.apply(map, "emailTemplate")
        })?;
        for (key, token) in [
            ("authToken", &mut self.auth_token),
            ("passwordResetToken", &mut self.password_reset_token),
            ("emailChangeToken", &mut self.email_change_token),
            ("verificationToken", &mut self.verification_token),
            ("fileToken", &mut self.file_token),
        ] {
            within(map, key, |map| {
                set(&mut token.secret, decode::text(map, "secret")?);
                set(&mut token.duration, decode::integer(map, "duration")?);
                Ok(())
            })?;
        }
        self.verification_template.apply(map, "verificationTemplate")?;
        self.reset_password_template.apply(map, "resetPasswordTemplate")?;
        self.confirm_email_change_template.apply(map, "confirmEmailChangeTemplate")
    }
}

fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
    Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

impl EmailTemplate {
    fn to_json(&self) -> Json {
        object([("subject", self.subject.as_str().into()), ("body", self.body.as_str().into())])
    }

    fn apply(&mut self, map: &JsonMap, key: &str) -> Outcome {
        within(map, key, |map| {
            set(&mut self.subject, decode::text(map, "subject")?);
            set(&mut self.body, decode::text(map, "body")?);
            Ok(())
        })
    }
}

impl TokenOptions {
    fn to_json(&self, secrets: Secrets) -> Json {
        let duration = ("duration", Json::from(self.duration));
        match secrets {
            Secrets::Kept => object([("secret", self.secret.as_str().into()), duration]),
            Secrets::LeftOut => object([duration]),
        }
    }
}

impl OAuth2 {
    fn to_json(&self, secrets: Secrets) -> Json {
        let mapped = &self.mapped_fields;
        object([
            (
                "providers",
                self.providers.iter().map(|provider| provider.to_json(secrets)).collect(),
            ),
            (
                "mappedFields",
                object([
                    ("id", mapped.id.as_str().into()),
                    ("name", mapped.name.as_str().into()),
                    ("username", mapped.username.as_str().into()),
                    ("avatarURL", mapped.avatar_url.as_str().into()),
                ]),
            ),
            ("enabled", self.enabled.into()),
        ])
    }

    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.enabled, decode::boolean(map, "enabled")?);
        within(map, "mappedFields", |map| self.mapped_fields.apply(map))?;
        let Some(entries) = decode::list(map, "providers")? else { return Ok(()) };
        let mut providers = Vec::with_capacity(entries.len());
        for (position, entry) in entries.iter().enumerate() {
            let place = || format!("providers.{position}");
            let entry =
                entry.as_object().ok_or_else(|| Malformed::new(place(), "must be an object"))?;
            let provider = OAuth2Provider::read(entry, &self.providers);
            providers.push(provider.map_err(|err| err.within(place()))?);
        }
        self.providers = providers;
        Ok(())
    }
}

impl MappedFields {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.id, decode::text(map, "id")?);
        set(&mut self.name, decode::text(map, "name")?);
        set(&mut self.username, decode::text(map, "username")?);
        set(&mut self.avatar_url, decode::text(map, "avatarURL")?);
        Ok(())
    }
}

impl OAuth2Provider {
    /// A provider without a secret of its own keeps that of the stored one of the same name, since
    /// clients send back what they were shown.
    fn read(map: &JsonMap, stored: &[Self]) -> Result<Self, Malformed> {
        let text = |key| Ok(decode::text(map, key)?.unwrap_or_default());
        let name: String = text("name")?;
        let client_secret = match decode::text(map, "clientSecret")? {
            Some(secret) => secret,
            None => stored
                .iter()
                .find(|stored| stored.name == name)
                .map(|stored| stored.client_secret.clone())
                .unwrap_or_default(),
        };
        Ok(Self {
            name,
            client_id: text("clientId")?,
            client_secret,
            auth_url: text("authURL")?,
            token_url: text("tokenURL")?,
            user_info_url: text("userInfoURL")?,
            display_name: text("displayName")?,
            pkce: decode::boolean(map, "pkce")?,
            extra: decode::object(map, "extra")?.cloned(),
        })
    }

    fn to_json(&self, secrets: Secrets) -> Json {
        let mut out = JsonMap::new();
        let mut put = |key: &str, value: Json| out.insert(key.to_owned(), value);
        put("pkce", self.pkce.map_or(Json::Null, Json::from));
        put("name", self.name.as_str().into());
        put("clientId", self.client_id.as_str().into());
        if secrets == Secrets::Kept {
            put("clientSecret", self.client_secret.as_str().into());
        }
        put("authURL", self.auth_url.as_str().into());
        put("tokenURL", self.token_url.as_str().into());
        put("userInfoURL", self.user_info_url.as_str().into());
        put("displayName", self.display_name.as_str().into());
        put("extra", self.extra.clone().map_or(Json::Null, Json::from));
        Json::Object(out)
    }
}
