//! What a configuration is read from: texts, variables and secret files, all handed in. Nothing
//! here opens a file or reads the environment; the command line does and passes the results.

use std::ops::Range;

/// A file as text, with the name under which faults show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path as the user would type it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl SourceFile {
    /// A file of this path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// Everything that one load may look at.
pub struct Source<'a> {
    /// `config.toml`.
    pub main: SourceFile,
    /// `config.<env>.toml` where it exists.
    pub overlay: Option<SourceFile>,
    /// Name of the environment: `dev`, `prod`, …
    pub environment: &'a str,
    /// The files that an `include` glob matches, in byte order of their paths. The glob is relative
    /// to the folder of the main file and never leaves it.
    pub included: &'a dyn Fn(&str) -> Result<Vec<SourceFile>, String>,
    /// The value of an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The text of the file that `${file:…}` names.
    pub secret_file: &'a dyn Fn(&str) -> Result<String, String>,
}

impl Source<'static> {
    /// A lone `config.toml` of this text in the environment `dev`, with no variables and no other
    /// files.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self {
            main: SourceFile::new("config.toml", text),
            overlay: None,
            environment: "dev",
            included: &|_| Ok(Vec::new()),
            variable: &|_| None,
            secret_file: &|path| Err(format!("`{path}` does not exist")),
        }
    }
}

/// Where something stands: a range of bytes of one of the files of a load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Position of the file in [`crate::config::Report::files`].
    pub file: usize,
    /// Bytes of its text.
    pub span: Range<usize>,
}

impl Place {
    /// These bytes of that file.
    pub const fn new(file: usize, span: Range<usize>) -> Self {
        Self { file, span }
    }
}
