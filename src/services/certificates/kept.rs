//! Where an account and its certificates are kept: a folder for its owner alone, one below it for each
//! authority, so that what one has given is never taken for another's.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use url::Url;

use super::pair::{Named, Pair};
use crate::domain::host_name::HostName;

/// What an authority has given for some names.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    folder: PathBuf,
    certificate: PathBuf,
}

impl Kept {
    /// The place for what `directory` gives for `domains`; the folders are made.
    pub(super) fn open(root: &Path, directory: &Url, domains: &[HostName]) -> io::Result<Self> {
        let authority = format!("{}-{}", host(directory), short_hash([directory.as_str()]));
        let folder = root.join(authority);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut names: Vec<&str> = domains.iter().map(HostName::as_str).collect();
        let first = names.first().copied().unwrap_or_default().to_owned();
        names.sort_unstable();
        names.dedup();
        let certificate = folder.join(format!("{first}-{}.pem", short_hash(names)));
        Ok(Self { folder, certificate })
    }

    /// The file of the certificate.
    pub(super) fn path(&self) -> &Path {
        &self.certificate
    }

    /// The certificate, when there is one that can be read.
    pub(super) fn certificate(&self) -> Option<Pair> {
        let text = read(&self.certificate)?;
        let named = || Named { file: self.certificate.display().to_string(), text: &text };
        match Pair::read(&named(), &named()) {
            Ok(pair) => Some(pair),
            Err(error) => {
                tracing::warn!(%error, "a kept certificate cannot be used: another one is asked for");
                None
            }
        }
    }

    /// Keeps a certificate and its key, both in PEM, in place of the one before: in one file, so that they
    /// are changed together.
    pub(super) fn keep_certificate(&self, chain: &str, key: &str) -> io::Result<()> {
        write(&self.certificate, format!("{}\n{chain}", key.trim_end()).as_bytes())
    }

    /// The account.
    pub(super) fn account(&self) -> Option<AccountCredentials> {
        serde_json::from_slice(&read(&self.account_path())?).ok()
    }

    /// Keeps the account.
    pub(super) fn keep_account(&self, account: &AccountCredentials) -> io::Result<()> {
        write(&self.account_path(), &serde_json::to_vec(account)?)
    }

    /// Forgets the account, which the authority does not know any more.
    pub(super) fn forget_account(&self) {
        let _ = fs::remove_file(self.account_path());
    }

    /// When orders failed, in milliseconds since 1970: a restart must not forget.
    pub(super) fn failures(&self) -> Vec<i64> {
        let read = read(&self.failures_path());
        read.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Keeps when orders failed.
    pub(super) fn keep_failures(&self, failures: &[i64]) -> io::Result<()> {
        write(&self.failures_path(), &serde_json::to_vec(failures)?)
    }

    fn account_path(&self) -> PathBuf {
        self.folder.join("account.json")
    }

    fn failures_path(&self) -> PathBuf {
        self.certificate.with_extension("failures.json")
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    match fs::read(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "cannot be read");
            None
        }
    }
}

/// Writes a file for its owner alone, whole or not at all.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // A temporary file is for its owner alone, and stays so under its final name.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn host(directory: &Url) -> String {
    let host = directory.host_str().unwrap_or_default();
    host.chars().filter(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-')).collect()
}

fn short_hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
