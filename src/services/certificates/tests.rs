//! What can be shown, what is refused and with which words, and what files that change do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::files::{CertificateFiles, Reloaded};
use super::{Certificates, PairError};
use crate::domain::time::Timestamp;
use crate::services::clock::Clock;

/// 2026-01-01 00:00 UTC.
const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

struct Files {
    folder: TempDir,
    certificates: Arc<Certificates>,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), certificates: Arc::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a certificate that is valid in these years, and its key.
    fn write(&self, from: i32, to: i32) -> (String, String) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        fs::write(self.path("cert.pem"), &certificate).unwrap();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        (certificate, key.serialize_pem())
    }

    fn open(&self) -> Result<CertificateFiles, PairError> {
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| self.path(name));
        let clock = Clock::manual(NOW);
        CertificateFiles::open(certificate, key, Arc::clone(&self.certificates), clock)
    }

    fn refusal(&self) -> String {
        let error = self.open().err().unwrap();
        assert!(self.certificates.current.load().is_none());
        error.to_string()
    }

    fn shown(&self) -> Vec<u8> {
        self.certificates.current.load_full().unwrap().cert[0].to_vec()
    }
}

#[track_caller]
fn assert_words(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

fn is_der_of(shown: &[u8], pem: &str) -> bool {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().as_ref() == shown
}

#[test]
fn a_pair_is_shown() {
    let files = Files::new();
    let (certificate, _) = files.write(2025, 2027);
    files.open().unwrap();
    assert!(is_der_of(&files.shown(), &certificate));
}

#[test]
fn each_fault_names_its_file_and_what_to_do() {
    let files = Files::new();
    let (certificate, key) = files.write(2025, 2027);
    let write = |name: &str, text: &str| fs::write(files.path(name), text).unwrap();

    fs::remove_file(files.path("key.pem")).unwrap();
    assert_words(&files.refusal(), &["cannot read", "key.pem", "No such file", "may read"]);
    write("key.pem", "");
    assert_words(&files.refusal(), &["key.pem holds no private key", "BEGIN PRIVATE KEY"]);
    write("key.pem", &key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    assert_words(&files.refusal(), &["key.pem holds no private key", "openssl pkey"]);
    write("key.pem", &certificate);
    assert_words(&files.refusal(), &["key.pem holds no private key"]);
    write("key.pem", &KeyPair::generate().unwrap().serialize_pem());
    assert_words(&files.refusal(), &["key.pem is not the key of", "cert.pem", "together"]);

    write("key.pem", &key);
    write("cert.pem", "");
    assert_words(&files.refusal(), &["cert.pem holds no certificate", "fullchain.pem"]);
    write("cert.pem", &certificate[..certificate.len() - 60]);
    assert_words(&files.refusal(), &["cert.pem", "cannot be read", "whole file"]);
    write("cert.pem", "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n");
    assert_words(&files.refusal(), &["cert.pem", "cannot be read"]);

    files.write(2020, 2025);
    assert_words(&files.refusal(), &["cert.pem expired at 2025-01-01 00:00:00.000Z", "Renew"]);
    files.write(2027, 2028);
    assert_words(&files.refusal(), &["cert.pem is not valid before 2027-01-01", "clock"]);
}

#[test]
fn files_that_change_are_shown_and_broken_ones_are_not() {
    let files = Files::new();
    let (first, first_key) = files.write(2025, 2027);
    let mut open = files.open().unwrap();
    assert!(matches!(open.reload(), Reloaded::Unchanged));

    let (second, second_key) = files.write(2025, 2028);
    fs::write(files.path("key.pem"), &first_key).unwrap();
    assert!(matches!(open.reload(), Reloaded::Kept(PairError::Mismatch { .. })));
    assert!(is_der_of(&files.shown(), &first));
    assert!(matches!(open.reload(), Reloaded::Unchanged), "it is told once");

    fs::write(files.path("key.pem"), &second_key).unwrap();
    assert!(matches!(open.reload(), Reloaded::Changed));
    assert!(is_der_of(&files.shown(), &second));

    fs::remove_file(files.path("cert.pem")).unwrap();
    assert!(matches!(open.reload(), Reloaded::Kept(PairError::Read { .. })));
    assert!(is_der_of(&files.shown(), &second));
    files.write(2020, 2021);
    assert!(matches!(open.reload(), Reloaded::Kept(PairError::Expired { .. })));
    let (third, _) = files.write(2025, 2026);
    assert!(matches!(open.reload(), Reloaded::Changed), "valid to the last moment");
    assert!(is_der_of(&files.shown(), &third));
}

#[test]
fn answers_to_challenges_are_given_for_as_long_as_they_are_wanted() {
    let challenges = Certificates::default().challenges;
    let text = challenges.give_text("token", "token.thumb");
    let certificate = challenges.give_certificate("a.example", &[7; 32]).unwrap();
    assert_eq!(challenges.text("token").as_deref(), Some("token.thumb"));
    assert_eq!(challenges.text("other"), None);
    assert!(challenges.certificate("a.example").is_some());
    assert!(challenges.certificate("b.example").is_none());
    drop((text, certificate));
    assert_eq!(challenges.text("token"), None);
    assert!(challenges.certificate("a.example").is_none());
}

#[test]
fn what_is_kept_is_for_its_owner_and_its_authority_alone() {
    use std::os::unix::fs::PermissionsExt;

    use super::kept::Kept;
    use crate::domain::host_name::HostName;

    let files = Files::new();
    let (certificate, key) = files.write(2025, 2027);
    let root = files.path("certificates");
    let domains = ["b.example", "a.example"].map(|name| HostName::parse(name).unwrap());
    let open = |authority: &str, domains: &[HostName]| {
        Kept::open(&root, &authority.parse().unwrap(), domains).unwrap()
    };
    let kept = open("https://ca.example/directory", &domains);
    assert!(kept.certificate().is_none());
    kept.keep_certificate(&certificate, &key).unwrap();
    kept.keep_failures(&[1, 2]).unwrap();
    assert!(open("https://ca.example/directory", &domains).certificate().is_some());
    assert_eq!(open("https://ca.example/directory", &domains).failures(), [1, 2]);
    assert!(open("https://ca.example/staging", &domains).certificate().is_none());
    assert!(open("https://ca.example/directory", &domains[..1]).certificate().is_none());

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(kept.path().parent().unwrap()), 0o700);
    assert_eq!(mode(kept.path()), 0o600);

    fs::write(kept.path(), "half a").unwrap();
    assert!(kept.certificate().is_none(), "what is damaged is as if it were not there");
}
