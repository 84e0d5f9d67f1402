//! What a full-text search looks for, and in which fields. How words are found is the store's.

use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind};

/// The words of a text: runs of letters and digits, with the marks that combine with them. No
/// character of a word means anything to a search engine.
pub fn words(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}');
    let runs = text.split(|c| !is_part(c));
    runs.filter(|run| run.chars().any(char::is_alphanumeric)).collect()
}

/// The fields that a search in `collection` looks into, the most important one first.
pub fn fields(collection: &Collection) -> Vec<&Field> {
    let fields = collection.ext.search.iter();
    fields.filter_map(|name| collection.field(name).filter(|field| has_words(field))).collect()
}

/// Whether a field can be searched at all.
pub const fn has_words(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Text(_) | FieldKind::Editor(_))
}

/// Why `field` may not be searched, though it has words: what some may not see would be told by what
/// is found.
pub fn closed(field: &Field) -> Option<&'static str> {
    if field.hidden {
        return Some("is hidden");
    }
    let read = field.ext.read.as_ref();
    read.is_some_and(|rule| !rule.is_public()).then_some("has a read rule of its own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits_and_nothing_that_means_something() {
        assert_eq!(words("  Hello,  wörld! "), ["Hello", "wörld"]);
        assert_eq!(
            words("a-b_c:d*\"e\" NEAR(f) ^g {h}\0i"),
            ["a", "b", "c", "d", "e", "NEAR", "f", "g", "h", "i"]
        );
        assert_eq!(words("cafe\u{301} 中文 x²"), ["cafe\u{301}", "中文", "x²"]);
        for nothing in ["", " ", "\u{301}", "-*\"':", "—…"] {
            assert_eq!(words(nothing), [""; 0], "{nothing}");
        }
    }
}
