//! The environment of the process, the one place that reads it. A secret can be the text of a file
//! that a variable names. In development `.env` beside the config file is laid under it: what is
//! really set wins.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The variables that hold secrets. `NAME_FILE` names a file whose text stands for the value, as
/// orchestrators mount secrets.
pub const SECRETS: [&str; 6] = [
    "DATABASE_URL",
    "FERROBASE_ADMIN_PASSWORD",
    "FERROBASE_AUTH_KEY",
    "FERROBASE_AUTH_PREVIOUS_KEY",
    "FERROBASE_METRICS_TOKEN",
    "FERROBASE_TO",
];

/// Bytes of the largest file that is taken for a secret.
const LARGEST_SECRET: u64 = 64 * 1024;

/// Variables by name.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

/// A `.env` file that cannot be read as one.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {cause}")]
pub struct DotenvError {
    path: String,
    cause: dotenvy::Error,
}

/// Secrets that are named in a way that cannot be followed, all of them.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SecretFilesError(Vec<String>);

impl Environment {
    /// The variables that the process was started with, secrets in files included; those that are not
    /// UTF-8 are left out.
    ///
    /// # Errors
    /// When a secret's file cannot be read, or is named beside the secret itself.
    pub fn of_process() -> Result<Self, SecretFilesError> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }.with_secret_files()
    }

    /// The same with the texts of the files that `NAME_FILE` names for a secret `NAME`. An empty
    /// variable counts as none, since that is what a default of nothing makes of it.
    fn with_secret_files(mut self) -> Result<Self, SecretFilesError> {
        let mut faults = Vec::new();
        for name in SECRETS {
            let variable = format!("{name}_FILE");
            let Some(path) = self.filled(&variable) else { continue };
            if self.filled(name).is_some() {
                faults.push(format!(
                    "{name} and {variable} are both set, and which of them counts is not clear. Unset \
                     one of them."
                ));
                continue;
            }
            match secret_of(Path::new(&path)) {
                Ok(secret) => {
                    self.variables.insert(name.to_owned(), secret);
                }
                Err(reason) => faults.push(format!(
                    "{variable} names {path}, which holds no secret that can be used: {reason}. Name \
                     a file that this user may read and that holds {name} alone."
                )),
            }
        }
        if faults.is_empty() { Ok(self) } else { Err(SecretFilesError(faults)) }
    }

    /// The value of `name`, if it is set and not empty.
    pub fn filled(&self, name: &str) -> Option<String> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// Just these variables.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect() }
    }

    /// The value of `name`, if it is set.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// The value of `name` as a switch: `true` or `1`, `false` or `0`; nothing for anything else.
    pub fn switch(&self, name: &str) -> Option<bool> {
        match self.variables.get(name).map(String::as_str) {
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            _ => None,
        }
    }

    /// The same variables over those of the file `.env` in `folder`, if there is one.
    ///
    /// # Errors
    /// When the file is there and is not a list of `NAME=value` lines.
    pub fn over_dotenv(&self, folder: &Path) -> Result<Self, DotenvError> {
        let path = folder.join(".env");
        let fault = |cause| DotenvError { path: path.display().to_string(), cause };
        if !path.is_file() {
            return Ok(self.clone());
        }
        let mut variables = dotenvy::from_path_iter(&path)
            .map_err(fault)?
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map_err(fault)?;
        variables.extend(self.variables.clone());
        Ok(Self { variables })
    }
}

/// The text of a file without the line end at its end, which editors and `echo` leave there.
fn secret_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST_SECRET + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST_SECRET {
        return Err(io::Error::other(format!("it is longer than {LARGEST_SECRET} bytes")));
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err(io::Error::other("it is empty")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Environment {
        Environment::of(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    /// What a secret becomes whose file has these bytes.
    fn secret(bytes: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, bytes).unwrap();
        let named = variables(&[("FERROBASE_AUTH_KEY_FILE", file.to_str().unwrap())]);
        let read = named.with_secret_files().map_err(|error| error.to_string())?;
        Ok(read.variable("FERROBASE_AUTH_KEY").unwrap())
    }

    #[test]
    fn a_secret_is_the_text_of_its_file_without_one_line_end() {
        assert_eq!(secret(b"s3cret").unwrap(), "s3cret");
        assert_eq!(secret(b"s3cret\n").unwrap(), "s3cret");
        assert_eq!(secret(b"s3cret\r\n").unwrap(), "s3cret");
        assert_eq!(secret(b" a\nb \n\n").unwrap(), " a\nb \n");
    }

    #[test]
    fn a_file_that_holds_no_secret_is_told_apart() {
        for empty in [&b""[..], b"\n", b"\r\n"] {
            assert!(secret(empty).unwrap_err().contains("it is empty"));
        }
        assert!(secret(b"\xff\xfe").unwrap_err().contains("UTF-8"));
        let long = vec![b'x'; 64 * 1024 + 1];
        assert!(secret(&long).unwrap_err().contains("longer than 65536 bytes"));
        assert_eq!(secret(&long[1..]).unwrap().len(), 64 * 1024);
    }

    #[test]
    fn every_fault_of_secret_files_is_told_at_once() {
        let error = variables(&[
            ("DATABASE_URL_FILE", "/nowhere/url"),
            ("FERROBASE_METRICS_TOKEN_FILE", "/"),
            ("FERROBASE_AUTH_KEY", "one"),
            ("FERROBASE_AUTH_KEY_FILE", "/nowhere/key"),
        ]);
        let error = error.with_secret_files().err().unwrap().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines.len(), 3, "{error}");
        assert!(lines[0].starts_with("DATABASE_URL_FILE names /nowhere/url"), "{error}");
        assert!(lines[0].contains("No such file"), "{error}");
        assert!(
            lines[1].starts_with("FERROBASE_AUTH_KEY and FERROBASE_AUTH_KEY_FILE are both set")
        );
        assert!(lines[2].starts_with("FERROBASE_METRICS_TOKEN_FILE names /,"), "{error}");
        assert!(!error.contains("one and"), "a secret is never shown: {error}");
    }

    #[test]
    fn an_empty_variable_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cret").unwrap();
        let named = [("DATABASE_URL", ""), ("DATABASE_URL_FILE", file.to_str().unwrap())];
        let read = variables(&named).with_secret_files().unwrap();
        assert_eq!(read.variable("DATABASE_URL").as_deref(), Some("s3cret"));
        let none = variables(&[("DATABASE_URL", "kept"), ("DATABASE_URL_FILE", "")]);
        let read = none.with_secret_files().unwrap();
        assert_eq!(read.variable("DATABASE_URL").as_deref(), Some("kept"));
    }

    #[test]
    fn what_is_really_set_wins_over_dotenv() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "A=file\nB=\"from file\"\n").unwrap();
        let process = Environment::of([("A".to_owned(), "process".to_owned())]);
        let both = process.over_dotenv(folder.path()).unwrap();
        assert_eq!(both.variable("A").as_deref(), Some("process"));
        assert_eq!(both.variable("B").as_deref(), Some("from file"));
        assert_eq!(both.variable("C"), None);
    }

    #[test]
    fn a_broken_dotenv_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "A='open\n").unwrap();
        let error = Environment::default().over_dotenv(folder.path()).err().unwrap();
        assert!(error.to_string().contains(".env"), "{error}");
    }
}
