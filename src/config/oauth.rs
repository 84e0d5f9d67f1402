//! `[oauth.NAME]`: applications registered with other providers.

use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::domain::JsonMap;
use crate::domain::collection::OAuth2Provider;
use crate::domain::oauth2::{Application, EmailClaim};
use crate::domain::providers::{PROVIDERS, Provider, is_provider};

const KEYS: [&str; 9] = [
    "client_id",
    "client_secret",
    "auth_url",
    "token_url",
    "user_info_url",
    "issuer",
    "display",
    "pkce",
    "extra",
];

/// Every provider of the file, also the ones whose empty id switches them off.
pub(super) fn read(section: &Section<'_>, reader: &mut Reader<'_>) -> Vec<OAuth2Provider> {
    let mut providers = Vec::new();
    for entry in section.entries() {
        if !is_provider(&entry.key) {
            reader.fault(
                Fault::error(format!("there is no provider `{}`", entry.key))
                    .at(&entry.key_place)
                    .maybe_help(advise(&entry.key, PROVIDERS.map(|provider| provider.name))),
            );
        }
        let Some(table) = section.table(&entry.key, reader) else { continue };
        providers.push(provider(&entry.key, &table, reader));
    }
    providers
}

fn provider(name: &str, section: &Section<'_>, reader: &mut Reader<'_>) -> OAuth2Provider {
    section.only(&KEYS, reader);
    if !section.has("client_id") {
        reader.fault(
            Fault::error(format!("the provider `{name}` has no `client_id`"))
                .at(section.place)
                .help("an empty `client_id` switches the provider off"),
        );
    }
    let client_id = section.text("client_id", reader).unwrap_or_default();
    let secret = section.secret("client_secret", reader, |text| !text.is_empty());
    let client_secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
    if !client_id.is_empty() && client_secret.is_empty() {
        reader.fault(
            Fault::error(format!("the provider `{name}` has no `client_secret`"))
                .at(section.key_place("client_secret")),
        );
    }
    let mut address = |key: &str| {
        let is_address = |text: &str| {
            (text.is_empty() || url::Url::parse(text).is_ok()).then(|| text.to_owned())
        };
        section.parse(key, "an address", reader, is_address).unwrap_or_default()
    };
    let (auth_url, token_url) = (address("auth_url"), address("token_url"));
    let user_info_url = address("user_info_url");
    let issuer = address("issuer");
    let provider = OAuth2Provider {
        name: name.to_owned(),
        client_id,
        client_secret,
        auth_url,
        token_url,
        user_info_url,
        display_name: section.text("display", reader).unwrap_or_default(),
        pkce: section.bool("pkce", reader),
        extra: extra(name, section, issuer, reader),
    };
    if let Some(lack) = lack(&provider) {
        reader.fault(
            Fault::error(format!("the provider `{name}` cannot be used: {lack}"))
                .at(section.place)
                .help(missing_keys(name)),
        );
    }
    provider
}

/// What keeps a provider that is switched on from being used.
fn lack(provider: &OAuth2Provider) -> Option<&'static str> {
    let application = Application::new(provider).filter(|_| !provider.client_id.is_empty())?;
    if application.undiscovered().is_some() { None } else { application.lack() }
}

fn missing_keys(name: &str) -> &'static str {
    if Provider::find(name).is_some_and(Provider::is_oidc) {
        "add `issuer`, such as \"https://id.example.com\""
    } else {
        "add `auth_url`, `token_url` and `user_info_url`"
    }
}

/// The provider's own options; the issuer is one of them.
fn extra(
    name: &str,
    section: &Section<'_>,
    issuer: String,
    reader: &mut Reader<'_>,
) -> Option<JsonMap> {
    let provider = Provider::find(name);
    let is_oidc = provider.is_some_and(Provider::is_oidc);
    if !issuer.is_empty() && !is_oidc && provider.is_some() {
        reader.fault(
            Fault::error(format!("the provider `{name}` has no `issuer`"))
                .at(section.key_place("issuer"))
                .help("only `oidc`, `oidc2` and `oidc3` have one"),
        );
    }
    let written = section.table("extra", reader);
    let mut extra = written.and_then(|table| {
        check_extra(name, is_oidc, &table, reader);
        reader.json_map(table.table)
    });
    if !issuer.is_empty() {
        extra.get_or_insert_default().insert("issuers".to_owned(), vec![issuer].into());
    }
    extra
}

/// Notes options that this provider does not have, and values that they do not take.
fn check_extra(name: &str, is_oidc: bool, extra: &Section<'_>, reader: &mut Reader<'_>) {
    if is_oidc {
        extra.only(&["jwksURL", "issuers"], reader);
        extra.parse("jwksURL", "an address", reader, |text| url::Url::parse(text).ok());
        extra.texts("issuers", reader);
    } else if name == "microsoft" {
        extra.only(&["idTokenEmailClaim"], reader);
        extra.choice("idTokenEmailClaim", &EmailClaim::NAMES.map(|name| (name, ())), reader);
    } else {
        extra.only(&[], reader);
    }
}
