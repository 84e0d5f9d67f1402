//! A certificate of one's own: two files, read at the start and again whenever they may have changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Certificates;
use super::pair::{Named, Pair, PairError};
use crate::services::clock::Clock;

/// How long before its end a certificate is worth a warning.
const SOON: Duration = Duration::from_hours(14 * 24);

/// Two files and what was last read from them.
pub struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
    certificates: Arc<Certificates>,
    clock: Clock,
    seen: Option<(Vec<u8>, Vec<u8>)>,
    not_after: crate::domain::time::Timestamp,
}

/// What came of reading the files again.
#[derive(Debug)]
pub enum Reloaded {
    /// They are what they were.
    Unchanged,
    /// They are shown from now on.
    Changed,
    /// They cannot be shown: what was shown before stays.
    Kept(PairError),
}

impl CertificateFiles {
    /// Reads the files, and has their certificate shown.
    ///
    /// # Errors
    /// Why it cannot be shown, which names the file.
    pub fn open(
        certificate: PathBuf,
        key: PathBuf,
        certificates: Arc<Certificates>,
        clock: Clock,
    ) -> Result<Self, PairError> {
        let (texts, pair) = read(&certificate, &key, &clock)?;
        certificates.show(&pair);
        let files = Self {
            certificate,
            key,
            certificates,
            clock,
            seen: Some(texts),
            not_after: pair.not_after,
        };
        files.warn_of_end();
        Ok(files)
    }

    /// The two paths.
    pub fn paths(&self) -> [&Path; 2] {
        [&self.certificate, &self.key]
    }

    /// Reads the files again. What cannot be shown is told once for each content.
    pub fn reload(&mut self) -> Reloaded {
        let texts = texts(&self.certificate, &self.key);
        match texts {
            Ok(texts) if self.seen.as_ref() == Some(&texts) => return Reloaded::Unchanged,
            Ok(texts) => self.seen = Some(texts),
            Err(error) if self.seen.is_none() => return Reloaded::Kept(error),
            Err(_) => self.seen = None,
        }
        match read(&self.certificate, &self.key, &self.clock) {
            Ok((texts, pair)) => {
                self.certificates.show(&pair);
                self.seen = Some(texts);
                self.not_after = pair.not_after;
                self.warn_of_end();
                Reloaded::Changed
            }
            Err(error) => {
                let reason = error.to_string();
                tracing::warn!(reason, "a new certificate cannot be used: the old one stays");
                Reloaded::Kept(error)
            }
        }
    }

    /// Warns when what is shown is about to expire, or has.
    pub fn warn_of_end(&self) {
        let left = self.not_after.millis() - self.clock.now().millis();
        if u128::try_from(left).unwrap_or_default() < SOON.as_millis() {
            let (file, end) = (self.certificate.display(), self.not_after);
            tracing::warn!(
                "the certificate in {file} expires at {end}: put a new one in its place"
            );
        }
    }
}

type Texts = (Vec<u8>, Vec<u8>);

fn texts(certificate: &Path, key: &Path) -> Result<Texts, PairError> {
    let read = |path: &Path| {
        fs::read(path).map_err(|source| PairError::Read { path: path.to_owned(), source })
    };
    Ok((read(certificate)?, read(key)?))
}

fn read(certificate: &Path, key: &Path, clock: &Clock) -> Result<(Texts, Pair), PairError> {
    let texts = texts(certificate, key)?;
    let file = |path: &Path| path.display().to_string();
    let pair = Pair::read(
        &Named { file: file(certificate), text: &texts.0 },
        &Named { file: file(key), text: &texts.1 },
    )?;
    let pair = pair.valid_at(clock.now(), &file(certificate))?;
    Ok((texts, pair))
}
