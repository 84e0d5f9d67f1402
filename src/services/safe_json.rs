//! JSON in one line whose texts are safe inside an HTML page and a script (design §12.5).

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// `value` as compact JSON.
///
/// # Panics
/// When `value` cannot be JSON, as a map with keys that are no texts: nothing that is answered is so.
pub fn bytes(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Escaped);
    value.serialize(&mut serializer).expect("JSON values and answers always serialise into memory");
    bytes
}

/// Escapes what HTML and scripts would read as their own.
struct Escaped;

impl Formatter for Escaped {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        // Most texts have none of these; a look at every byte, without a way out, is many at a time.
        if !fragment.bytes().fold(false, |any, byte| any | is_suspect(byte)) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut written = 0;
        let suspects = fragment.bytes().enumerate().filter(|(_, byte)| is_suspect(*byte));
        for (at, _) in suspects {
            let found = fragment.get(at..).and_then(|rest| rest.chars().next());
            let Some(found) = found.filter(|found| is_escaped(*found)) else { continue };
            writer.write_all(&fragment.as_bytes()[written..at])?;
            write!(writer, "\\u{:04x}", u32::from(found))?;
            written = at + found.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}

const fn is_escaped(character: char) -> bool {
    matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

/// Whether `byte` is the first one of a character that is escaped. U+2028 and U+2029 share theirs
/// with others.
const fn is_suspect(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'&' | 0xe2)
}
