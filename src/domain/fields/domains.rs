//! E-mail and url fields: one line of text with a host that may be restricted.

use email_address::{EmailAddress, Options};

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::{Json, JsonMap};

/// Options of an email or url field (contract A 2.9); at most one list is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainOptions {
    /// Hosts that are refused.
    pub except_domains: Option<Vec<String>>,
    /// Hosts that are accepted, all others refused.
    pub only_domains: Option<Vec<String>>,
}

impl DomainOptions {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            except_domains: decode::texts(map, "exceptDomains")?,
            only_domains: decode::texts(map, "onlyDomains")?,
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("exceptDomains".to_owned(), Json::from(self.except_domains.clone()));
        out.insert("onlyDomains".to_owned(), Json::from(self.only_domains.clone()));
    }

    /// Checks a value of an email field that is not empty.
    pub(super) fn check_email(&self, value: &Json) -> Result<(), Fault> {
        let text = value.as_str().unwrap_or_default();
        if !is_email(text) {
            return Err(Fault::new(
                "validation_is_email",
                "Must be an e-mail address, such as name@example.com.",
            ));
        }
        let domain = text.rsplit('@').next().unwrap_or_default();
        self.check_domain(domain, "validation_email_domain_not_allowed")
    }

    /// Checks a value of a url field that is not empty.
    pub(super) fn check_url(&self, value: &Json) -> Result<(), Fault> {
        let text = value.as_str().unwrap_or_default();
        if !is_url(text) {
            return Err(Fault::new(
                "validation_invalid_url",
                "Must be a web address, such as https://example.com.",
            ));
        }
        self.check_domain(host(text), "validation_url_domain_not_allowed")
    }

    fn check_domain(&self, domain: &str, code: &'static str) -> Result<(), Fault> {
        let holds = |domains: &Vec<String>| domains.iter().any(|known| known == domain);
        let only = self.only_domains.as_ref().filter(|domains| !domains.is_empty());
        let refused = only.is_some_and(|only| !holds(only))
            || self.except_domains.as_ref().is_some_and(holds);
        if refused {
            return Err(Fault::new(code, format!("The domain `{domain}` is not accepted here.")));
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        let lists = [("exceptDomains", &self.except_domains), ("onlyDomains", &self.only_domains)];
        let both = lists.iter().all(|(_, list)| list.as_ref().is_some_and(|list| !list.is_empty()));
        for (key, list) in lists {
            if both {
                errors.add(key, Fault::not_empty("Only one of the two lists may be set."));
            }
            let domain = |domain: &String| {
                if is_domain(domain) {
                    return Ok(());
                }
                Err(Fault::new(
                    "validation_is_domain",
                    format!("`{domain}` is not a domain, such as example.com."),
                ))
            };
            errors.nest(key, option::each(list.as_deref().unwrap_or_default(), domain));
        }
    }
}

/// Whether `text` is an e-mail address whose domain has a dot.
pub fn is_email(text: &str) -> bool {
    let options =
        Options::default().with_required_tld().without_domain_literal().without_display_text();
    EmailAddress::parse_with_options(text, options).is_ok()
}

/// Whether `text` is a domain of at least two labels.
pub fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 255 && text.contains('.') && text.split('.').all(label)
}

/// Whether `text` is a web address; the scheme may be left out where a dot or a port shows that a
/// host is meant.
pub fn is_url(text: &str) -> bool {
    const SCHEMES: [&str; 7] = ["http", "https", "ftp", "tcp", "udp", "ws", "wss"];
    if !(4..=2082).contains(&text.chars().count()) || text.contains(char::is_whitespace) {
        return false;
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if SCHEMES.contains(&scheme) => rest,
        Some((before, _)) if !before.contains(['/', '?', '#']) => return false,
        _ if !text.contains([':', '.']) => return false,
        _ => text,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, host)) => !user.is_empty() && is_authority(host),
        None => is_authority(authority),
    }
}

/// A host and perhaps a port.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let fine = address.parse::<std::net::Ipv6Addr>().is_ok();
            (if fine { "v6" } else { "" }, port.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port_is_fine = port.is_none_or(|port| {
        (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    port_is_fine && is_host(host)
}

fn is_host(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    host.split('.').all(label)
}

/// The host and port of a web address, empty without a scheme.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}
