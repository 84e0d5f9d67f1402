//! Signing in through other providers, and the page that they lead people back to (contract B 3.4,
//! 3.5, 6.5).

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::json;
use std::net::IpAddr;

use crate::domain::{Json, JsonMap};
use crate::http::address::real_ip;
use crate::http::admin_ui;
use crate::http::auth::asked::Asked;
use crate::http::auth::entered;
use crate::http::body::{self, Body, DEFAULT_LIMIT};
use crate::http::caller::{Sender, Superuser};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::oauth2::{self, Attempt};
use crate::services::oauth2::popup::{Outcome, Return};
use crate::services::oauth2::{CodeGrant, apple_secret};

/// `POST /api/collections/{collection}/auth-with-oauth2`
pub(super) async fn sign_in(
    app: Data<App>,
    sender: Sender,
    path: Path<String>,
    request: (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::read(&app, request, &path, sender, oauth2::require_open).await?;
    let mut attempt = attempt(&asked.body, asked.address)?;
    let (collection, info, pick) = asked.into_parts();
    attempt.create_data = create_data(&info.body)?;
    let entry = oauth2::sign_in(&app, &collection, attempt, info).await?;
    Ok(entered(entry, pick.as_ref()))
}

fn attempt(body: &Body, address: IpAddr) -> Result<Attempt, Error> {
    // Clients of old spell the last one in another way.
    let (url, old_url) = (body.text("redirectURL")?, body.text("redirectUrl")?);
    let grant = CodeGrant {
        code: body.text("code")?,
        code_verifier: body.text("codeVerifier")?,
        redirect_url: if url.is_empty() { old_url } else { url },
    };
    let provider = body.text("provider")?;
    Ok(Attempt { provider, grant, create_data: JsonMap::new(), address })
}

fn create_data(values: &JsonMap) -> Result<JsonMap, Error> {
    match values.get("createData") {
        None | Some(Json::Null) => Ok(JsonMap::new()),
        Some(Json::Object(data)) => Ok(data.clone()),
        Some(_) => Err(Error::bad_request("createData must be an object.")),
    }
}

/// `GET /api/oauth2-redirect`
pub(super) async fn back(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let values = Query::parse(request.query_string()).into_values();
    let text = |key: &str| values.get(key).cloned().unwrap_or_default();
    let brought = Return {
        state: text("state"),
        code: text("code"),
        error: text("error"),
        user: text("user"),
    };
    let outcome = app.oauth2.popups.hand_over(brought, real_ip(&request), app.clock.now());
    lead_on(StatusCode::TEMPORARY_REDIRECT, outcome)
}

/// `POST /api/oauth2-redirect`, as Apple comes back. What cannot be read brings nothing back.
pub(super) async fn posted_back(
    app: Data<App>,
    (request, payload): (HttpRequest, Payload),
) -> HttpResponse {
    let brought = match body::read(&request, payload, DEFAULT_LIMIT).await {
        Ok(body) => brought(&body),
        Err(_) => Return::default(),
    };
    let outcome = app.oauth2.popups.hand_over(brought, real_ip(&request), app.clock.now());
    lead_on(StatusCode::SEE_OTHER, outcome)
}

fn brought(body: &Body) -> Return {
    let text = |key: &str| body.text(key).unwrap_or_default();
    Return { state: text("state"), code: text("code"), error: text("error"), user: text("user") }
}

/// Leads to a page of the dashboard that says how it went, or says so itself. The address holds the
/// code, so it is kept nowhere and told to nobody.
fn lead_on(redirect: StatusCode, outcome: Outcome) -> HttpResponse {
    let (page, notice) = match outcome {
        Outcome::Success => ("success", "Signed in. You can close this window."),
        Outcome::Failure => ("failure", "Nobody was signed in. Close this window and try again."),
    };
    let mut response = if admin_ui::is_there() {
        let mut response = HttpResponseBuilder::new(redirect);
        response.insert_header((LOCATION, format!("../_/#/auth/oauth2-redirect-{page}")));
        response
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((CACHE_CONTROL, "no-store"));
    response.insert_header((REFERRER_POLICY, "no-referrer"));
    response.content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=\"en\"><title>Sign-in</title><p>{notice}</p></html>\n"
    ))
}

/// `POST /api/settings/apple/generate-client-secret`
pub(super) async fn apple_secret(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    let wanted = apple_secret::Request {
        client_id: body.text("clientId")?,
        team_id: body.text("teamId")?,
        key_id: body.text("keyId")?,
        private_key: body.text("privateKey")?,
        duration: body.integer("duration")?,
    };
    let secret = apple_secret::generate(&wanted, app.clock.now())?;
    Ok(json::picked(StatusCode::OK, json!({ "secret": secret }), pick.as_ref()))
}
