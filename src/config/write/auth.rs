//! What only auth collections have: ways to sign in, tokens, texts of mails, and the applications
//! registered with other providers.

use std::collections::HashSet;
use std::sync::Arc;

use crate::config::write::{Writer, toml};
use crate::domain::Json;
use crate::domain::collection::{
    AuthOptions, Collection, EmailTemplate, MailTexts, OAuth2Provider,
};
use crate::domain::language::Language;

type Entries = Vec<(String, String)>;

/// The keys of an auth collection that are not at their defaults.
pub(super) fn entries(options: &AuthOptions) -> Entries {
    let usual = AuthOptions::new(String::new);
    let mut entries = Entries::new();
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    let ways = ways(options);
    if ways != ["password"] {
        add("login", toml::texts(ways));
    }
    if options.password_auth.identity_fields != usual.password_auth.identity_fields {
        add(
            "identity",
            toml::texts(options.password_auth.identity_fields.iter().map(String::as_str)),
        );
    }
    if options.mfa.enabled {
        let rule = options.mfa.rule.text();
        add("mfa", if rule.is_empty() { "true".to_owned() } else { toml::text(rule) });
    }
    let mut otp = Entries::new();
    if options.otp.length != usual.otp.length {
        otp.push(("length".to_owned(), options.otp.length.to_string()));
    }
    if options.otp.duration != usual.otp.duration {
        otp.push(("lasts".to_owned(), toml::text(&toml::duration(options.otp.duration))));
    }
    if !otp.is_empty() {
        add("otp", toml::inline(&otp));
    }
    let tokens = tokens(options, &usual);
    if !tokens.is_empty() {
        add("tokens", toml::inline(&tokens));
    }
    if !options.auth_alert.enabled {
        add("alert", "false".to_owned());
    }
    let profile = profile(options);
    if !profile.is_empty() {
        add("profile", toml::inline(&profile));
    }
    entries
}

/// The ways in, in their order.
fn ways(options: &AuthOptions) -> Vec<&str> {
    let mut ways = Vec::new();
    if options.password_auth.enabled {
        ways.push("password");
    }
    if options.otp.enabled {
        ways.push("otp");
    }
    if options.oauth2.enabled {
        ways.extend(options.oauth2.providers.iter().map(|provider| provider.name.as_str()));
    }
    ways
}

fn tokens(options: &AuthOptions, usual: &AuthOptions) -> Entries {
    let names = [
        ("authToken", "auth"),
        ("passwordResetToken", "reset"),
        ("verificationToken", "verify"),
        ("emailChangeToken", "change"),
        ("fileToken", "file"),
    ];
    let word = |key: &str| names.iter().find(|(name, _)| *name == key).map(|(_, word)| *word);
    let pairs = options.tokens().into_iter().zip(usual.tokens());
    pairs
        .filter(|((_, token), (_, usual))| token.duration != usual.duration)
        .filter_map(|((key, token), _)| {
            Some((word(key)?.to_owned(), toml::text(&toml::duration(token.duration))))
        })
        .collect()
}

fn profile(options: &AuthOptions) -> Entries {
    let mapped = &options.oauth2.mapped_fields;
    [
        ("id", &mapped.id),
        ("name", &mapped.name),
        ("username", &mapped.username),
        ("avatar", &mapped.avatar_url),
    ]
    .into_iter()
    .filter(|(_, field)| !field.is_empty())
    .map(|(key, field)| (key.to_owned(), toml::text(field)))
    .collect()
}

/// The texts of mails that somebody wrote, as tables below the collection `name`.
pub(super) fn emails(name: &str, options: &AuthOptions, out: &mut Writer<'_>) {
    let usual = MailTexts::usual(Language::English);
    let templates: [(&str, &EmailTemplate, EmailTemplate); 5] = [
        ("verify", &options.verification_template, usual.verification),
        ("reset", &options.reset_password_template, usual.password_reset),
        ("change", &options.confirm_email_change_template, usual.email_change),
        ("otp", &options.otp.email_template, usual.otp),
        ("alert", &options.auth_alert.email_template, usual.auth_alert),
    ];
    for (key, template, usual) in templates {
        let mut parts = Entries::new();
        for (part, text, usual) in
            [("subject", &template.subject, usual.subject), ("body", &template.body, usual.body)]
        {
            if *text != usual && !text.is_empty() {
                parts.push((part.to_owned(), toml::plain(text)));
            }
        }
        if !parts.is_empty() {
            out.table(&format!("{name}.emails.{key}"));
            out.entries(&parts);
        }
    }
}

/// A section for each provider that a collection uses. They are one for all collections; where two
/// have another application each, the first one counts.
pub(super) fn providers(collections: &[Arc<Collection>], out: &mut Writer<'_>) {
    let mut written = HashSet::new();
    for options in collections.iter().filter_map(|collection| collection.auth()) {
        for provider in options.oauth2.providers.iter().filter(|_| options.oauth2.enabled) {
            if written.insert(provider.name.clone()) {
                write_provider(provider, out);
            }
        }
    }
}

fn write_provider(provider: &OAuth2Provider, out: &mut Writer<'_>) {
    let secret = out.secret(&format!("oauth_{}", provider.name), provider.client_secret.clone());
    out.table(&format!("oauth.{}", toml::key(&provider.name)));
    let mut entries = vec![
        ("client_id".to_owned(), toml::plain(&provider.client_id)),
        ("client_secret".to_owned(), secret),
    ];
    for (key, text) in [
        ("auth_url", &provider.auth_url),
        ("token_url", &provider.token_url),
        ("user_info_url", &provider.user_info_url),
        ("display", &provider.display_name),
    ] {
        if !text.is_empty() {
            entries.push((key.to_owned(), toml::plain(text)));
        }
    }
    if let Some(pkce) = provider.pkce {
        entries.push(("pkce".to_owned(), pkce.to_string()));
    }
    if let Some(extra) = &provider.extra {
        let value = |value: &Json| match value {
            Json::Array(items) => Some(toml::texts(items.iter().filter_map(Json::as_str))),
            Json::String(text) => Some(toml::plain(text)),
            Json::Bool(flag) => Some(flag.to_string()),
            _ => None,
        };
        let extra: Entries =
            extra.iter().filter_map(|(key, item)| Some((toml::key(key), value(item)?))).collect();
        entries.push(("extra".to_owned(), toml::inline(&extra)));
    }
    out.entries(&entries);
}
