//! The keys that only auth collections have: ways to sign in, tokens, texts of mails
//! (config.md 1.5).

use crate::config::policies::{Expanded, Policies, Scope};
use crate::config::report::{Fault, advise};
use crate::config::rules::{Check, RuleSet};
use crate::config::section::{Reader, Section};
use crate::config::source::Place;
use crate::config::tree::Value;
use crate::domain::collection::{
    AuthOptions, Collection, EmailTemplate, OAuth2Provider, TokenOptions,
};
use crate::domain::providers::is_provider;
use crate::domain::rules::Rule;

/// Keys of an auth collection beside the ones that all collections have.
pub(super) const KEYS: [&str; 9] =
    ["login", "identity", "mfa", "otp", "tokens", "alert", "profile", "emails", "owner"];

/// Bounds of contract A 2.2 for the lifetime of a token.
const LIFETIME: std::ops::RangeInclusive<u64> = 10..=94_670_856;
/// Bounds of contract A 2.2 for the lifetime of a code or of a first factor.
const CODE_LIFETIME: std::ops::RangeInclusive<u64> = 10..=86_400;

/// What auth options refer to.
pub(super) struct Context<'a, 't> {
    pub policies: &'a Policies<'t>,
    pub scope: Scope<'a>,
    pub providers: &'a [OAuth2Provider],
}

/// The ways in that a collection names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ways {
    /// How many, an authenticator included.
    count: usize,
    /// Whether accounts may have an authenticator.
    totp: bool,
}

/// Lays what `section` says over the defaults of an auth collection; whether its accounts may have an
/// authenticator.
pub(super) fn read(
    section: &Section<'_>,
    options: &mut AuthOptions,
    context: &Context<'_, '_>,
    rules: &mut RuleSet,
    reader: &mut Reader<'_>,
) -> bool {
    options.auth_rule.clone_from(&rules.auth);
    options.manage_rule.clone_from(&rules.manage);
    let ways = login(section, options, context, reader);
    identity(section, options, reader);
    otp(section, options, reader);
    mfa(section, options, context, rules, ways.count, reader);
    tokens(section, options, reader);
    if let Some(alert) = section.bool("alert", reader) {
        options.auth_alert.enabled = alert;
    }
    profile(section, options, reader);
    emails(section, options, reader);
    ways.totp
}

/// Reads `login`.
fn login(
    section: &Section<'_>,
    options: &mut AuthOptions,
    context: &Context<'_, '_>,
    reader: &mut Reader<'_>,
) -> Ways {
    let mut ways = Ways { count: 1, totp: false };
    let Some(node) = section.node("login") else { return ways };
    let Some(nodes) = reader.list("login", node) else { return ways };
    options.password_auth.enabled = false;
    ways.count = 0;
    for node in nodes {
        let Some(way) = reader.text("login", node) else { continue };
        match way.as_str() {
            "password" => options.password_auth.enabled = true,
            "otp" => options.otp.enabled = true,
            "totp" => ways.totp = true,
            name => provider(name, &node.place, options, context, reader),
        }
        ways.count += 1;
    }
    if ways.totp && ways.count == 1 {
        reader.fault(
            Fault::error("an authenticator (totp) is a second factor, and there is no first one")
                .at(&node.place)
                .help("write login = [\"password\", \"totp\"]"),
        );
    }
    options.oauth2.enabled = !options.oauth2.providers.is_empty();
    ways
}

fn provider(
    name: &str,
    place: &Place,
    options: &mut AuthOptions,
    context: &Context<'_, '_>,
    reader: &mut Reader<'_>,
) {
    let Some(provider) = context.providers.iter().find(|provider| provider.name == name) else {
        let declared = context.providers.iter().map(|provider| provider.name.as_str());
        let fault = if is_provider(name) {
            Fault::error(format!("the provider `{name}` has no section"))
                .help(format!("add [oauth.{name}] with `client_id` and `client_secret`"))
        } else {
            let known = ["password", "otp", "totp"].into_iter().chain(declared);
            Fault::error(format!("there is no way to sign in called `{name}`"))
                .maybe_help(advise(name, known))
        };
        reader.fault(fault.at(place));
        return;
    };
    if options.oauth2.providers.iter().any(|known| known.name == name) {
        reader.fault(Fault::error(format!("`{name}` is listed twice")).at(place));
    } else if !provider.client_id.is_empty() {
        options.oauth2.providers.push(provider.clone());
    }
}

fn identity(section: &Section<'_>, options: &mut AuthOptions, reader: &mut Reader<'_>) {
    let Some(fields) = section.texts("identity", reader) else { return };
    if fields.is_empty() && options.password_auth.enabled {
        let place = section.key_place("identity");
        reader.fault(Fault::error("`identity` names at least one field").at(place));
    }
    options.password_auth.identity_fields = fields;
}

/// Notes identity fields that do not name one account each; the collection is complete by now.
pub(super) fn check_identity(
    section: &Section<'_>,
    collection: &Collection,
    reader: &mut Reader<'_>,
) {
    let Some(options) = collection.auth().filter(|options| options.password_auth.enabled) else {
        return;
    };
    for name in &options.password_auth.identity_fields {
        let fault = if collection.field(name).is_none() {
            let known = collection.fields.iter().map(|field| field.name.as_str());
            Fault::error(format!("`{}` has no field `{name}`", collection.name))
                .maybe_help(advise(name, known))
        } else if collection.unique_index(name).is_none() {
            Fault::error(format!("the identity field `{name}` is not unique"))
                .help(format!("add `unique` to `{name}`: it has to name one account"))
        } else {
            continue;
        };
        reader.fault(fault.at(section.key_place("identity")));
    }
}

fn otp(section: &Section<'_>, options: &mut AuthOptions, reader: &mut Reader<'_>) {
    let Some(table) = section.table("otp", reader) else { return };
    table.only(&["length", "lasts"], reader);
    if let Some(length) = table.integer("length", 4, reader) {
        options.otp.length = length;
    }
    if let Some(seconds) = lifetime(&table, "lasts", CODE_LIFETIME, reader) {
        options.otp.duration = seconds;
    }
}

fn lifetime(
    section: &Section<'_>,
    key: &str,
    bounds: std::ops::RangeInclusive<u64>,
    reader: &mut Reader<'_>,
) -> Option<i64> {
    let seconds = section.duration(key, reader)?.as_secs();
    if !bounds.contains(&seconds) {
        let place = section.node(key).map_or(section.place, |node| &node.place);
        let message =
            format!("`{key}` is from {} seconds to {} seconds", bounds.start(), bounds.end());
        reader.fault(Fault::error(message).at(place));
        return None;
    }
    i64::try_from(seconds).ok()
}

fn mfa(
    section: &Section<'_>,
    options: &mut AuthOptions,
    context: &Context<'_, '_>,
    rules: &mut RuleSet,
    ways: usize,
    reader: &mut Reader<'_>,
) {
    let Some(node) = section.node("mfa") else { return };
    let enabled = match &node.value {
        Value::Text(_) => match context.policies.expand(node, "mfa", &context.scope, reader) {
            Some(Expanded::Expression(text)) => {
                options.mfa.rule = Rule::new(text.text.clone());
                let name = format!("`mfa` of `{}`", section.name);
                rules.checks.push(Check { rule: options.mfa.rule.clone(), text, name });
                true
            }
            Some(Expanded::Public) => true,
            Some(Expanded::Locked) => {
                reader.fault(Fault::error("`mfa` is true, false or a rule").at(&node.place));
                false
            }
            None => false,
        },
        _ => reader.bool("mfa", node) == Some(true),
    };
    if !enabled {
        return;
    }
    options.mfa.enabled = true;
    if ways < 2 {
        reader.fault(
            Fault::error("a second factor needs a second way to sign in")
                .at(section.key_place("mfa"))
                .help("write login = [\"password\", \"otp\"]"),
        );
    }
}

fn tokens(section: &Section<'_>, options: &mut AuthOptions, reader: &mut Reader<'_>) {
    let Some(table) = section.table("tokens", reader) else { return };
    table.only(&["auth", "reset", "verify", "change", "file"], reader);
    let kinds: [(&str, &mut TokenOptions); 5] = [
        ("auth", &mut options.auth_token),
        ("reset", &mut options.password_reset_token),
        ("verify", &mut options.verification_token),
        ("change", &mut options.email_change_token),
        ("file", &mut options.file_token),
    ];
    for (key, token) in kinds {
        if let Some(seconds) = lifetime(&table, key, LIFETIME, reader) {
            token.duration = seconds;
        }
    }
}

fn profile(section: &Section<'_>, options: &mut AuthOptions, reader: &mut Reader<'_>) {
    let Some(table) = section.table("profile", reader) else { return };
    table.only(&["id", "name", "username", "avatar"], reader);
    let mapped = &mut options.oauth2.mapped_fields;
    for (key, field) in [
        ("id", &mut mapped.id),
        ("name", &mut mapped.name),
        ("username", &mut mapped.username),
        ("avatar", &mut mapped.avatar_url),
    ] {
        if let Some(name) = table.text(key, reader) {
            *field = name;
        }
    }
}

/// Notes profile values that go into fields that are not there.
pub(super) fn check_profile(
    section: &Section<'_>,
    fields: &[crate::domain::fields::Field],
    reader: &mut Reader<'_>,
) {
    let Some(Value::Table(table)) = section.node("profile").map(|node| &node.value) else { return };
    for entry in &table.entries {
        let Value::Text(text) = &entry.node.value else { continue };
        let known = fields.iter().map(|field| field.name.as_str());
        if !text.value.is_empty() && !known.clone().any(|name| name == text.value) {
            reader.fault(
                Fault::error(format!("there is no field `{}` for the profile", text.value))
                    .at(&entry.node.place)
                    .maybe_help(advise(&text.value, known)),
            );
        }
    }
}

fn emails(section: &Section<'_>, options: &mut AuthOptions, reader: &mut Reader<'_>) {
    let Some(table) = section.table("emails", reader) else { return };
    table.only(&["verify", "reset", "change", "otp", "alert"], reader);
    let templates: [(&str, &mut EmailTemplate); 5] = [
        ("verify", &mut options.verification_template),
        ("reset", &mut options.reset_password_template),
        ("change", &mut options.confirm_email_change_template),
        ("otp", &mut options.otp.email_template),
        ("alert", &mut options.auth_alert.email_template),
    ];
    for (key, template) in templates {
        let Some(mail) = table.table(key, reader) else { continue };
        mail.only(&["subject", "body"], reader);
        for (part, text) in [("subject", &mut template.subject), ("body", &mut template.body)] {
            match mail.text(part, reader) {
                Some(written) if written.is_empty() => {
                    let place = mail.key_place(part);
                    reader
                        .fault(Fault::error(format!("`{part}` of a mail is not empty")).at(place));
                }
                Some(written) => *text = written,
                None => {}
            }
        }
    }
}
