//! `https`, `domains`, `certificate`, `certificate_key` and `acme` of `[server]`: whose certificate is
//! shown, and where automatic ones come from.

use std::net::SocketAddr;

use url::Url;

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::domain::host_name::HostName;

/// The keys of `[server]` that are read here.
pub(super) const KEYS: [&str; 5] = ["https", "domains", "certificate", "certificate_key", "acme"];

/// HTTPS by the server itself. Nothing of it is set by default, and then there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Https {
    /// Address to listen on.
    pub address: Option<SocketAddr>,
    /// Names to get certificates for.
    pub domains: Vec<HostName>,
    /// A certificate of one's own.
    pub certificate: Option<CertificateFiles>,
    /// Where automatic certificates come from.
    pub acme: Acme,
}

/// Two files in PEM, relative to the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and those of its issuers after it.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// Who hands out automatic certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acme {
    /// Where the authority can write to.
    pub email: Option<String>,
    /// Address of its directory; `None` is Let's Encrypt.
    pub directory: Option<Url>,
    /// PEM file of the root that its directory is checked against, relative to the configuration;
    /// `None` are the roots of the system.
    pub root: Option<String>,
}

impl Acme {
    /// Let's Encrypt's directory.
    pub fn usual() -> Option<Url> {
        Self::parse_directory("letsencrypt")
    }

    /// The directory that a text names: a short name of one of Let's Encrypt's, or an address.
    pub fn parse_directory(text: &str) -> Option<Url> {
        let address = match text {
            "letsencrypt" => "https://acme-v02.api.letsencrypt.org/directory",
            "letsencrypt-staging" => "https://acme-staging-v02.api.letsencrypt.org/directory",
            address => address,
        };
        Url::parse(address).ok().filter(|url| url.scheme() == "https" && url.has_host())
    }
}

pub(super) fn read(section: &Section<'_>, reader: &mut Reader<'_>) -> Https {
    let what = "an address such as \"0.0.0.0:443\"";
    let address = section.parse("https", what, reader, |text| text.parse().ok());
    let domains = domains(section, reader);
    let acme = section.table("acme", reader).map(|table| acme(&table, reader));
    let certificate = certificate(section, reader);
    if certificate.is_some() && !domains.is_empty() {
        reader.fault(
            Fault::error("`domains` gets certificates, and `certificate` is one of your own")
                .at(section.key_place("certificate"))
                .help("keep one of the two"),
        );
    }
    Https { address, domains, certificate, acme: acme.unwrap_or_default() }
}

fn domains(section: &Section<'_>, reader: &mut Reader<'_>) -> Vec<HostName> {
    let nodes = section.node("domains").and_then(|node| reader.list("domains", node));
    let mut domains = Vec::new();
    for node in nodes.unwrap_or_default() {
        let Some(text) = reader.text("domains", node) else { continue };
        match HostName::parse(&text) {
            Ok(name) => domains.push(name),
            Err(error) => reader.fault(
                Fault::error(format!("`{text}` is not a domain"))
                    .at(&node.place)
                    .help(error.to_string()),
            ),
        }
    }
    domains
}

fn certificate(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<CertificateFiles> {
    let certificate = section.text("certificate", reader).filter(|path| !path.is_empty());
    let key = section.text("certificate_key", reader).filter(|path| !path.is_empty());
    let (named, missing) = match (certificate, key) {
        (Some(certificate), Some(key)) => return Some(CertificateFiles { certificate, key }),
        (None, None) => return None,
        (Some(_), None) => ("certificate", "certificate_key"),
        (None, Some(_)) => ("certificate_key", "certificate"),
    };
    // Another fault may be why it looks as if it were missing.
    if !section.has(missing) || !reader.failed() {
        reader.fault(
            Fault::error(format!("`{named}` needs `{missing}` beside it"))
                .at(section.key_place(named))
                .help("certificate = \"fullchain.pem\" and certificate_key = \"privkey.pem\""),
        );
    }
    None
}

fn acme(section: &Section<'_>, reader: &mut Reader<'_>) -> Acme {
    section.only(&["email", "directory", "root"], reader);
    let email =
        |text: &str| email_address::EmailAddress::is_valid(text).then(|| Some(text.to_owned()));
    let email = |text: &str| if text.is_empty() { Some(None) } else { email(text) };
    let directory = "\"letsencrypt\", \"letsencrypt-staging\" or an https address";
    Acme {
        email: section.parse("email", "an e-mail address", reader, email).flatten(),
        directory: section.parse("directory", directory, reader, Acme::parse_directory),
        root: section.text("root", reader).filter(|path| !path.is_empty()),
    }
}
