//! What was found.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// It works, and may not be what is wanted.
    Advice,
    /// It does not work, or will not for long.
    Fault,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was looked at, in a word.
    pub about: &'static str,
    /// What was seen, for people.
    pub text: String,
    /// What mends it; empty when there is nothing to mend.
    pub help: String,
}

impl Finding {
    /// All is well.
    pub fn good(about: &'static str, text: impl Into<String>) -> Self {
        Self { grade: Grade::Good, about, text: text.into(), help: String::new() }
    }

    /// Something to think about.
    pub fn advice(about: &'static str, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { grade: Grade::Advice, about, text: text.into(), help: help.into() }
    }

    /// Something to mend.
    pub fn fault(about: &'static str, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { grade: Grade::Fault, about, text: text.into(), help: help.into() }
    }
}
