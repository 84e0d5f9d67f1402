//! The command line as types. Every option also reads `FERROBASE_<OPTION>`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::cli::log::Format;
use crate::config::Acme;
use crate::config::ReplicaPlace;
use crate::domain::host_name::HostName;
use crate::domain::origins::OriginPattern;
use crate::domain::time::Timestamp;

/// One executable and one config.toml are a whole backend.
#[derive(Debug, Parser)]
#[command(name = "ferrobase", version, propagate_version = true, arg_required_else_help = true)]
pub(super) struct Options {
    /// How lines on standard error look
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "FERROBASE_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: Format,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve, watch config.toml and apply safe changes as they are saved (development)
    Dev(DevOptions),
    /// Serve (production)
    Serve(ServeOptions),
    /// Check config.toml without a database
    Check(ConfigOptions),
    /// Print what a collection of config.toml expands to
    Explain(ExplainOptions),
    /// Make, change or delete superuser accounts
    Superuser(SuperuserOptions),
    /// Make a backup of the database and its files, beside a running server or without one
    Backup(BackupOptions),
    /// Put a backup, or the database of a moment, in the place of the data; no server may run on the folder
    Restore(RestoreOptions),
    /// Copy a data folder's database into an empty PostgreSQL database
    Copy(CopyOptions),
    /// Take over the data of another product
    Import(ImportOptions),
    /// Look at an installation and say what to mend: exit code 1 if something has to be
    Doctor(DataOptions),
    /// Ask a running server whether it answers: exit code 0 if it does, else 1 (for containers)
    Health(HealthOptions),
}

/// Where the data and the configuration are.
#[derive(Debug, Clone, Args)]
pub(super) struct DataOptions {
    /// Data folder
    #[arg(long, value_name = "DIR", env = "FERROBASE_DIR", default_value = "data")]
    pub dir: PathBuf,
    #[command(flatten)]
    pub config: ConfigOptions,
}

/// Where the configuration is and which overlay is laid on it.
#[derive(Debug, Clone, Args)]
pub(super) struct ConfigOptions {
    /// Configuration file [default: ./config.toml if it exists]
    #[arg(long, value_name = "FILE", env = "FERROBASE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Environment: lays config.NAME.toml over the file [default: dev for `dev`, else prod]
    #[arg(long, value_name = "NAME", env = "FERROBASE_ENV")]
    pub env: Option<String>,
}

/// Where to listen.
#[derive(Debug, Clone, Args)]
pub(super) struct ListenOptions {
    /// Address to listen on [default: 127.0.0.1:8090, with domains 0.0.0.0:80]
    #[arg(long, value_name = "ADDR", env = "FERROBASE_HTTP")]
    pub http: Option<SocketAddr>,
    /// Address of HTTPS, which takes domains or a certificate; plain HTTP then leads there
    /// [default: 0.0.0.0:443 with domains or a certificate]
    #[arg(long, value_name = "ADDR", env = "FERROBASE_HTTPS")]
    pub https: Option<SocketAddr>,
    /// Certificate of your own for HTTPS and those of its issuers, in PEM; read again when it changes
    #[arg(long, value_name = "FILE", env = "FERROBASE_CERTIFICATE", requires = "certificate_key")]
    pub certificate: Option<PathBuf>,
    /// Private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", env = "FERROBASE_CERTIFICATE_KEY", requires = "certificate")]
    pub certificate_key: Option<PathBuf>,
    /// Origins that browsers may call from, separated by commas [default: *]
    #[arg(
        long,
        value_name = "LIST",
        env = "FERROBASE_ORIGINS",
        value_delimiter = ',',
        value_parser = OriginPattern::parse
    )]
    pub origins: Vec<OriginPattern>,
    /// Folder of a static site [default: pb_public beside the data folder, if there is no config file]
    #[arg(long, value_name = "DIR", env = "FERROBASE_PUBLIC", alias = "publicDir")]
    pub public: Option<PathBuf>,
    /// Let the site's index.html answer for paths that mean no file [default: true]
    #[arg(
        long,
        value_name = "BOOL",
        env = "FERROBASE_SPA",
        alias = "indexFallback",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub spa: Option<bool>,
    /// Where the file says strict = true: let changes go that show something to more people
    #[arg(long, env = "FERROBASE_ALLOW_PUBLIC")]
    pub allow_public: bool,
    #[command(flatten)]
    pub foreign: ForeignOptions,
}

/// PocketBase's options that have no meaning here: they are refused with the reason.
#[derive(Debug, Clone, Args)]
pub(super) struct ForeignOptions {
    #[arg(long = "hooksDir", hide = true, num_args = 0..=1)]
    hooks_dir: Option<Option<String>>,
    #[arg(long = "hooksWatch", hide = true, num_args = 0..=1)]
    hooks_watch: Option<Option<String>>,
    #[arg(long = "hooksPool", hide = true, num_args = 0..=1)]
    hooks_pool: Option<Option<String>>,
    #[arg(long = "migrationsDir", hide = true, num_args = 0..=1)]
    migrations_dir: Option<Option<String>>,
    #[arg(long = "automigrate", hide = true, num_args = 0..=1)]
    automigrate: Option<Option<String>>,
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub(super) struct ServeOptions {
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub listen: ListenOptions,
    /// Refuse changes of collections and settings by the API [default: true with a config file]
    #[arg(
        long,
        value_name = "BOOL",
        env = "FERROBASE_LOCKED",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub locked: Option<bool>,
    #[command(flatten)]
    pub acme: AcmeOptions,
}

/// Automatic certificates.
#[derive(Debug, Clone, Args)]
pub(super) struct AcmeOptions {
    /// Domains to get certificates for, which have to lead to this server; you accept the terms of service
    /// of who hands them out
    #[arg(
        value_name = "DOMAIN",
        env = "FERROBASE_DOMAINS",
        value_delimiter = ',',
        conflicts_with_all = ["certificate", "certificate_key"]
    )]
    pub domains: Vec<HostName>,
    /// Where the authority can write to
    #[arg(long, value_name = "EMAIL", env = "FERROBASE_ACME_EMAIL")]
    pub acme_email: Option<String>,
    /// Who hands out certificates: letsencrypt, letsencrypt-staging, or the address of a directory
    /// [default: letsencrypt]
    #[arg(
        long,
        value_name = "URL",
        env = "FERROBASE_ACME_DIRECTORY",
        value_parser = directory
    )]
    pub acme_directory: Option<Url>,
    /// Root certificate that the directory is checked against, in PEM [default: those of the system]
    #[arg(long, value_name = "FILE", env = "FERROBASE_ACME_ROOT")]
    pub acme_root: Option<PathBuf>,
}

fn directory(text: &str) -> Result<Url, String> {
    let wanted = "letsencrypt, letsencrypt-staging or an https address is wanted";
    Acme::parse_directory(text).ok_or_else(|| wanted.to_owned())
}

/// Options of `dev`.
#[derive(Debug, Clone, Args)]
pub(super) struct DevOptions {
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub listen: ListenOptions,
    /// Start from an empty database: deletes the data folder's database first
    #[arg(long)]
    pub reset: bool,
}

/// Options of `explain`.
#[derive(Debug, Clone, Args)]
pub(super) struct ExplainOptions {
    /// Name of the collection
    pub collection: String,
    #[command(flatten)]
    pub config: ConfigOptions,
}

/// Options of `superuser`.
#[derive(Debug, Clone, Args)]
pub(super) struct SuperuserOptions {
    #[command(subcommand)]
    pub action: SuperuserAction,
}

/// What to do with a superuser account. Without PASSWORD it is asked for, or read as one line of
/// standard input.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum SuperuserAction {
    /// Make the account, or set its password if it is there
    Upsert(Account),
    /// Make the account; fails if it is there
    Create(Account),
    /// Set the account's password; fails if it is not there
    Update(Account),
    /// Delete the account; the last one is refused
    Delete(AccountName),
    /// Print a one-time code to sign in by, for as long as the collection _superusers says
    Otp(AccountName),
    /// Say from where superusers may come; without addresses, from everywhere
    Ips(Networks),
}

/// Where superusers may come from.
#[derive(Debug, Clone, Args)]
pub(super) struct Networks {
    /// Addresses and networks such as 10.0.0.0/8, in place of those that were set before
    #[arg(value_name = "CIDR")]
    pub networks: Vec<String>,
    #[command(flatten)]
    pub data: DataOptions,
}

/// An account with its password.
#[derive(Debug, Clone, Args)]
pub(super) struct Account {
    /// E-mail address of the account
    pub email: String,
    /// Password; leave it out to be asked, so that it stays out of the shell's history
    pub password: Option<String>,
    #[command(flatten)]
    pub data: DataOptions,
}

/// An account by name.
#[derive(Debug, Clone, Args)]
pub(super) struct AccountName {
    /// E-mail address of the account
    pub email: String,
    #[command(flatten)]
    pub data: DataOptions,
}

/// Options of `backup`.
#[derive(Debug, Clone, Args)]
pub(super) struct BackupOptions {
    /// Name of the backup, such as before_upgrade.zip [default: pb_backup_APP_TIME.zip]
    pub name: Option<String>,
    /// Make it this file, and not a backup beside the others
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub data: DataOptions,
}

/// Options of `restore`.
#[derive(Debug, Clone, Args)]
pub(super) struct RestoreOptions {
    /// The archive: a file, or the name of a backup
    #[arg(value_name = "FILE|NAME", required_unless_present_any = ["undo", "at", "list"])]
    pub archive: Option<String>,
    /// Bring back the data of before the last restore
    #[arg(long, conflicts_with_all = ["archive", "at", "list"])]
    pub undo: bool,
    /// Bring back the database as it was at a moment, such as 2026-11-27T12:34:56Z, from its replica
    #[arg(long, value_name = "TIME", conflicts_with = "archive", value_parser = moment)]
    pub at: Option<Timestamp>,
    /// Say which moments there are in the replica, and change nothing
    #[arg(long, conflicts_with_all = ["archive", "at"])]
    pub list: bool,
    /// Folder of the replica, or its bucket as in config.toml [default: [backups.replica] of the file]
    #[arg(long, value_name = "PLACE", env = "FERROBASE_FROM", hide_env_values = true, value_parser = place)]
    pub from: Option<ReplicaPlace>,
    #[command(flatten)]
    pub data: DataOptions,
}

/// Options of `copy`.
#[derive(Debug, Clone, Args)]
pub(super) struct CopyOptions {
    /// Data folder to copy from, on which no server may run; it stays as it is
    #[arg(long, value_name = "DIR", env = "FERROBASE_DIR", default_value = "data")]
    pub dir: PathBuf,
    /// Database to copy into, postgres://user:password@host:5432/database [default: the variable
    /// DATABASE_URL, which keeps the password out of the list of processes]
    #[arg(long, value_name = "URL", env = "FERROBASE_TO", hide_env_values = true)]
    pub to: Option<String>,
}

/// Options of `import`.
#[derive(Debug, Clone, Args)]
pub(super) struct ImportOptions {
    #[command(subcommand)]
    pub source: ImportSource,
}

/// Where data is taken over from.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum ImportSource {
    /// Take over a data folder of PocketBase, from 0.23 on, which stays as it is
    Pocketbase(PocketbaseOptions),
}

/// Options of `import pocketbase`.
#[derive(Debug, Clone, Args)]
pub(super) struct PocketbaseOptions {
    /// PocketBase's data folder, such as pb_data
    #[arg(value_name = "PB_DATA")]
    pub from: PathBuf,
    /// Data folder to make. With DATABASE_URL the records go to that PostgreSQL database, and only
    /// files here
    #[arg(long, value_name = "DIR", env = "FERROBASE_DIR", default_value = "data")]
    pub dir: PathBuf,
    /// Configuration file to write; one that is there already stays [default: ./config.toml]
    #[arg(long, value_name = "FILE", env = "FERROBASE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Variable with the key of PocketBase's settings, where they are encrypted
    #[arg(long, value_name = "NAME")]
    pub encryption_env: Option<String>,
}

/// Options of `health`.
#[derive(Debug, Clone, Args)]
pub(super) struct HealthOptions {
    /// Address of the server [default: where --http says, else http://127.0.0.1:8090]
    pub url: Option<String>,
    /// What the server was told to listen on; 0.0.0.0 and [::] mean this machine
    #[arg(long, value_name = "ADDR", env = "FERROBASE_HTTP")]
    pub http: Option<SocketAddr>,
    /// The domains of a server with automatic HTTPS, which listens on port 80 unless it is told otherwise
    #[arg(long, hide = true, env = "FERROBASE_DOMAINS", value_delimiter = ',')]
    pub domains: Vec<String>,
    /// Ask whether the process answers, whatever its database does
    #[arg(long, env = "FERROBASE_LIVE")]
    pub live: bool,
    /// How long the answer may take
    #[arg(
        long,
        value_name = "SECONDS",
        env = "FERROBASE_TIMEOUT",
        default_value = "5",
        value_parser = seconds
    )]
    pub timeout: Duration,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let moment = Timestamp::parse(text);
    moment.ok_or_else(|| "a time is wanted, such as 2026-11-27T12:34:56Z".to_owned())
}

fn place(text: &str) -> Result<ReplicaPlace, String> {
    ReplicaPlace::parse(text).ok_or_else(|| {
        "a folder is wanted, or https://key:secret@host/bucket?region=…&prefix=…".to_owned()
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "a number of seconds above zero is wanted, such as 5 or 0.5".to_owned())
}

impl ForeignOptions {
    /// The first option of PocketBase's that was given and has no meaning here, with the reason.
    pub(super) fn refusal(&self) -> Option<String> {
        let hooks = "Ferrobase has no server-side hooks: rules, policies and webhooks of config.toml take their place";
        let migrations = "Ferrobase has no migration files: config.toml is the schema, and changes are planned from it";
        let given = [
            ("--hooksDir", self.hooks_dir.is_some(), hooks),
            ("--hooksWatch", self.hooks_watch.is_some(), hooks),
            ("--hooksPool", self.hooks_pool.is_some(), hooks),
            ("--migrationsDir", self.migrations_dir.is_some(), migrations),
            ("--automigrate", self.automigrate.is_some(), migrations),
        ];
        given
            .iter()
            .find(|(_, given, _)| *given)
            .map(|(option, _, reason)| format!("{option} has no meaning here. {reason}."))
    }
}
