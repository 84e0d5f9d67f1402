//! Signing in (contract B 3.1 to 3.10).

pub(super) mod asked;
pub(super) mod mailed;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;

use crate::domain::Json;
use crate::domain::collection::AuthOptions;
use crate::http::address::real_ip;
use crate::http::auth::asked::Asked;
use crate::http::body::{self, DEFAULT_LIMIT};
use crate::http::caller::{
    Sender, request_info, require_same_collection, require_superuser, token,
};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::password::{self, Credentials};
use crate::services::auth::{Entry, SignedIn, auth_collection, impersonate, methods, otp, refresh};
use crate::services::oauth2::Invitation;
use crate::services::pick::Pick;
use crate::services::records::record_view::RecordView;

/// Lists the ways in.
pub(super) async fn list_methods(
    app: Data<App>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let collection = auth_collection(&app, &path)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let options = collection.auth().ok_or(Error::NotFound)?;
    let open = methods::methods(&app, options).await;
    let mut body = methods_json(&open, options);
    if collection.ext.totp {
        body["totp"] = json!({ "enabled": true });
    }
    Ok(json::picked(StatusCode::OK, body, pick.as_ref()))
}

/// The ways that this version does not have are shown closed; the keys at the end are for clients
/// of old.
fn methods_json(open: &methods::Methods, options: &AuthOptions) -> Json {
    let fields = open.identity_fields.as_deref().unwrap_or_default();
    let named = |name: &str| fields.iter().any(|field| field == name);
    let timed = |enabled: bool, duration: i64| json!({ "enabled": enabled, "duration": if enabled { duration } else { 0 } });
    let providers: Option<Vec<ProviderView>> =
        open.providers.as_ref().map(|invitations| invitations.iter().map(provider).collect());
    let without_logos = providers.as_ref().map(|providers| {
        let bare = |view: &ProviderView| ProviderView { logo: String::new(), ..view.clone() };
        providers.iter().map(bare).collect::<Vec<_>>()
    });
    json!({
        "password": { "identityFields": fields, "enabled": open.identity_fields.is_some() },
        "oauth2": {
            "providers": providers.as_deref().unwrap_or_default(),
            "enabled": providers.is_some(),
        },
        "mfa": timed(options.mfa.enabled, options.mfa.duration),
        "otp": timed(options.otp.enabled, options.otp.duration),
        "authProviders": without_logos,
        "usernamePassword": named("username"),
        "emailPassword": named("email"),
    })
}

/// A provider, and how to go there. One key is there twice, for clients of old.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProviderView {
    name: &'static str,
    display_name: String,
    logo: String,
    state: String,
    #[serde(rename = "authURL")]
    auth_url: String,
    #[serde(rename = "authUrl")]
    old_auth_url: String,
    code_verifier: String,
    code_challenge: String,
    code_challenge_method: &'static str,
}

fn provider(invitation: &Invitation) -> ProviderView {
    let Invitation { application, authorization } = invitation.clone();
    ProviderView {
        name: application.provider.name,
        display_name: application.display_name,
        logo: application.provider.logo(),
        state: authorization.state,
        old_auth_url: authorization.url.clone(),
        auth_url: authorization.url,
        code_verifier: authorization.code_verifier,
        code_challenge: authorization.code_challenge,
        code_challenge_method: authorization.code_challenge_method,
    }
}

/// Signs in by password.
pub(super) async fn with_password(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::read(&app, request, &path, sender, password::require_open).await?;
    let credentials = Credentials {
        identity: asked.body.text("identity")?,
        password: asked.body.text("password")?,
        identity_field: asked.body.text("identityField")?,
        address: asked.address,
    };
    let (collection, info, pick) = asked.into_parts();
    let entry = password::sign_in(&app, &collection, credentials, info).await?;
    Ok(entered(entry, pick.as_ref()))
}

/// Sends a code to sign in by.
pub(super) async fn request_code(
    app: Data<App>,
    (request, payload): (HttpRequest, Payload),
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let collection = auth_collection(&app, &path)?;
    otp::require_open(&collection)?;
    let email = body::read(&request, payload, DEFAULT_LIMIT).await?.text("email")?;
    let id = otp::request(&app, &collection, email).await?;
    Ok(json::answer(StatusCode::OK, &json!({ "otpId": id })))
}

/// Signs in by a code.
pub(super) async fn with_code(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::read(&app, request, &path, sender, otp::require_open).await?;
    let attempt = otp::Attempt {
        otp_id: asked.body.text("otpId")?,
        code: asked.body.text("password")?,
        address: asked.address,
    };
    let (collection, info, pick) = asked.into_parts();
    let entry = otp::sign_in(&app, &collection, attempt, info).await?;
    Ok(entered(entry, pick.as_ref()))
}

/// Exchanges a token for a new one.
pub(super) async fn with_token(
    app: Data<App>,
    request: HttpRequest,
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    // Who is signed in elsewhere is told so even where nobody could be signed in at all; but a
    // collection that is not there is not there for anybody.
    let collection = app.store.schema().find(&path).cloned().ok_or(Error::NotFound)?;
    require_same_collection(&sender.caller, &collection)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let (session, token) = sender.session.zip(token(&request)).ok_or(Error::Unauthenticated)?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let address = real_ip(&request);
    let signed_in = refresh::refresh(&app, &session, token, address, info).await?;
    Ok(json::picked(StatusCode::OK, Answer::from(signed_in), pick.as_ref()))
}

/// Signs a superuser in as somebody else.
pub(super) async fn impersonate(
    app: Data<App>,
    (request, payload): (HttpRequest, Payload),
    path: Path<(String, String)>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    require_superuser(&sender.caller)?;
    let (collection, id) = path.into_inner();
    let collection = auth_collection(&app, &collection)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let seconds = body::read(&request, payload, DEFAULT_LIMIT).await?.integer("duration")?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let address = real_ip(&request);
    let signed_in = impersonate::impersonate(&app, &collection, id, seconds, address, info).await?;
    Ok(json::picked(StatusCode::OK, Answer::from(signed_in), pick.as_ref()))
}

/// The answer to a way in that was gone well. One that has to be followed by another is answered as
/// the contract has it, without the envelope of errors (contract B 3.8); where the other can only be an
/// authenticator, it says so.
pub(super) fn entered(entry: Entry, pick: Option<&Pick>) -> HttpResponse {
    match entry {
        Entry::SignedIn(signed_in) => json::picked(StatusCode::OK, Answer::from(signed_in), pick),
        Entry::SecondFactor { mfa_id, has_authenticator } => {
            let mut body = json!({ "mfaId": mfa_id });
            if has_authenticator {
                body["methods"] = json!(["totp"]);
            }
            json::answer(StatusCode::UNAUTHORIZED, &body)
        }
    }
}

/// The shape of contract B 3.1.
#[derive(Serialize)]
struct Answer {
    record: RecordView,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Json>,
}

impl From<SignedIn> for Answer {
    fn from(signed_in: SignedIn) -> Self {
        Self { record: signed_in.record, token: signed_in.token, meta: signed_in.meta }
    }
}
