//! The ways to sign in that a collection offers (contract B 3.2).

use crate::domain::collection::AuthOptions;
use crate::services::app::App;
use crate::services::oauth2::Invitation;

/// The ways in that are open. Ways that this version does not have are closed, whatever the
/// collection's options say.
#[derive(Debug, Clone)]
pub struct Methods {
    /// The fields that name an account, while sign-in by password is open.
    pub identity_fields: Option<Vec<String>>,
    /// An invitation to each provider, while sign-in through them is open.
    pub providers: Option<Vec<Invitation>>,
}

/// What `options` offer. Issuers may have to be asked where people are to be sent.
pub async fn methods(app: &App, options: &AuthOptions) -> Methods {
    let password = &options.password_auth;
    let oauth2 = &options.oauth2;
    let providers = if oauth2.enabled {
        Some(app.oauth2.invite(&oauth2.providers, app.clock.now()).await)
    } else {
        None
    };
    Methods {
        identity_fields: password.enabled.then(|| password.identity_fields.clone()),
        providers,
    }
}
