//! `ferrobase dev` follows its config file: whatever changes is applied as far as it may go by
//! itself. What cannot be used or needs a person is printed, and the old configuration goes on.

use std::sync::Arc;

use crate::cli::boot::StartError;
use crate::cli::configuration::{Configuration, Lookup, ReadFile};
use crate::cli::run::{colours, warn};
use crate::cli::serve::{self, ServeOptions, Server};
use crate::cli::terminal::{complain, say};
use crate::cli::watch::{Notice, Watch};
use crate::services::configuration::{CurrentConfig, Problem, ProblemKind};
use crate::services::plan;

/// Applies the file again whenever it changes, for as long as it is polled.
pub(super) async fn follow(server: &Server, options: &ServeOptions) {
    let Some(lookup) = options.lookup() else { return std::future::pending().await };
    let mut watch = match Watch::new(Notice::of(&options.variables)) {
        Ok(watch) => watch,
        Err(error) => {
            complain(&format!("Cannot watch {}: {error}", lookup.file.display()));
            return std::future::pending().await;
        }
    };
    let app = server.app();
    let mut seen = Seen::default();
    if let Some(configuration) = &server.start().configuration {
        watch.add(configuration.files.iter().map(|file| file.path.as_path()));
        seen.warns_anew(configuration);
    }
    // The first look is for what was saved between the start and the watch.
    let mut look = Look::First;
    loop {
        if let Some(configuration) = seen.load(&lookup, &app.configuration) {
            watch.add(configuration.files.iter().map(|file| file.path.as_path()));
            if seen.warns_anew(&configuration) {
                warn(&configuration);
            }
            apply(server, &configuration, options.allow_public, look).await;
        }
        look = Look::AfterNotice;
        watch.changed().await;
    }
}

/// Why the file is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Nobody says that it changed.
    First,
    /// Something changed in its folder.
    AfterNotice,
}

/// What was shown already, so that changes of other files in the folders and repeated saves are
/// passed over.
#[derive(Default)]
struct Seen {
    files: Vec<ReadFile>,
    fault: String,
    warnings: Vec<String>,
}

impl Seen {
    /// The configuration, when it can be used and is not the one of the last look. One that cannot be
    /// used leaves `current` as it is, with the reason.
    fn load(&mut self, lookup: &Lookup, current: &CurrentConfig) -> Option<Configuration> {
        match lookup.load() {
            Ok(configuration) => self.is_new(&configuration).then_some(configuration),
            Err(error) => {
                let fault = error.to_string();
                if self.fault != fault {
                    let (kind, text) = (ProblemKind::Invalid, error.render_without_source());
                    current.keep(Problem { kind, text });
                    let text = error.render(colours());
                    complain(&format!("{text}\nThe server goes on with the old configuration."));
                    self.fault = fault;
                    self.files.clear();
                }
                None
            }
        }
    }

    fn is_new(&mut self, configuration: &Configuration) -> bool {
        let is_new = configuration.files != self.files;
        self.files.clone_from(&configuration.files);
        self.fault.clear();
        is_new
    }

    /// Whether there are other warnings than the last time.
    fn warns_anew(&mut self, configuration: &Configuration) -> bool {
        let warnings = configuration.warnings();
        let is_new = warnings != self.warnings;
        self.warnings = warnings;
        is_new
    }
}

async fn apply(server: &Server, configuration: &Configuration, allow_public: bool, look: Look) {
    let file = configuration.file.display();
    let app = server.app();
    let applied = serve::apply(&app, configuration, allow_public).await;
    match &applied {
        Ok(_) => {
            app.configuration.replace(Arc::clone(&configuration.config));
            app.settings.on_config();
        }
        Err(error @ StartError::Plan(_)) => {
            let (kind, text) = (ProblemKind::Blocked, error.to_string());
            app.configuration.keep(Problem { kind, text });
        }
        // A database that fails says nothing about the file.
        Err(_) => {}
    }
    match applied {
        Ok(Some(applied)) if !applied.plan.is_empty() => {
            say(&format!("{}\nApplied.", plan::render(&applied.plan)));
        }
        Ok(_) if look == Look::First => {}
        Ok(Some(_)) => say(&format!("{file} changed; the database is as it says.")),
        Ok(None) => {
            say(&format!("{file} changed; on_boot = \"off\" leaves the database as it is."))
        }
        Err(error @ StartError::Plan(_)) => {
            complain(&format!("{error}\nThe server goes on with the old configuration."));
        }
        Err(error) => complain(&error.to_string()),
    }
}
