//! Headers that a stored file is served with (contract A 4.3).

/// Types by the end of the name, which count for more than what the first bytes look like.
const BY_EXTENSION: [(&str, &str); 7] = [
    ("svg", "image/svg+xml"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

/// Types that a browser shows without running what they hold.
const INLINE: [&str; 25] = [
    "image/png",
    "image/jpg",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/x-icon",
    "image/bmp",
    "video/webm",
    "video/mp4",
    "video/3gpp",
    "video/quicktime",
    "video/x-ms-wmv",
    "audio/basic",
    "audio/aiff",
    "audio/mpeg",
    "audio/midi",
    "audio/mp3",
    "audio/wave",
    "audio/wav",
    "audio/x-wav",
    "audio/x-mpeg",
    "audio/x-m4a",
    "audio/aac",
    "application/pdf",
    "application/x-pdf",
];

/// The content type of a stored file: by the extension of its name where that says more than the
/// first bytes can, else as sniffed. As in the reference, extensions in upper case say nothing.
pub fn content_type<'a>(name: &str, sniffed: &'a str) -> &'a str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = BY_EXTENSION.iter().find(|(known, _)| *known == extension);
    known.map_or(sniffed, |(_, mime)| mime)
}

/// Whether a file whose first bytes look like `sniffed` is shown by a browser rather than saved.
/// The type must be one of the list to the letter, without parameters.
pub fn is_inline(sniffed: &str) -> bool {
    INLINE.contains(&sniffed)
}

/// The value of `Content-Disposition`: the name is quoted, and given a second time in UTF-8 where
/// ASCII cannot hold it (RFC 6266). Stored names need neither, names of other sources may.
pub fn content_disposition(name: &str, inline: bool) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let mut value = format!("{kind}; filename=\"");
    for character in name.chars() {
        match character {
            '"' | '\\' => value.extend(['\\', character]),
            ' '..='~' => value.push(character),
            _ => value.push('_'),
        }
    }
    value.push('"');
    if !name.is_ascii() {
        value.push_str("; filename*=UTF-8''");
        name.bytes().for_each(|byte| push_encoded(&mut value, byte));
    }
    value
}

/// One byte of an extended parameter value (RFC 8187), with `%` before what is not plain.
fn push_encoded(value: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
        value.push(char::from(byte));
    } else {
        let digit = |half: u8| char::from(HEX[usize::from(half)]);
        value.extend(['%', digit(byte >> 4), digit(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_extension_says_what_bytes_cannot() {
        let text = "text/plain; charset=utf-8";
        assert_eq!(content_type("lying_0123456789.svg", text), "image/svg+xml");
        assert_eq!(content_type("a.b.css", "image/png"), "text/css");
        assert_eq!(content_type("a.js", "text/html; charset=utf-8"), "text/javascript");
        assert_eq!(content_type("a.mjs", text), "text/javascript");
        assert!(content_type("a.docx", "application/zip").ends_with("wordprocessingml.document"));
        assert!(content_type("a.xlsx", "application/zip").ends_with("spreadsheetml.sheet"));
        assert!(content_type("a.pptx", "application/zip").ends_with("presentationml.presentation"));
        for name in ["UP.SVG", "a.Css", "svg", "a.svg.txt", "a.html", ""] {
            assert_eq!(content_type(name, text), text, "{name}");
        }
    }

    #[test]
    fn only_harmless_types_are_shown() {
        for mime in ["image/png", "video/mp4", "audio/mpeg", "application/pdf", "audio/x-m4a"] {
            assert!(is_inline(mime), "{mime}");
        }
        for mime in [
            "image/svg+xml",
            "text/html; charset=utf-8",
            "text/plain; charset=utf-8",
            "application/octet-stream",
            "image/png; charset=utf-8",
            "IMAGE/PNG",
            "",
        ] {
            assert!(!is_inline(mime), "{mime}");
        }
    }

    #[test]
    fn names_are_quoted() {
        let value = |name| content_disposition(name, false);
        assert_eq!(value("a_0123456789.png"), "attachment; filename=\"a_0123456789.png\"");
        assert_eq!(content_disposition("a.png", true), "inline; filename=\"a.png\"");
        assert_eq!(value("a\"b\\c; d.txt"), "attachment; filename=\"a\\\"b\\\\c; d.txt\"");
        assert_eq!(value("a\r\nX: y\0"), "attachment; filename=\"a__X: y_\"");
        assert_eq!(
            value("grüße 1.txt"),
            "attachment; filename=\"gr__e 1.txt\"; filename*=UTF-8''gr%C3%BC%C3%9Fe%201.txt"
        );
    }

    proptest! {
        #[test]
        fn a_disposition_is_a_header_value(name in "(?s).{0,60}", inline: bool) {
            let value = content_disposition(&name, inline);
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{value}");
        }
    }
}
