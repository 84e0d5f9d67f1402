//! What is written down of requests and of the server's own lines, and what never is: the shape of an
//! entry, cuts, and secrets in addresses.

mod mask;

pub use mask::{masked, percent_decoded};

use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fields::{
    DateOptions, Field, FieldKind, JsonOptions, NumberOptions, TextOptions,
};
use crate::domain::random::Random;

/// Name of the table of entries.
pub const TABLE: &str = "_logs";

/// Levels of entries, the numbers of PocketBase.
pub const INFO: i64 = 0;
/// Something to look at.
pub const WARN: i64 = 4;
/// Something that failed.
pub const ERROR: i64 = 8;

/// Most bytes of an entry's data, unless the settings say otherwise.
pub const DATA_SIZE: usize = 16 << 10;

/// Most bytes of an entry's message.
pub const MESSAGE_SIZE: usize = 8_000;

/// Most entries that are kept, unless the config file says otherwise: some 400 MB.
pub const MOST_ROWS: i64 = 1_000_000;

/// Bytes of an entry up to which [`MOST_ROWS`] are kept: usual ones have less than half of that. Of larger
/// ones as many are kept as have this size on average.
pub const ROW_SIZE: i64 = 1_000;

/// Most characters of an address, and of the headers that are written down.
pub const URL_LENGTH: usize = 3_000;
/// The same of `Referer` and `User-Agent`.
pub const HEADER_LENGTH: usize = 2_000;

/// The table of entries, as filters and sorts see it.
pub fn collection() -> Collection {
    let mut collection = Collection::scaffold(CollectionKind::Base, TABLE, &mut Random::seeded(0));
    let field = |name: &str, kind| Field::new(name, kind);
    collection.fields = vec![
        field("id", FieldKind::Text(TextOptions::default())),
        field("level", FieldKind::Number(NumberOptions::default())),
        field("message", FieldKind::Text(TextOptions::default())),
        field("data", FieldKind::Json(JsonOptions::default())),
        field("created", FieldKind::Date(DateOptions::default())),
    ];
    collection
}

/// `text` as it is when it has at most `most` bytes; else as many as fit, and `...`.
pub fn cut(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    format!("{}...", &text[..text.floor_char_boundary(most)]).into()
}

/// The id of an entry of the moment `millis`: its order is that of the moments, and among those of one
/// moment that of `number`. Fifteen lower-case letters and digits, as ids of records are.
pub fn id(millis: i64, number: u32) -> String {
    let mut text = [b'0'; 15];
    digits(&mut text[..9], u64::try_from(millis).unwrap_or_default());
    digits(&mut text[9..], u64::from(number));
    text.iter().map(|&byte| char::from(byte)).collect()
}

/// The moment that an [`id`] begins with; none when it is no id.
pub fn moment_of(id: &str) -> Option<i64> {
    let is_id =
        id.len() == 15 && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    i64::from_str_radix(id.get(..9).filter(|_| is_id)?, 36).ok()
}

/// How many numbers there are for [`id`].
pub const NUMBERS: u32 = 36_u32.pow(6);

/// Writes `number` right-aligned to the base of 36; what does not fit is left out.
fn digits(into: &mut [u8], mut number: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time() {
        let ids = [id(0, 0), id(1, 35), id(1, 36), id(1_767_225_600_000, 0), id(i64::MAX, 1)];
        assert!(ids[..4].is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| id.len() == 15), "{ids:?}");
        assert!(id(5, NUMBERS - 1).ends_with("zzzzzz"));
        assert_eq!(moment_of(&ids[3]), Some(1_767_225_600_000));
        for other in ["", "0mwypfeqc7ph6m", "0mwypfeqc7ph6mgg", "0mwypfeqC7ph6mg", "ümwypfeqc7ph6m"]
        {
            assert_eq!(moment_of(other), None, "{other}");
        }
    }

    #[test]
    fn cuts_are_at_characters_and_seen() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc...");
        assert_eq!(cut("aäb", 2), "a...");
        assert_eq!(cut("", 0), "");
    }
}
