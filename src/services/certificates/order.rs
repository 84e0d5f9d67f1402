//! One order at an authority: names it wants proof of, answers to its challenges, and a certificate.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use url::Url;

use super::challenges::{Challenges, Given};
use crate::domain::host_name::HostName;

/// How long an authority may take to look at an answer, and to make a certificate.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where to order.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    pub(super) directory: Url,
    pub(super) root: Option<PathBuf>,
    pub(super) email: Option<String>,
}

/// In which way a name is shown to lead here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// By a certificate at the port of HTTPS.
    TlsAlpn01,
    /// By a text at port 80.
    Http01,
}

/// A certificate and its key in PEM.
pub(super) struct Ordered {
    pub(super) chain: String,
    pub(super) key: String,
}

/// Why there is no certificate. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    #[error("cannot have an account at {directory}: {reason}")]
    Account { directory: Url, reason: String },
    #[error("the account is not known there any more: the next try makes another one")]
    UnknownAccount,
    #[error("{domain} was not found to lead here ({}): {reason}", kind.name())]
    Refused { domain: String, kind: Proof, reason: String },
    #[error("{domain} can be proved in no way that this server knows (tls-alpn-01, http-01)")]
    NoChallenge { domain: String },
    #[error("the order failed: {0}")]
    Failed(String),
}

impl Proof {
    const fn name(self) -> &'static str {
        match self {
            Self::TlsAlpn01 => "tls-alpn-01, at the port of HTTPS",
            Self::Http01 => "http-01, at port 80",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::TlsAlpn01 => Self::Http01,
            Self::Http01 => Self::TlsAlpn01,
        }
    }

    const fn of_protocol(self) -> ChallengeType {
        match self {
            Self::TlsAlpn01 => ChallengeType::TlsAlpn01,
            Self::Http01 => ChallengeType::Http01,
        }
    }
}

impl From<Error> for OrderError {
    fn from(error: Error) -> Self {
        let unknown = "urn:ietf:params:acme:error:accountDoesNotExist";
        match &error {
            Error::Api(problem) if problem.r#type.as_deref() == Some(unknown) => {
                Self::UnknownAccount
            }
            _ => Self::Failed(reason(&error)),
        }
    }
}

impl Authority {
    /// The account that was kept, or a new one with what is to be kept of it.
    pub(super) async fn account(
        &self,
        kept: Option<AccountCredentials>,
    ) -> Result<(Account, Option<AccountCredentials>), OrderError> {
        let account = async {
            let builder = match &self.root {
                Some(root) => Account::builder_with_root(root)?,
                None => Account::builder()?,
            };
            if let Some(kept) = kept {
                return Ok((builder.from_credentials(kept).await?, None));
            }
            let contact = self.email.as_ref().map(|email| format!("mailto:{email}"));
            let contact: Vec<&str> = contact.as_deref().into_iter().collect();
            let wanted = NewAccount {
                contact: &contact,
                terms_of_service_agreed: true,
                only_return_existing: false,
            };
            let (account, made) = builder.create(&wanted, self.directory.to_string(), None).await?;
            Ok((account, Some(made)))
        };
        account.await.map_err(|error: Error| OrderError::Account {
            directory: self.directory.clone(),
            reason: reason(&error),
        })
    }
}

/// Orders a certificate for `domains`, proved by `proof` where the authority offers it.
pub(super) async fn place(
    account: &Account,
    domains: &[HostName],
    proof: Proof,
    challenges: &Challenges,
) -> Result<Ordered, OrderError> {
    let names: Vec<_> =
        domains.iter().map(|name| Identifier::Dns(name.as_str().to_owned())).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    // They answer until the order is through.
    let given = prove(&mut order, proof, challenges).await?;
    let policy = RetryPolicy::new().timeout(PATIENCE);
    match order.poll_ready(&policy).await {
        Ok(OrderStatus::Ready) => {}
        outcome => {
            return Err(match (refusal(&mut order, proof).await, outcome) {
                (Some(refusal), _) => refusal,
                (None, Err(error)) => error.into(),
                (None, Ok(status)) => OrderError::Failed(format!("it became {status:?}")),
            });
        }
    }
    drop(given);
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&policy).await?;
    Ok(Ordered { chain, key })
}

/// Gives an answer for each name that is not proved yet, and has the authority look.
async fn prove<'c>(
    order: &mut Order,
    proof: Proof,
    challenges: &'c Challenges,
) -> Result<Vec<Given<'c>>, OrderError> {
    let mut given = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let domain = authorization.identifier().to_string();
        match authorization.status {
            AuthorizationStatus::Pending => {}
            AuthorizationStatus::Valid => continue,
            status => {
                return Err(OrderError::Failed(format!("the proof for {domain} is {status:?}")));
            }
        }
        let is_offered = |proof: &Proof| {
            let kind = proof.of_protocol();
            authorization.challenges.iter().any(|challenge| challenge.r#type == kind)
        };
        let proof = [proof, proof.other()].into_iter().find(is_offered);
        let Some(proof) = proof else { return Err(OrderError::NoChallenge { domain }) };
        let challenge = authorization.challenge(proof.of_protocol());
        let Some(mut challenge) = challenge else { return Err(OrderError::NoChallenge { domain }) };
        let answer = challenge.key_authorization();
        given.push(match proof {
            Proof::Http01 => challenges.give_text(&challenge.token, answer.as_str()),
            Proof::TlsAlpn01 => challenges
                .give_certificate(&domain, answer.digest().as_ref())
                .map_err(|error| OrderError::Failed(error.to_string()))?,
        });
        // Some look at once, and answer with what they saw.
        challenge.set_ready().await.map_err(|error| match error {
            Error::Api(problem) => {
                OrderError::Refused { domain, kind: proof, reason: detail(&problem) }
            }
            error => error.into(),
        })?;
    }
    Ok(given)
}

/// What the authority says of the first name that it was not convinced of.
async fn refusal(order: &mut Order, proof: Proof) -> Option<OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        authorization.refresh().await.ok()?;
        let domain = authorization.identifier().to_string();
        let failed = authorization.challenges.iter().find_map(|challenge| {
            let kind = match challenge.r#type {
                ChallengeType::Http01 => Proof::Http01,
                ChallengeType::TlsAlpn01 => Proof::TlsAlpn01,
                _ => proof,
            };
            Some((kind, detail(challenge.error.as_ref()?)))
        });
        if let Some((kind, reason)) = failed {
            return Some(OrderError::Refused { domain, kind, reason });
        }
    }
    None
}

fn detail(problem: &Problem) -> String {
    let text = problem.detail.clone().or_else(|| problem.r#type.clone());
    text.unwrap_or_else(|| "no reason was given".to_owned())
}

/// An error with all of its causes, in one line.
fn reason(error: &Error) -> String {
    if let Error::Json(error) = error {
        return format!("what answers there does not speak ACME ({error})");
    }
    let mut text = match error {
        Error::Api(problem) => detail(problem),
        other => other.to_string(),
    };
    let mut cause = StdError::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
