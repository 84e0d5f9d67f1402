//! The languages that the product itself can write mails in.

/// A language of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

impl Language {
    /// All of them, by their codes.
    pub const ALL: [(&'static str, Self); 4] =
        [("en", Self::English), ("de", Self::German), ("fr", Self::French), ("es", Self::Spanish)];

    /// Its code, as HTML has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_code() {
        assert!(Language::ALL.iter().all(|(code, language)| *code == language.code()));
    }
}
