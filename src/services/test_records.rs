//! Collections and records for tests that need no database.

use std::sync::Arc;

use serde_json::json;

use crate::domain::collection::{
    AuthAlert, AuthOptions, Collection, CollectionKind, EmailTemplate, Mfa, OAuth2, Otp,
    PasswordAuth, TokenOptions,
};
use crate::domain::fields::{DomainOptions, Field, FieldKind, PasswordOptions, TextOptions};
use crate::domain::record::Record;
use crate::domain::rules::Rule;

/// A collection of this name whose records have an id and nothing else.
pub(crate) fn base_collection(name: &str) -> Arc<Collection> {
    Arc::new(collection(name, vec![text("id")], CollectionKind::Base))
}

/// An auth collection of this name, its secrets made from it.
pub(crate) fn auth_collection(name: &str) -> Arc<Collection> {
    let fields = vec![
        text("id"),
        Field::new("password", FieldKind::Password(PasswordOptions::default())),
        text("tokenKey"),
        Field::new("email", FieldKind::Email(DomainOptions::default())),
        Field::new("emailVisibility", FieldKind::Bool),
        Field::new("verified", FieldKind::Bool),
        text("username"),
    ];
    let kind = CollectionKind::Auth(Box::new(auth_options(name)));
    let mut collection = collection(name, fields, kind);
    collection.indexes = vec![
        format!("CREATE UNIQUE INDEX `email_{name}` ON `{name}` (`email`) WHERE `email` != ''"),
        format!("CREATE UNIQUE INDEX `name_{name}` ON `{name}` (`username` COLLATE NOCASE)"),
    ];
    Arc::new(collection)
}

/// A record of an auth collection of [`auth_collection`].
pub(crate) fn auth_record(collection: &Arc<Collection>, id: &str) -> Record {
    let token_key = format!("{:x<50}", format!("key-of-{id}-"));
    let values = vec![
        json!(id),
        json!(""),
        json!(token_key),
        json!("ann@example.com"),
        json!(false),
        json!(false),
        json!("Ann"),
    ];
    Record::new(Arc::clone(collection), values)
}

fn text(name: &str) -> Field {
    Field::new(name, FieldKind::Text(TextOptions::default()))
}

fn collection(name: &str, fields: Vec<Field>, kind: CollectionKind) -> Collection {
    Collection {
        id: format!("pbc_{name}"),
        name: name.to_owned(),
        fields,
        ..Collection::blank(kind)
    }
}

fn auth_options(name: &str) -> AuthOptions {
    let token = |kind: &str, duration| TokenOptions {
        secret: format!("{:x<50}", format!("{name}-{kind}-")),
        duration,
    };
    AuthOptions {
        auth_rule: Some(Rule::new("")),
        manage_rule: None,
        auth_alert: AuthAlert { enabled: true, email_template: EmailTemplate::default() },
        oauth2: OAuth2::default(),
        password_auth: PasswordAuth { enabled: true, identity_fields: vec!["email".to_owned()] },
        mfa: Mfa { enabled: false, duration: 600, rule: Rule::new("") },
        otp: Otp {
            enabled: false,
            duration: 180,
            length: 8,
            email_template: EmailTemplate::default(),
        },
        auth_token: token("auth", 432_000),
        password_reset_token: token("reset", 1_800),
        email_change_token: token("change", 1_800),
        verification_token: token("verification", 86_400),
        file_token: token("file", 180),
        verification_template: EmailTemplate::default(),
        reset_password_template: EmailTemplate::default(),
        confirm_email_change_template: EmailTemplate::default(),
    }
}
