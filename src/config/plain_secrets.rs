//! A warning to those who run a file with secrets in earnest and have no key to encrypt what the
//! database keeps.

use crate::config::auth::{Auth, KEY_VARIABLE};
use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::domain::Json;
use crate::domain::collection::OAuth2Provider;

/// Environments in which nothing is worth a key.
const TRIALS: [&str; 2] = ["dev", "test"];

/// Warns when the file holds a password of a mail server, a secret of a bucket or of a provider that
/// is switched on, and there is no key.
pub(super) fn warn(
    root: &Section<'_>,
    auth: &Auth,
    settings: &Settings,
    providers: &[OAuth2Provider],
    reader: &mut Reader<'_>,
) {
    let named = (reader.source.variable)(KEY_VARIABLE).is_some_and(|key| !key.is_empty());
    let is_trial = TRIALS.contains(&reader.source.environment);
    if named || auth.key.is_some() || is_trial || !has_secrets(settings, providers) {
        return;
    }
    let warning = Fault::warning("the secrets that the database keeps are not encrypted").help(
        "write key = \"${FERROBASE_AUTH_KEY:-}\" into [auth], and set the variable to what \
         `openssl rand -base64 24` prints",
    );
    let section = root.node("auth").and_then(|_| root.table("auth", reader));
    let key = section.filter(|section| section.has("key"));
    reader.fault(match key {
        Some(section) => warning.at(section.key_place("key")),
        None => warning,
    });
}

fn has_secrets(settings: &Settings, providers: &[OAuth2Provider]) -> bool {
    let settings = Json::Object(settings.as_map().clone());
    let is_set = |path: &str| {
        let secret = settings.pointer(path).and_then(Json::as_str);
        secret.is_some_and(|secret| !secret.is_empty())
    };
    ["/smtp/password", "/s3/secret", "/backups/s3/secret"].into_iter().any(is_set)
        || providers.iter().any(|provider| !provider.client_id.is_empty())
}
