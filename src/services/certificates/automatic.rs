//! Certificates that an authority hands out by itself, and renews in time. What fails is tried again, and
//! never so often that the authority would shut this server out.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::task::JoinHandle;
use url::Url;

use super::Certificates;
use super::kept::Kept;
use super::order::{self, Authority, OrderError, Proof};
use super::pair::{Named, Pair};
use crate::domain::host_name::HostName;
use crate::domain::time::Timestamp;
use crate::services::clock::Clock;

/// How long an order may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// How often the clock is looked at while nothing is to be done.
const LOOK: Duration = Duration::from_mins(1);

/// How long to wait after a failure, and after those that follow it.
const PAUSES: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(6),
];

/// So many tries may fail within an hour, restarts included. Let's Encrypt shuts out who fails five times.
const TRIES: usize = 4;

const HOUR: i64 = 3_600_000;

/// How long what was just handed out is left alone, however short it is valid.
const REST: i64 = HOUR;

/// What is wanted of whom.
pub struct AcmeOptions {
    /// The names that one certificate is to hold; at least one.
    pub domains: Vec<HostName>,
    /// Where the authority can write to.
    pub email: Option<String>,
    /// The address of its directory.
    pub directory: Url,
    /// A PEM file of the root that the directory is checked against; `None` are the system's.
    pub root: Option<PathBuf>,
    /// Where the account and the certificates are kept.
    pub folder: PathBuf,
}

/// Why automatic certificates cannot be kept or asked for. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub enum AutomaticError {
    /// The folder cannot be used.
    #[error("cannot keep certificates in {path}: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The root cannot be used.
    #[error(
        "cannot read a root certificate from {path}: {reason}\nName a PEM file, or none for the roots \
         of the system.", path = path.display()
    )]
    Root {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The task that keeps a certificate there.
pub struct Automatic {
    task: JoinHandle<()>,
}

struct Keeper {
    authority: Authority,
    domains: Vec<HostName>,
    kept: Kept,
    certificates: Arc<Certificates>,
    clock: Clock,
    current: Option<Pair>,
    failures: Vec<i64>,
    /// Failures since the start or the last success.
    in_a_row: usize,
    /// Before this moment nothing is asked, in milliseconds since 1970.
    rests_until: i64,
}

impl Automatic {
    /// Shows the certificate that was kept, and asks for one when there is none or when it is time.
    ///
    /// # Errors
    /// When certificates cannot be kept, or the root cannot be read.
    pub fn start(
        options: AcmeOptions,
        certificates: Arc<Certificates>,
        clock: Clock,
    ) -> Result<Self, AutomaticError> {
        let AcmeOptions { domains, email, directory, root, folder } = options;
        let kept = Kept::open(&folder, &directory, &domains)
            .map_err(|source| AutomaticError::Folder { path: folder, source })?;
        if let Some(path) = &root {
            CertificateDer::from_pem_file(path).map_err(|error| AutomaticError::Root {
                path: path.clone(),
                reason: error.to_string(),
            })?;
        }
        let file = kept.path().display().to_string();
        let current = kept.certificate().and_then(|pair| pair.valid_at(clock.now(), &file).ok());
        if let Some(pair) = &current {
            certificates.show(pair);
        }
        let authority = Authority { directory, root, email };
        let failures = kept.failures();
        let mut keeper = Keeper {
            authority,
            domains,
            kept,
            certificates,
            clock,
            current,
            failures,
            in_a_row: 0,
            rests_until: i64::MIN,
        };
        let task = tokio::spawn(async move { keeper.run().await });
        Ok(Self { task })
    }

    /// Stops asking.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Keeper {
    async fn run(&mut self) {
        loop {
            let now = self.clock.now().millis();
            let due = due(now, self.current.as_ref(), &self.failures, self.in_a_row);
            let due = due.max(self.rests_until);
            match u64::try_from(due - now) {
                Ok(left) if left > 0 => {
                    tokio::time::sleep(Duration::from_millis(left).min(LOOK)).await;
                }
                _ => self.renew().await,
            }
        }
    }

    async fn renew(&mut self) {
        let order = tokio::time::timeout(PATIENCE, self.order()).await;
        let outcome = order.unwrap_or_else(|_| {
            Err(OrderError::Failed(format!("no end after {} minutes", PATIENCE.as_secs() / 60)))
        });
        let names = self.domains.iter().map(HostName::as_str).collect::<Vec<_>>().join(", ");
        match outcome {
            Ok(pair) => {
                self.certificates.show(&pair);
                tracing::info!(domains = names, until = %pair.not_after, "has a new certificate");
                self.current = Some(pair);
                self.rests_until = self.clock.now().millis() + REST;
                self.in_a_row = 0;
                self.failures.clear();
            }
            Err(error) => {
                if matches!(error, OrderError::UnknownAccount) {
                    self.kept.forget_account();
                }
                let now = self.clock.now().millis();
                self.in_a_row += 1;
                self.failures.retain(|failure| (now - HOUR..=now).contains(failure));
                self.failures.push(now);
                let next = due(now, self.current.as_ref(), &self.failures, self.in_a_row);
                let next = Timestamp::from_millis(next);
                let until = self.current.as_ref().map(|pair| pair.not_after.to_string());
                let until = until.as_deref().unwrap_or("there is none");
                tracing::warn!(
                    domains = names, reason = %error, next_try = %next, valid_until = until,
                    "cannot get a certificate",
                );
            }
        }
        if let Err(error) = self.kept.keep_failures(&self.failures) {
            tracing::warn!(%error, "cannot write down how orders of certificates end");
        }
    }

    async fn order(&self) -> Result<Pair, OrderError> {
        let failed = |what: &str, error: &dyn std::error::Error| {
            OrderError::Failed(format!("{what}: {error}"))
        };
        let (account, made) = self.authority.account(self.kept.account()).await?;
        if let Some(made) = made {
            let kept = self.kept.keep_account(&made);
            kept.map_err(|error| failed("the account cannot be kept", &error))?;
        }
        let proof = if self.in_a_row.is_multiple_of(2) { Proof::TlsAlpn01 } else { Proof::Http01 };
        let challenges = &self.certificates.challenges;
        let ordered = order::place(&account, &self.domains, proof, challenges).await?;
        let named = |text| Named { file: "what the authority sent".to_owned(), text };
        let pair = Pair::read(&named(ordered.chain.as_bytes()), &named(ordered.key.as_bytes()))
            .map_err(|error| failed("the certificate cannot be used", &error))?;
        if let Err(error) = self.kept.keep_certificate(&ordered.chain, &ordered.key) {
            let path = self.kept.path().display();
            tracing::error!(%error, %path, "a certificate cannot be kept: a restart will ask for another");
        }
        Ok(pair)
    }
}

/// When to ask next, in milliseconds since 1970: at once without a certificate, else when a third of its
/// time is left; and not before the pause after what failed is over.
fn due(now: i64, current: Option<&Pair>, failures: &[i64], in_a_row: usize) -> i64 {
    let renewal = current.map_or(now, |pair| {
        let (from, to) = (pair.not_before.millis(), pair.not_after.millis());
        from.saturating_add(to.saturating_sub(from) / 3 * 2)
    });
    let pause = in_a_row.checked_sub(1).map(|row| PAUSES[row.min(PAUSES.len() - 1)]);
    let last = failures.last().copied();
    let after_pause = last.zip(pause).map(|(last, pause)| last.saturating_add(millis(pause)));
    let mut recent = failures.iter().rev().copied().filter(|failure| *failure > now - HOUR);
    let after_hour = recent.nth(TRIES - 1).map(|failure| failure.saturating_add(HOUR));
    renewal.max(after_pause.unwrap_or(i64::MIN)).max(after_hour.unwrap_or(i64::MIN))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn without_a_certificate_one_is_asked_for_at_once() {
        assert_eq!(due(1_000_000, None, &[], 0), 1_000_000);
    }

    #[test]
    fn pauses_grow_with_each_failure() {
        let now = 100 * HOUR;
        let after = |in_a_row| due(now, None, &[now], in_a_row) - now;
        assert_eq!(after(1), MINUTE);
        assert_eq!(after(2), 5 * MINUTE);
        assert_eq!(after(3), 15 * MINUTE);
        assert_eq!(after(6), 6 * HOUR);
        assert_eq!(after(60), 6 * HOUR);
    }

    #[test]
    fn a_restart_may_try_at_once_but_not_again_and_again() {
        let now = 100 * HOUR;
        let failures = [now - 50 * MINUTE, now - 40 * MINUTE, now - 30 * MINUTE];
        assert_eq!(due(now, None, &failures, 0), now);
        let failures = [&failures[..], &[now - 20 * MINUTE]].concat();
        assert_eq!(
            due(now, None, &failures, 0),
            now + 10 * MINUTE,
            "the oldest is an hour old then"
        );
        assert_eq!(due(now + 11 * MINUTE, None, &failures, 0), now + 11 * MINUTE);
    }
}
