//! The config file of an import, and a look at whether a start with it would change anything.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::cli::boot::{self, AppOptions, StartError};
use crate::cli::configuration::{Configuration, Lookup, usual_file};
use crate::cli::environment::Environment;
use crate::cli::options::PocketbaseOptions;
use crate::cli::run::colours;
use crate::cli::terminal::{complain, say};
use crate::config::{self, WrittenConfig};
use crate::domain::keyring::Keyring;
use crate::services::Error;
use crate::services::app::App;
use crate::services::clock::Clock;
use crate::services::oauth2::Limits;
use crate::services::plan::{self, ChangeKind, Declared, Plan};
use crate::services::pocketbase::Built;

/// The folder beside the file for what must not be in it.
const SECRETS: &str = "secrets";

const HEADING: &str = "\
What ferrobase import made of a data folder of PocketBase. This file is the whole backend from now on:
change it, and the next start changes the database. See docs/config.md.";

/// A file that was written.
pub(super) struct ConfigFile {
    path: PathBuf,
    /// The usual place, when another file is there.
    taken: Option<PathBuf>,
    has_secrets: bool,
    /// Whether uploads are in a bucket that the file does not name.
    lacks_bucket: bool,
}

impl ConfigFile {
    /// Writes a file that says what was built, and its secrets beside it. Where there is a file
    /// already, it goes into the data folder instead.
    ///
    /// # Errors
    /// What cannot be written; the data is in its place by now.
    pub(super) fn write(options: &PocketbaseOptions, built: &Built) -> Result<Self, StartError> {
        let usual = options.config.clone().or_else(usual_file);
        let usual = usual.unwrap_or_else(|| PathBuf::from("config.toml"));
        let (path, taken) = if usual.exists() {
            (options.dir.join("config.toml"), Some(usual))
        } else {
            (usual, None)
        };
        let written = config::write(HEADING, &built.collections, &built.settings, SECRETS);
        write(&path, &written)
            .map_err(|source| StartError::Write { path: path.clone(), source })?;
        let lacks_bucket = built.settings.s3.enabled && !written.text.contains("\n[files]\n");
        Ok(Self { path, taken, has_secrets: !written.secrets.is_empty(), lacks_bucket })
    }

    /// Says where the file is and whether a start with it would change anything.
    pub(super) async fn tell(
        &self,
        options: &PocketbaseOptions,
        keyring: Keyring,
        variables: &Environment,
    ) {
        let file = self.path.display();
        if let Some(taken) = &self.taken {
            complain(&format!("{} was there already and stays; {file} is new.", taken.display()));
        }
        if self.has_secrets {
            say(&format!(
                "Its secrets are in {}: keep that folder out of git.",
                folder_of(&self.path).join(SECRETS).display()
            ));
        }
        if self.lacks_bucket {
            complain(&format!(
                "The files of records are in a bucket that {file} could not name: write it there, [files] \
                 s3 = \"https://key:secret@host/bucket?region=…\", before anybody uses the server."
            ));
        }
        match self.plan(&options.dir, keyring, variables).await {
            Ok(plan) if plan.is_empty() => {
                say(&format!(
                    "{file} says what the database has: a start with it changes nothing."
                ));
            }
            Ok(plan) => complain(&format!(
                "{}\n{file} has no words for these options. The first start with it makes the changes \
                 above, or says what it waits for; the values are still those of PocketBase.",
                plan::render(&plan)
            )),
            Err(StartError::Config(error)) => complain(&format!(
                "{}\n{file} has to be mended by hand before a server starts with it. The data is \
                 complete.",
                error.render(colours())
            )),
            Err(error) => complain(&format!("{file} could not be compared: {error}")),
        }
        say(&format!("Serve it: ferrobase serve --dir {} --config {file}", options.dir.display()));
    }

    /// What a start with the file would do, which is written down when it is nothing.
    async fn plan(
        &self,
        dir: &Path,
        keyring: Keyring,
        variables: &Environment,
    ) -> Result<Plan, StartError> {
        let lookup = Lookup {
            file: self.path.clone(),
            environment: "prod".to_owned(),
            variables: variables.clone(),
            dotenv: false,
        };
        let configuration: Configuration = lookup.load()?;
        let app = boot::open(&AppOptions {
            dir,
            configuration: Some(&configuration),
            database_url: variables.variable("DATABASE_URL"),
            reset: false,
            keyring,
            clock: Clock::system(),
            throttle: None,
            metrics_token: None,
            oauth2: Limits::default(),
            locked: false,
            ships: false,
        })?;
        let recorded = record(&app, &Declared::from_config(&configuration.config)).await;
        app.store.close().await;
        Ok(recorded?)
    }
}

/// What a start would do once it is written down that the file was applied; which it was, where it says
/// what the database has. The settings in it were taken from there.
async fn record(app: &App, declared: &Declared) -> Result<Plan, Error> {
    let plan = plan::compute(app, declared).await?;
    if plan.changes.iter().any(|change| change.kind != ChangeKind::Settings) {
        return Ok(plan);
    }
    plan::apply(app, &plan, "ferrobase import").await?;
    plan::compute(app, declared).await
}

/// Writes the secrets, then the file; neither in the place of anything.
fn write(path: &Path, written: &WrittenConfig) -> io::Result<()> {
    let folder = folder_of(path);
    if !written.secrets.is_empty() {
        DirBuilder::new().mode(0o700).recursive(true).create(folder.join(SECRETS))?;
        create(&folder.join(SECRETS).join(".gitignore"), "*\n", 0o600).or_else(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
        })?;
    }
    for (name, secret) in &written.secrets {
        create(&folder.join(name), secret, 0o600)?;
    }
    fs::create_dir_all(folder)?;
    create(path, &written.text, 0o644)
}

fn create(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file =
        file.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The folder of the file `path`.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
