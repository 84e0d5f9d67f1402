//! What goes by mail: confirming an address, a new password, another address (contract B 3.11 to
//! 3.13). What succeeds is answered by 204, and so is what there is nothing to do for.

use std::sync::Arc;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::collection::Collection;
use crate::http::body::{self, Body, DEFAULT_LIMIT};
use crate::http::caller::{Sender, require_same_collection};
use crate::http::edge::note::Concealed;
use crate::http::error::ApiError;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::Mailing;
use crate::services::auth::password_reset::{self, NewPassword};
use crate::services::auth::{auth_collection, email_change, verification};

/// The auth collection that a request is about, and what it says.
async fn sent(
    app: &App,
    (request, payload): (HttpRequest, Payload),
    path: Path<String>,
) -> Result<(Arc<Collection>, Body), Error> {
    let collection = auth_collection(app, &path)?;
    Ok((collection, body::read(&request, payload, DEFAULT_LIMIT).await?))
}

fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The same answer whatever became of the mail; only the logs know.
fn asked_for(mailing: Mailing) -> HttpResponse {
    let mut response = done();
    if let Mailing::Withheld(reason) = mailing {
        response.extensions_mut().insert(Concealed(reason));
    }
    response
}

/// `POST /api/collections/{collection}/request-verification`
pub(in crate::http) async fn request_verification(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (collection, body) = sent(&app, request, path).await?;
    let email = body.text("email")?;
    Ok(asked_for(verification::request(&app, &collection, &email).await?))
}

/// `POST /api/collections/{collection}/confirm-verification`
pub(in crate::http) async fn confirm_verification(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (collection, body) = sent(&app, request, path).await?;
    let token = body.text("token")?;
    verification::confirm(&app, &collection, &token).await?;
    Ok(done())
}

/// `POST /api/collections/{collection}/request-password-reset`
pub(in crate::http) async fn request_password_reset(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (collection, body) = sent(&app, request, path).await?;
    let email = body.text("email")?;
    Ok(asked_for(password_reset::request(&app, &collection, &email).await?))
}

/// `POST /api/collections/{collection}/confirm-password-reset`
pub(in crate::http) async fn confirm_password_reset(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (collection, body) = sent(&app, request, path).await?;
    let sent = NewPassword {
        token: body.text("token")?,
        password: body.text("password")?,
        confirm: body.text("passwordConfirm")?,
    };
    password_reset::confirm(&app, &collection, sent).await?;
    Ok(done())
}

/// `POST /api/collections/{collection}/request-email-change`
pub(in crate::http) async fn request_email_change(
    app: Data<App>,
    (request, payload): (HttpRequest, Payload),
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    // Who is signed in elsewhere is told so even where there are no accounts at all.
    let collection = app.store.schema().find(&path).cloned().ok_or(Error::NotFound)?;
    require_same_collection(&sender.caller, &collection)?;
    let record = sender.caller.record().ok_or(Error::Unauthenticated)?;
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    let new_email = body.text("newEmail")?;
    email_change::request(&app, record, &new_email).await?;
    Ok(done())
}

/// `POST /api/collections/{collection}/confirm-email-change`
pub(in crate::http) async fn confirm_email_change(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (collection, body) = sent(&app, request, path).await?;
    let (token, password) = (body.text("token")?, body.text("password")?);
    email_change::confirm(&app, &collection, &token, password).await?;
    Ok(done())
}
