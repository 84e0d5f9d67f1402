//! Use cases: who may do what, in which order, in one transaction. Knows no HTTP.

pub mod admission;
pub mod app;
pub mod auth;
pub mod backups;
pub mod blobs;
pub mod bootstrap;
pub mod certificates;
pub mod clock;
pub mod collections;
pub mod configuration;
pub mod console;
pub mod copy;
pub mod crons;
pub mod doctor;
pub mod failure;
pub mod files;
pub mod health;
pub mod logs;
pub mod mail;
pub mod metrics;
pub mod nodes;
pub mod oauth2;
pub mod paging;
pub mod passwords;
pub mod pick;
pub mod plan;
pub mod pocketbase;
pub mod progress;
pub mod public_addresses;
pub mod queue;
pub mod rate_limits;
pub mod realtime;
pub mod records;
pub mod replica;
pub mod safe_json;
pub mod seeds;
pub mod settings;
pub mod site;
pub mod superusers;
#[cfg(test)]
pub(crate) mod test_app;
#[cfg(test)]
pub(crate) mod test_records;
pub mod threads;
pub mod throttle;
pub mod tokens;
pub mod webhooks;

use std::time::Duration;

use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::keyring::SealError;
use crate::store::StoreError;

/// What went wrong below, of any type: it is logged and never shown.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a use case was refused or failed, named by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Sign in first.
    #[error("The request requires valid record authorization token.")]
    Unauthenticated,
    /// Signed in as somebody who may not, or closed to everybody.
    #[error("You are not allowed to perform this request.")]
    Forbidden,
    /// Closed by a setting, by the config file or until something is done; the text says what to do.
    #[error("{0}")]
    Locked(String),
    /// It does not exist, or must look as if it did not.
    #[error("The requested resource wasn't found.")]
    NotFound,
    /// The request cannot be understood or must not be done; the text says why.
    #[error("{0}")]
    BadRequest(String),
    /// Some of the fields sent are wrong.
    #[error("Something in the submitted data is not valid.")]
    Invalid(FieldErrors),
    /// The body is larger than this request may send.
    #[error("The request body is too large.")]
    TooLarge,
    /// The body did not arrive in the time that there is for it.
    #[error("The request body did not arrive in time.")]
    TooSlow,
    /// The address of the request is longer than any that means something.
    #[error(
        "The address of the request is too long: send what it says as a body, or ask for less."
    )]
    AddressTooLong,
    /// Too many attempts; wait that long.
    #[error("Too many requests, try again later.")]
    TooManyRequests {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// The server cannot do it now, but may soon: overload, or a database that is away.
    #[error("The server cannot answer right now, try again in a moment.")]
    Unavailable(#[source] BoxError),
    /// A failure of the server itself. The cause is logged, never shown.
    #[error("Something went wrong while processing the request.")]
    Internal(#[source] BoxError),
}

impl Error {
    /// The request cannot be understood or must not be done, because of `message`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// One field is wrong.
    pub fn invalid(field: &str, fault: Fault) -> Self {
        Self::Invalid(FieldErrors::from((field, fault)))
    }

    /// A failure of the server itself.
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        Self::Internal(cause.into())
    }

    /// The server cannot do it now.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable(cause.into())
    }
}

/// What a database error means to a request. Whoever knows which field a unique index belongs to
/// answers that field instead of letting the error come here.
impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique(_) => {
                Self::bad_request("A value that must be unique exists already.")
            }
            StoreError::TooLarge(_) => {
                Self::bad_request("A value is too long for an index of the collection.")
            }
            StoreError::Busy
            | StoreError::Deadline
            | StoreError::ReadOnly
            | StoreError::Full
            | StoreError::Conflict(_)
            | StoreError::Away(_)
            | StoreError::Closed => Self::unavailable(error),
            StoreError::Secret(error) => error.into(),
            StoreError::Panicked
            | StoreError::Statement { .. }
            | StoreError::Data(_)
            | StoreError::Other(_) => Self::internal(error),
        }
    }
}

/// What stands in the database is nothing that a request can mend, and a secret that cannot be stored
/// is.
impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Disguised { .. } => Self::bad_request(format!("{error}.")),
            SealError::NoKey { .. }
            | SealError::OtherKey { .. }
            | SealError::Damaged { .. }
            | SealError::Unknown { .. } => Self::internal(error),
        }
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}
