//! `[oauth.NAME]`: applications registered with other providers.

use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::domain::collection::OAuth2Provider;
use crate::domain::providers::{PROVIDERS, is_provider};

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
    reader.not_yet("sign-in through other providers is", section.place);
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
    OAuth2Provider {
        name: name.to_owned(),
        client_id,
        client_secret,
        auth_url,
        token_url,
        user_info_url,
        display_name: section.text("display", reader).unwrap_or_default(),
        pkce: section.bool("pkce", reader),
        extra: extra(section, issuer, reader),
    }
}

/// The provider's own options; the issuer is one of them.
fn extra(
    section: &Section<'_>,
    issuer: String,
    reader: &mut Reader<'_>,
) -> Option<crate::domain::JsonMap> {
    let written = section.table("extra", reader);
    let mut extra = written.and_then(|table| reader.json_map(table.table));
    if !issuer.is_empty() {
        extra.get_or_insert_default().insert("issuers".to_owned(), vec![issuer].into());
    }
    extra
}
