//! What the options of an auth collection must obey (contract A 2.2, B 1.2, 1.4).

use super::{check_rule, frozen_rule};
use crate::domain::collection::{
    AuthOptions, Collection, EmailTemplate, OAuth2, OAuth2Provider, Otp, TokenOptions,
};
use crate::domain::fields::is_url;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::providers::is_provider;
use crate::domain::schema::Schema;

const DAY: i64 = 86_400;
const LONGEST_TOKEN: i64 = 94_670_856;

impl AuthOptions {
    /// `frozen` are the options of the stored collection, when it is the product's own.
    pub(super) fn validate(
        &self,
        collection: &Collection,
        frozen: Option<&Self>,
        schema: &Schema,
        errors: &mut FieldErrors,
    ) {
        errors.check("authRule", check_rule(self.auth_rule.as_ref(), collection, schema));
        if self.manage_rule.as_ref().is_some_and(|rule| rule.is_public()) {
            let message = "Not everybody may manage the records of others: null, or a condition.";
            let fault = Fault::new("validation_nil_or_not_empty_required", message);
            errors.add("manageRule", fault);
        }
        errors.check("manageRule", check_rule(self.manage_rule.as_ref(), collection, schema));
        if let Some(old) = frozen {
            if old.auth_rule != self.auth_rule {
                errors.add("authRule", frozen_rule());
            }
            if old.manage_rule != self.manage_rule {
                errors.add("manageRule", frozen_rule());
            }
        }
        let mut alert = FieldErrors::new();
        alert.nest("emailTemplate", self.auth_alert.email_template.validate());
        errors.nest("authAlert", alert);
        errors.nest("oauth2", self.oauth2.validate());
        errors.nest("passwordAuth", self.validate_password_auth(collection));
        errors.nest("mfa", self.validate_mfa(collection, schema));
        errors.nest("otp", self.otp.validate());
        for (key, token) in self.tokens() {
            errors.nest(key, token.validate());
        }
        for (key, template) in self.templates() {
            errors.nest(key, template.validate());
        }
    }

    fn validate_password_auth(&self, collection: &Collection) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if !self.password_auth.enabled {
            return errors;
        }
        let fields = &self.password_auth.identity_fields;
        if fields.is_empty() {
            errors.add("identityFields", Fault::required());
        }
        for name in fields {
            let fault = if collection.field(name).is_none() {
                let message = format!("There is no field called `{name}`.");
                Fault::new("validation_missing_field", message)
            } else if collection.unique_index(name).is_none() {
                let message = format!("`{name}` needs a unique index of its own to name accounts.");
                Fault::new("validation_missing_unique_constraint", message)
            } else {
                continue;
            };
            errors.add("identityFields", fault.with("fieldName", name.as_str()));
        }
        errors
    }

    fn validate_mfa(&self, collection: &Collection, schema: &Schema) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if !self.mfa.enabled {
            return errors;
        }
        let totp = collection.ext.totp;
        let ways = [self.password_auth.enabled, self.oauth2.enabled, self.otp.enabled, totp];
        if ways.into_iter().filter(|enabled| *enabled).count() < 2 {
            let message = "A second factor needs at least two ways to sign in.";
            errors.add("enabled", Fault::new("validation_mfa_not_enough_auths", message));
        }
        errors.check("duration", between(self.mfa.duration, 10, DAY));
        errors.check("rule", check_rule(Some(&self.mfa.rule), collection, schema));
        errors
    }
}

impl OAuth2 {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if !self.enabled {
            return errors;
        }
        let mut inner = FieldErrors::new();
        for (position, provider) in self.providers.iter().enumerate() {
            let earlier = &self.providers[..position];
            inner.nest(position.to_string(), provider.validate_name(earlier));
        }
        if inner.is_empty() {
            for (position, provider) in self.providers.iter().enumerate() {
                inner.nest(position.to_string(), provider.validate());
            }
        }
        errors.nest("providers", inner);
        errors
    }
}

impl OAuth2Provider {
    fn validate_name(&self, earlier: &[Self]) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.name.is_empty() {
            errors.add("name", Fault::required());
        }
        if earlier.iter().any(|other| other.name == self.name) {
            let message = format!("`{}` is there already.", self.name);
            let fault = Fault::new("validation_duplicated_provider", message);
            errors.add("name", fault.with("name", self.name.as_str()));
        }
        if !is_provider(&self.name) {
            let message = format!("There is no provider called `{}`.", self.name);
            let fault = Fault::new("validation_missing_provider", message);
            errors.add("name", fault.with("name", self.name.as_str()));
        }
        errors
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for (key, value) in [("clientId", &self.client_id), ("clientSecret", &self.client_secret)] {
            if value.is_empty() {
                errors.add(key, Fault::required());
            }
        }
        for (key, url) in [
            ("authURL", &self.auth_url),
            ("tokenURL", &self.token_url),
            ("userInfoURL", &self.user_info_url),
        ] {
            if !url.is_empty() && !is_url(url) {
                let message = "Must be a web address, such as https://example.com/token.";
                errors.add(key, Fault::new("validation_is_url", message));
            }
        }
        errors
    }
}

impl Otp {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.enabled {
            errors.check("duration", between(self.duration, 10, DAY));
            errors.check("length", between(self.length, 4, i64::MAX));
        }
        errors.nest("emailTemplate", self.email_template.validate());
        errors
    }
}

impl TokenOptions {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.secret.is_empty() {
            errors.add("secret", Fault::required());
        }
        if !(30..=255).contains(&self.secret.len()) {
            errors.add("secret", Fault::length(30, 255));
        }
        errors.check("duration", between(self.duration, 10, LONGEST_TOKEN));
        errors
    }
}

impl EmailTemplate {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for (key, text) in [("subject", &self.subject), ("body", &self.body)] {
            if text.is_empty() {
                errors.add(key, Fault::required());
            }
        }
        errors
    }
}

/// A number that must be there and within bounds.
fn between(value: i64, min: i64, max: i64) -> Result<(), Fault> {
    match value {
        0 => Err(Fault::required()),
        value if value < min => Err(Fault::below(min)),
        value if value > max => Err(Fault::above(max)),
        _ => Ok(()),
    }
}
