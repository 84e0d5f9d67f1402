//! Regular expressions that people write as options of fields: to match values, and to make them.

mod re2;
mod template;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use regex::Regex;

use crate::domain::random::Random;
use template::Template;

/// A RE2-style expression as it was written, compiled once; the empty text matches everything. Two
/// patterns are equal when their texts are.
#[derive(Clone, Default)]
pub struct Pattern {
    text: String,
    regex: OnceLock<Result<Regex, String>>,
}

impl Pattern {
    /// Keeps `text`; whether it compiles shows in [`Pattern::regex`].
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), regex: OnceLock::new() }
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is no pattern.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The compiled expression.
    ///
    /// # Errors
    /// Why the text is no expression, in words for people.
    pub fn regex(&self) -> Result<&Regex, &str> {
        self.regex
            .get_or_init(|| Regex::new(&re2::translate(&self.text)).map_err(|err| err.to_string()))
            .as_ref()
            .map_err(String::as_str)
    }

    /// Whether the pattern is empty or matches somewhere in `value`. One that does not compile
    /// matches nothing; validation keeps such out of collections.
    pub fn is_match(&self, value: &str) -> bool {
        self.is_empty() || self.regex().is_ok_and(|regex| regex.is_match(value))
    }
}

/// A RE2-style expression that texts are made from; the empty text makes nothing. Two are equal when
/// their texts are.
#[derive(Clone, Default)]
pub struct AutogeneratePattern {
    text: String,
    template: OnceLock<Result<Template, String>>,
}

impl AutogeneratePattern {
    /// Keeps `text`; whether it can make texts shows in [`AutogeneratePattern::check`].
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), template: OnceLock::new() }
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing is to be made.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether texts can be made.
    ///
    /// # Errors
    /// Why they cannot, in words for people.
    pub fn check(&self) -> Result<(), &str> {
        self.template().map(|_| ())
    }

    /// A random text that the expression matches whole; open-ended repeats end after six.
    ///
    /// # Errors
    /// Why the expression can make none, in words for people.
    pub fn generate(&self, random: &mut Random) -> Result<String, &str> {
        let mut text = String::new();
        self.template()?.write(&mut text, random);
        Ok(text)
    }

    fn template(&self) -> Result<&Template, &str> {
        self.template
            .get_or_init(|| Template::parse(&re2::translate(&self.text)))
            .as_ref()
            .map_err(String::as_str)
    }
}

/// What both kinds of pattern share: they are their texts.
macro_rules! is_its_text {
    ($name:ident) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.text == other.text
            }
        }

        impl Eq for $name {}

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.text).finish()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}

is_its_text!(Pattern);
is_its_text!(AutogeneratePattern);
