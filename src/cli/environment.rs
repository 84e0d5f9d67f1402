//! The environment of the process, the one place that reads it. In development `.env` beside the
//! config file is laid under it: what is really set wins.

use std::collections::BTreeMap;
use std::path::Path;

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

impl Environment {
    /// The variables that the process was started with; those that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
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

#[cfg(test)]
mod tests {
    use super::*;

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
