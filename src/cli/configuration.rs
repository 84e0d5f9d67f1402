//! Finds `config.toml` and everything around it on the disk, and loads it.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::environment::{DotenvError, Environment};
use crate::config::{self, Colours, Config, Report, Source, SourceFile};

/// Where a configuration is looked for and what it is read with.
#[derive(Clone)]
pub struct Lookup {
    /// The file.
    pub file: PathBuf,
    /// Name of the environment, whose overlay is laid over the file.
    pub environment: String,
    /// The variables that `${NAME}` means.
    pub variables: Environment,
    /// Whether `.env` beside the file is read too.
    pub dotenv: bool,
}

/// A configuration and where it came from.
pub struct Configuration {
    /// What it says.
    pub config: Arc<Config>,
    /// The file itself.
    pub file: PathBuf,
    /// All files that were read or would have been if they were there; a change of one of them may
    /// change the configuration.
    pub files: Vec<ReadFile>,
}

/// A file as it was when the configuration was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// Its text; nothing when it was not there or could not be read.
    pub text: Option<String>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// `.env` is not a list of variables.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
    /// The text is wrong.
    #[error("{}", .0.render(Colours::Plain))]
    Invalid(Box<Report>),
}

impl LoadError {
    /// The text for people who see the dashboard and not the file.
    pub(super) fn render_without_source(&self) -> String {
        match self {
            Self::Invalid(report) => report.render_without_source(),
            Self::Unreadable { .. } | Self::Dotenv(_) => self.to_string(),
        }
    }

    /// The text for people, coloured or not.
    pub(super) fn render(&self, colours: Colours) -> String {
        match self {
            Self::Invalid(report) => report.render(colours),
            Self::Unreadable { .. } | Self::Dotenv(_) => self.to_string(),
        }
    }
}

impl Configuration {
    /// What the file is warned about, without the places, which move with every edit.
    pub(super) fn warnings(&self) -> Vec<String> {
        let faults = self.config.warnings.faults();
        faults.iter().map(|warning| warning.message.clone()).collect()
    }
}

impl Lookup {
    /// Loads the configuration.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn load(&self) -> Result<Configuration, LoadError> {
        let file = self.file.clone();
        let folder = folder_of(&file);
        let disk = Disk::default();
        let main = disk.read(&file)?;
        let overlay_file = overlay_of(&file, &self.environment);
        let overlay = match disk.read(&overlay_file) {
            Err(_) if !overlay_file.exists() => None,
            overlay => Some(overlay?),
        };
        let variables = if self.dotenv {
            // Noted before it is parsed: what is saved in between is seen as a change then.
            disk.note(&folder.join(".env"), fs::read_to_string(folder.join(".env")).ok());
            self.variables.over_dotenv(&folder)?
        } else {
            self.variables.clone()
        };
        let source = Source {
            main,
            overlay,
            environment: &self.environment,
            included: &|pattern| disk.included(&folder, pattern),
            variable: &|name| variables.variable(name),
            secret_file: &|path| {
                let file = disk.read(&folder.join(path)).map_err(|error| error.to_string())?;
                Ok(file.text)
            },
        };
        let config =
            config::load(&source).map_err(|report| LoadError::Invalid(Box::new(report)))?;
        Ok(Configuration { config: Arc::new(config), file, files: disk.files.into_inner() })
    }
}

/// The config file that is used unless one is named: `config.toml` in the working directory, if it
/// is there.
pub(super) fn usual_file() -> Option<PathBuf> {
    Some(PathBuf::from("config.toml")).filter(|file| file.is_file())
}

/// `config.toml` and `prod` make `config.prod.toml`.
fn overlay_of(file: &Path, environment: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}.{environment}.{extension}"))
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}

/// Reads files and remembers what was in them.
#[derive(Default)]
struct Disk {
    files: RefCell<Vec<ReadFile>>,
}

impl Disk {
    fn note(&self, path: &Path, text: Option<String>) {
        self.files.borrow_mut().push(ReadFile { path: path.to_owned(), text });
    }

    fn read(&self, path: &Path) -> Result<SourceFile, LoadError> {
        let text = fs::read_to_string(path);
        self.note(path, text.as_ref().ok().cloned());
        match text {
            Ok(text) => Ok(SourceFile::new(shown(path), text)),
            Err(source) => Err(LoadError::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// The files that `pattern`, relative to `folder`, matches, in byte order of their paths.
    fn included(&self, folder: &Path, pattern: &str) -> Result<Vec<SourceFile>, String> {
        // The folder is noted even when nothing matches: a file may be added to it.
        self.note(&folder.join(pattern), None);
        let escaped = glob::Pattern::escape(&folder.display().to_string());
        let paths =
            glob::glob(&format!("{escaped}/{pattern}")).map_err(|error| error.to_string())?;
        let mut paths: Vec<PathBuf> =
            paths.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        paths.sort();
        let files = paths.iter().filter(|path| path.is_file());
        files.map(|path| self.read(path).map_err(|error| error.to_string())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(folder: &Path) -> Lookup {
        Lookup {
            file: folder.join("config.toml"),
            environment: "dev".to_owned(),
            variables: Environment::default(),
            dotenv: true,
        }
    }

    #[test]
    fn includes_overlay_and_dotenv_are_found_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("collections")).unwrap();
        write("config.toml", "include = [\"collections/*.toml\"]\n[app]\nname = \"${NAME}\"\n");
        write("config.dev.toml", "[app]\nurl = \"http://dev.example.com\"\n");
        write(".env", "NAME=\"From dotenv\"\n");
        write("collections/b.toml", "[collections.b]\nfields = { x = \"text\" }\n");
        write("collections/a.toml", "[collections.a]\nfields = { x = \"text\" }\n");
        let found = lookup(folder.path()).load().unwrap();
        let names: Vec<_> = found.config.collections.iter().map(|c| &c.collection.name).collect();
        assert_eq!(names, ["a", "b"]);
        let settings = found.config.settings.as_map();
        assert_eq!(settings["meta"]["appName"], "From dotenv");
        assert_eq!(settings["meta"]["appURL"], "http://dev.example.com");
        assert!(found.files.iter().any(|file| file.path.ends_with("collections/a.toml")));
    }

    #[test]
    fn files_are_remembered_as_they_were_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, "[app]\nname = \"Before\"\n").unwrap();
        let before = lookup(folder.path()).load().unwrap();
        fs::write(&file, "[app]\nname = \"After\"\n").unwrap();
        let after = lookup(folder.path()).load().unwrap();
        assert_eq!(before.files[0].text.as_deref(), Some("[app]\nname = \"Before\"\n"));
        assert_ne!(before.files, after.files);
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let error = lookup(folder.path()).load().err().unwrap();
        assert!(matches!(error, LoadError::Unreadable { .. }), "{error}");
    }
}
