//! `[mail]`: the sender and the server of mails.

use url::{Host, Url};

use crate::config::address::decoded;
use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::domain::language::Language;
use crate::domain::{Json, JsonMap};

/// What is no setting of the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mail {
    /// The language of texts that the file does not write itself.
    pub language: Language,
}

/// `[mail]` → `meta` and `smtp`, and what is left.
pub(super) fn read(
    section: &Section<'_>,
    settings: &mut Settings,
    reader: &mut Reader<'_>,
) -> Mail {
    section.only(&["from", "smtp", "language"], reader);
    sender_and_server(section, settings, reader);
    let language = section.choice("language", &Language::ALL, reader);
    Mail { language: language.unwrap_or_default() }
}

fn sender_and_server(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    let what = "a sender such as \"Tiny Blog <hi@example.com>\"";
    if let Some((name, address)) = section.parse("from", what, reader, sender) {
        if !name.is_empty() {
            settings.set("meta", "senderName", name);
        }
        settings.set("meta", "senderAddress", address);
    }
    let has_password = |text: &str| Url::parse(text).is_ok_and(|url| url.password().is_some());
    let Some(smtp) = section.secret("smtp", reader, has_password) else { return };
    if smtp.is_empty() {
        settings.set("smtp", "enabled", false);
        return;
    }
    match smtp_settings(smtp.expose()) {
        Some(values) => settings.set_top("smtp", values),
        None => {
            let place = section.node("smtp").map_or(section.place, |node| &node.place);
            reader.fault(
                Fault::error("`smtp` is not the address of a mail server")
                    .at(place)
                    .help("write smtp://user:pass@host:587 or smtps://user:pass@host:465"),
            );
        }
    }
}

/// `Name <address>` or the address alone.
fn sender(text: &str) -> Option<(String, String)> {
    let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.split_once('<'))
    {
        Some((name, address)) => (name.trim().trim_matches('"'), address.trim()),
        None => ("", text.trim()),
    };
    let valid = email_address::EmailAddress::is_valid(address) && name.chars().count() <= 255;
    valid.then(|| (name.to_owned(), address.to_owned()))
}

fn smtp_settings(text: &str) -> Option<JsonMap> {
    let url = Url::parse(text).ok()?;
    let (tls, port) = match url.scheme() {
        "smtp" => (false, 587),
        "smtps" => (true, 465),
        _ => return None,
    };
    let host = match url.host()? {
        // Elsewhere it stands without its brackets.
        Host::Ipv6(address) => address.to_string(),
        name => name.to_string(),
    };
    if host.is_empty() {
        return None;
    }
    let plain = ["", "/"].contains(&url.path()) && url.query().is_none();
    let mut settings = JsonMap::new();
    settings.insert("enabled".to_owned(), Json::Bool(true));
    settings.insert("host".to_owned(), host.into());
    settings.insert("port".to_owned(), url.port().unwrap_or(port).into());
    settings.insert("username".to_owned(), decoded(url.username())?.into());
    settings.insert("password".to_owned(), decoded(url.password().unwrap_or_default())?.into());
    settings.insert("tls".to_owned(), tls.into());
    plain.then_some(settings)
}
