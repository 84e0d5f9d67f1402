//! Secrets in addresses: tokens stand in query strings where a header cannot be sent, and whoever reads logs
//! must not be able to use them.

use std::borrow::Cow;

/// What stands in the place of a secret.
const STARS: &str = "***";

/// Parameters whose values are secrets, in lower case, besides all that end as in [`ENDINGS`].
const NAMES: [&str; 20] = [
    "code",
    "key",
    "apikey",
    "api_key",
    "sig",
    "state",
    "codeverifier",
    "code_verifier",
    "passwordconfirm",
    "tokenkey",
    "otp",
    "otpid",
    "secretkey",
    "accesskey",
    "passwd",
    "pwd",
    "jwt",
    "authorization",
    "sid",
    "session",
];

/// Ends of such names.
const ENDINGS: [&str; 4] = ["token", "password", "secret", "signature"];

/// `address` with stars for the values of parameters that are secrets, be they in the query or behind the
/// `#`, and for a password before the host. Everything else stays as it is written.
pub fn masked(address: &str) -> Cow<'_, str> {
    let (head, query) = match address.find(['?', '#']) {
        Some(at) => address.split_at(at),
        None => (address, ""),
    };
    let user = credentials(head);
    if user.is_none() && !query.contains('=') {
        return address.into();
    }
    let mut text = String::with_capacity(address.len());
    match user {
        Some((before, after)) => text.extend([before, STARS, after]),
        None => text.push_str(head),
    }
    let mut rest = query;
    while let Some(mark) = rest.chars().next() {
        // Each pair stands behind one of the marks.
        text.push(mark);
        rest = &rest[mark.len_utf8()..];
        let (pair, next) = rest.split_at(rest.find(['&', ';', '?', '#']).unwrap_or(rest.len()));
        match pair.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret(name) => {
                text.extend([name, "=", STARS]);
            }
            _ => text.push_str(pair),
        }
        rest = next;
    }
    text.into()
}

/// What stands before and after `user:password` of `scheme://user:password@host/…`.
fn credentials(head: &str) -> Option<(&str, &str)> {
    let start = head.find("://")? + 3;
    let host = &head[start..];
    let end = host.find('/').unwrap_or(host.len());
    let at = host[..end].rfind('@')?;
    Some((&head[..start], &host[at..]))
}

fn is_secret(name: &str) -> bool {
    let plain: Cow<'_, str> =
        if name.contains('%') { percent_decoded(name).into() } else { name.into() };
    let name = plain.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// `text` with `%41` as `A`; what is no such escape stays as it is, and what is no text then is shown as such.
pub fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_become_stars_and_the_rest_stays() {
        for (address, expected) in [
            ("/a/b", "/a/b"),
            ("/a?x=1&y", "/a?x=1&y"),
            ("/f?token=eyJ.a.b&thumb=1x1", "/f?token=***&thumb=1x1"),
            ("/f?thumb=1x1&TOKEN=abc", "/f?thumb=1x1&TOKEN=***"),
            ("/f?%74oken=abc", "/f?%74oken=***"),
            ("/f?to%6Ben=abc#token=c", "/f?to%6Ben=***#token=***"),
            (
                "/f?access_token=a&newPassword=b&client_secret=c",
                "/f?access_token=***&newPassword=***&client_secret=***",
            ),
            ("/r?state=s&code=c", "/r?state=***&code=***"),
            ("/f?passwordConfirm=a&otpId=b", "/f?passwordConfirm=***&otpId=***"),
            ("/f?token=", "/f?token="),
            ("/f?a=b?token=c", "/f?a=b?token=***"),
            ("/f?a=b;token=c", "/f?a=b;token=***"),
            ("/f?monkey=1&filter=key='x'", "/f?monkey=1&filter=key='x'"),
            ("https://me:pw@host/p@q?a=1", "https://***@host/p@q?a=1"),
            ("https://host/p@q", "https://host/p@q"),
            ("/f?ä=ö&token=ü", "/f?ä=ö&token=***"),
        ] {
            assert_eq!(masked(address), expected, "{address}");
        }
    }

    #[test]
    fn escapes_are_read_where_a_text_comes_of_it() {
        assert_eq!(percent_decoded("/a%20b%2"), "/a b%2");
        assert_eq!(percent_decoded("%ff"), "\u{fffd}");
        assert_eq!(percent_decoded("%C3%A4+"), "ä+");
    }
}
