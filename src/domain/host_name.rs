//! Names of hosts that certificates are made for.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// The name of a host in the DNS, in small letters, names of other scripts in the form that the DNS has
/// (`xn--…`). Never an address, and no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// Why a text is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHostName {
    /// It has an asterisk.
    #[error("a name with `*` would take a challenge in the DNS: list each name by itself")]
    Wildcard,
    /// It is an address.
    #[error("this is an address: certificates are for names such as example.com")]
    Address,
    /// It is something else.
    #[error(
        "this is no name of a host, such as example.com: no scheme, port or path belongs to it"
    )]
    Other,
}

/// Longest name that the DNS can hold.
const LONGEST: usize = 253;

impl HostName {
    /// Reads a name.
    ///
    /// # Errors
    /// Why `text` is none.
    pub fn parse(text: &str) -> Result<Self, InvalidHostName> {
        if text.contains('*') {
            return Err(InvalidHostName::Wildcard);
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) if is_name(&name) => Ok(Self(name)),
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) => Err(InvalidHostName::Address),
            _ => Err(InvalidHostName::Other),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Labels of letters, digits and hyphens.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let fits = (1..=63).contains(&label.len());
        let known = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits && known && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= LONGEST && name.split('.').all(is_label)
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for HostName {
    type Err = InvalidHostName;

    fn from_str(text: &str) -> Result<Self, InvalidHostName> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_the_dns_has_them() {
        let name = |text: &str| HostName::parse(text).map(|name| name.to_string());
        assert_eq!(name("Example.COM").as_deref(), Ok("example.com"));
        assert_eq!(name("b\u{fc}cher.example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(name("localhost").as_deref(), Ok("localhost"));
        assert_eq!(name("a-1.example.com").as_deref(), Ok("a-1.example.com"));
    }

    #[test]
    fn what_no_certificate_can_be_had_for_is_refused() {
        assert_eq!(HostName::parse("*.example.com"), Err(InvalidHostName::Wildcard));
        for address in ["192.0.2.1", "[::1]", "2130706433"] {
            assert_eq!(HostName::parse(address), Err(InvalidHostName::Address), "{address}");
        }
        let long = format!("{}.com", "a".repeat(64));
        for other in [
            "",
            ".",
            "example.com.",
            "https://example.com",
            "example.com:443",
            "example.com/a",
            "a b.com",
            "a_b.com",
            "-a.com",
            "a-.com",
            "a..com",
            "me@example.com",
            &long,
        ] {
            assert_eq!(HostName::parse(other), Err(InvalidHostName::Other), "{other}");
        }
    }
}
