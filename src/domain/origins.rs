//! Origins of the web, as requests name them and as operators write down which of them may read.

use std::fmt;

/// An origin, or a pattern of origins: `*` is any run of characters, `?` one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern(String);

/// What is wrong with a text that should be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoOrigin {
    /// There is no `://`.
    #[error("an origin begins with a scheme: write https://example.com, or * for all")]
    Scheme,
    /// There is nothing behind it.
    #[error("an origin has a host: write https://example.com, or * for all")]
    Host,
    /// It goes on behind the host.
    #[error("an origin ends with its host or port: leave out the path, and the slash at the end")]
    Path,
    /// Characters that no origin has, so that nothing would ever match.
    #[error("an origin has no {0:?} in it")]
    Character(char),
    /// A port that is none.
    #[error("the port of an origin is a number or a pattern: write http://localhost:* for any")]
    Port,
}

impl OriginPattern {
    /// Reads `*`, or a scheme, a host and perhaps a port.
    ///
    /// # Errors
    /// Why no origin could be meant.
    pub fn parse(text: &str) -> Result<Self, NoOrigin> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self(text.to_owned()));
        }
        let (scheme, host) = text.split_once("://").ok_or(NoOrigin::Scheme)?;
        if scheme.is_empty() {
            return Err(NoOrigin::Scheme);
        }
        let is_of_scheme = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.' | '*' | '?')
        };
        if let Some(other) = scheme.chars().find(|character| !is_of_scheme(*character)) {
            return Err(NoOrigin::Character(other));
        }
        if host.contains('/') {
            return Err(NoOrigin::Path);
        }
        let is_of_host = |character: char| {
            character.is_ascii_alphanumeric()
                || matches!(character, '-' | '.' | '_' | '*' | '?' | ':' | '[' | ']')
        };
        if let Some(other) = host.chars().find(|character| !is_of_host(*character)) {
            return Err(NoOrigin::Character(other));
        }
        // The colons of an address of IPv6 are inside brackets.
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, Some(port)),
            _ => (host, None),
        };
        if name.is_empty() {
            return Err(NoOrigin::Host);
        }
        let is_of_port =
            |character: char| character.is_ascii_digit() || matches!(character, '*' | '?');
        if port.is_some_and(|port| port.is_empty() || !port.chars().all(is_of_port)) {
            return Err(NoOrigin::Port);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// Whether every origin matches.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// Whether `origin`, as a browser sends it, is one of those.
    pub fn matches(&self, origin: &str) -> bool {
        self.is_any() || matches(self.0.as_bytes(), origin.as_bytes())
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether all of `text` is what `pattern` says. Steps back to the last star alone, so the time is at
/// most the product of both lengths. Neither sign stands for a slash: no star reaches over the host.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        let byte = text[read].to_ascii_lowercase();
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(b'?') if byte != b'/' => {
                at += 1;
                read += 1;
            }
            Some(own) if *own == byte => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, from)) if text[from] != b'/' => {
                    star = Some((place, from + 1));
                    at = place + 1;
                    read = from + 1;
                }
                _ => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn origins_and_patterns_of_them_are_read() {
        for text in [
            "*",
            " https://a.com ",
            "http://localhost:5173",
            "http://localhost:*",
            "https://*.a.com",
            "https://app-?.a.com",
            "*://a.com",
            "capacitor://localhost",
            "chrome-extension://abcdefgh",
            "http://[::1]:3000",
            "http://[::1]",
        ] {
            assert_eq!(OriginPattern::parse(text).err(), None, "{text}");
        }
        for (text, expected) in [
            ("", NoOrigin::Scheme),
            ("a.com", NoOrigin::Scheme),
            ("null", NoOrigin::Scheme),
            ("://a.com", NoOrigin::Scheme),
            ("https://", NoOrigin::Host),
            ("https://:80", NoOrigin::Host),
            ("https://a.com/", NoOrigin::Path),
            ("https://a.com/app", NoOrigin::Path),
            ("https://a.com:80a", NoOrigin::Port),
            ("https://a.com:", NoOrigin::Port),
            ("https://a b.com", NoOrigin::Character(' ')),
            ("https://me@a.com", NoOrigin::Character('@')),
            ("https://a.com#b", NoOrigin::Character('#')),
            ("https://(a|b).com", NoOrigin::Character('(')),
            ("https://a.com, https://b.com", NoOrigin::Path),
        ] {
            assert_eq!(OriginPattern::parse(text).err(), Some(expected), "{text}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, origin, expected) in [
            ("*", "https://a.com", true),
            ("*", "null", true),
            ("https://a.com", "https://A.com", true),
            ("HTTPS://A.com", "https://a.com", true),
            ("https://a.com", "http://a.com", false),
            ("https://a.com", "https://a.com:8080", false),
            ("https://a.com", "https://a.com.evil.com", false),
            ("https://a.com", "https://axcom", false),
            ("https://*.b.com", "https://x.b.com", true),
            ("https://*.b.com", "https://x.y.b.com", true),
            ("https://*.b.com", "https://b.com", false),
            ("https://*.b.com", "https://xb.com", false),
            ("https://*.b.com", "https://x.b.com.evil.com", false),
            ("https://*.b.com", "https://evil.com/x.b.com", false),
            ("https://*.b.*", "https://x.b.com", true),
            ("https://*a*b*c", "https://aabbc", true),
            ("https://*a*b*c", "https://aabb", false),
            ("http*://b.com", "https://b.com", true),
            ("http*://b.com", "http://b.com", true),
            ("http*://b.com", "http://evil.com/://b.com", false),
            ("http://localhost:*", "http://localhost:5173", true),
            ("http://localhost:*", "http://localhost", false),
            ("https://app?.b.com", "https://app1.b.com", true),
            ("https://app?.b.com", "https://app12.b.com", false),
            ("https://app?.b.com", "https://app.b.com", false),
            ("https://a.com", "null", false),
            ("https://a.com", "", false),
        ] {
            let parsed = OriginPattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(origin), expected, "{pattern} {origin}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_means_what_the_regular_expression_means(
            pattern in "[a*?b/]{1,8}",
            text in "[ab/]{0,10}",
        ) {
            let expression = format!("^{}$", pattern.replace('*', "[^/]*").replace('?', "[^/]"));
            let expected = regex::Regex::new(&expression).unwrap().is_match(&text);
            prop_assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected);
        }
    }
}
