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

/// How every JSON Web Token begins: a base64url of `{"`.
const TOKEN: &str = "eyJ";

/// `address` with stars for the values of parameters that are secrets, be they in the query or behind the
/// `#`, for a password before the host, and for tokens wherever they stand. Everything else stays as it is
/// written.
pub fn masked(address: &str) -> Cow<'_, str> {
    // What has none of these has nothing to hide, and that is most of what is asked for.
    if !address.bytes().any(|byte| matches!(byte, b'=' | b'@' | b'.')) {
        return address.into();
    }
    let (head, query) = match address.find(['?', '#']) {
        Some(at) => address.split_at(at),
        None => (address, ""),
    };
    let user = credentials(head);
    if user.is_none() && !query.contains('=') && !address.contains(TOKEN) {
        return address.into();
    }
    let mut text = String::with_capacity(address.len());
    match user {
        Some((before, after)) => text.extend([before, STARS, &without_tokens(after)]),
        None => text.push_str(&without_tokens(head)),
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
            _ => text.push_str(&without_tokens(pair)),
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

/// `text` with stars for what looks like a JSON Web Token (RFC 7519): three parts of base64url with points
/// between them, the last of which may be missing.
fn without_tokens(text: &str) -> Cow<'_, str> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(TOKEN) {
        let (before, from) = rest.split_at(start);
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let end = from.bytes().position(|byte| !is_part(byte)).unwrap_or(from.len());
        let (found, after) = from.split_at(end);
        plain.push_str(before);
        plain.push_str(if found.contains('.') { STARS } else { found });
        rest = after;
    }
    if plain.is_empty() { text.into() } else { (plain + rest).into() }
}

fn is_secret(name: &str) -> bool {
    let name = percent_decoded(name).to_ascii_lowercase();
    // Lists have brackets behind their names.
    let name = name.split('[').next().unwrap_or_default();
    NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// `text` with `%41` as `A`; what is no such escape stays as it is, and what is no text then is shown as such.
pub fn percent_decoded(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return text.into();
    }
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
    String::from_utf8_lossy(&decoded).into_owned().into()
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
            ("/f?token[]=a&token%5B0%5D=b", "/f?token[]=***&token%5B0%5D=***"),
            ("/reset/eyJh.eyJp.s-_g/x?y=1", "/reset/***/x?y=1"),
            ("/reset/eyJh/eyJp.eyJ", "/reset/eyJh/***"),
            ("/l?filter=t='eyJh.eyJp.s'&b=eyJ.", "/l?filter=t='***'&b=***"),
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
