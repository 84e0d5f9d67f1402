//! What a server shows to the outside, as the command line and the config file have it: origins, the
//! static site, the limits of connections.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cli::boot::StartError;
use crate::cli::configuration::{Configuration, LoadError};
use crate::cli::serve::{Mode, ServeOptions};
use crate::config::{Connections, Fault};
use crate::http::connections::Limits;
use crate::http::edge::Origins;
use crate::http::front::{Front, Patience};
use crate::services::site::Site;

/// Where PocketBase has its site: beside the data folder.
const USUAL_SITE: &str = "pb_public";

/// Files that a server has open beside its connections: databases, uploads, downloads.
const OTHER_FILES: usize = 200;

/// What this server shows.
///
/// # Errors
/// When there is no such site.
pub(super) fn front(
    options: &ServeOptions,
    configuration: Option<&Configuration>,
) -> Result<Front, StartError> {
    let server = configuration.map(|configuration| &configuration.config.server);
    let of_file = server.and_then(|server| server.origins.clone()).unwrap_or_default();
    let origins = Some(options.origins.clone()).filter(|origins| !origins.is_empty());
    let connections = server.map(|server| server.connections.clone()).unwrap_or_default();
    let usual = Patience::default();
    let patience = Patience { body: connections.body_timeout.unwrap_or(usual.body) };
    let site = site(options, configuration)?;
    let origins = Origins::new(origins.unwrap_or(of_file));
    Ok(Front::new(origins, site, patience, limits(&connections)))
}

fn limits(connections: &Connections) -> Limits {
    let usual = Limits::default();
    Limits {
        head: connections.head_timeout.unwrap_or(usual.head),
        keep_alive: connections.keep_alive.unwrap_or(usual.keep_alive),
        write: connections.write_timeout.unwrap_or(usual.write),
        most: connections.most.unwrap_or_else(|| usual.most.min(most_by_files())),
        most_of_address: connections.most_of_address,
    }
}

/// As many connections as the process may have files open for: two each, and some for everything else.
fn most_by_files() -> usize {
    let most = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize);
    (most.saturating_sub(OTHER_FILES) / 2).max(1)
}

/// Lets the process have as many files open as the system allows it. Many systems say 1024 at first, for
/// the sake of programs that count on it.
pub(super) fn allow_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Without it there are fewer connections.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

/// The site: the command line's, else the file's, else PocketBase's where there is no file.
fn site(
    options: &ServeOptions,
    configuration: Option<&Configuration>,
) -> Result<Option<Site>, StartError> {
    let of_file = configuration.and_then(|configuration| configuration.config.server.spa);
    let has_fallback = options.spa.or(of_file).unwrap_or(true);
    if let Some(folder) = &options.public {
        let site = Site::open(folder, has_fallback);
        return site
            .map(Some)
            .map_err(|source| StartError::Site { folder: folder.clone(), source });
    }
    let Some(configuration) = configuration else {
        let usual = beside(&options.dir).join(USUAL_SITE);
        return Ok(Site::open(&usual, has_fallback).ok());
    };
    match site_of_file(configuration, has_fallback) {
        Err(error) if options.mode == Mode::Development => {
            // Whoever writes a frontend may have built none yet.
            tracing::warn!("{}", error.to_string().trim_end());
            Ok(None)
        }
        site => Ok(site?),
    }
}

/// The site that the file names.
///
/// # Errors
/// With the place in the file, when there is no such folder.
pub(super) fn site_of_file(
    configuration: &Configuration,
    has_fallback: bool,
) -> Result<Option<Site>, LoadError> {
    let Some(public) = &configuration.config.server.public else { return Ok(None) };
    let folder = beside(&configuration.file).join(&public.folder);
    Site::open(&folder, has_fallback).map(Some).map_err(|error| {
        let shown = folder.display();
        let fault = Fault::error(format!("the folder {shown} of the site cannot be used: {error}"))
            .at(&public.place)
            .help("build the site first, or name the folder that it is built into; a relative one is below this file's folder");
        LoadError::Invalid(Box::new(configuration.config.report(vec![fault])))
    })
}

fn beside(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
