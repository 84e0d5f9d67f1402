//! HTTPS from options and file: which listeners there are, whose certificate is shown, and what follows it
//! while the server works.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt;
use actix_web::web::Data;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use url::Url;

use crate::cli::boot::StartError;
use crate::cli::configuration::Configuration;
use crate::cli::options;
use crate::cli::serve::ServeOptions;
use crate::cli::terminal::say;
use crate::cli::watch::{Notice, Watch};
use crate::config::{Acme, Https};
use crate::domain::host_name::HostName;
use crate::http::front::Front;
use crate::http::secure::{self, Secure, Target};
use crate::services::app::App;
use crate::services::certificates::Certificates;
use crate::services::certificates::automatic::{AcmeOptions, Automatic};
use crate::services::certificates::files::{CertificateFiles, Reloaded};

/// Where a server listens that is told nothing.
const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);

/// Where one listens that gets certificates for domains: the ports that an authority looks at.
const HTTP_OF_DOMAINS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 80);
const HTTPS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 443);

/// Folder of certificates in the data folder.
const FOLDER: &str = "certificates";

/// How often a certificate of one's own is looked at when nothing says that it changed.
const LOOK: Duration = Duration::from_hours(12);

/// HTTPS as the command line wants it. What is absent is the file's.
#[derive(Debug, Clone, Default)]
pub struct HttpsOptions {
    /// Address to listen on.
    pub address: Option<SocketAddr>,
    /// A certificate of one's own and its key. It goes before the file's, and before the file's domains.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Names to get certificates for. They go before the file's, and before the file's certificate.
    pub domains: Vec<HostName>,
    /// Where the authority can write to.
    pub email: Option<String>,
    /// The directory of the authority.
    pub directory: Option<Url>,
    /// The root that the directory is checked against.
    pub root: Option<PathBuf>,
}

impl HttpsOptions {
    pub(super) fn new(
        address: Option<SocketAddr>,
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Self {
        Self { address, certificate: certificate.zip(key), ..Self::default() }
    }

    pub(super) fn add(&mut self, acme: options::AcmeOptions) {
        self.domains = acme.domains;
        self.email = acme.acme_email;
        self.directory = acme.acme_directory;
        self.root = acme.acme_root;
    }
}

/// What a server listens on.
pub(super) struct Listeners {
    pub(super) http: TcpListener,
    pub(super) https: Option<Listening>,
}

/// HTTPS that is listened for, and not served yet.
pub(super) struct Listening {
    listener: TcpListener,
    certificates: Arc<Certificates>,
    source: Source<CertificateFiles>,
    notice: Notice,
}

/// Whose certificate is shown.
enum Source<F> {
    Files(F),
    Automatic(AcmeOptions),
}

/// HTTPS that is served: what follows its certificate.
pub(super) struct SecureSide {
    address: SocketAddr,
    domains: Vec<HostName>,
    authority: Option<String>,
    following: Following,
}

enum Following {
    Files(JoinHandle<()>),
    Automatic(Automatic),
}

/// Listens where options and file say, and reads a certificate of one's own.
///
/// # Errors
/// When an address is taken, or there is nothing that HTTPS could show. Nothing was written.
pub(super) fn listen(
    options: &ServeOptions,
    configuration: Option<&Configuration>,
) -> Result<Listeners, StartError> {
    let server = configuration.map(|configuration| &configuration.config.server);
    let of_file = server.map(|server| &server.https);
    let folder = configuration.and_then(|configuration| configuration.file.parent());
    let source = source(options, of_file, folder.unwrap_or(Path::new("")));
    let usual = match source {
        Some(Source::Automatic(_)) => HTTP_OF_DOMAINS,
        _ => HTTP,
    };
    let http = options.http.or_else(|| server?.http).unwrap_or(usual);
    let https = options.https.address.or_else(|| of_file?.address);
    let https = match (https, source) {
        (None, None) => None,
        (Some(address), None) => return Err(StartError::NoCertificate(address)),
        (address, Some(source)) => {
            let certificates = Arc::<Certificates>::default();
            let source = match source {
                Source::Files((certificate, key)) => {
                    let shown = Arc::clone(&certificates);
                    let clock = options.clock.clone();
                    Source::Files(CertificateFiles::open(certificate, key, shown, clock)?)
                }
                Source::Automatic(acme) => Source::Automatic(acme),
            };
            let listener = bind(address.unwrap_or(HTTPS), "--https")?;
            Some(Listening {
                listener,
                certificates,
                source,
                notice: Notice::of(&options.variables),
            })
        }
    };
    Ok(Listeners { http: bind(http, "--http")?, https })
}

fn bind(address: SocketAddr, option: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, option, source })
}

/// What the command line names, else what the file does.
fn source(
    options: &ServeOptions,
    of_file: Option<&Https>,
    folder: &Path,
) -> Option<Source<(PathBuf, PathBuf)>> {
    let HttpsOptions { certificate, domains, .. } = &options.https;
    if let Some(files) = certificate {
        return Some(Source::Files(files.clone()));
    }
    if domains.is_empty()
        && let Some(files) = of_file.and_then(|https| https.certificate.as_ref())
    {
        return Some(Source::Files((folder.join(&files.certificate), folder.join(&files.key))));
    }
    let of_file_domains = || of_file.map(|https| https.domains.clone()).unwrap_or_default();
    let domains = if domains.is_empty() { of_file_domains() } else { domains.clone() };
    if domains.is_empty() {
        return None;
    }
    let acme = of_file.map(|https| https.acme.clone()).unwrap_or_default();
    let named = &options.https;
    Some(Source::Automatic(AcmeOptions {
        domains,
        email: named.email.clone().or(acme.email),
        directory: named.directory.clone().or(acme.directory).or_else(Acme::usual)?,
        root: named.root.clone().or_else(|| acme.root.map(|path| folder.join(path))),
        folder: options.dir.join(FOLDER),
    }))
}

impl Listening {
    /// Serves HTTPS, and leads there from `http`; requests in flight have `drain` seconds when it stops.
    ///
    /// # Errors
    /// When the system refuses it, or certificates cannot be kept.
    pub(super) fn serve(
        self,
        http: TcpListener,
        app: Data<App>,
        front: Front,
        drain: u64,
    ) -> Result<(Server, SecureSide), StartError> {
        let Self { listener, certificates, source, notice } = self;
        let address = listener.local_addr().map_err(StartError::Server)?;
        let (domains, authority) = match &source {
            Source::Files(_) => (Vec::new(), None),
            Source::Automatic(acme) => {
                let host = acme.directory.host_str().unwrap_or_default().to_owned();
                (acme.domains.clone(), Some(host))
            }
        };
        let clock = app.clock.clone();
        let site = Secure {
            app,
            front,
            certificates: Arc::clone(&certificates),
            target: Target {
                domains: domains.iter().map(ToString::to_string).collect(),
                port: address.port(),
            },
            only_https: authority.is_some(),
        };
        let server = secure::serve(http, listener, site, drain).map_err(StartError::Server)?;
        let following = match source {
            Source::Files(files) => Following::Files(rt::spawn(follow(files, notice))),
            Source::Automatic(acme) => {
                Following::Automatic(Automatic::start(acme, certificates, clock)?)
            }
        };
        Ok((server, SecureSide { address, domains, authority, following }))
    }
}

impl SecureSide {
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that people use.
    pub(super) fn base(&self) -> String {
        match (self.domains.first(), self.address.port()) {
            (Some(domain), 443) => format!("https://{domain}"),
            (Some(domain), port) => format!("https://{domain}:{port}"),
            (None, _) => format!("https://{}", self.address),
        }
    }

    /// What a person wants to know.
    pub(super) fn report(&self, http: SocketAddr) -> String {
        let mut text = format!("HTTPS listens on {}; http://{http} leads there.", self.address);
        if let Some(authority) = &self.authority {
            let domains = self.domains.iter().map(HostName::as_str).collect::<Vec<_>>().join(", ");
            text = format!(
                "{text}\nCertificates for {domains} come from {authority}, whose terms of service you \
                 accept with that."
            );
        }
        text
    }

    /// Stops what follows the certificate.
    pub(super) fn stop(&self) {
        match &self.following {
            Following::Files(task) => task.abort(),
            Following::Automatic(automatic) => automatic.stop(),
        }
    }
}

/// Reads the files again when they change and at SIGHUP.
async fn follow(mut files: CertificateFiles, notice: Notice) {
    let mut hangups = signal(SignalKind::hangup()).ok();
    let mut watch = match Watch::new(notice) {
        Ok(watch) => Some(watch),
        Err(error) => {
            tracing::warn!(%error, "cannot watch the certificate: send SIGHUP when it has changed");
            None
        }
    };
    loop {
        // A link may lead elsewhere by now, and both of its ends may change.
        let paths = files.paths();
        let targets = paths.iter().filter_map(|path| path.canonicalize().ok()).collect::<Vec<_>>();
        if let Some(watch) = &mut watch {
            watch.add(paths.into_iter().chain(targets.iter().map(PathBuf::as_path)));
        }
        tokio::select! {
            () = async {
                match &mut watch {
                    Some(watch) => watch.changed().await,
                    None => std::future::pending().await,
                }
            } => {}
            () = async {
                match &mut hangups {
                    Some(hangups) => drop(hangups.recv().await),
                    None => std::future::pending().await,
                }
            } => {}
            () = tokio::time::sleep(LOOK) => files.warn_of_end(),
        }
        if let Reloaded::Changed = files.reload() {
            let [certificate, _] = files.paths();
            say(&format!("{} changed: the new certificate is shown.", certificate.display()));
        }
    }
}
