//! The ways to sign in that a collection offers (contract B 3.2).

use crate::domain::collection::AuthOptions;

/// The ways in that are open. Ways that this version does not have are closed, whatever the
/// collection's options say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods {
    /// The fields that name an account, while sign-in by password is open.
    pub identity_fields: Option<Vec<String>>,
}

/// What `options` offer.
pub fn methods(options: &AuthOptions) -> Methods {
    let password = &options.password_auth;
    Methods { identity_fields: password.enabled.then(|| password.identity_fields.clone()) }
}
