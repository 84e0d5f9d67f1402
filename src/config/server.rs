//! `[server]`: where it listens and whom it trusts.

use std::net::SocketAddr;

use crate::config::connections::{self, Connections};
use crate::config::https::{self, Https};
use crate::config::report::Fault;
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::config::source::Place;
use crate::domain::addresses::parse_network;
use crate::domain::origins::OriginPattern;

/// Where the server listens and what it serves beside the API. What is absent keeps the default of
/// the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    /// Address of plain HTTP.
    pub http: Option<SocketAddr>,
    /// HTTPS by the server itself.
    pub https: Https,
    /// Origins that browsers may call from; `None` is all.
    pub origins: Option<Vec<OriginPattern>>,
    /// Folder of static files.
    pub public: Option<PublicFolder>,
    /// Whether an unknown path answers with the folder's `index.html`.
    pub spa: Option<bool>,
    /// How long and how many connections may be.
    pub connections: Connections,
    /// What lets others than superusers read `/metrics`.
    pub metrics_token: Option<Secret>,
}

/// A folder of static files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicFolder {
    /// Where it is, relative to the configuration.
    pub folder: String,
    /// Where that is written.
    pub place: Place,
}

const KEYS: [&str; 7] =
    ["http", "origins", "public", "spa", "trusted_proxies", "superuser_ips", "metrics_token"];

pub(super) fn read(
    section: &Section<'_>,
    settings: &mut Settings,
    reader: &mut Reader<'_>,
) -> Server {
    section.only(&[&KEYS[..], &https::KEYS[..], &connections::KEYS[..]].concat(), reader);
    if let Some(headers) = headers(section, reader) {
        settings.set("trustedProxy", "headers", headers);
    }
    if let Some(addresses) = addresses(section, reader) {
        settings.set_top("superuserIPs", addresses);
    }
    let address = "an address such as \"127.0.0.1:8090\"";
    Server {
        http: section.parse("http", address, reader, |text| text.parse().ok()),
        https: https::read(section, reader),
        origins: origins(section, reader),
        public: public(section, reader),
        spa: section.bool("spa", reader),
        connections: connections::read(section, reader),
        metrics_token: section
            .secret("metrics_token", reader, |text| !text.is_empty())
            .filter(|token| !token.is_empty()),
    }
}

/// An empty text is no folder, so that a variable may leave it out.
fn public(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<PublicFolder> {
    let folder = section.text("public", reader).filter(|folder| !folder.is_empty())?;
    let place = section.node("public").map(|node| node.place.clone()).unwrap_or_default();
    Some(PublicFolder { folder, place })
}

fn origins(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Vec<OriginPattern>> {
    let nodes = reader.list("origins", section.node("origins")?)?;
    let mut origins = Vec::new();
    for node in nodes {
        let Some(text) = reader.text("origins", node) else { continue };
        match OriginPattern::parse(&text) {
            Ok(origin) => origins.push(origin),
            Err(error) => reader.fault(
                Fault::error(format!(
                    "`origins` is not an origin such as \"https://example.com\": `{text}`"
                ))
                .at(&node.place)
                .help(error.to_string()),
            ),
        }
    }
    Some(origins)
}

/// Names of headers that the proxies write. Whoever gives the addresses of the proxies instead would
/// believe none of them.
fn headers(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let nodes = reader.list("trusted_proxies", section.node("trusted_proxies")?)?;
    let expected = "the name of a header that they write, such as \"X-Forwarded-For\"";
    let header = |text: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        (!text.is_empty() && text.chars().all(is_letter)).then(|| text.to_owned())
    };
    let mut headers = Vec::new();
    for node in nodes {
        headers.extend(reader.parse("trusted_proxies", node, expected, header));
    }
    Some(headers)
}

fn addresses(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let nodes = reader.list("superuser_ips", section.node("superuser_ips")?)?;
    let mut addresses = Vec::new();
    for node in nodes {
        let Some(text) = reader.text("superuser_ips", node) else { continue };
        if parse_network(&text).is_some() {
            addresses.push(text);
        } else {
            reader.fault(
                Fault::error(format!("`{text}` is no address"))
                    .at(&node.place)
                    .help("write an address or a network such as \"10.0.0.0/8\""),
            );
        }
    }
    Some(addresses)
}
