//! A certificate with its key, as text in PEM: read, and checked as far as one can without a client.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::provider;
use crate::domain::time::Timestamp;

/// A certificate with its issuers' and its key, which belong together.
#[derive(Debug, Clone)]
pub struct Pair {
    certified: Arc<CertifiedKey>,
    /// The first moment at which it is valid.
    pub not_before: Timestamp,
    /// The last one.
    pub not_after: Timestamp,
}

/// Why a certificate cannot be shown, named by the file to look at. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}\nName a file that is there and that the server may read.", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// There is no certificate in it.
    #[error(
        "{0} holds no certificate\nA file in PEM is wanted (-----BEGIN CERTIFICATE-----), with the \
         server's own certificate first and those of its issuers after it: often called fullchain.pem."
    )]
    NoCertificate(String),
    /// The certificate is damaged.
    #[error("the certificate in {file} cannot be read: {reason}\nIs it the whole file, in PEM?")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no key in it.
    #[error(
        "{0} holds no private key that can be used\nA file in PEM is wanted, without a password \
         (-----BEGIN PRIVATE KEY-----): often called privkey.pem. A key with a password is opened by: \
         openssl pkey -in FILE -out privkey.pem"
    )]
    NoKey(String),
    /// Two files that do not belong together.
    #[error(
        "{key} is not the key of the certificate in {certificate}\nName two files that were made \
         together."
    )]
    Mismatch {
        /// The file of the certificate.
        certificate: String,
        /// The file of the key.
        key: String,
    },
    /// Its time is over.
    #[error("the certificate in {file} expired at {not_after}\nRenew it, or name another one.")]
    Expired {
        /// The file.
        file: String,
        /// When.
        not_after: Timestamp,
    },
    /// Its time has not come.
    #[error(
        "the certificate in {file} is not valid before {not_before}\nIs the clock of this machine \
         right?"
    )]
    TooEarly {
        /// The file.
        file: String,
        /// When.
        not_before: Timestamp,
    },
}

/// A text with the name of the file that it comes from.
pub(super) struct Named<'a> {
    pub(super) file: String,
    pub(super) text: &'a [u8],
}

impl Pair {
    /// Reads both and checks that they belong together.
    ///
    /// # Errors
    /// What is wrong, and with which file.
    pub(super) fn read(certificate: &Named<'_>, key: &Named<'_>) -> Result<Self, PairError> {
        let chain = chain(certificate)?;
        let Some(own) = chain.first() else {
            return Err(PairError::NoCertificate(certificate.file.clone()));
        };
        let damaged =
            |reason: String| PairError::Damaged { file: certificate.file.clone(), reason };
        let parsed = Certificate::from_der(own).map_err(|error| damaged(error.to_string()))?;
        let validity = &parsed.tbs_certificate.validity;
        let moment = |time: &x509_cert::time::Time| {
            let millis = i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX);
            Timestamp::from_millis(millis).min(Timestamp::LATEST)
        };
        let (not_before, not_after) = (moment(&validity.not_before), moment(&validity.not_after));
        let private = PrivateKeyDer::from_pem_slice(key.text)
            .map_err(|_| PairError::NoKey(key.file.clone()))?;
        let mismatch =
            || PairError::Mismatch { certificate: certificate.file.clone(), key: key.file.clone() };
        let signing = provider().key_provider.load_private_key(private);
        let signing = signing.map_err(|_| PairError::NoKey(key.file.clone()))?;
        let certified = CertifiedKey::new(chain, signing);
        match certified.keys_match() {
            // A key that does not tell its public half cannot be compared.
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(mismatch()),
            Err(error) => return Err(damaged(error.to_string())),
        }
        Ok(Self { certified: Arc::new(certified), not_before, not_after })
    }

    /// The same when it is valid at `now`.
    ///
    /// # Errors
    /// When it is not; `file` is named then.
    pub(super) fn valid_at(self, now: Timestamp, file: &str) -> Result<Self, PairError> {
        let file = file.to_owned();
        if now > self.not_after {
            return Err(PairError::Expired { file, not_after: self.not_after });
        }
        if now < self.not_before {
            return Err(PairError::TooEarly { file, not_before: self.not_before });
        }
        Ok(self)
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

fn chain(certificate: &Named<'_>) -> Result<Vec<CertificateDer<'static>>, PairError> {
    let file = || certificate.file.clone();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.text).collect();
    match chain {
        Ok(chain) => Ok(chain),
        Err(PemError::NoItemsFound) => Err(PairError::NoCertificate(file())),
        Err(error) => Err(PairError::Damaged { file: file(), reason: error.to_string() }),
    }
}
