//! The first superuser of a server that nobody sits in front of: its address and password come from
//! variables.

use crate::cli::boot::StartError;
use crate::cli::environment::Environment;
use crate::services::app::App;
use crate::services::superusers::{self, First};

const EMAIL: &str = "FERROBASE_ADMIN_EMAIL";
const PASSWORD: &str = "FERROBASE_ADMIN_PASSWORD";

/// Who is to be the first superuser.
pub(super) struct FirstSuperuser {
    email: String,
    password: String,
}

impl FirstSuperuser {
    /// The one that the variables name, if they name one.
    ///
    /// # Errors
    /// When there is an address without a password, or a password without an address.
    pub(super) fn named_by(variables: &Environment) -> Result<Option<Self>, StartError> {
        let half = |set, missing| Err(StartError::HalfASuperuser { set, missing });
        match (variables.filled(EMAIL), variables.filled(PASSWORD)) {
            (Some(email), Some(password)) => Ok(Some(Self { email, password })),
            (Some(_), None) => half(EMAIL, PASSWORD),
            (None, Some(_)) => half(PASSWORD, EMAIL),
            (None, None) => Ok(None),
        }
    }

    /// Makes the account, unless there is a superuser, whoever it is: passwords that were changed
    /// since, and accounts that were deleted, are not brought back by the next start.
    ///
    /// Answers the address of an account that was made.
    ///
    /// # Errors
    /// When address or password are refused, or the database fails.
    pub(super) async fn make(self, app: &App) -> Result<Option<String>, StartError> {
        let made = superusers::create_first(app, &self.email, &self.password).await;
        match made.map_err(StartError::FirstSuperuser)? {
            First::Created => Ok(Some(self.email)),
            First::ThereAlready => Ok(None),
        }
    }
}
